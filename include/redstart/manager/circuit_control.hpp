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

/// The circuit breaker of one database, from `RedisConnectionManager::breaker`. If the database has several
/// servers, it controls all of their breakers.
///
///     redis.breaker("cache").force_open();  // for as long as the server is being moved
///     …
///     redis.breaker("cache").automatic();
///
/// A forced state applies to every handle of the database, also to existing ones, until `automatic` or the
/// shutdown of the manager. It does not survive a restart of the manager.
///
/// Thread safety: full. Copies control the same breaker. It may outlive the manager and has no effect then.
class CircuitControl {
 public:
  explicit CircuitControl(std::vector<std::shared_ptr<pool::Server>> servers) noexcept
      : servers_(std::move(servers)) {}

  /// The current state, that of the worst server. An open breaker half-opens by itself; see BreakerState.
  [[nodiscard]] BreakerState state() const;
  /// The current state, its age, the time of the next probe and the last failure. `to_string` makes a line
  /// for a log of it.
  [[nodiscard]] CircuitStatus status() const;

  /// Refuses every call, whatever the server does: calls fail with `Errc::circuit_open` (`Remedy::never`) or,
  /// with `WhenAway::wait`, wait until their deadline. Commands in flight continue.
  void force_open();
  /// Lets every call pass, whatever the server does.
  void force_closed();
  /// Ends a forced state: the breaker is closed and has counted nothing. No effect in other states.
  void automatic();

 private:
  std::vector<std::shared_ptr<pool::Server>> servers_;
};

}  // namespace redstart::inline v0
