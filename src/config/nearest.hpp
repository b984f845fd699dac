// SPDX-License-Identifier: Apache-2.0
// nearest.hpp: finds the name that a misspelt one probably means.
#pragma once

#include <span>
#include <string_view>

namespace redstart::inline v0::detail {

/// The candidate with the smallest edit distance to `name`. Empty if none is near: the distance may be a
/// third of the length, or 2 if that is more.
[[nodiscard]] std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace redstart::inline v0::detail
