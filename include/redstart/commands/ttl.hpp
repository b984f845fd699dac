// SPDX-License-Identifier: Apache-2.0
// ttl.hpp: the reply of TTL, EXPIRETIME and their kin: no key, a key that stays, or a time.
#pragma once

#include <redstart/commands/server_time.hpp>
#include <redstart/resp/decode.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace redstart::inline v0 {

/// When a key expires. `Time` is a duration (TTL, PTTL) or a time of the system clock (EXPIRETIME,
/// PEXPIRETIME).
template <class TimePoint>
class Ttl {
 public:
  constexpr Ttl() = default;
  constexpr explicit Ttl(std::int64_t reply) : reply_(reply) {}

  /// False when there is no such key.
  [[nodiscard]] constexpr bool key_exists() const noexcept { return reply_ != -2; }
  /// True for a key that does not expire.
  [[nodiscard]] constexpr bool persistent() const noexcept { return reply_ == -1; }
  /// The time; empty for a key that does not expire or does not exist.
  [[nodiscard]] constexpr std::optional<TimePoint> time() const {
    if (reply_ < 0) return std::nullopt;
    return TimePoint(typename Duration<TimePoint>::type(reply_));
  }

  friend constexpr bool operator==(const Ttl&, const Ttl&) = default;

 private:
  template <class T>
  struct Duration {
    using type = T;
  };
  template <class Clock, class D>
  struct Duration<std::chrono::time_point<Clock, D>> {
    using type = D;
  };

  std::int64_t reply_ = -2;
};

}  // namespace redstart::inline v0

template <class TimePoint>
struct redstart::resp::decoder<redstart::Ttl<TimePoint>> {
  static void decode(Cursor& cursor, Ttl<TimePoint>& out) {
    std::int64_t reply = 0;
    decoder<std::int64_t>::decode(cursor, reply);
    out = Ttl<TimePoint>(reply);
  }
};
