// SPDX-License-Identifier: Apache-2.0
// diagnostics.hpp: commands on memory, latency and slow commands.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/diagnostics_replies.hpp>
#include <redstart/core/ok.hpp>
#include <redstart/resp/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo diagnostics[] = {
    {.name = "LATENCY DOCTOR", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "2.8.13"},
    {.name = "LATENCY GRAPH", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "2.8.13"},
    {.name = "LATENCY HISTOGRAM", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "7.0.0"},
    {.name = "LATENCY HISTORY", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "2.8.13"},
    {.name = "LATENCY LATEST", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "2.8.13"},
    {.name = "LATENCY RESET", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = {Target::servers, Join::sum}, .since = "2.8.13"},
    {.name = "MEMORY DOCTOR", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "4.0.0"},
    {.name = "MEMORY MALLOC-STATS", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "4.0.0"},
    {.name = "MEMORY PURGE", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::all_primaries, .since = "4.0.0"},
    {.name = "MEMORY STATS", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "4.0.0"},
    {.name = "MEMORY USAGE", .access = Access::read, .retry = Retry::read,
     .keys = keys::at(2), .since = "4.0.0"},
    {.name = "SLOWLOG GET", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "2.2.12"},
    {.name = "SLOWLOG LEN", .access = Access::admin, .retry = Retry::read,
     .spread = {Target::servers, Join::sum}, .since = "2.2.12"},
    {.name = "SLOWLOG RESET", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::all_servers, .since = "2.2.12"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=server: LATENCY, MEMORY and SLOWLOG.
template <class Self>
class DiagnosticsCommands {
 public:
  /// LATENCY DOCTOR. A report for people.
  auto latency_doctor() const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::diagnostics, "LATENCY DOCTOR"));
  }
  /// LATENCY GRAPH. A drawing of the event's spikes. The server replies with an error if there are none.
  auto latency_graph(std::string_view event) const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::diagnostics, "LATENCY GRAPH"), event);
  }
  /// LATENCY HISTOGRAM. Calls of those commands and their distribution by time; all if none is named.
  /// Since Redis 7.0.
  template <class T = Value, StringLike... Commands>
  auto latency_histogram(const Commands&... commands) const -> reply_t<Self, T> {
    return detail::submit<T>(*this, info::find(info::diagnostics, "LATENCY HISTOGRAM"), commands...);
  }
  /// LATENCY HISTORY. The spikes of the event.
  template <class Out = std::vector<LatencySpike>>
  auto latency_history(std::string_view event) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::diagnostics, "LATENCY HISTORY"), event);
  }
  /// LATENCY LATEST. The latest spike of each event.
  template <class Out = std::vector<LatencyEvent>>
  auto latency_latest() const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::diagnostics, "LATENCY LATEST"));
  }
  /// LATENCY RESET. How many events were removed; removes all if none is named.
  template <StringLike... Events>
  auto latency_reset(const Events&... events) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::diagnostics, "LATENCY RESET"), events...);
  }

  /// MEMORY DOCTOR. A report for people. Since Redis 4.0.
  auto memory_doctor() const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::diagnostics, "MEMORY DOCTOR"));
  }
  /// MEMORY MALLOC-STATS. Statistics of the allocator. Since Redis 4.0.
  auto memory_malloc_stats() const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::diagnostics, "MEMORY MALLOC-STATS"));
  }
  /// MEMORY PURGE. OK; the allocator releases unused memory. Since Redis 4.0.
  auto memory_purge() const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::diagnostics, "MEMORY PURGE"));
  }
  /// MEMORY STATS. Names and values of the server's memory figures. Since Redis 4.0.
  template <class T = Value>
  auto memory_stats() const -> reply_t<Self, T> {
    return detail::submit<T>(*this, info::find(info::diagnostics, "MEMORY STATS"));
  }
  /// MEMORY USAGE. The bytes that key and value need; empty if `key` does not exist. For nested values the
  /// server looks at `samples` elements: 5 if unset, all if 0. Since Redis 4.0.
  auto memory_usage(std::string_view key, std::optional<std::int64_t> samples = {}) const
      -> reply_t<Self, std::optional<std::int64_t>> {
    return detail::submit<std::optional<std::int64_t>>(
        *this, info::find(info::diagnostics, "MEMORY USAGE"), key,
        detail::Keyword{samples ? std::string_view("SAMPLES") : std::string_view()}, samples);
  }

  /// SLOWLOG GET. Up to `count` slow commands, the newest first; -1 for all (since Redis 7.0).
  template <class Out = std::vector<SlowCommand>>
  auto slowlog_get(std::int64_t count = 10) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::diagnostics, "SLOWLOG GET"), count);
  }
  /// SLOWLOG LEN. How many entries the log has.
  auto slowlog_len() const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::diagnostics, "SLOWLOG LEN"));
  }
  /// SLOWLOG RESET. OK; empties the log.
  auto slowlog_reset() const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::diagnostics, "SLOWLOG RESET"));
  }
};

}  // namespace redstart::inline v0
