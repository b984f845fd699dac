// SPDX-License-Identifier: Apache-2.0
// sliding_window.hpp: counts successes and failures of the last ten seconds.
#pragma once

#include <redstart/core/clock.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace redstart::inline v0 {

/// Counts over the last ten seconds, in buckets of one second: the counts go back more than nine seconds and
/// at most ten.
///
/// Thread safety: none. Cost: a few additions; slightly more for the first call of a second.
class SlidingWindow {
 public:
  static constexpr std::chrono::seconds length{10};

  struct Counts {
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;

    [[nodiscard]] constexpr std::uint64_t calls() const noexcept { return ok + failed; }
  };

  /// Adds outcomes at `now`. A time before the newest one counts as the newest.
  constexpr void add(Counts counts, TimePoint now) noexcept {
    advance(now);
    Counts& bucket = buckets_[slot(newest_)];
    bucket.ok += counts.ok;
    bucket.failed += counts.failed;
    total_.ok += counts.ok;
    total_.failed += counts.failed;
  }

  [[nodiscard]] constexpr Counts counts(TimePoint now) noexcept {
    advance(now);
    return total_;
  }
  /// The counts of the last one to two seconds.
  [[nodiscard]] constexpr Counts latest(TimePoint now) noexcept {
    advance(now);
    const Counts& current = buckets_[slot(newest_)];
    const Counts& before = buckets_[slot(newest_ - 1)];
    return {current.ok + before.ok, current.failed + before.failed};
  }

 private:
  static constexpr std::size_t buckets = 10;

  static constexpr std::size_t slot(std::int64_t second) noexcept {
    constexpr auto count = static_cast<std::int64_t>(buckets);
    // Never negative, whatever the clock's origin.
    return static_cast<std::size_t>(((second % count) + count) % count);
  }
  constexpr void advance(TimePoint now) noexcept {
    const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    if (!used_) {
      used_ = true;
      newest_ = second;
    }
    if (second <= newest_) return;
    if (second - newest_ >= static_cast<std::int64_t>(buckets)) {
      buckets_ = {};
      total_ = {};
    } else {
      for (std::int64_t each = newest_ + 1; each <= second; ++each) {
        Counts& old = buckets_[slot(each)];
        total_.ok -= old.ok;
        total_.failed -= old.failed;
        old = {};
      }
    }
    newest_ = second;
  }

  std::array<Counts, buckets> buckets_{};
  Counts total_{};
  std::int64_t newest_ = 0;  // the second of the newest bucket
  bool used_ = false;
};

}  // namespace redstart::inline v0
