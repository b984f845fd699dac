// SPDX-License-Identifier: Apache-2.0
// line_budget.hpp: limits the number of log lines per second.
#pragma once

#include <redstart/core/clock.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace redstart::inline v0 {

/// Decides which lines are written: up to a number in each second, counted from the first line. No clock.
///
/// Thread safety: none.
class LineBudget {
 public:
  /// `most`: lines per second; 0: no limit.
  explicit LineBudget(std::uint64_t most) noexcept : most_(most) {}

  /// Admits or suppresses a line. Returns the number of lines that were suppressed since the last admitted
  /// one, or nothing if this line is suppressed.
  [[nodiscard]] std::optional<std::uint64_t> admit(TimePoint now) noexcept {
    if (now >= end_) {
      end_ = deadline_after(now, std::chrono::seconds(1));
      used_ = 0;
    }
    if (most_ != 0 && used_ >= most_) {
      ++suppressed_;
      return std::nullopt;
    }
    ++used_;
    return std::exchange(suppressed_, 0);
  }

 private:
  std::uint64_t most_;
  std::uint64_t used_ = 0;
  std::uint64_t suppressed_ = 0;
  TimePoint end_{TimePoint::min()};
};

}  // namespace redstart::inline v0
