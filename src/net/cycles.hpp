// SPDX-License-Identifier: Apache-2.0
// cycles.hpp: the processor's counter, which tells without a clock reading that time has passed.
#pragma once

#include <chrono>
#include <cstdint>

namespace redstart::inline v0::net {

/// A moment on the processor's counter. Reading that counter costs a fraction of a clock reading.
class CycleMark {
 public:
  /// `recent` is false at the latest when that much time has passed.
  static constexpr std::chrono::nanoseconds longest{std::int64_t{1} << 20};

#if defined(__x86_64__)
  [[nodiscard]] static CycleMark now() noexcept { return CycleMark(__builtin_ia32_rdtsc()); }
  /// True while hardly any time has passed since `now`. False is always right: the counters of two processors
  /// may differ.
  [[nodiscard]] bool recent() const noexcept {
    return __builtin_ia32_rdtsc() - at_ < std::uint64_t{1} << 20;  // 1 ms at 1 GHz, the slowest there is
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
  [[nodiscard]] bool recent() const noexcept { return at_ != 0; }  // never: the clock is read each time
#endif

  /// One that is not recent.
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
