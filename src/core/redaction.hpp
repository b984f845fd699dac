// SPDX-License-Identifier: Apache-2.0
// redaction.hpp: finds secrets in a short text, in the forms that servers give them.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace redstart::inline v0::detail {

/// The bytes of `text` that must not be shown, each byte marked with true. `cut`: the text went on, so that
/// its end may be the beginning of a secret. Linear in the sizes of the text and of the secrets.
[[nodiscard]] std::vector<bool> secret_bytes(std::string_view text, bool cut,
                                             std::span<const std::string_view> secrets);

}  // namespace redstart::inline v0::detail
