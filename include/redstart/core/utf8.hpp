// SPDX-License-Identifier: Apache-2.0
// utf8.hpp: replaces bytes that are not UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace redstart::inline v0::detail {

/// Returns the bytes with each byte that isn't UTF-8 replaced by U+FFFD.
inline std::string as_utf8(std::string_view bytes) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  std::string result;
  result.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const auto byte = [&](std::size_t n) {
      return at + n < bytes.size() ? static_cast<unsigned char>(bytes[at + n]) : 0U;
    };
    const unsigned lead = byte(0);
    std::size_t size = 1;
    bool valid = lead < 0x80;
    if (lead >= 0xC2 && lead <= 0xF4) {
      size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
      // the range of the second byte excludes overlong forms, surrogates and code points above U+10FFFF
      const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
      const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
      valid = byte(1) >= low && byte(1) <= high;
      for (std::size_t n = 2; n < size; ++n) valid = valid && byte(n) >= 0x80 && byte(n) <= 0xBF;
    }
    if (valid) {
      result.append(bytes, at, size);
      at += size;
    } else {
      result += replacement;
      ++at;
    }
  }
  return result;
}

}  // namespace redstart::inline v0::detail
