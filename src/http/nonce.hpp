// SPDX-License-Identifier: Apache-2.0
// nonce.hpp: a value that nobody can guess, once for each page.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace redstart::inline v0::http {

/// 128 random bits of the system, as 32 digits.
[[nodiscard]] inline std::string nonce() {
  static constexpr char digits[] = "0123456789abcdef";
  std::random_device source;
  std::string text;
  while (text.size() < 32) {
    auto bits = std::uint32_t{source()};
    for (int i = 0; i != 8; ++i, bits >>= 4U) text += digits[bits & 15U];
  }
  return text;
}

}  // namespace redstart::inline v0::http
