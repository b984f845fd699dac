// SPDX-License-Identifier: Apache-2.0
// node_totals_test.cpp: how the statistics of several servers add up.
#include "observe/node_totals.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace redstart::inline v0 {
namespace {

using namespace std::chrono_literals;

NodeStats node(std::string endpoint, ConnectionState state, BreakerState breaker = BreakerState::closed) {
  NodeStats stats;
  stats.endpoint = std::move(endpoint);
  stats.state = state;
  stats.breaker = breaker;
  stats.circuit.state = breaker;
  stats.breaker_changes = 2;
  stats.pool.idle = 3;
  stats.pool.in_use = 1;
  stats.pool.min_idle = 2;
  stats.pool.closed[0] = 4;
  return stats;
}

TEST(NodeTotals, OfOneNodeAreItsOwn) {
  DatabaseStats stats;
  NodeStats only = node("a:1", ConnectionState::loading, BreakerState::forced_closed);
  only.loading_eta = 7s;
  add_node(stats, only);
  EXPECT_EQ(stats.state, ConnectionState::loading);
  EXPECT_EQ(stats.loading_eta, 7s);
  EXPECT_EQ(stats.breaker, BreakerState::forced_closed);
  EXPECT_EQ(stats.circuit.state, BreakerState::forced_closed);
  EXPECT_EQ(stats.breaker_changes, 2U);
  EXPECT_EQ(stats.pool.idle, 3U);
  ASSERT_EQ(stats.nodes.size(), 1U);
  EXPECT_EQ(stats.nodes.front().endpoint, "a:1");
}

TEST(NodeTotals, HaveTheWorstState) {
  DatabaseStats stats;
  add_node(stats, node("a:1", ConnectionState::ready));
  add_node(stats, node("b:2", ConnectionState::circuit_open, BreakerState::open));
  add_node(stats, node("c:3", ConnectionState::stopped, BreakerState::half_open));
  EXPECT_EQ(stats.state, ConnectionState::circuit_open);
  EXPECT_EQ(stats.breaker, BreakerState::open);
  EXPECT_EQ(stats.circuit.state, BreakerState::open);
}

TEST(NodeTotals, SumConnections) {
  DatabaseStats stats;
  for (const char* const endpoint : {"a:1", "b:2", "c:3"})
    add_node(stats, node(endpoint, ConnectionState::ready));
  EXPECT_EQ(stats.breaker_changes, 6U);
  EXPECT_EQ(stats.pool.idle, 9U);
  EXPECT_EQ(stats.pool.in_use, 3U);
  EXPECT_EQ(stats.pool.min_idle, 6U);
  EXPECT_EQ(stats.pool.closed[0], 12U);
  EXPECT_EQ(stats.nodes.size(), 3U);
}

TEST(NodeTotals, AnUnusedNodeIsNoWorseThanAReadyOne) {
  EXPECT_TRUE(worse(ConnectionState::ready, ConnectionState::stopped));
  EXPECT_FALSE(worse(ConnectionState::stopped, ConnectionState::ready));
  EXPECT_TRUE(worse(BreakerState::forced_open, BreakerState::open));
}

}  // namespace
}  // namespace redstart::inline v0
