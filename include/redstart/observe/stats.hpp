// SPDX-License-Identifier: Apache-2.0
// stats.hpp: the statistics that users read, as plain structs.
#pragma once

#include <redstart/core/errc.hpp>
#include <redstart/observe/circuit_status.hpp>
#include <redstart/observe/duration_histogram.hpp>
#include <redstart/observe/histogram.hpp>
#include <redstart/observe/kept_list.hpp>
#include <redstart/observe/server_identity.hpp>
#include <redstart/resilience/breaker_state.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

/// The state of a database's connections as a whole.
enum class ConnectionState : std::uint8_t {
  stopped,     ///< The database has not been used yet.
  connecting,  ///< The first connect attempt is in progress.
  loading,  ///< Connected, but the server can't serve yet: it loads data, runs a script or lost its master.
  ready,    ///< The last connect attempt succeeded.
  backing_off,   ///< The last connect attempt failed; the next one is due later.
  circuit_open,  ///< The circuit breaker rejects calls.
  draining,      ///< Shutting down: calls in progress may finish.
  closed,        ///< Shut down.
};

[[nodiscard]] constexpr std::string_view to_string(ConnectionState state) noexcept {
  switch (state) {
    case ConnectionState::stopped: return "stopped";
    case ConnectionState::connecting: return "connecting";
    case ConnectionState::loading: return "loading";
    case ConnectionState::ready: return "ready";
    case ConnectionState::backing_off: return "backing_off";
    case ConnectionState::circuit_open: return "circuit_open";
    case ConnectionState::draining: return "draining";
    case ConnectionState::closed: return "closed";
  }
  return "unknown";
}

/// Why a connection was closed.
enum class CloseReason : std::uint8_t {
  idle,      ///< Unused for longer than `idle_timeout`, or closed to free a slot for a waiting caller.
  lifetime,  ///< Open for longer than `max_lifetime`.
  stale,     ///< The server had closed it, or sent a push message, while it was idle.
  lost,      ///< It broke during an exchange.
  timeout,   ///< An exchange did not complete by its deadline.
  protocol,  ///< The server sent bytes that are not RESP.
  dirty,     ///< A scoped handle left it in a changed state.
  shutdown,  ///< The manager was shut down.
  role,  ///< The server is loading, is a replica now, or dropped the session: LOADING, READONLY, REDIRECT,
         ///< MASTERDOWN, NOAUTH.
  /// Replies no longer match commands: the server sent an unsolicited one, or `integrity` found one missing,
  /// repeated or out of order.
  desync,
  credentials,  ///< Its credentials have expired, or the server refused newer ones.
};
inline constexpr std::size_t close_reasons = 11;

[[nodiscard]] constexpr std::string_view to_string(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::idle: return "idle";
    case CloseReason::lifetime: return "lifetime";
    case CloseReason::stale: return "stale";
    case CloseReason::lost: return "lost";
    case CloseReason::timeout: return "timeout";
    case CloseReason::protocol: return "protocol";
    case CloseReason::dirty: return "dirty";
    case CloseReason::shutdown: return "shutdown";
    case CloseReason::role: return "role";
    case CloseReason::desync: return "desync";
    case CloseReason::credentials: return "credentials";
  }
  return "unknown";
}

/// The failures with one code, for `RedisStats::last_errors`.
struct LastError {
  std::chrono::system_clock::time_point time{};  ///< Of the newest.
  Errc code = Errc::server_error;
  std::string message{};                          ///< Of the newest.
  std::uint64_t count = 1;                        ///< Calls that failed with this code since `first`.
  std::chrono::system_clock::time_point first{};  ///< Of the oldest.
};

/// The operations of one command with one outcome. All texts are constants of the library.
struct CommandStats {
  /// The command, `PIPELINE` or `MULTI` for a batch as a whole, or `_OTHER` for a command that the library
  /// does not know.
  std::string_view name{};
  /// Empty for operations that succeeded. The first word of the server's error, `_OTHER` if that is not a
  /// known one, or the code of the library (`timeout`).
  std::string_view error_type{};
  std::string_view status_code{};  ///< As `error_type`, if the server has replied; else empty.
  DurationHistogram durations{};
};

/// The commands that failed with one kind of error: see `CommandStats::error_type`.
struct ErrorCount {
  std::string_view type{};
  std::uint64_t count = 0;
};

/// Rates over one window, which ends with the snapshot: means over the window and, with a listener, at most
/// 10 s more. Without a listener, totals are kept by snapshots and the idle clean-up only, so a rate may
/// cover the time since the snapshot before the window. If the manager started within the window, rates begin
/// there.
struct OperationRates {
  static constexpr std::array<std::chrono::seconds, 3> windows = {
      std::chrono::seconds(10), std::chrono::seconds(60), std::chrono::seconds(300)};

  std::chrono::seconds window{0};
  double commands = 0;  ///< Commands that ended, each second.
  double errors = 0;    ///< Commands without a reply, or answered with an error, each second.
};

/// Operations on one database since the start. An operation is one command; each command of a pipeline
/// counts.
struct RedisStats {
  std::uint64_t ok = 0;             ///< Answered without an error.
  std::uint64_t failed = 0;         ///< Not answered: not sent, lost, timed out, or bytes that are not RESP.
  std::uint64_t server_errors = 0;  ///< Answered with an error; neither ok nor failed.
  std::uint64_t timeouts = 0;       ///< Those of `failed` that reached their deadline.
  std::uint64_t retries = 0;        ///< Attempts after the first.
  std::uint64_t retries_refused = 0;  ///< Attempts that the retry budget did not allow.
  double retry_tokens = 0;            ///< Retries that the retry budget would allow at once.
  LatencyHistogram latency{};         ///< One entry per exchange: a command, or a pipeline as a whole.
  std::array<OperationRates, OperationRates::windows.size()> rates{};  ///< Over 10 s, 1 min and 5 min.
  /// By command and error, sorted by both. Commands that were not used have no entry.
  KeptList<CommandStats> commands{};
  /// Commands that failed, also with an error of the server, sorted by kind. Kinds that did not occur have no
  /// entry.
  KeptList<ErrorCount> errors{};
  /// One entry for each code that calls failed with: at most 8, the most recent at the end. In an outage, the
  /// cause (`connect_refused`) stays in the list with its consequence (`circuit_open`).
  KeptList<LastError> last_errors{};

