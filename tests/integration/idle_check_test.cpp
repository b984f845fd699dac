// SPDX-License-Identifier: Apache-2.0
// idle_check_test.cpp: fault 7 on idle connections: they are checked before use.
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <string>
#include <utility>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Words = FakeConnection::Words;

constexpr auto limit = 20ms;

// A server behind a proxy. Databases check connections that were idle for longer than the limit.
class IdleCheck : public ::testing::Test {
 protected:
  [[nodiscard]] RedisConfig config() const {
    RedisConfig config = config_at(proxy_.port());
    config.defaults.check_after_idle = limit;
    config.defaults.timeouts.health = 2s;
    return config;
  }
  // Silences all current connections without closing them. New connections work.
  void cut_off() { proxy_.open_connections().silent(); }

  FakeServer server_{FakeServer::simple()};
  FaultProxy proxy_{server_.endpoint()};
};

TEST_F(IdleCheck, DeadDirectConnectionIsReplacedBeforeACommandIsLost) {
  StartedManager redis(config());
  const Client client = redis->client("main");
  client.set("key", "value");
  let_pass(limit + 1ms);
  cut_off();
  EXPECT_EQ(client.get("key"), "value");
  const DatabaseStats stats = redis->stats("main");
  EXPECT_EQ(stats.operations.failed, 0U);
  EXPECT_EQ(stats.operations.retries, 0U);
  EXPECT_EQ(stats.pool.created, 2U);
  EXPECT_EQ(stats.pool.closed_for(CloseReason::timeout), 1U);
}

TEST_F(IdleCheck, OneDeadConnectionClosesAllThatWereIdleAsLong) {
  RedisConfig config = this->config();
  config.database("main").min_idle = 5;
  StartedManager redis(std::move(config));
  ASSERT_EQ(redis->stats("main").pool.idle, 5U);
  let_pass(limit + 1ms);
  cut_off();
  redis->client("main").set("key", "value");
  const PoolStats pool = redis->stats("main").pool;
  EXPECT_EQ(pool.closed_for(CloseReason::timeout), 5U);
  EXPECT_GE(pool.idle, 1U) << "connections of min_idle open again";
}

TEST_F(IdleCheck, DeadSharedConnectionIsReplacedBeforeACommandIsLost) {
  StartedManager redis(config());
  const AsyncClient client = redis->async_client("main");
  client.set("key", "value")(use_future).get();
  let_pass(limit + 1ms);
  cut_off();
  auto number = client.incr("counter")(use_future);  // a command that must not be retried
  EXPECT_EQ(client.get("key")(use_future).get(), "value");
  EXPECT_EQ(number.get(), 1);
  const DatabaseStats stats = redis->stats("main");
  EXPECT_EQ(stats.operations.failed, 0U);
  EXPECT_EQ(stats.operations.retries, 0U);
  EXPECT_EQ(stats.pool.closed_for(CloseReason::timeout), 1U);
}

TEST_F(IdleCheck, DeadExclusiveConnectionIsReplacedBeforeReuse) {
  StartedManager redis(config());
  redis->scoped_async_client("main")(use_future).get().set("key", "value")(use_future).get();
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.idle == 1; }));
  let_pass(limit + 1ms);
  cut_off();
  AsyncScopedClient scoped = redis->scoped_async_client("main")(use_future).get();
  EXPECT_EQ(scoped.get("key")(use_future).get(), "value");
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::timeout), 1U);
}

TEST_F(IdleCheck, AnsweringConnectionIsKept) {
  StartedManager redis(config());
  const Client client = redis->client("main");
  const AsyncClient async = redis->async_client("main");
  client.set("key", "value");
  async.get("key")(use_future).get();
  const std::size_t before = server_.count("PING");
  let_pass(limit + 1ms);
  EXPECT_EQ(client.get("key"), "value");
  EXPECT_EQ(server_.count("PING"), before + 1);
  EXPECT_EQ(async.get("key")(use_future).get(), "value");
  EXPECT_EQ(server_.count("PING"), before + 2);
  EXPECT_EQ(redis->stats("main").pool.created, 2U);
  EXPECT_EQ(redis->stats("main").operations.ok, 4U) << "a check must not count as an operation";
}

TEST_F(IdleCheck, DoesNotRunWhenDisabledOrBeforeTheLimit) {
  for (const auto after : {0ms, 3'600'000ms}) {
    RedisConfig config = this->config();
    config.defaults.check_after_idle = after;
    StartedManager redis(std::move(config));
    const Client client = redis->client("main");
    const AsyncClient async = redis->async_client("main");
    client.set("key", "value");
    async.get("key")(use_future).get();
    const std::size_t before = server_.count("PING");
    let_pass(limit + 1ms);
    client.get("key");
    async.get("key")(use_future).get();
    EXPECT_EQ(server_.count("PING"), before);
  }
}

TEST_F(IdleCheck, WorksWithIntegrity) {
  RedisConfig config = this->config();
  config.defaults.integrity = true;
  StartedManager redis(std::move(config));
  const AsyncClient client = redis->async_client("main");
  client.set("key", "value")(use_future).get();
  for (int i = 0; i < 3; ++i) {
    let_pass(limit + 1ms);
    EXPECT_EQ(client.get("key")(use_future).get(), "value");
  }
  EXPECT_EQ(redis->stats("main").pool.created, 1U);
}

TEST(IdleCheckOfTransactions, DoesNotRunBetweenCommandsOfAScopedHandle) {
  REDSTART_NEEDS_REDIS();
  RedisConfig config = config_at(shared_redis());
  config.defaults.check_after_idle = limit;
  StartedManager redis(std::move(config));
  ScopedClient scoped = redis->scoped_client("main");
  AsyncScopedClient async = redis->scoped_async_client("main")(use_future).get();
  scoped.command<Ok>("MULTI");
  async.command<Ok>("MULTI")(use_future).get();
  let_pass(limit + 1ms);
  EXPECT_TRUE(scoped.command<std::vector<std::string>>("EXEC").empty());
  EXPECT_TRUE(async.command<std::vector<std::string>>("EXEC")(use_future).get().empty());
}

}  // namespace
}  // namespace redstart::test
