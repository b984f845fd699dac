// SPDX-License-Identifier: Apache-2.0
// health_report.hpp: the results of health checks, as plain structs.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/core/errc.hpp>
#include <redstart/health/health_status.hpp>
#include <redstart/observe/circuit_status.hpp>
#include <redstart/observe/connection_report.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

/// A reason for `HealthStatus::degraded`.
struct HealthWarning {
  std::string_view code{};  ///< A constant of the library, such as `clients`; docs/health.md lists them.
  std::string message{};    ///< The observation, with its figures.
  std::string advice{};     ///< The remedy.
};

/// Whether the server answers.
struct ConnectivityHealth {
  CheckResult result = CheckResult::unknown;         ///< `ok`: it accepted a connection and serves commands.
  bool reachable = false;                            ///< A connection was opened; with TLS, it was verified.
  std::chrono::nanoseconds connecting{0};            ///< Lookup, connection, TLS and handshake of the probe.
  ConnectionState state = ConnectionState::stopped;  ///< Of the pool, see `DatabaseStats::state`.
  CircuitStatus circuit{};
};

/// How fast the server answers. A figure is empty if nothing was measured.
struct PerformanceHealth {
  std::optional<std::chrono::nanoseconds> ping{};  ///< Round-trip time of the last probe's PING.
  /// 95th percentile of the round trips of the last probes, at most 256, without the time for connecting.
  std::optional<std::chrono::nanoseconds> probe_p95{};
  std::optional<LatencyClass> latency{};  ///< The class of `probe_p95`.

  /// Durations of the service's own operations since the last check; they include blocking commands.
  std::optional<std::chrono::nanoseconds> operations_p50{};
  std::optional<std::chrono::nanoseconds> operations_p95{};
  std::optional<std::chrono::nanoseconds> operations_p99{};
  std::optional<double> operations_per_second{};  ///< Of this service, since the last check.
  std::optional<double> success_rate{};           ///< ok / (ok + failed) of these operations; 0 … 1.
  std::optional<std::uint64_t> server_operations_per_second{};  ///< Of all clients, as the server reports.
};

/// The reply to INFO. A figure is empty if the server did not report it.
struct ServerHealth {
  CheckResult result = CheckResult::unknown;  ///< `unknown` if INFO was not answered, or refused.
  ServerIdentity identity{};
  std::optional<std::chrono::seconds> uptime{};
  std::optional<std::uint64_t> connected_clients{};
  std::optional<std::uint64_t> maximum_clients{};
  std::optional<std::uint64_t> used_memory{};     ///< Bytes.
  std::string used_memory_human{};                ///< "1.05M".
  std::optional<std::uint64_t> maximum_memory{};  ///< Bytes; 0: no limit.
  std::optional<std::uint64_t> connected_replicas{};
  std::optional<std::uint64_t> keys{};           ///< In this database.
  std::optional<std::uint64_t> expiring_keys{};  ///< Those with a time to live.
  std::optional<std::uint64_t> hits{};           ///< Look-ups that found a key, since the server's start.
  std::optional<std::uint64_t> misses{};
  std::optional<std::uint64_t> evicted_keys{};  ///< Since the server's start.
  /// Share of look-ups that found a key, over the last `HealthPolicy::minimum_lookups` or more.
  std::optional<double> hit_ratio{};
};

/// Whether a key can be written, read and deleted.
struct OperationalHealth {
  CheckResult result = CheckResult::unknown;
  CheckResult set = CheckResult::unknown;
  CheckResult get = CheckResult::unknown;
  CheckResult del = CheckResult::unknown;
  std::optional<std::chrono::nanoseconds> duration{};  ///< Of all three together.
  std::string message{};                               ///< Why the result is not `ok`; else empty.
};

/// The health of one database at the time of a check. Contains no secret. Texts of the server are escaped.
struct DatabaseHealth {
  std::string name{};
  std::string endpoint{};
  bool required = false;
  std::string impact{};  ///< `DatabaseConfig::impact`.
  HealthStatus status = HealthStatus::error;
  std::optional<Errc> problem{};  ///< Why it is `unhealthy` or `error`.
  std::string message{};          ///< The problem in full, with the endpoint; empty if there is none.
  std::string advice{};           ///< The remedy of the problem.

  ConnectivityHealth connectivity{};
  PerformanceHealth performance{};
  ServerHealth server{};
  PoolStats pool{};
  OperationalHealth operational{};

  std::vector<HealthWarning> warnings{};
  std::vector<std::string> notes{};  ///< Observations that are no warnings, such as missing permissions.

  /// True if it serves calls: `healthy` or `degraded`.
  [[nodiscard]] bool serves() const noexcept {
    return status == HealthStatus::healthy || status == HealthStatus::degraded;
  }
};

/// The result of one check of all databases.
struct HealthReport {
  HealthStatus status = HealthStatus::error;
  std::string message{};                    ///< Why `status` is `error` if no database shows it; else empty.
  WallTime timestamp{};                     ///< When the check ended.
  std::chrono::nanoseconds duration{0};     ///< Of the check.
  std::string service{};                    ///< `RedisConfig::service`.
  std::chrono::nanoseconds uptime{0};       ///< Of the manager.
  std::vector<DatabaseHealth> databases{};  ///< Every database that was used or configured, by name.
};

/// One database in the answer to a readiness or startup probe.
struct ServiceReadiness {
  std::string name{};
  bool ready = false;     ///< Damped by `HealthPolicy::failures` and `successes`.
  std::string message{};  ///< Names neither endpoint nor user, so it may be shown to everybody.
  bool required = false;
};

/// The answer to a readiness probe.
struct ReadyReport {
  bool ready = false;  ///< Every required database is ready, and the manager is not shut down.
  std::vector<ServiceReadiness> services{};
  /// Of the check that it is based on; of the call if there was none, or the manager is not started.
  WallTime timestamp{};

  [[nodiscard]] std::string_view status() const noexcept { return ready ? "ready" : "not_ready"; }
};

/// The answer to a startup probe.
struct StartupReport {
  bool started = false;  ///< Every required database has been ready at the same time, once.
  std::vector<ServiceReadiness> services{};
  WallTime timestamp{};  ///< As in `ReadyReport`.

  [[nodiscard]] std::string_view status() const noexcept { return started ? "started" : "starting"; }
};

/// The answer to a liveness probe: the process runs. Never depends on a server.
struct LiveReport {
  WallTime timestamp{};                ///< Of the call.
  std::chrono::nanoseconds uptime{0};  ///< Since the monitor was created.

  [[nodiscard]] static constexpr std::string_view status() noexcept { return "alive"; }
};

}  // namespace redstart::inline v0
