// SPDX-License-Identifier: Apache-2.0
// figures.hpp: describes each number of the statistics once.
#pragma once

#include <redstart/observe/duration_histogram.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>
#include <variant>

namespace redstart::inline v0::figures {

/// How a figure changes.
enum class Kind : std::uint8_t {
  counter,  ///< It only grows, from 0 on.
  gauge,    ///< It may also fall.
};

/// Nothing, a flag, a count, or an amount such as seconds.
using Number = std::variant<std::monostate, bool, std::uint64_t, double>;

/// One number of the statistics: all that JSON, Prometheus and the documents need.
template <class Stats>
struct Figure {
  std::string_view field;    ///< In JSON.
  std::string_view series;   ///< In Prometheus, without the suffix of its labels; empty: only in JSON.
  std::string_view state{};  ///< The label `state` of one of several figures with the same series.
  Kind kind;
  std::string_view meaning;
  Number (*value)(const Stats&);
};

/// The meaning of a series of several figures.
inline constexpr std::string_view connection_count_meaning = "Open connections, by state.";

/// The breaker of a server, or the worst breaker of a database.
struct BreakerFigures {
  std::uint64_t changes = 0;
  const CircuitStatus& circuit;
};

[[nodiscard]] inline double seconds(std::chrono::nanoseconds time) noexcept {
  return std::chrono::duration<double>(time).count();
}
[[nodiscard]] inline Number percentile(const LatencyHistogram& latency, double fraction) {
  if (latency.count() == 0) return {};
  return seconds(latency.percentile(fraction));
}
[[nodiscard]] constexpr Number count(std::uint64_t number) noexcept { return number; }

// clang-format off
inline constexpr Figure<ManagerStats> manager[] = {
    {.field = "uptime_seconds", .series = "redstart_uptime_seconds", .kind = Kind::gauge,
     .meaning = "Time since the manager was started.",
     .value = [](const ManagerStats& s) { return Number(seconds(s.uptime)); }},
    {.field = "healthy", .series = "redstart_databases_healthy", .kind = Kind::gauge,
     .meaning = "Databases that are ready, or not used yet.",
     .value = [](const ManagerStats& s) { return count(s.healthy()); }},
    {.field = "success_rate", .series = "", .kind = Kind::gauge,
     .meaning = "Share of the commands of all databases that were answered: ok / (ok + failed).",
     .value = [](const ManagerStats& s) { return Number(s.success_rate()); }},
};

inline constexpr Figure<DatabaseStats> database[] = {
    {.field = "required", .series = "redstart_database_required", .kind = Kind::gauge,
     .meaning = "Whether the service needs the database.",
     .value = [](const DatabaseStats& s) { return Number(s.required); }},
};

inline constexpr Figure<NodeStats> node[] = {
    {.field = "answered", .series = "redstart_server_answered_total", .kind = Kind::counter,
     .meaning = "Commands that the server has answered, also with an error.",
     .value = [](const NodeStats& s) { return count(s.answered); }},
};

inline constexpr Figure<RedisStats> operations[] = {
    {.field = "ok", .series = "redstart_commands_ok_total", .kind = Kind::counter,
     .meaning = "Commands that were answered without an error.",
     .value = [](const RedisStats& s) { return count(s.ok); }},
    {.field = "failed", .series = "redstart_commands_failed_total", .kind = Kind::counter,
     .meaning = "Commands without a usable reply: not sent, lost, timed out, or answered with bytes that are not RESP.",
     .value = [](const RedisStats& s) { return count(s.failed); }},
    {.field = "server_errors", .series = "redstart_commands_server_errors_total", .kind = Kind::counter,
     .meaning = "Commands that the server answered with an error.",
     .value = [](const RedisStats& s) { return count(s.server_errors); }},
    {.field = "timeouts", .series = "redstart_commands_timeouts_total", .kind = Kind::counter,
     .meaning = "Failed commands that reached their deadline.",
     .value = [](const RedisStats& s) { return count(s.timeouts); }},
    {.field = "retries", .series = "redstart_retries_total", .kind = Kind::counter,
     .meaning = "Attempts after the first.",
     .value = [](const RedisStats& s) { return count(s.retries); }},
    {.field = "retries_refused", .series = "redstart_retry_budget_refused_total", .kind = Kind::counter,
     .meaning = "Attempts that the retry budget did not allow.",
     .value = [](const RedisStats& s) { return count(s.retries_refused); }},
    {.field = "retry_tokens", .series = "redstart_retry_budget_tokens", .kind = Kind::gauge,
     .meaning = "Retries that the retry budget would allow at once.",
     .value = [](const RedisStats& s) { return Number(s.retry_tokens); }},
    {.field = "success_rate", .series = "", .kind = Kind::gauge,
     .meaning = "Share of the commands that were answered: ok / (ok + failed).",
     .value = [](const RedisStats& s) { return Number(s.success_rate()); }},
};

inline constexpr Figure<LatencyHistogram> latency[] = {
    {.field = "count", .series = "", .kind = Kind::counter,
     .meaning = "Exchanges: a command, or a pipeline as a whole.",
     .value = [](const LatencyHistogram& s) { return count(s.count()); }},
    {.field = "sum_seconds", .series = "", .kind = Kind::counter,
     .meaning = "Time of all exchanges.",
     .value = [](const LatencyHistogram& s) { return Number(seconds(s.sum())); }},
    {.field = "mean_seconds", .series = "", .kind = Kind::gauge,
     .meaning = "Mean time of an exchange; null without any.",
     .value = [](const LatencyHistogram& s) { return s.count() == 0 ? Number() : Number(seconds(s.mean())); }},
    {.field = "p50_seconds", .series = "", .kind = Kind::gauge,
     .meaning = "Time that 50 % of the exchanges did not exceed; null without any.",
     .value = [](const LatencyHistogram& s) { return percentile(s, 0.5); }},
    {.field = "p90_seconds", .series = "", .kind = Kind::gauge,
     .meaning = "Time that 90 % of the exchanges did not exceed; null without any.",
     .value = [](const LatencyHistogram& s) { return percentile(s, 0.9); }},
    {.field = "p95_seconds", .series = "", .kind = Kind::gauge,
     .meaning = "Time that 95 % of the exchanges did not exceed; null without any.",
     .value = [](const LatencyHistogram& s) { return percentile(s, 0.95); }},
    {.field = "p99_seconds", .series = "", .kind = Kind::gauge,
     .meaning = "Time that 99 % of the exchanges did not exceed; null without any.",
     .value = [](const LatencyHistogram& s) { return percentile(s, 0.99); }},
    {.field = "p999_seconds", .series = "", .kind = Kind::gauge,
     .meaning = "Time that 99.9 % of the exchanges did not exceed; null without any.",
     .value = [](const LatencyHistogram& s) { return percentile(s, 0.999); }},
};

inline constexpr Figure<PoolStats> connections[] = {
    {.field = "idle", .series = "db_client_connection_count", .state = "idle", .kind = Kind::gauge,
     .meaning = "Open connections that no caller uses.",
     .value = [](const PoolStats& s) { return count(s.idle); }},
    {.field = "in_use", .series = "db_client_connection_count", .state = "used", .kind = Kind::gauge,
     .meaning = "Connections that callers use, or that are being opened.",
     .value = [](const PoolStats& s) { return count(s.in_use); }},
    {.field = "maximum", .series = "db_client_connection_max", .kind = Kind::gauge,
     .meaning = "Limit of open connections.",
     .value = [](const PoolStats& s) { return count(s.maximum); }},
    {.field = "idle_maximum", .series = "db_client_connection_idle_max", .kind = Kind::gauge,
     .meaning = "Limit of idle connections, which is that of open ones.",
     .value = [](const PoolStats& s) { return count(s.maximum); }},
    {.field = "idle_minimum", .series = "db_client_connection_idle_min", .kind = Kind::gauge,
     .meaning = "Idle connections that the pool keeps open.",
     .value = [](const PoolStats& s) { return count(s.min_idle); }},
    {.field = "waiting", .series = "db_client_connection_pending_requests", .kind = Kind::gauge,
     .meaning = "Callers that wait for a connection.",
     .value = [](const PoolStats& s) { return count(s.waiting); }},
    {.field = "available", .series = "", .kind = Kind::gauge,
     .meaning = "Connections that callers could still acquire at once: maximum - in_use.",
     .value = [](const PoolStats& s) { return count(s.available()); }},
    {.field = "created", .series = "redstart_connections_created_total", .kind = Kind::counter,
     .meaning = "Connections that were opened.",
     .value = [](const PoolStats& s) { return count(s.created); }},
    {.field = "connect_failures", .series = "redstart_connect_failures_total", .kind = Kind::counter,
     .meaning = "Connect attempts that failed.",
     .value = [](const PoolStats& s) { return count(s.connect_failures); }},
    {.field = "shared", .series = "redstart_connections_shared", .kind = Kind::gauge,
     .meaning = "Connections in use that many callers share.",
     .value = [](const PoolStats& s) { return count(s.shared); }},
    {.field = "leased", .series = "redstart_connections_leased", .kind = Kind::gauge,
     .meaning = "Connections in use that a scoped handle holds.",
     .value = [](const PoolStats& s) { return count(s.leased); }},
    {.field = "in_flight", .series = "redstart_operations_in_flight", .kind = Kind::gauge,
     .meaning = "Operations on asynchronous connections that are queued, or sent and not answered.",
     .value = [](const PoolStats& s) { return count(s.in_flight); }},
    {.field = "queued_bytes", .series = "redstart_operations_in_flight_bytes", .kind = Kind::gauge,
     .meaning = "Encoded bytes of these operations.",
     .value = [](const PoolStats& s) { return count(s.queued_bytes); }},
    {.field = "pushes_dropped", .series = "redstart_pushes_dropped_total", .kind = Kind::counter,
     .meaning = "Unexpected push messages.",
     .value = [](const PoolStats& s) { return count(s.pushes_dropped); }},
};

inline constexpr Figure<OperationRates> rates[] = {
    {.field = "window_seconds", .series = "", .kind = Kind::gauge,
     .meaning = "The window, which ends with the snapshot.",
     .value = [](const OperationRates& s) { return count(static_cast<std::uint64_t>(s.window.count())); }},
    {.field = "commands_per_second", .series = "", .kind = Kind::gauge,
     .meaning = "Commands that ended.",
     .value = [](const OperationRates& s) { return Number(s.commands); }},
    {.field = "errors_per_second", .series = "", .kind = Kind::gauge,
     .meaning = "Commands without a reply, or answered with an error.",
     .value = [](const OperationRates& s) { return Number(s.errors); }},
};

/// One histogram of `ConnectionDurations`.
struct DurationsFigure {
  std::string_view field;   ///< In JSON.
  std::string_view series;  ///< In Prometheus.
  std::string_view meaning;
  DurationHistogram ConnectionDurations::*durations;
};
inline constexpr DurationsFigure connection_durations[] = {
    {.field = "create", .series = "db_client_connection_create_time_seconds",
     .meaning = "Time to open a connection that became ready, from the look-up of its name to the end of its handshake.",
     .durations = &ConnectionDurations::create},
    {.field = "wait", .series = "db_client_connection_wait_time_seconds",
     .meaning = "Time until callers that found no idle connection had one of their own.",
     .durations = &ConnectionDurations::wait},
    {.field = "use", .series = "db_client_connection_use_time_seconds",
     .meaning = "Time for which scoped handles, and asynchronous operations that need one of their own, had a connection.",
     .durations = &ConnectionDurations::use},
};

/// Of the scoped handles of a database.
inline constexpr Figure<PoolStats> leases[] = {
    {.field = "oldest_lease_seconds", .series = "redstart_oldest_lease_seconds", .kind = Kind::gauge,
     .meaning = "How long the oldest scoped handle has been held; 0 without any.",
     .value = [](const PoolStats& s) { return Number(seconds(s.oldest_lease)); }},
};

inline constexpr Figure<BreakerFigures> breaker[] = {
    {.field = "changes", .series = "redstart_circuit_breaker_changes_total", .kind = Kind::counter,
     .meaning = "Changes of the state of the circuit breaker.",
     .value = [](const BreakerFigures& s) { return count(s.changes); }},
    {.field = "lasting_seconds", .series = "", .kind = Kind::gauge,
     .meaning = "How long the breaker has been in its state.",
     .value = [](const BreakerFigures& s) { return Number(seconds(s.circuit.lasting)); }},
    {.field = "next_probe_seconds", .series = "", .kind = Kind::gauge,
     .meaning = "While open: time until calls may pass as probes, at the latest; else null.",
     .value = [](const BreakerFigures& s) {
       return s.circuit.next_probe ? Number(seconds(*s.circuit.next_probe)) : Number();
     }},
};
// clang-format on

}  // namespace redstart::inline v0::figures
