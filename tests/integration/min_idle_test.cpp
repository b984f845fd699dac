// SPDX-License-Identifier: Apache-2.0
// min_idle_test.cpp: min_idle connections through losses and outages.
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;

class MinIdle : public ::testing::Test {
 protected:
  static constexpr std::size_t wanted = 3;

  void SetUp() override { REDSTART_NEEDS_REDIS(); }

  [[nodiscard]] static RedisConfig config(const RedisServer& server) {
    RedisConfig config = config_at(server);
    config.database("main").min_idle = wanted;
    return config;
  }
  [[nodiscard]] static std::size_t idle(RedisConnectionManager& redis) {
    return redis.stats("main").pool.idle;
  }
  [[nodiscard]] static std::size_t at_the_server(const RedisServer& server) {
    std::size_t n = 0;
    for (const std::string& line : RawRedis(server.port()).client_list())
      n += line.find("name=test:main") != std::string::npos ? 1U : 0U;
    return n;
  }
  static void kill_all(const RedisServer& server) {
    RawRedis(server.port()).integer({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  }
};

TEST_F(MinIdle, CleanUpReplacesConnectionsClosedByServer) {
  RedisServer server;
  RedisConfig own = config(server);
  own.cleanup_interval = 10ms;
  StartedManager redis(own);
  EXPECT_EQ(idle(*redis), wanted);
  for (std::size_t round = 1; round <= 3; ++round) {
    kill_all(server);
    ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.created >= (round + 1) * wanted; }));
    EXPECT_TRUE(eventually([&] { return idle(*redis) == wanted && at_the_server(server) == wanted; }));
  }
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::stale), 3 * wanted);
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

TEST_F(MinIdle, ConnectionsReopenAfterOutageWithoutCalls) {
  RedisServer server;
  RedisConfig own = config(server);
  own.cleanup_interval = 10ms;
  StartedManager redis(own);
  server.kill();
  ASSERT_TRUE(eventually([&] { return redis->stats("main").state == ConnectionState::backing_off; }));
  EXPECT_EQ(idle(*redis), 0U);
  server.restart();
  EXPECT_TRUE(eventually([&] { return idle(*redis) == wanted && at_the_server(server) == wanted; }));
}

TEST_F(MinIdle, ConnectionsReopenWithFirstCallAfterOutage) {
  RedisServer server;
  StartedManager redis(config(server));  // no clean-up runs
  server.kill();
  EXPECT_THROW(static_cast<void>(redis->client("main").ping()), Error);
  server.restart();
  ASSERT_TRUE(eventually([&] { return redis->optional_client("main").has_value(); }));
  // A shared connection may have reconnected first.
  EXPECT_TRUE(eventually([&] { return idle(*redis) == wanted && at_the_server(server) >= wanted; }));
}

TEST_F(MinIdle, ConnectionsReopenWhenSharedConnectionReconnects) {
  RedisServer server;
  StartedManager redis(config(server));
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  server.kill();
  ASSERT_TRUE(eventually([&] { return redis->stats("main").state == ConnectionState::backing_off; }));
  server.restart();
  EXPECT_TRUE(eventually([&] { return idle(*redis) == wanted && at_the_server(server) == wanted + 1; }));
}

TEST_F(MinIdle, ConnectionsBeyondMaxLifetimeAreReplaced) {
  RedisServer server;
  RedisConfig own = config(server);
  own.database("main").max_lifetime = 1ms;
  own.cleanup_interval = 10ms;
  StartedManager redis(own);
  let_pass(2ms);
  {
    std::vector<ScopedClient> all;
    for (std::size_t i = 0; i < wanted; ++i) all.push_back(redis->scoped_client("main"));
    for (const ScopedClient& one : all) EXPECT_EQ(one.ping(), "PONG");
    let_pass(2ms);
  }
  EXPECT_TRUE(
      eventually([&] { return redis->stats("main").pool.closed_for(CloseReason::lifetime) >= wanted; }));
  EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.created >= 2 * wanted; }));
}

TEST_F(MinIdle, ConnectionsNeverExceedMaxConnections) {
  RedisServer server;
  RedisConfig own = config(server);
  own.database("main").max_connections = wanted;
  own.cleanup_interval = 1ms;
  StartedManager redis(own);
  const AsyncClient client = redis->async_client("main");
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(eventually([&] { return client.results().ping()(use_future).get().has_value(); }))
        << "the call must get a connection";
    kill_all(server);
    ASSERT_LE(at_the_server(server), wanted);
  }
}

TEST_F(MinIdle, ShutdownEndsRefilling) {
  RedisServer server;
  for (int i = 0; i < 20; ++i) {
    RedisConfig own = config(server);
    own.cleanup_interval = 1ms;
    StartedManager redis(own);
    kill_all(server);
    if (i % 2 != 0) let_pass(1ms * (i % 5));
    redis->shutdown();
  }
  EXPECT_TRUE(eventually([&] { return at_the_server(server) == 0; }));
}

}  // namespace
}  // namespace redstart::test
