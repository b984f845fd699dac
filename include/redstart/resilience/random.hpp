// SPDX-License-Identifier: Apache-2.0
// random.hpp: random numbers for jitter, without <random>.
#pragma once

#include <cstdint>

namespace redstart::inline v0 {

/// Returns a seed that differs for each call and each process, including forked children. Reads the system's
/// random source once per process.
///
/// Thread safety: full.
[[nodiscard]] std::uint64_t random_seed() noexcept;

/// A sequence of random numbers for delays (SplitMix64). Not for secrets.
///
/// Thread safety: none.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed) {}

  [[nodiscard]] constexpr std::uint64_t next() noexcept {
    state_ += 0x9e37'79b9'7f4a'7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11ebU;
    return mixed ^ (mixed >> 31);
  }
  /// In [0, 1).
  [[nodiscard]] constexpr double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace redstart::inline v0
