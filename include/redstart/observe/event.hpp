// SPDX-License-Identifier: Apache-2.0
// event.hpp: events of the library, for logs and counters.
#pragma once

#include <redstart/core/errc.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

namespace redstart::inline v0 {

/// The kind of an event. `event_table` has a row for each.
enum class EventKind : std::uint8_t {
  initialized,      ///< A database became ready for the first time.
  connected,        ///< A connection is ready.
  connect_failed,   ///< Failed connect attempts: the first, then one per 10 s that counts the others.
  disconnected,     ///< A connection that had been ready was closed.
  lease_overdue,    ///< A scoped handle was held longer than `lease_warning`; once.
  lease_leaked,     ///< Scoped handles that were still held after shutdown.
  release_failed,   ///< A scoped handle ended after its connection had broken or been closed (lost, timeout);
                    ///< not during a shutdown.
  push_dropped,     ///< Unsolicited push messages.
  circuit_changed,  ///< The circuit breaker changed its state.
  retrying,         ///< An attempt of a command failed and will be repeated.
  handler_failed,   ///< An exception left a handler on an I/O thread; the process ends.
  tls_insecure,     ///< Certificates are not verified; once for each start.
  tls_reloaded,     ///< Changed files are used for new connections.
  tls_reload_failed,       ///< Changed files are unusable; the previous ones stay in use.
  shutdown_begin,          ///< The shutdown begins.
  shutdown_complete,       ///< The connections are closed.
  loading,                 ///< The server is not ready yet (LOADING, BUSY, MASTERDOWN), and the end of that.
  server_changed,          ///< Another server process answers than before.
  config_notice,           ///< A correction that the loader of the configuration made.
  init_succeeded,          ///< `start()` has connected a required database.
  init_failed,             ///< `start()` has not connected a required database.
  production_unavailable,  ///< Follows `init_failed` if the environment is production.
  operation_failed,  ///< Calls that failed: for each error code the first, then one per 10 s that counts the
                     ///< others.
  slow_command,      ///< Calls that took longer than `slow_command`: for each command the first, then one per
                     ///< 10 s that counts the others.
  shutdown_succeeded,          ///< All calls under way ended before the deadline of the shutdown.
  shutdown_failed,             ///< Calls were interrupted at the deadline of the shutdown.
  credentials_refreshed,       ///< The credentials provider returned newer credentials ahead of time.
  credentials_refresh_failed,  ///< The provider returned no newer credentials, or a connection could not
                               ///< authenticate again.
  metrics_failed,              ///< An exception left the metrics exporter; the next export takes place.
};

/// The severity of an event, for logs.
enum class EventLevel : std::uint8_t {
  debug,     ///< Part of normal use.
  info,      ///< An expected change of state.
  warning,   ///< The library copes, but a person should know.
  error,     ///< Calls fail, or data of the service is at stake.
  critical,  ///< The service can't work.
};

[[nodiscard]] constexpr std::string_view to_string(EventLevel level) noexcept {
  switch (level) {
    case EventLevel::debug: return "debug";
    case EventLevel::info: return "info";
    case EventLevel::warning: return "warning";
    case EventLevel::error: return "error";
    case EventLevel::critical: return "critical";
  }
  return "unknown";
}

/// Describes one kind of event. `docs/events.md` has the same table.
struct EventKindInfo {
  EventKind kind;
  std::string_view name;    ///< In structured logs; stable.
  EventLevel level;         ///< Some events of the kind have another one: see `level_of`.
  std::string_view title;   ///< For messages.
  std::string_view fields;  ///< The names in JSON of the fields that such an event may have, with blanks.
};

inline constexpr EventKindInfo event_table[] = {
    {EventKind::initialized, "redis.initialized", EventLevel::info, "database initialized",
     "host port db max_connections"},
    {EventKind::connected, "redis.connection.opened", EventLevel::debug, "connection ready",
     "count duration_ms"},
    {EventKind::connect_failed, "redis.connection.failed", EventLevel::warning, "connection failed",
     "error count duration_ms remedy"},
    {EventKind::disconnected, "redis.connection.closed", EventLevel::debug, "connection closed", "reason"},
    {EventKind::lease_overdue, "redis.lease.overdue", EventLevel::warning, "scoped handle overdue",
     "duration_ms source"},
    {EventKind::lease_leaked, "redis.lease.leaked", EventLevel::warning, "scoped handles leaked",
     "count duration_ms source"},
    {EventKind::release_failed, "redis.release_failed", EventLevel::warning, "scoped handle broken", ""},
    {EventKind::push_dropped, "redis.push_dropped", EventLevel::debug, "push messages dropped", "count"},
    {EventKind::circuit_changed, "redis.circuit.state_changed", EventLevel::warning,
     "circuit breaker changed", "from to reason"},
    {EventKind::retrying, "redis.retry", EventLevel::info, "retry",
     "operation attempt delay_ms error reason"},
    {EventKind::handler_failed, "redis.handler_failed", EventLevel::critical, "an exception left a handler",
     ""},
    {EventKind::tls_insecure, "redis.tls.insecure", EventLevel::warning, "TLS insecure", ""},
    {EventKind::tls_reloaded, "redis.tls.reloaded", EventLevel::info, "TLS files reloaded", ""},
    {EventKind::tls_reload_failed, "redis.tls.reload_failed", EventLevel::error, "TLS files unusable", ""},
    {EventKind::shutdown_begin, "redis.shutdown.begin", EventLevel::info, "shutdown begins", ""},
    {EventKind::shutdown_complete, "redis.shutdown.complete", EventLevel::info, "shutdown complete", ""},
    {EventKind::loading, "redis.loading", EventLevel::warning, "readiness of the server",
     "to percent left_seconds"},
    {EventKind::server_changed, "redis.server_changed", EventLevel::warning, "another server answers",
     "from to primary"},
    {EventKind::config_notice, "redis.config.notice", EventLevel::warning, "configuration",
     "source reason remedy"},
    {EventKind::init_succeeded, "redis.init.success", EventLevel::info, "required database connected",
     "duration_ms"},
    {EventKind::init_failed, "redis.init.failed", EventLevel::error, "required database not connected",
     "error remedy duration_ms"},
    {EventKind::production_unavailable, "redis.production.unavailable", EventLevel::critical,
     "required database unavailable in production", "error remedy duration_ms"},
    {EventKind::operation_failed, "redis.operation_failed", EventLevel::warning, "operation failed",
     "operation error outcome reason count duration_ms"},
    {EventKind::slow_command, "redis.command.slow", EventLevel::warning, "slow command",
     "operation count duration_ms"},
    {EventKind::shutdown_succeeded, "redis.shutdown.success", EventLevel::info, "all calls ended", ""},
    {EventKind::shutdown_failed, "redis.shutdown.failed", EventLevel::warning, "calls interrupted", "count"},
    {EventKind::credentials_refreshed, "redis.credentials.refreshed", EventLevel::info,
     "credentials refreshed", ""},
    {EventKind::credentials_refresh_failed, "redis.credentials.refresh_failed", EventLevel::warning,
     "credentials not refreshed", ""},
    {EventKind::metrics_failed, "redis.metrics.failed", EventLevel::warning, "metrics not exported",
     "reason"},
};

/// The row of a kind; null for a value that is none of the enumerators.
[[nodiscard]] constexpr const EventKindInfo* event_info(EventKind kind) noexcept {
  const auto row = static_cast<std::size_t>(kind);
  return row < std::size(event_table) ? &event_table[row] : nullptr;
}

static_assert(
    [] {
      std::size_t next = 0;
      for (const EventKindInfo& row : event_table)
        if (row.kind != static_cast<EventKind>(next++)) return false;
      return next == static_cast<std::size_t>(EventKind::metrics_failed) + 1;
    }(),
    "event_table has one row for each enumerator of EventKind, in their order");

/// The name in structured logs: `redis.connection.opened`.
[[nodiscard]] constexpr std::string_view to_string(EventKind kind) noexcept {
  const EventKindInfo* const row = event_info(kind);
  return row != nullptr ? row->name : "unknown";
}

/// The main settings of a database.
struct EventSettings {
  std::string_view host{};              ///< Name or address, or the path of the Unix socket.
  std::optional<std::uint16_t> port{};  ///< Empty for a Unix socket.
  int number = 0;                       ///< The argument of SELECT; `db` in JSON.
  std::size_t max_connections = 0;
};

/// One event. `detail` is for people and may change. The fields behind it are for programs: which of them an
/// event has depends on its kind, see `event_table`. The others are empty.
///
/// Lifetimes: the views are valid during the call only. No text contains a secret.
struct Event {
  EventKind kind = EventKind::connected;
  std::string_view database{};  ///< Empty if the event concerns none.
  std::string_view endpoint{};
  std::string_view detail{};  ///< Error text, close reason, …; may be empty.

