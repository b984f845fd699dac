// SPDX-License-Identifier: Apache-2.0
// circuit_control.hpp: shows and controls the circuit breaker of one database.
#pragma once

#include <redstart/observe/circuit_status.hpp>
#include <redstart/resilience/breaker_state.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

namespace pool {
class Server;
}

/// The circuit breaker of one database, as `RedisConnectionManager::breaker` gives it out.
///
///     redis.breaker("cache").force_open();  // for as long as the server is being moved
///     …
///     redis.breaker("cache").automatic();
///
/// A forced state holds for every handle of the database, also for those from before, until `automatic` or
/// the end of the manager's run; it changes nothing for a manager that is started again.
///
/// Thread safety: full. Copies control the same breaker. It may outlive the manager and has no effect then.
class CircuitControl {
 public:
  explicit CircuitControl(std::vector<std::shared_ptr<pool::Server>> servers) noexcept
      : servers_(std::move(servers)) {}

  /// As of now. While open, it half-opens by itself; see BreakerState.
  [[nodiscard]] BreakerState state() const;
  /// The same with since when, when probes may pass, and what failed last; `to_string` gives a line for a
  /// log.
  [[nodiscard]] CircuitStatus status() const;

  /// Keeps every call away, whatever the server does: they fail with `Errc::circuit_open`
  /// (`Remedy::never`) or, with `WhenAway::wait`, wait until their deadline. What was sent before goes on.
  void force_open();
  /// Lets every call pass, whatever the server does.
  void force_closed();
  /// Ends a forced state: closed, with nothing counted. No effect in other states.
  void automatic();

 private:
  std::vector<std::shared_ptr<pool::Server>> servers_;
};

}  // namespace redstart::inline v0
