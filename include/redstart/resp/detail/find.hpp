// SPDX-License-Identifier: Apache-2.0
// find.hpp: finds the end of a short line faster than memchr.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace redstart::inline v0::resp::detail {

/// Returns the first CR in [p, end), or `end`.
inline const char* find_cr(const char* p, const char* end) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t tops = 0x8080808080808080U;
  if constexpr (std::endian::native == std::endian::little) {
    // The first 64 bytes, eight at a time: XOR turns each CR into a zero byte, and `hits` marks zero bytes.
    for (int words = 0; words != 8 && end - p >= 8; ++words, p += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, p, sizeof word);
      word ^= ones * static_cast<unsigned char>('\r');
      const std::uint64_t hits = (word - ones) & ~word & tops;
      if (hits != 0) return p + std::countr_zero(hits) / 8;
    }
  }
  if (p == end) return end;
  const auto* const found = static_cast<const char*>(std::memchr(p, '\r', static_cast<std::size_t>(end - p)));
  return found == nullptr ? end : found;
}

}  // namespace redstart::inline v0::resp::detail
