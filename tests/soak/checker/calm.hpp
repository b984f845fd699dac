// SPDX-License-Identifier: Apache-2.0
// calm.hpp: since when nothing is broken, as it really was; a plan only says when it should be.
#pragma once

#include <redstart/core/clock.hpp>

#include <chrono>
#include <cstddef>
#include <mutex>

namespace redstart::soak {

/// Thread safety: full.
class Calm {
 public:
  /// A fault begins. Returns how many there are now.
  std::size_t broke() {
    const std::scoped_lock lock(mutex_);
    return ++active_;
  }
  /// A fault is over: what it did has been taken back. Returns how many are left.
  std::size_t mended(TimePoint now) {
    const std::scoped_lock lock(mutex_);
    mended_at_ = now;
    return --active_;
  }
  /// True when nothing is broken, and nothing was since `settling` before `at`.
  [[nodiscard]] bool held(TimePoint at, std::chrono::nanoseconds settling) const {
    const std::scoped_lock lock(mutex_);
    return active_ == 0 && at - mended_at_ >= settling;
  }

 private:
  mutable std::mutex mutex_{};
  std::size_t active_ = 0;
  TimePoint mended_at_{};
};

}  // namespace redstart::soak
