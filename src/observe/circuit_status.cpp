// SPDX-License-Identifier: Apache-2.0
// circuit_status.cpp: the state of a circuit breaker as text.
#include <redstart/observe/circuit_status.hpp>

namespace redstart::inline v0 {

namespace {

std::string text_of(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

}  // namespace

std::string to_string(const CircuitStatus& status) {
  std::string text(to_string(status.state));
  text += " since " + text_of(status.lasting);
  const bool refuses = status.state == BreakerState::open || status.state == BreakerState::half_open;
  if (refuses && !status.last_failure.empty()) text += " (last failure: " + status.last_failure + ")";
  if (status.next_probe)
    text += "; probes may pass in " + text_of(*status.next_probe) + " at the latest";
  else if (status.state == BreakerState::half_open)
    text += "; its probes are under way";
  return text;
}

}  // namespace redstart::inline v0
