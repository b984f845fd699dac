// SPDX-License-Identifier: Apache-2.0
// circuit_control.cpp: controls the breakers of a database's servers.
#include <redstart/manager/circuit_control.hpp>

#include "../observe/node_totals.hpp"
#include "../pool/server.hpp"

namespace redstart::inline v0 {

BreakerState CircuitControl::state() const { return status().state; }

CircuitStatus CircuitControl::status() const {
  const TimePoint now = Clock::now();
  CircuitStatus worst;
  for (const auto& server : servers_) {
    CircuitStatus status = server->circuit(now);
    if (server == servers_.front() || worse(status.state, worst.state)) worst = std::move(status);
  }
  return worst;
}

void CircuitControl::force_open() {
  for (const auto& server : servers_) server->breaker().force_open();
}
void CircuitControl::force_closed() {
  for (const auto& server : servers_) server->breaker().force_closed();
}
void CircuitControl::automatic() {
  for (const auto& server : servers_) server->breaker().automatic();
}

}  // namespace redstart::inline v0
