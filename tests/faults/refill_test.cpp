// SPDX-License-Identifier: Apache-2.0
// refill_test.cpp: fault 110: min_idle connections are lost, and there are no calls.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>

#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

class Fault110 : public ::testing::Test {
 protected:
  static constexpr std::size_t wanted = 5;
  static constexpr const char* names[] = {"main", "cache", "sessions"};

  void SetUp() override { REDSTART_NEEDS_REDIS(); }

  // No clean-up and no calls.
  [[nodiscard]] static RedisConfig config(const RedisServer& server) {
    RedisConfig config = config_at(server);
    config.defaults.min_idle = wanted;
    for (const char* const name : names) config.database(name).required = true;
    return config;
  }
  [[nodiscard]] static bool all_have(const RedisConnectionManager& redis, std::size_t count) {
    return eventually([&] {
      for (const char* const name : names)
        if (redis.stats(name).pool.idle != count) return false;
      return true;
    });
  }
};

TEST_F(Fault110, IdleConnectionsReopenAfterOutageWithoutCalls) {
  RedisServer server;
  StartedManager redis(config(server));
  EXPECT_TRUE(all_have(*redis, wanted));
  server.kill();
  EXPECT_TRUE(all_have(*redis, 0)) << "the loss must be detected";
  server.restart();
  EXPECT_TRUE(all_have(*redis, wanted));
}

TEST_F(Fault110, IdleConnectionsReopenWhenServerClosesThem) {
  RedisServer server;
  StartedManager redis(config(server));
  EXPECT_TRUE(all_have(*redis, wanted));
  RawRedis(server.port()).integer({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.created >= 2 * wanted; }));
  EXPECT_TRUE(all_have(*redis, wanted));
}

TEST_F(Fault110, IdleConnectionsReopenOnServiceExecutor) {
  RedisServer server;
  boost::asio::io_context context;
  auto work = boost::asio::make_work_guard(context);
  std::thread runs([&] { context.run(); });
  {
    RedisConnectionManager redis;
    redis.start(config(server), context.get_executor());
    server.kill();
    EXPECT_TRUE(all_have(redis, 0));
    server.restart();
    EXPECT_TRUE(all_have(redis, wanted));
    redis.shutdown();
  }
  work.reset();
  runs.join();
}

}  // namespace
}  // namespace redstart::test
