// SPDX-License-Identifier: Apache-2.0
// repeats.hpp: combines repeated failures into one report with a count.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/core/errc.hpp>

#include <chrono>
#include <cstdint>
#include <utility>

namespace redstart::inline v0 {

/// Decides which of many equal failures is reported: the first one, the first with another code, then one per
/// interval, which represents all since the last report.
///
/// Thread safety: none.
class Repeats {
 public:
  explicit Repeats(std::chrono::seconds interval = std::chrono::seconds{10}) noexcept : interval_(interval) {}

  /// Adds a failure. Returns the number of failures that a report now represents; 0: none is due.
  [[nodiscard]] std::uint64_t failed(Errc code, TimePoint now) noexcept {
    ++total_;
    ++unreported_;
    if (total_ != 1 && code == code_ && now < due_) return 0;
    code_ = code;
    due_ = now + interval_;
    return std::exchange(unreported_, 0);
  }
  /// Ends the series. Returns how many failures there were.
  [[nodiscard]] std::uint64_t over() noexcept {
    unreported_ = 0;
    return std::exchange(total_, 0);
  }

 private:
  std::chrono::seconds interval_;
  Errc code_{};
  std::uint64_t total_ = 0;
  std::uint64_t unreported_ = 0;
  TimePoint due_{};
};

}  // namespace redstart::inline v0
