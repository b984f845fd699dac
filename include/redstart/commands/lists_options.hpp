// SPDX-License-Identifier: Apache-2.0
// lists_options.hpp: options of commands on lists.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace redstart::inline v0 {

/// An end of a list.
enum class ListEnd : std::uint8_t {
  left,   ///< The head, where LPUSH and LPOP work.
  right,  ///< The tail.
};

/// Where LINSERT puts the new element.
enum class Insert : std::uint8_t { before, after };

/// Options of LPOS.
struct LposOptions {
  std::optional<std::int64_t> rank{};     ///< RANK: the first match to return, 1 is the first, -1 the last.
  std::optional<std::int64_t> max_len{};  ///< MAXLEN: compares at most this many elements; 0: all.

  template <class Put>
  void arguments(Put& put) const {
    if (rank) put("RANK", *rank);
    if (max_len) put("MAXLEN", *max_len);
  }
};

namespace detail {

[[nodiscard]] constexpr std::string_view word_of(ListEnd end) noexcept {
  return end == ListEnd::left ? "LEFT" : "RIGHT";
}

}  // namespace detail
}  // namespace redstart::inline v0
