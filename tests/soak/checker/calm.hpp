// SPDX-License-Identifier: Apache-2.0
// calm.hpp: tracks since when no fault has been active.
#pragma once

#include <redstart/core/clock.hpp>

#include <chrono>
#include <cstddef>
#include <mutex>

namespace redstart::soak {

/// Thread safety: full.
class Calm {
 public:
  /// A fault begins. Returns how many are active now.
  std::size_t broke() {
    const std::scoped_lock lock(mutex_);
    return ++active_;
  }
  /// A fault has been undone. Returns how many are left.
  std::size_t mended(TimePoint now) {
    const std::scoped_lock lock(mutex_);
    mended_at_ = now;
    return --active_;
  }
  /// True if no fault is active now, and none was since `settling` before `at`.
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
