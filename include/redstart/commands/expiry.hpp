// SPDX-License-Identifier: Apache-2.0
// expiry.hpp: when a key expires: after or at a time, or unchanged.
#pragma once

#include <redstart/commands/argument.hpp>
#include <redstart/core/clock.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

/// When a key expires. Converts from any duration (`5s`, `250ms`: EX or PX) and from a system clock time
/// (EXAT or PXAT; since Redis 6.2). `keep_ttl()` keeps an existing time (KEEPTTL, since Redis 6.0).
class Expiry {
 public:
  template <class Rep, class Period>
  constexpr Expiry(std::chrono::duration<Rep, Period> after)
      : Expiry("EX", "PX", saturated<std::chrono::milliseconds>(after).count()) {}
  template <class Duration>
  constexpr Expiry(std::chrono::time_point<std::chrono::system_clock, Duration> at)
      : Expiry("EXAT", "PXAT", saturated<std::chrono::milliseconds>(at.time_since_epoch()).count()) {}

  [[nodiscard]] static constexpr Expiry keep_ttl() { return Expiry("KEEPTTL"); }
  /// PERSIST, for GETEX: removes the time.
  [[nodiscard]] static constexpr Expiry persist() { return Expiry("PERSIST"); }

  template <class Put>
  void arguments(Put& put) const {
    put(word_);
    if (has_value_) put(value_);
  }

 private:
  constexpr explicit Expiry(std::string_view word) : word_(word), has_value_(false) {}
  constexpr Expiry(std::string_view seconds, std::string_view milliseconds, std::int64_t value)
      : word_(value % 1000 == 0 ? seconds : milliseconds), value_(value % 1000 == 0 ? value / 1000 : value) {}

  std::string_view word_;
  std::int64_t value_ = 0;
  bool has_value_ = true;
};

namespace detail {

/// True for types that state when a key expires, without braced lists: a duration, a time, an Expiry.
template <class T>
concept expiry_like = std::convertible_to<const T&, Expiry>;

}  // namespace detail
}  // namespace redstart::inline v0
