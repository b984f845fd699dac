// SPDX-License-Identifier: Apache-2.0
// circuit_status.hpp: the state of a circuit breaker at a moment.
#pragma once

#include <redstart/resilience/breaker_state.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace redstart::inline v0 {

/// The circuit breaker of one database at a moment.
struct CircuitStatus {
  BreakerState state = BreakerState::closed;
  std::chrono::nanoseconds lasting{0};  ///< How long it has been in that state.
  /// While open: time until calls may pass as probes, at the latest; 0: the next call may.
  std::optional<std::chrono::nanoseconds> next_probe{};
  std::string last_failure{};  ///< Text of the last failure that it counted; empty if there was none.
};

/// "open since 1200 ms (last failure: no complete reply); probes may pass in 800 ms at the latest".
[[nodiscard]] std::string to_string(const CircuitStatus& status);

}  // namespace redstart::inline v0
