// SPDX-License-Identifier: Apache-2.0
// runbook.hpp: names the runbook entry of an error.
#pragma once

#include <redstart/core/errc.hpp>

#include <string>
#include <string_view>

namespace redstart::inline v0 {

/// Returns the runbook entry of an error: `docs/runbook.md#oom`. It is that of the error word in `server`,
/// the server's message, if that word has one, else that of the code.
[[nodiscard]] std::string runbook_entry(Errc code, std::string_view server = {});

}  // namespace redstart::inline v0
