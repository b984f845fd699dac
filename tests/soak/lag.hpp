// SPDX-License-Identifier: Apache-2.0
// lag.hpp: how late this machine lets a thread run that has slept.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace redstart::soak {

/// A canary: sleeps for 2 ms again and again, and keeps by how much it overslept. Promises about time are
/// only as good as the machine; what it took from the canary is not counted against the library.
///
/// Thread safety: full.
class Lag {
 public:
  using Clock = std::chrono::steady_clock;

  Lag() : thread_([this](const std::stop_token& stop) { watch(stop); }) {}

  /// The worst in that time, as far as it lies within the last six minutes.
  [[nodiscard]] std::chrono::nanoseconds worst(Clock::time_point from, Clock::time_point to) const noexcept {
    std::int64_t most = 0;
    for (auto at = from - bucket; at <= to + bucket; at += bucket)
      most = std::max(most, buckets_[index(at)].load(std::memory_order_relaxed));
    return std::chrono::nanoseconds(most);
  }

 private:
  static constexpr auto bucket = std::chrono::milliseconds(100);
  static constexpr std::size_t count = 3600;

  static std::size_t index(Clock::time_point at) noexcept {
    return static_cast<std::size_t>(at.time_since_epoch() / bucket) % count;
  }
  void watch(const std::stop_token& stop) {
    std::size_t last = index(Clock::now());
    while (!stop.stop_requested()) {
      const auto due = Clock::now() + std::chrono::milliseconds(2);
      std::this_thread::sleep_until(due);
      const auto now = Clock::now();
      const std::int64_t late = (now - due).count();
      // A long sleep covers buckets that it never saw.
      for (auto at = due;; at += bucket) {
        const std::size_t i = index(std::min(at, now));
        if (i != last) buckets_[i].store(0, std::memory_order_relaxed);
        last = i;
        if (buckets_[i].load(std::memory_order_relaxed) < late)
          buckets_[i].store(late, std::memory_order_relaxed);
        if (at >= now) break;
      }
    }
  }

  std::array<std::atomic<std::int64_t>, count> buckets_{};
  std::jthread thread_;
};

}  // namespace redstart::soak
