// SPDX-License-Identifier: Apache-2.0
// node_totals.cpp: orders states, sums connections.
#include "node_totals.hpp"

#include <cstddef>
#include <utility>

namespace redstart::inline v0 {

namespace {

int severity(BreakerState state) noexcept {
  switch (state) {
    case BreakerState::forced_closed: return 0;
    case BreakerState::closed: return 1;
    case BreakerState::half_open: return 2;
    case BreakerState::open: return 3;
    case BreakerState::forced_open: return 4;
  }
  return 0;
}

// A server that nothing has used yet says less than one that works.
int severity(ConnectionState state) noexcept {
  switch (state) {
    case ConnectionState::stopped: return 0;
    case ConnectionState::ready: return 1;
    case ConnectionState::connecting: return 2;
    case ConnectionState::loading: return 3;
    case ConnectionState::backing_off: return 4;
    case ConnectionState::circuit_open: return 5;
    case ConnectionState::draining: return 6;
    case ConnectionState::closed: return 7;
  }
  return 0;
}

void add_connections(PoolStats& into, const PoolStats& pool) noexcept {
  into.created += pool.created;
  into.in_use += pool.in_use;
  into.idle += pool.idle;
  into.waiting += pool.waiting;
  into.maximum += pool.maximum;
  into.min_idle += pool.min_idle;
  into.leased += pool.leased;
  into.shared += pool.shared;
  into.in_flight += pool.in_flight;
  into.queued_bytes += pool.queued_bytes;
  into.connect_failures += pool.connect_failures;
  into.pushes_dropped += pool.pushes_dropped;
  for (std::size_t i = 0; i != close_reasons; ++i) into.closed[i] += pool.closed[i];
}

}  // namespace

bool worse(BreakerState state, BreakerState other) noexcept { return severity(state) > severity(other); }
bool worse(ConnectionState state, ConnectionState other) noexcept {
  return severity(state) > severity(other);
}

void add_node(DatabaseStats& into, NodeStats node) {
  const bool first = into.nodes.empty();
  if (first || worse(node.state, into.state)) {
    into.state = node.state;
    into.loading_eta = node.loading_eta;
  }
  if (first || worse(node.breaker, into.breaker)) {
    into.breaker = node.breaker;
    into.circuit = node.circuit;
  }
  into.breaker_changes += node.breaker_changes;
  add_connections(into.pool, node.pool);
  into.nodes.push_back(std::move(node));
}

}  // namespace redstart::inline v0
