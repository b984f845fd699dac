// SPDX-License-Identifier: Apache-2.0
// shortage_test.cpp: who gets a connection, and who is told what, when there are fewer than callers.
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;

class Shortage : public RedisTest {
 protected:
  static RedisConfig config_of(std::size_t connections, std::size_t shared) {
    RedisConfig config = config_at(server());
    config.defaults.max_connections = connections;
    config.defaults.shared_connections = shared;
    config.defaults.timeouts = {30s, 30s, 30s};
    return config;
  }
  static bool waiting(StartedManager& redis, std::size_t callers) {
    return eventually([&] { return redis->stats("main").pool.waiting == callers; });
  }
  // Each thread has a shared connection of its choice.
  static void ping_by_many(const AsyncClient& client) {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 16; ++i)
      callers.emplace_back([&] { EXPECT_EQ(client.ping()(use_future).get(), "PONG"); });
  }
};

TEST_F(Shortage, ASharedConnectionThatStoodAheadInLineGivesWay) {
  StartedManager redis(config_of(1, 1));
  // No asynchronous connection has had a slot so far.
  std::optional<ScopedClient> held(redis->scoped_client("main"));
  const AsyncClient client = redis->async_client("main");
  EXPECT_TRUE(waiting(redis, 1));
  auto own = redis->scoped_async_client("main")(use_future);
  EXPECT_TRUE(waiting(redis, 2));
  held.reset();
  EXPECT_EQ(own.get().ping()(use_future).get(), "PONG");
  EXPECT_EQ(client.ping()(use_future).get(), "PONG");
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

// The place that one shared connection leaves is for whoever stands first, so another leaves as well.
TEST_F(Shortage, AThreadGetsAPlaceThoughSomebodyElseStandsAhead) {
  StartedManager redis(config_of(4, 2));
  const AsyncClient client = redis->async_client("main");
  ASSERT_TRUE(eventually([&] {
    ping_by_many(client);
    return redis->stats("main").pool.shared == 2;
  }));
  const ScopedClient one = redis->scoped_client("main");
  const ScopedClient other = redis->scoped_client("main");
  auto ahead = redis->scoped_async_client("main")(use_future);
  EXPECT_TRUE(waiting(redis, 1));
  EXPECT_EQ(redis->scoped_client("main").ping(), "PONG");
  const AsyncScopedClient session = ahead.get();
  EXPECT_EQ(session.ping()(use_future).get(), "PONG");
}

TEST_F(Shortage, WhileOneSharedConnectionFindsNoPlaceAnotherServesItsCallers) {
  StartedManager redis(config_of(3, 2));
  const ScopedClient one = redis->scoped_client("main");
  const ScopedClient other = redis->scoped_client("main");
  const AsyncClient client = redis->async_client("main");
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.shared == 1; }));
  ping_by_many(client);
  EXPECT_EQ(redis->stats("main").pool.shared, 1U);
}

TEST_F(Shortage, WhoStandsInLineLearnsThatTheServerIsAway) {
  const std::unique_ptr<RedisServer> own = std::make_unique<RedisServer>();
  RedisConfig config = config_at(*own);
  config.defaults.max_connections = 1;
  config.defaults.timeouts = {60s, 60s, 60s};
  StartedManager redis(std::move(config));
  const AsyncClient client = redis->async_client("main");
  EXPECT_EQ(client.ping()(use_future).get(), "PONG");
  own->kill();
  ASSERT_TRUE(eventually([&] {
    const Error error = error_of([&] { return client.ping()(use_future).get(); });
    return error.code() == Errc::connect_refused;
  }));
  // The shared connection has had the only slot.
  const Error error = error_of([&] { return redis->scoped_client("main"); });
  EXPECT_TRUE(is_unavailable(error.code())) << error.what();
  EXPECT_NE(error.code(), Errc::pool_timeout) << error.what();
}

TEST_F(Shortage, OnlyWaitingForAConnectionIsLimitedByAcquire) {
  FakeServer slow([](FakeConnection& connection, std::size_t) {
    std::this_thread::sleep_for(300ms);  // so long it takes to open: the case
    connection.serve([](const testing::Words&) { return std::string("+PONG\r\n"); });
  });
  RedisConfig config = config_at(slow.port());
  config.database("main").required = false;
  config.defaults.timeouts = {30s, 30s, 50ms};
  StartedManager redis(std::move(config));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
}

}  // namespace
}  // namespace redstart::test
