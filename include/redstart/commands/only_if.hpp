// SPDX-License-Identifier: Apache-2.0
// only_if.hpp: the condition on which a command writes.
#pragma once

#include <redstart/commands/argument.hpp>

#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

/// The condition on which SET and ZADD write.
enum class OnlyIf : std::uint8_t {
  always,
  absent,   ///< NX: only if the key or member does not exist.
  present,  ///< XX: only if it exists.
};

namespace detail {

[[nodiscard]] constexpr Keyword keyword_of(OnlyIf only_if) noexcept {
  constexpr std::string_view words[] = {"", "NX", "XX"};
  return {words[static_cast<std::uint8_t>(only_if)]};
}

}  // namespace detail
}  // namespace redstart::inline v0