  std::string_view operation{};  ///< The command, as in statistics: `GET`, `PIPELINE`, `_OTHER`.
  std::optional<Errc> error{};
  std::optional<Effect> outcome{};
  std::string_view reason{};               ///< The cause: one word (`CloseReason`, an error word) or a text.
  std::string_view remedy{};               ///< The checks or actions that help.
  std::string_view from{};                 ///< The state before: one word.
  std::string_view to{};                   ///< The state afterwards: one word.
  std::string_view source{};               ///< A place in the source (`shop.cpp:42`) or in the configuration.
  std::string_view primary{};              ///< The endpoint of the primary.
  std::optional<std::uint64_t> attempt{};  ///< The number of an attempt; the first is 1.
  std::optional<std::uint64_t> count{};    ///< How many occurrences the event represents.
  std::optional<std::chrono::milliseconds> delay{};  ///< The time until the next attempt.
  std::optional<std::chrono::nanoseconds> duration{};
  std::optional<std::chrono::seconds> left{};  ///< The server's estimate until it is ready.
  std::optional<int> percent{};                ///< The part of the data set that is loaded, 0 … 100.
  std::optional<EventSettings> settings{};
};

/// Returns the severity of an event. It is that of the kind, with these exceptions. `warning`: a connection
/// was closed because of a fault. `info`: a connection is ready after failed attempts, the circuit breaker
/// admits calls again, or the server is ready.
[[nodiscard]] EventLevel level_of(const Event& event) noexcept;

/// Receives events on the thread on which they occur, without a lock. Implementations must be thread-safe and
/// quick, and must not throw.
class EventListener {
 public:
  virtual ~EventListener() = default;
  virtual void on_event(const Event& event) noexcept = 0;

 protected:
  EventListener() = default;
  EventListener(const EventListener&) = default;
  EventListener& operator=(const EventListener&) = default;
};

}  // namespace redstart::inline v0
