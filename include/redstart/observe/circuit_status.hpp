// SPDX-License-Identifier: Apache-2.0
// circuit_status.hpp: what a circuit breaker does, since when, and until when.
#pragma once

#include <redstart/resilience/breaker_state.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace redstart::inline v0 {

/// The circuit breaker of one database at a moment.
struct CircuitStatus {
  BreakerState state = BreakerState::closed;
  std::chrono::nanoseconds lasting{0};  ///< For how long it has been in that state; closed at first.
  /// While open: calls may pass again, as probes, in so much time at the latest; 0: with the next call.
  std::optional<std::chrono::nanoseconds> next_probe{};
  std::string last_failure{};  ///< What it counted last as a failure; empty where there was none.
};

/// "open since 1200 ms (last failure: no complete reply); probes may pass in 800 ms at the latest".
[[nodiscard]] std::string to_string(const CircuitStatus& status);

}  // namespace redstart::inline v0
