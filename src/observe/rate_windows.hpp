// SPDX-License-Identifier: Apache-2.0
// rate_windows.hpp: keeps totals of the last minutes, to compute rates.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/observe/stats.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace redstart::inline v0 {

/// Totals of operations that only grow.
struct OperationCount {
  std::uint64_t ended = 0;   ///< Commands that ended.
  std::uint64_t failed = 0;  ///< Those without a reply, or answered with an error.
};

/// A ring of totals, one for each `spacing` at most. Commands add nothing to it. A rate covers its window and
/// the time back to the last totals before that.
///
/// Thread safety: none.
class RateWindows {
 public:
  static constexpr std::chrono::seconds spacing{5};

  /// The totals are 0 at `start`.
  explicit RateWindows(TimePoint start) noexcept { ring_[0].time = start; }

  /// Keeps the totals, unless the last ones are younger than `spacing`. Preconditions: the totals are not
  /// below those of the last call.
  void add(TimePoint now, const OperationCount& totals) noexcept {
    if (now - ring_[newest_].time < spacing) return;
    newest_ = (newest_ + 1) % ring_.size();
    ring_[newest_] = {now, totals};
    size_ = std::min(size_ + 1, ring_.size());
  }
  /// The rates of one window up to `now`; since the start if that is later.
  [[nodiscard]] OperationRates over(std::chrono::seconds window, TimePoint now,
                                    const OperationCount& totals) const noexcept {
    OperationRates rates;
    rates.window = window;
    const Sample& begin = latest_before(now - window);
    const std::chrono::duration<double> covered = now - begin.time;
    if (covered.count() <= 0) return rates;
    rates.commands = static_cast<double>(totals.ended - begin.totals.ended) / covered.count();
    rates.errors = static_cast<double>(totals.failed - begin.totals.failed) / covered.count();
    return rates;
  }

 private:
  struct Sample {
    TimePoint time{};
    OperationCount totals{};
  };

  // The oldest sample if all are later.
  [[nodiscard]] const Sample& latest_before(TimePoint time) const noexcept {
    const Sample* found = nullptr;
    for (std::size_t age = 0; age != size_; ++age) {
      found = &ring_[(newest_ + ring_.size() - age) % ring_.size()];
      if (found->time <= time) break;
    }
    return *found;
  }

  std::array<Sample, 64> ring_{};  // of the longest window and one more
  std::size_t newest_ = 0;
  std::size_t size_ = 1;
};

static_assert(RateWindows::spacing * 63 > OperationRates::windows.back());

}  // namespace redstart::inline v0
