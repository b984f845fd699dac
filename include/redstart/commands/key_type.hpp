// SPDX-License-Identifier: Apache-2.0
// key_type.hpp: the type of the value that a key holds.
#pragma once

#include <redstart/resp/decode.hpp>

#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

/// The type of the value that a key holds, as TYPE returns it.
enum class KeyType : std::uint8_t {
  none,  ///< There is no such key.
  string,
  list,
  set,
  zset,
  hash,
  stream,
  other,  ///< A type of a module.
};

/// The name that the server uses; `other` has none.
[[nodiscard]] constexpr std::string_view to_string(KeyType type) noexcept {
  constexpr std::string_view words[] = {"none", "string", "list", "set", "zset", "hash", "stream", "other"};
  return words[static_cast<std::uint8_t>(type)];
}

}  // namespace redstart::inline v0

template <>
struct redstart::resp::decoder<redstart::KeyType> {
  static void decode(Cursor& cursor, KeyType& out) {
    std::string_view word;
    decoder<std::string_view>::decode(cursor, word);
    for (out = KeyType::none; out != KeyType::other;
         out = static_cast<KeyType>(static_cast<std::uint8_t>(out) + 1)) {
      if (to_string(out) == word) return;
    }
  }
};
