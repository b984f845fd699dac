// SPDX-License-Identifier: Apache-2.0
// node_totals.hpp: adds up the statistics of a database's servers.
#pragma once

#include <redstart/observe/stats.hpp>
#include <redstart/resilience/breaker_state.hpp>

namespace redstart::inline v0 {

/// True if `state` keeps more calls away than `other`.
[[nodiscard]] bool worse(BreakerState state, BreakerState other) noexcept;
[[nodiscard]] bool worse(ConnectionState state, ConnectionState other) noexcept;

/// Adds `node` to the nodes of `into`, and to what they add up to.
void add_node(DatabaseStats& into, NodeStats node);

}  // namespace redstart::inline v0
