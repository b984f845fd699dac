// SPDX-License-Identifier: Apache-2.0
// repeats.hpp: one line for what happens again and again, with a count.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/core/errc.hpp>

#include <chrono>
#include <cstdint>
#include <utility>

namespace redstart::inline v0 {

/// Decides which of many equal failures is told: the first one, the first of another kind, then one in each
/// interval, which stands for all since the last.
///
/// Thread safety: none.
class Repeats {
 public:
  explicit Repeats(std::chrono::seconds interval = std::chrono::seconds{10}) noexcept : interval_(interval) {}

  /// One more failure. Returns how many a line told now stands for; 0: none is due.
  [[nodiscard]] std::uint64_t failed(Errc code, TimePoint now) noexcept {
    ++total_;
    ++untold_;
    if (total_ != 1 && code == code_ && now < due_) return 0;
    code_ = code;
    due_ = now + interval_;
    return std::exchange(untold_, 0);
  }
  /// It is over. Returns how many failures there were.
  [[nodiscard]] std::uint64_t over() noexcept {
    untold_ = 0;
    return std::exchange(total_, 0);
  }

 private:
  std::chrono::seconds interval_;
  Errc code_{};
  std::uint64_t total_ = 0;
  std::uint64_t untold_ = 0;
  TimePoint due_{};
};

}  // namespace redstart::inline v0