  /// ok / (ok + failed); 1 without calls.
  [[nodiscard]] double success_rate() const noexcept {
    return ok + failed == 0 ? 1.0 : static_cast<double>(ok) / static_cast<double>(ok + failed);
  }
};

/// The connections of one database.
struct PoolStats {
  std::size_t created = 0;                   ///< Opened since the start.
  std::size_t in_use = 0;                    ///< Acquired, or being opened.
  std::size_t idle = 0;                      ///< Open and unused.
  std::size_t waiting = 0;                   ///< Callers that wait for a connection.
  std::size_t maximum = 0;                   ///< Limit of open connections.
  std::size_t min_idle = 0;                  ///< Idle connections that the pool keeps open.
  std::size_t leased = 0;                    ///< Those of `in_use` that a scoped handle holds.
  std::chrono::nanoseconds oldest_lease{0};  ///< How long the oldest scoped handle has been held.
  std::size_t shared = 0;                    ///< Those of `in_use` that many callers use.
  /// Operations on shared connections, including synchronous ones, and those of asynchronous callers that
  /// have or wait for an exclusive connection: queued, or sent and not answered.
  std::size_t in_flight = 0;
  std::size_t queued_bytes = 0;  ///< Their encoded bytes.
  std::uint64_t connect_failures = 0;
  std::uint64_t pushes_dropped = 0;                   ///< Unexpected push messages.
  std::array<std::uint64_t, close_reasons> closed{};  ///< By `CloseReason`.

  /// Connections that callers could still acquire at once.
  [[nodiscard]] std::size_t available() const noexcept {
    return maximum - (in_use < maximum ? in_use : maximum);
  }
  [[nodiscard]] std::uint64_t closed_for(CloseReason reason) const noexcept {
    return closed[static_cast<std::size_t>(reason)];
  }
};

/// Durations in the life of the connections of one database, those of all its servers together.
struct ConnectionDurations {
  /// From the look-up of the name to the end of the handshake, of connections that became ready.
  DurationHistogram create{};
  /// Of callers that found no idle connection and then got one of their own, or opened it. Callers that share
  /// a connection do not wait for one.
  DurationHistogram wait{};
  /// From the acquisition to the return of a connection: by scoped handles, and by asynchronous operations
  /// that need a connection of their own. Not by synchronous calls: `CommandStats` has how long they take.
  DurationHistogram use{};
};

/// One server of a database.
struct NodeStats {
  std::string endpoint{};
  /// The identity that it has reported: empty before the first connection. With RESP2 only
  /// `RedisConnectionManager::validate_connection` asks for it.
  ServerIdentity server{};
  ConnectionState state = ConnectionState::stopped;
  std::optional<std::chrono::seconds>
      loading_eta{};  ///< While `loading`: the remaining time, as it estimates.
  BreakerState breaker = BreakerState::closed;
  std::uint64_t breaker_changes = 0;  ///< How often its state has changed.
  CircuitStatus circuit{};            ///< Since when, when probes may pass, and what failed last.
  std::uint64_t answered = 0;         ///< Commands that it has answered, also with an error.
  PoolStats pool{};                   ///< Its connections; only the database's has `oldest_lease`.
};

/// One database of a manager. `nodes` has the part of each server; the state, the breaker and the circuit
/// are those of the worst node, and the connections of all nodes are added up.
struct DatabaseStats {
  std::string name{};
  std::string endpoint{};
  ConnectionState state = ConnectionState::stopped;
  std::optional<std::chrono::seconds>
      loading_eta{};  ///< While `loading`: remaining time, as the server estimates.
  bool required = false;
  BreakerState breaker = BreakerState::closed;
  std::uint64_t breaker_changes = 0;  ///< How often its state has changed.
  CircuitStatus circuit{};            ///< Duration of its state, time of the next probes, and last failure.
  RedisStats operations{};
  PoolStats pool{};
  ConnectionDurations connection_durations{};
  KeptList<NodeStats> nodes{};  ///< Its servers. A standalone database has one.
};

/// A manager as a whole.
struct ManagerStats {
  std::chrono::nanoseconds uptime{0};   ///< Since `start()`, 0 before.
  KeptList<DatabaseStats> databases{};  ///< Every database that was used or configured, by name.

  /// Databases whose state is `ready` (the last connect attempt succeeded, and the breaker is not open) or
  /// `stopped` (not used yet). Not those that are connecting, loading, backing off, rejected by the breaker,
  /// or shut down.
  [[nodiscard]] std::size_t healthy() const noexcept {
    std::size_t n = 0;
    for (const DatabaseStats& database : databases)
      n += database.state == ConnectionState::ready || database.state == ConnectionState::stopped ? 1U : 0U;
    return n;
  }
  /// Over all databases: ok / (ok + failed); 1 without calls.
  [[nodiscard]] double success_rate() const noexcept {
    RedisStats sum;
    for (const DatabaseStats& database : databases) {
      sum.ok += database.operations.ok;
      sum.failed += database.operations.failed;
    }
    return sum.success_rate();
  }
};

}  // namespace redstart::inline v0
