// SPDX-License-Identifier: Apache-2.0
// connection_times_test.cpp: how long connections are opened, awaited and used.
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>

#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;

class ConnectionTimes : public RedisTest {
 protected:
  static RedisConfig config_of(std::size_t connections) {
    RedisConfig config = config_at(server());
    config.defaults.max_connections = connections;
    config.defaults.timeouts = {30s, 30s, 30s};
    return config;
  }
  static ConnectionDurations durations(StartedManager& redis) {
    return redis->stats("main").connection_durations;
  }
  static bool waiting(StartedManager& redis, std::size_t callers) {
    return eventually([&] { return redis->stats("main").pool.waiting == callers; });
  }
};

TEST_F(ConnectionTimes, CountConnectionsOfEachKind) {
  StartedManager redis(config_of(8));
  const ScopedClient own = redis->scoped_client("main");
  const AsyncScopedClient async = redis->scoped_async_client("main")(use_future).get();
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  const DatabaseStats stats = redis->stats("main");
  EXPECT_EQ(stats.connection_durations.create.count(), stats.pool.created);
  EXPECT_GE(stats.pool.created, 3U);
  EXPECT_GT(stats.connection_durations.create.sum, 0ns);
}

TEST_F(ConnectionTimes, CountWaitsOfCallersThatFoundNoIdleConnection) {
  StartedManager redis(config_of(1));
  std::optional<ScopedClient> held(redis->scoped_client("main"));
  const std::uint64_t before = durations(redis).wait.count();
  std::jthread caller([&] { static_cast<void>(redis->scoped_client("main")); });
  EXPECT_TRUE(waiting(redis, 1));
  auto async = redis->scoped_async_client("main")(use_future);
  EXPECT_TRUE(waiting(redis, 2));
  EXPECT_EQ(durations(redis).wait.count(), before) << "they still wait";
  held.reset();
  caller.join();
  static_cast<void>(async.get());
  EXPECT_EQ(durations(redis).wait.count(), before + 2);
  EXPECT_GT(durations(redis).wait.sum, 0ns);
}

TEST_F(ConnectionTimes, LeaveOutCallersThatFoundAnIdleConnection) {
  StartedManager redis(config_of(1));
  static_cast<void>(redis->scoped_client("main"));
  const std::uint64_t before = durations(redis).wait.count();
  static_cast<void>(redis->scoped_client("main"));
  EXPECT_EQ(durations(redis).wait.count(), before);
}

TEST_F(ConnectionTimes, CountUsesOfScopedHandlesAndBlockingCommands) {
  StartedManager redis(config_of(8));
  static_cast<void>(redis->scoped_client("main"));
  EXPECT_EQ(durations(redis).use.count(), 1U);
  static_cast<void>(redis->scoped_async_client("main")(use_future).get());
  EXPECT_TRUE(eventually([&] { return durations(redis).use.count() == 2; }));
  EXPECT_FALSE(redis->async_client("main").blpop("none", {50ms})(use_future).get());
  EXPECT_TRUE(eventually([&] { return durations(redis).use.count() == 3; }));
  EXPECT_GE(durations(redis).use.sum, 10ms);
}

TEST_F(ConnectionTimes, LeaveOutCommandsOverSharedConnections) {
  StartedManager redis(config_of(8));
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  const ConnectionDurations before = durations(redis);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  EXPECT_EQ(durations(redis).wait.count(), before.wait.count());
  EXPECT_EQ(durations(redis).use.count(), 0U);
}

}  // namespace
}  // namespace redstart::test
