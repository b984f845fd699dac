// SPDX-License-Identifier: Apache-2.0
// diagnostics_replies.hpp: replies on slow commands and latency.
#pragma once

#include <redstart/commands/reply_fields.hpp>
#include <redstart/commands/server_time.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace redstart::inline v0 {

/// One entry of SLOWLOG GET.
struct SlowCommand {
  std::int64_t id = 0;
  TimeSeconds at{};
  std::chrono::microseconds took{};      ///< Without the time it spent in the network.
  std::vector<std::string> arguments{};  ///< The name comes first. The server shortens long ones.
  std::string client{};                  ///< `ip:port`
  std::string client_name{};
};

/// One spike of LATENCY HISTORY.
struct LatencySpike {
  TimeSeconds at{};
  std::chrono::milliseconds took{};
};

/// One event of LATENCY LATEST.
struct LatencyEvent {
  std::string name{};
  TimeSeconds at{};                    ///< of the latest spike
  std::chrono::milliseconds latest{};  ///< its time
  std::chrono::milliseconds most{};    ///< the longest of all
};

}  // namespace redstart::inline v0

template <>
struct redstart::resp::decoder<redstart::SlowCommand> {
  static void decode(Cursor& cursor, SlowCommand& out) {
    std::int64_t took = 0;
    redstart::detail::decode_fields(cursor, "an entry of the slow log", out.id, out.at, took, out.arguments,
                                    out.client, out.client_name);
    out.took = std::chrono::microseconds(took);
  }
};

template <>
struct redstart::resp::decoder<redstart::LatencySpike> {
  static void decode(Cursor& cursor, LatencySpike& out) {
    std::int64_t took = 0;
    redstart::detail::decode_fields(cursor, "a latency spike", out.at, took);
    out.took = std::chrono::milliseconds(took);
  }
};

template <>
struct redstart::resp::decoder<redstart::LatencyEvent> {
  static void decode(Cursor& cursor, LatencyEvent& out) {
    std::int64_t latest = 0;
    std::int64_t most = 0;
    redstart::detail::decode_fields(cursor, "a latency event", out.name, out.at, latest, most);
    out.latest = std::chrono::milliseconds(latest);
    out.most = std::chrono::milliseconds(most);
  }
};
