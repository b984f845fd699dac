// SPDX-License-Identifier: Apache-2.0
// server_time.hpp: times that the server returns.
#pragma once

#include <redstart/commands/reply_fields.hpp>
#include <redstart/resp/decode.hpp>

#include <chrono>
#include <cstdint>

namespace redstart::inline v0 {

/// A time of the system clock in seconds, in milliseconds, in microseconds.
using TimeSeconds = std::chrono::time_point<std::chrono::system_clock, std::chrono::seconds>;
using TimeMilliseconds = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;
using TimeMicroseconds = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

}  // namespace redstart::inline v0

/// Reads seconds since 1970, the reply of LASTSAVE.
template <>
struct redstart::resp::decoder<redstart::TimeSeconds> {
  static void decode(Cursor& cursor, TimeSeconds& out) {
    std::int64_t seconds = 0;
    decoder<std::int64_t>::decode(cursor, seconds);
    out = TimeSeconds(std::chrono::seconds(seconds));
  }
};

/// Reads seconds since 1970 and microseconds, the reply of TIME.
template <>
struct redstart::resp::decoder<redstart::TimeMicroseconds> {
  static void decode(Cursor& cursor, TimeMicroseconds& out) {
    std::int64_t seconds = 0;
    std::int64_t microseconds = 0;
    redstart::detail::decode_fields(cursor, "seconds and microseconds", seconds, microseconds);
    out = TimeMicroseconds(std::chrono::seconds(seconds) + std::chrono::microseconds(microseconds));
  }
};
