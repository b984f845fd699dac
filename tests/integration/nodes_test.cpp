// SPDX-License-Identifier: Apache-2.0
// nodes_test.cpp: the statistics of a database's server.
#include <gmock/gmock.h>

#include <memory>

#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

class Nodes : public RedisTest {};

TEST_F(Nodes, HaveTheIdentityAndTheConnectionsOfTheirServer) {
  for_all_sides([&](Side side) {
    StartedManager redis(on_side(side, config_at(server())));
    const Caller caller(*redis, side);
    ASSERT_TRUE(caller.command<Value>("SET", "key", "value"));
    const DatabaseStats stats = redis->stats("main");
    ASSERT_EQ(stats.nodes.size(), 1U);
    const NodeStats& node = stats.nodes.front();
    EXPECT_EQ(node.endpoint, stats.endpoint);
    EXPECT_EQ(node.server.product, server().version().product);
    EXPECT_EQ(node.server.version, server().version().text);
    EXPECT_EQ(node.server.role, "master");
    EXPECT_EQ(node.server.run_id, "") << "HELLO does not report it";
    EXPECT_EQ(node.state, ConnectionState::ready);
    EXPECT_EQ(node.breaker, BreakerState::closed);
    EXPECT_EQ(node.answered, stats.operations.ok + stats.operations.server_errors);
    EXPECT_GE(node.answered, 1U);
    EXPECT_EQ(node.pool.created, stats.pool.created);
    EXPECT_GE(node.pool.created, 1U);
    EXPECT_EQ(node.pool.in_use + node.pool.idle, stats.pool.in_use + stats.pool.idle);
  });
}

TEST_F(Nodes, KnowTheRunAfterAValidation) {
  StartedManager redis(config_at(server()));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  const ConnectionReport report = redis->validate_connection("main");
  ASSERT_TRUE(report.ok()) << report.explain();
  const DatabaseStats stats = redis->stats("main");
  EXPECT_EQ(stats.nodes.front().server.run_id, report.server.run_id);
  EXPECT_EQ(stats.nodes.front().server.run_id.size(), 40U);
}

TEST_F(Nodes, HaveTheStateOfTheirBreaker) {
  StartedManager redis(config_at(server()));
  redis->breaker("main").force_open();
  const DatabaseStats stats = redis->stats("main");
  EXPECT_EQ(stats.nodes.front().breaker, BreakerState::forced_open);
  EXPECT_EQ(stats.nodes.front().state, stats.state);
  EXPECT_EQ(stats.nodes.front().breaker_changes, stats.breaker_changes);
  redis->breaker("main").automatic();
}

}  // namespace
}  // namespace redstart::test
