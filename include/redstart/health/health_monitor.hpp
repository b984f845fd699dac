// SPDX-License-Identifier: Apache-2.0
// health_monitor.hpp: probes the databases of a manager, and answers health checks.
#pragma once

#include <redstart/health/health_policy.hpp>
#include <redstart/health/health_report.hpp>
#include <redstart/manager/redis_connection_manager.hpp>

#include <memory>

namespace redstart::inline v0 {

/// Checks the health of all databases of a manager, in the background or on demand.
///
///     HealthMonitor health(redis);
///     health.start();  // probes every 5 s
///     …
///     if (!health.ready().ready) …
///
/// A probe uses a connection of its own. So a pool whose connections are all in use, or an open circuit
/// breaker, neither delays nor hides it, and it changes no statistics and no breaker.
///
/// Lifetimes: the manager must outlive the monitor. It may be started, shut down and started again.
///
/// Thread safety: full. After a fork, a monitor of the parent answers the child with
/// `HealthStatus::error`; create a new one.
class HealthMonitor {
 public:
  /// Errors: `ConfigError` with every fault of the policy.
  explicit HealthMonitor(RedisConnectionManager& manager, HealthPolicy policy = {});
  HealthMonitor(const HealthMonitor&) = delete;
  HealthMonitor& operator=(const HealthMonitor&) = delete;
  /// Stops the background thread, and waits for the end of a check that is under way.
  ~HealthMonitor();

  /// Starts a thread that checks at once and then every `HealthPolicy::interval`. No effect if it runs.
  /// Errors: `Errc::resource_exhausted` if no thread can be started.
  void start();
  /// Ends the thread. A check that is under way ends first, within the budget.
  void stop() noexcept;
  [[nodiscard]] bool running() const noexcept;

  /// Probes all databases at the same time and returns the report, within `HealthPolicy::budget`.
  ///
  /// Only one check runs at a time: concurrent callers get its report. A report that is younger than
  /// `HealthPolicy::cache_time` is returned at once. Every fault is in the report; it throws only
  /// std::bad_alloc. It blocks, so don't call it in handlers and coroutines.
  [[nodiscard]] HealthReport check();

  /// Returns the last report without I/O. Before the first check its status is `error`.
  [[nodiscard]] HealthReport status() const;
  /// Returns that the process lives. No I/O; no server has influence.
  [[nodiscard]] LiveReport live() const;
  /// Returns whether the service can serve, from the last checks and without I/O. Not ready before the first
  /// check, and at once after a shutdown of the manager.
  [[nodiscard]] ReadyReport ready() const;
  /// Returns whether the service has been ready once, from the last checks and without I/O. Once started, it
  /// stays so.
  [[nodiscard]] StartupReport startup() const;

  [[nodiscard]] const HealthPolicy& policy() const noexcept;

 private:
  class State;

  std::shared_ptr<State> state_;
};

}  // namespace redstart::inline v0
