// SPDX-License-Identifier: Apache-2.0
// ttl.hpp: the reply of TTL, PTTL, EXPIRETIME, PEXPIRETIME, and for fields HTTL and similar commands.
#pragma once

#include <redstart/commands/server_time.hpp>
#include <redstart/resp/decode.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace redstart::inline v0 {

/// When a key expires: never, at a time, or there is no key. `Time` is a duration (TTL, PTTL) or a time of
/// the system clock (EXPIRETIME, PEXPIRETIME). A field of a hash has one too (HTTL, HEXPIRETIME …).
template <class Time>
class Ttl {
 public:
  constexpr Ttl() = default;
  constexpr explicit Ttl(std::int64_t reply) : reply_(reply) {}

  /// False if there is no such key.
  [[nodiscard]] constexpr bool key_exists() const noexcept { return reply_ != -2; }
  /// False if there is no such field, or no such key.
  [[nodiscard]] constexpr bool field_exists() const noexcept { return reply_ != -2; }
  /// True for a key that does not expire.
  [[nodiscard]] constexpr bool persistent() const noexcept { return reply_ == -1; }
  /// The time; empty for a key that does not expire or does not exist.
  [[nodiscard]] constexpr std::optional<Time> time() const {
    if (reply_ < 0) return std::nullopt;
    return Time(typename Duration<Time>::type(reply_));
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

template <class Time>
struct redstart::resp::decoder<redstart::Ttl<Time>> {
  static void decode(Cursor& cursor, Ttl<Time>& out) {
    std::int64_t reply = 0;
    decoder<std::int64_t>::decode(cursor, reply);
    out = Ttl<Time>(reply);
  }
};
