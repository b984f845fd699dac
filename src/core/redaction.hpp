// SPDX-License-Identifier: Apache-2.0
// redaction.hpp: finds secrets in a text, as servers may repeat them.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace redstart::inline v0::detail {

/// Marks each byte of `text` that must not be shown with true. `cut`: the text is longer, so its end may be
/// the beginning of a secret. Cost: linear in the sizes of the text and of the secrets.
[[nodiscard]] std::vector<bool> secret_bytes(std::string_view text, bool cut,
                                             std::span<const std::string_view> secrets);

}  // namespace redstart::inline v0::detail
