// SPDX-License-Identifier: Apache-2.0
// nearest.hpp: finds the name that somebody who misspelt one probably meant.
#pragma once

#include <span>
#include <string_view>

namespace redstart::inline v0::detail {

/// The candidate with the smallest edit distance to `name`, empty when none is near (distance at most a third
/// of the length, at least 2).
[[nodiscard]] std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace redstart::inline v0::detail
