// SPDX-License-Identifier: Apache-2.0
// input.hpp: draws small numbers and pieces from a fuzzer's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace redstart::fuzz {

/// Aborts the program if a condition is violated, so that the fuzzer keeps the input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// The bytes of one run. Numbers come from the end, so that the front stays readable as RESP.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) noexcept
      : rest_(reinterpret_cast<const char*>(data), size) {}

  /// A number below `bound`; 0 if the input is used up.
  std::size_t below(std::size_t bound) noexcept {
    if (rest_.empty() || bound == 0) return 0;
    const auto byte = static_cast<unsigned char>(rest_.back());
    rest_.remove_suffix(1);
    return byte % bound;
  }
  /// Up to `size` bytes from the front.
  std::string_view take(std::size_t size) noexcept {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace redstart::fuzz
