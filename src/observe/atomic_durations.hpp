// SPDX-License-Identifier: Apache-2.0
// atomic_durations.hpp: counts durations in fixed buckets without a lock.
#pragma once

#include <redstart/observe/duration_histogram.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace redstart::inline v0 {

/// A `DurationHistogram` that threads may add to.
///
/// Thread safety: full; a duration costs two relaxed increments.
class AtomicDurations {
 public:
  void add(std::chrono::nanoseconds duration, std::uint64_t operations = 1) noexcept {
    buckets_[DurationHistogram::index(duration)].fetch_add(operations, std::memory_order_relaxed);
    sum_.fetch_add(static_cast<std::uint64_t>(duration.count()) * operations, std::memory_order_relaxed);
  }
  /// Adds the durations so far.
  void collect(DurationHistogram& into) const noexcept {
    for (std::size_t i = 0; i != buckets_.size(); ++i)
      into.buckets[i] += buckets_[i].load(std::memory_order_relaxed);
    into.sum += std::chrono::nanoseconds(sum_.load(std::memory_order_relaxed));
  }

 private:
  std::array<std::atomic<std::uint64_t>, DurationHistogram::bounds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> sum_{0};
};

}  // namespace redstart::inline v0
