// SPDX-License-Identifier: Apache-2.0
// runbook.hpp: where the runbook says what to do.
#pragma once

#include <redstart/core/errc.hpp>

#include <string>
#include <string_view>

namespace redstart::inline v0 {

/// The entry of the runbook for an error: `docs/runbook.md#oom`. That of the server's error word where it
/// has one (`server` is what the server said), else that of the code.
[[nodiscard]] std::string runbook_entry(Errc code, std::string_view server = {});

}  // namespace redstart::inline v0
