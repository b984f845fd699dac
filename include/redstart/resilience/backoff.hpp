// SPDX-License-Identifier: Apache-2.0
// backoff.hpp: how long to wait between attempts: exponential, with jitter, no clock and no randomness of its
// own.
#pragma once

#include <chrono>

namespace redstart {

/// Delays between attempts: the n-th lies at random between `initial` and `initial * factor^n`, never above
/// `maximum`. Ranges: 0 < initial <= maximum, factor >= 1.
struct BackoffPolicy {
  std::chrono::milliseconds initial{50};
  std::chrono::milliseconds maximum{500};
  double factor = 2.0;
};

/// The state of one series of attempts.
class Backoff {
 public:
  explicit constexpr Backoff(BackoffPolicy policy = {}) noexcept
      : policy_(policy), ceiling_(static_cast<double>(policy.initial.count())) {}

  /// The delay before the next attempt. `random` lies in [0, 1): who draws it decides how attempts spread.
  [[nodiscard]] constexpr std::chrono::milliseconds next(double random) noexcept {
    const auto low = static_cast<double>(policy_.initial.count());
    const auto high = static_cast<double>(policy_.maximum.count());
    const double delay = low + random * (ceiling_ - low);
    ceiling_ = ceiling_ * policy_.factor < high ? ceiling_ * policy_.factor : high;
    return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(delay));
  }

  /// Back to the first delay, once an attempt has fully succeeded.
  constexpr void reset() noexcept { ceiling_ = static_cast<double>(policy_.initial.count()); }

 private:
  BackoffPolicy policy_;
  double ceiling_;  // in milliseconds
};

}  // namespace redstart
