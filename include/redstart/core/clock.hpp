// SPDX-License-Identifier: Apache-2.0
// clock.hpp: the library's clock, and how durations become deadlines.
#pragma once

#include <chrono>
#include <type_traits>

namespace redstart::inline v0 {

/// The clock of all decisions: steps of the system clock change no deadline.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
/// The time of day, for display only.
using WallTime = std::chrono::system_clock::time_point;

/// Every duration of 100 years or more counts as this one: in practice no limit. It leaves room for further
/// sums, so no deadline wraps.
inline constexpr std::chrono::milliseconds no_limit{std::chrono::hours(24 * 365 * 100)};

/// Returns `duration` as a `To`, rounded up and limited to zero … `no_limit`. A NaN becomes zero.
template <class To, class Rep, class Period>
[[nodiscard]] constexpr To bounded(std::chrono::duration<Rep, Period> duration) noexcept {
  if constexpr (std::is_same_v<std::chrono::duration<Rep, Period>, std::chrono::milliseconds>) {
    // The common case, with integers only.
    if (duration <= duration.zero()) return To::zero();
    return std::chrono::ceil<To>(duration < no_limit ? duration : no_limit);
  } else {
    const std::chrono::duration<long double, typename To::period> wide(duration);
    if (!(wide > wide.zero())) return To::zero();
    if (wide >= no_limit) return std::chrono::ceil<To>(no_limit);
    return std::chrono::ceil<To>(duration);
  }
}

/// Returns `duration` as a `To`, rounded up and limited to the range of `To`.
template <class To, class Rep, class Period>
[[nodiscard]] constexpr To saturated(std::chrono::duration<Rep, Period> duration) noexcept {
  if constexpr (std::is_same_v<std::chrono::duration<Rep, Period>, To>) {
    return duration;
  } else {
    const std::chrono::duration<long double, typename To::period> wide(duration);
    if (!(wide < (To::max)())) return (To::max)();
    if (wide <= (To::min)()) return (To::min)();
    return std::chrono::ceil<To>(duration);
  }
}

/// Returns the deadline of a limit that starts at `now`. All durations of users become deadlines here: a
/// limit of zero or less has expired (the result is `now`), and nothing wraps.
template <class Rep, class Period>
[[nodiscard]] constexpr TimePoint deadline_after(TimePoint now,
                                                 std::chrono::duration<Rep, Period> limit) noexcept {
  const auto length = bounded<Clock::duration>(limit);
  return now > (TimePoint::max)() - length ? (TimePoint::max)() : now + length;
}

/// The time limit of a call: any std::chrono duration, or unset, which means the limit of the configuration.
///
/// A limit of zero or less has expired: the call fails at once with `Errc::timeout` and `Effect::not_sent`.
/// The longest duration of any type means no limit. Durations are rounded up to whole milliseconds.
class TimeLimit {
 public:
  constexpr TimeLimit() noexcept = default;
  template <class Rep, class Period>
  constexpr TimeLimit(std::chrono::duration<Rep, Period> limit) noexcept
      : limit_(bounded<std::chrono::milliseconds>(limit)) {}

  [[nodiscard]] constexpr bool is_set() const noexcept { return limit_ >= limit_.zero(); }
  [[nodiscard]] constexpr bool expired() const noexcept { return limit_ == limit_.zero(); }
  /// True if the limit is set and longer than `other`.
  [[nodiscard]] constexpr bool exceeds(std::chrono::milliseconds other) const noexcept {
    return limit_ > other && is_set();
  }
  [[nodiscard]] constexpr std::chrono::milliseconds value_or(std::chrono::milliseconds other) const noexcept {
    return is_set() ? limit_ : other;
  }

  friend constexpr bool operator==(const TimeLimit&, const TimeLimit&) noexcept = default;

 private:
  std::chrono::milliseconds limit_{-1};
};

}  // namespace redstart::inline v0
