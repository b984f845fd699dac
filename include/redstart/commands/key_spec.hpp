// SPDX-License-Identifier: Apache-2.0
// key_spec.hpp: where the keys of a command are.
#pragma once

#include <cstdint>

namespace redstart::inline v0 {

/// The five shapes that the keys of all commands have.
enum class KeyShape : std::uint8_t {
  none,     ///< No keys.
  range,    ///< From `first` to `last`, every `step`-th argument.
  count,    ///< As many as argument `at` says, right behind it; before them a destination at `first`, if any.
  streams,  ///< The first half of what follows the word STREAMS, which is at `at` or later.
  words,    ///< At `first`, and behind STORE, STOREDIST or KEYS among the options, which begin at `at`.
};

/// Where the keys of a command are. Positions count the words of the encoded command, as in the server's own
/// `COMMAND`: 0 is the name, and a subcommand is 1. Rows use the constants and functions of namespace `keys`.
struct alignas(8) KeySpec {
  KeyShape shape = KeyShape::none;
  std::int8_t first = 0;  ///< 0 if there is no such key.
  std::int8_t last = 0;   ///< Negative values count from the end: -1 is the last argument.
  std::int8_t step = 1;
  std::int8_t at = 0;

  friend constexpr bool operator==(const KeySpec&, const KeySpec&) = default;
};
static_assert(sizeof(KeySpec) == 8, "copied with every request: one move");

namespace keys {

/// Keys from `first` to `last`, every `step`-th argument; negative `last`: counted from the end.
constexpr KeySpec range(std::int8_t first, std::int8_t last, std::int8_t step = 1) noexcept {
  return {.shape = KeyShape::range, .first = first, .last = last, .step = step};
}
/// One key at `position`.
constexpr KeySpec at(std::int8_t position) noexcept { return range(position, position); }
/// `numkeys key [key …]`, with numkeys at `position`.
constexpr KeySpec counted(std::int8_t position) noexcept {
  return {.shape = KeyShape::count, .at = position};
}
/// `key`, and another key behind one of the words STORE, STOREDIST and KEYS. Options begin at `options`.
constexpr KeySpec with_options(std::int8_t key, std::int8_t options) noexcept {
  return {.shape = KeyShape::words, .first = key, .at = options};
}
/// `STREAMS key [key …] id [id …]`, not before `position`.
constexpr KeySpec streams(std::int8_t position) noexcept {
  return {.shape = KeyShape::streams, .at = position};
}

inline constexpr KeySpec none{};
inline constexpr KeySpec first = at(1);
inline constexpr KeySpec first_two = range(1, 2);
inline constexpr KeySpec all = range(1, -1);
inline constexpr KeySpec all_but_last = range(1, -2);  ///< `key [key …] timeout`
inline constexpr KeySpec all_but_first = range(2, -1);
inline constexpr KeySpec pairs = range(1, -1, 2);  ///< `key value [key value …]`
/// `destination numkeys key [key …]`
inline constexpr KeySpec destination_and_counted{.shape = KeyShape::count, .first = 1, .at = 2};

}  // namespace keys
}  // namespace redstart::inline v0
