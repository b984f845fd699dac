// SPDX-License-Identifier: Apache-2.0
// cycles.hpp: detects the passing of time by the processor's cycle counter.
#pragma once

#include <chrono>
#include <cstdint>

namespace redstart::inline v0::net {

/// A value of the processor's cycle counter, which costs a fraction of a clock reading.
class CycleMark {
 public:
  /// After this time, `recent` is false.
  static constexpr std::chrono::nanoseconds longest{std::int64_t{1} << 20};

#if defined(__x86_64__)
  [[nodiscard]] static CycleMark now() noexcept { return CycleMark(__builtin_ia32_rdtsc()); }
  /// True if less than `longest` has passed since `now`. It may return false earlier, because the counters of
  /// two processors may differ.
  [[nodiscard]] bool recent() const noexcept {
    return __builtin_ia32_rdtsc() - at_ < std::uint64_t{1} << 20;  // 1 ms at 1 GHz, the slowest counter
  }
#elif defined(__aarch64__)
  [[nodiscard]] static CycleMark now() noexcept { return CycleMark(count()); }
  [[nodiscard]] bool recent() const noexcept {
    std::uint64_t hertz = 0;
    asm volatile("mrs %0, cntfrq_el0" : "=r"(hertz));
    return count() - at_ < hertz / 1024;
  }
#else
  [[nodiscard]] static CycleMark now() noexcept { return {}; }
  [[nodiscard]] bool recent() const noexcept {
    return at_ != 0;
  }  // always false: the clock is read each time
#endif

  /// A mark that is not recent.
  constexpr CycleMark() noexcept = default;

 private:
  constexpr explicit CycleMark(std::uint64_t at) noexcept : at_(at) {}
#if defined(__aarch64__)
  static std::uint64_t count() noexcept {
    std::uint64_t value = 0;
    asm volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
  }
#endif

  std::uint64_t at_ = 0;
};

}  // namespace redstart::inline v0::net
