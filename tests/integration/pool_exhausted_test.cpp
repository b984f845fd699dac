// SPDX-License-Identifier: Apache-2.0
// pool_exhausted_test.cpp: which callers get a connection when there are too few.
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

class PoolExhausted : public RedisTest {
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
  // Each thread picks a shared connection.
  static void ping_by_many(const AsyncClient& client) {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 16; ++i)
      callers.emplace_back([&] { EXPECT_EQ(client.ping()(use_future).get(), "PONG"); });
  }
};

TEST_F(PoolExhausted, QueuedSharedConnectionYieldsToScopedHandle) {
  StartedManager redis(config_of(1, 1));
  // No asynchronous connection has had capacity so far.
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

// The capacity that one shared connection frees goes to the first waiter, so the second shared connection
// closes as well.
TEST_F(PoolExhausted, LaterWaiterGetsCapacityOfAnotherSharedConnection) {
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

TEST_F(PoolExhausted, CallersOfSharedConnectionWithoutCapacityUseAnother) {
  StartedManager redis(config_of(3, 2));
  const ScopedClient one = redis->scoped_client("main");
  const ScopedClient other = redis->scoped_client("main");
  const AsyncClient client = redis->async_client("main");
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.shared == 1; }));
  ping_by_many(client);
  EXPECT_EQ(redis->stats("main").pool.shared, 1U);
}

TEST_F(PoolExhausted, QueuedCallersFailWhenServerGoesDown) {
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
  // The shared connection holds the only capacity.
  const Error error = error_of([&] { return redis->scoped_client("main"); });
  EXPECT_TRUE(is_unavailable(error.code())) << error.what();
  EXPECT_NE(error.code(), Errc::pool_timeout) << error.what();
}

TEST_F(PoolExhausted, AcquireTimeoutExcludesTimeToOpenConnection) {
  FakeServer slow([](FakeConnection& connection, std::size_t) {
    std::this_thread::sleep_for(300ms);  // the time that opening takes is what this test is about
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
