// SPDX-License-Identifier: Apache-2.0
// key_spec.hpp: where the keys of a command are.
#pragma once

#include <cstdint>

namespace redstart::inline v0 {

/// How the keys of a command are arranged. These five ways fit all commands.
enum class KeyShape : std::uint8_t {
  none,     ///< No keys.
  range,    ///< Every `step`-th argument from `first` to `last`.
  count,    ///< Argument `at` is the number of keys that follow it. A destination may be at `first`.
  streams,  ///< The first half of the arguments after the word STREAMS, which is at `at` or later.
  words,    ///< At `first`, and after STORE, STOREDIST or KEYS among the options, which begin at `at`.
};

/// Where the keys of a command are. Positions count the words of the encoded command, as the server's
/// `COMMAND` does: 0 is the name, and a subcommand is 1. Rows use the constants and functions of namespace
/// `keys`.
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

/// Every `step`-th argument from `first` to `last`. A negative `last` counts from the end.
constexpr KeySpec range(std::int8_t first, std::int8_t last, std::int8_t step = 1) noexcept {
  return {.shape = KeyShape::range, .first = first, .last = last, .step = step};
}
/// One key at `position`.
constexpr KeySpec at(std::int8_t position) noexcept { return range(position, position); }
/// `numkeys key [key …]`, with numkeys at `position`: EVAL, LMPOP, ZUNION.
constexpr KeySpec counted(std::int8_t position) noexcept {
  return {.shape = KeyShape::count, .at = position};
}
/// A key at `key`, and further keys after STORE, STOREDIST or KEYS. Options begin at `options`: SORT,
/// GEORADIUS, MIGRATE.
constexpr KeySpec with_options(std::int8_t key, std::int8_t options) noexcept {
  return {.shape = KeyShape::words, .first = key, .at = options};
}
/// `STREAMS key [key …] id [id …]`, at `position` or later: XREAD, XREADGROUP.
constexpr KeySpec streams(std::int8_t position) noexcept {
  return {.shape = KeyShape::streams, .at = position};
}

inline constexpr KeySpec none{};
inline constexpr KeySpec first = at(1);
inline constexpr KeySpec first_two = range(1, 2);
inline constexpr KeySpec all = range(1, -1);
inline constexpr KeySpec all_but_last = range(1, -2);   ///< `key [key …] timeout`: BLPOP
inline constexpr KeySpec all_but_first = range(2, -1);  ///< `operation destination key [key …]`: BITOP
inline constexpr KeySpec pairs = range(1, -1, 2);       ///< `key value [key value …]`: MSET
/// `destination numkeys key [key …]`: ZUNIONSTORE
inline constexpr KeySpec destination_and_counted{.shape = KeyShape::count, .first = 1, .at = 2};

}  // namespace keys
}  // namespace redstart::inline v0
