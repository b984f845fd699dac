// SPDX-License-Identifier: Apache-2.0
// reload_test.cpp: settings that change while the manager runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/error_of.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Reload : public RedisTest {
 protected:
  // One direct connection beside the shared one.
  RedisConfig small() {
    RedisConfig config = config_at(server());
    config.defaults.max_connections = 2;
    config.defaults.timeouts.acquire = 50ms;
    config.database("main");
    return config;
  }
  static std::optional<ScopedClient> lease(RedisConnectionManager& redis) {
    try {
      return redis.scoped_client("main");
    } catch (const Unavailable& error) {
      EXPECT_EQ(error.code(), Errc::pool_timeout);
      return std::nullopt;
    }
  }
};

TEST_F(Reload, ChangesCommandTimeoutOfHandlesInUse) {
  RedisConfig config = config_at(server());
  config.defaults.timeouts.command = 1min;
  config.database("main");
  StartedManager redis(config);
  const Client client = redis->main();
  AsyncClient async = redis->async_main();
  client.set("a", "1");
  EXPECT_EQ(async.get("a")(boost::asio::use_future).get(), "1");
  config.database("main").timeouts.command = 100ms;
  EXPECT_EQ(redis->reload(config).explain(), "main: timeouts.command: 1m -> 100ms");
  raw().text({"CLIENT", "PAUSE", "60000", "WRITE"});
  EXPECT_EQ(error_of([&] { return client.incr("a"); }).code(), Errc::timeout);
  EXPECT_EQ(error_of([&] { return async.incr("a")(boost::asio::use_future).get(); }).code(), Errc::timeout);
  raw().text({"CLIENT", "UNPAUSE"});
}

TEST_F(Reload, RaisesMaxConnectionsForQueuedCallersToo) {
  RedisConfig config = small();
  config.database("main").timeouts.acquire = 1min;
  StartedManager redis(config);
  const auto first = lease(*redis);
  const auto other = lease(*redis);
  std::optional<ScopedClient> second;
  std::jthread waits([&] { second = lease(*redis); });
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 1; }));
  config.database("main").max_connections = 3;
  EXPECT_TRUE(redis->reload(config).complete());
  waits.join();
  EXPECT_TRUE(second.has_value());
  EXPECT_EQ(redis->stats("main").pool.maximum, 3U);
}

TEST_F(Reload, LowersMaxConnections) {
  RedisConfig config = small();
  config.database("main").max_connections = 8;
  StartedManager redis(config);
  std::vector<std::optional<ScopedClient>> held(6);
  for (auto& one : held) one = lease(*redis);
  held.resize(3);  // three idle, three in use
  config.database("main").max_connections = 2;
  EXPECT_TRUE(redis->reload(config).complete());
  EXPECT_EQ(redis->stats("main").pool.idle, 0U) << "idle ones are closed at once";
  held.clear();
  const PoolStats pool = redis->stats("main").pool;
  EXPECT_LE(pool.idle + pool.in_use, 2U) << "others are closed when they are returned";
  EXPECT_EQ(pool.available() + pool.in_use, 2U);
  EXPECT_EQ(redis->main().ping(), "PONG");
}

TEST_F(Reload, UsesNewPasswordForNewConnections) {
  raw().text({"ACL", "SETUSER", "app", "on", ">first-secret", "~*", "+@all"});
  RedisConfig config = config_at(server());
  config.defaults.username = "app";
  config.defaults.password = Secret("first-secret");
  config.database("main");
  StartedManager redis(config);
  EXPECT_EQ(redis->main().ping(), "PONG");
  EXPECT_EQ(redis->async_main().ping()(boost::asio::use_future).get(), "PONG");
  raw().text({"ACL", "SETUSER", "app", "<first-secret", ">second-secret"});
  config.database("main").password = Secret("second-secret");
  EXPECT_EQ(redis->reload(config).explain(), "main: password: (secret) -> (secret)");
  raw().integer({"CLIENT", "KILL", "USER", "app"});
  EXPECT_TRUE(eventually([&] { return redis->main().results().ping().has_value(); }));
  EXPECT_TRUE(eventually([&] {
    try {
      return redis->async_main().ping()(boost::asio::use_future).get() == "PONG";
    } catch (const Error&) {
      return false;
    }
  }));
  raw().text({"ACL", "DELUSER", "app"});
}

TEST_F(Reload, ChangesRetriesBreakerAndWaiting) {
  RedisConfig config = small();
  StartedManager redis(config);
  DatabaseConfig& main = config.database("main");
  main.when_away = WhenAway::wait;
  main.retry.attempts = 7;
  main.breaker.probes = 5;
  main.reconnect.initial = 20ms;
  const ReloadReport report = redis->reload(config);
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.changes.size(), 4U) << report.explain();
  EXPECT_EQ(redis->reload(config).explain(), "nothing has changed");
}

TEST_F(Reload, AddsDatabases) {
  RedisConfig config = small();
  StartedManager redis(config);
  EXPECT_EQ(error_of([&] { return redis->client("orders"); }).code(), Errc::unknown_database);
  config.database("orders").number = 14;
  EXPECT_EQ(redis->reload(config).explain(), "orders: (new)");
  EXPECT_EQ(redis->client("orders").ping(), "PONG");
}

TEST_F(Reload, ReportsWhatNeedsARestart) {
  RedisConfig config = small();
  StartedManager redis(config);
  config.database("main").number = 3;
  config.io_threads = 2;
  const ReloadReport report = redis->reload(config);
  EXPECT_FALSE(report.complete());
  EXPECT_EQ(report.explain(),
            "io_threads: 1 -> 2 (needs a restart)\nmain: number: not set -> 3 (needs a restart)");
}

TEST_F(Reload, ChangesNothingIfTheConfigurationIsWrong) {
  RedisConfig config = small();
  StartedManager redis(config);
  config.database("main").timeouts.command = 100ms;
  config.database("main").max_connections = 0;
  EXPECT_EQ(error_of([&] { return redis->reload(config); }).code(), Errc::configuration);
  config.database("main").max_connections = 2;
  EXPECT_EQ(redis->reload(config).changes.size(), 1U) << "the timeout was not taken over before";
}

TEST_F(Reload, NeedsAStartedManager) {
  RedisConnectionManager redis;
  EXPECT_EQ(error_of([&] { return redis.reload(RedisConfig{}); }).code(), Errc::not_started);
}

TEST_F(Reload, LosesNoCallWhileSettingsChange) {
  RedisConfig config = config_at(server());
  config.database("main").min_idle = 1;
  StartedManager redis(config);
  std::atomic<bool> over{false};
  std::vector<std::jthread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      const Client client = redis->main();
      AsyncClient async = redis->async_main();
      while (!over) {
        EXPECT_EQ(client.ping(), "PONG");
        EXPECT_EQ(async.ping()(boost::asio::use_future).get(), "PONG");
        EXPECT_EQ(redis->scoped_client("main").ping(), "PONG");
      }
    });
  for (std::size_t round = 0; round < 50; ++round) {
    DatabaseConfig& main = config.database("main");
    main.max_connections = 3 + round % 5 * 4;
    main.min_idle = round % 3;
    main.breaker.probes = 1 + static_cast<unsigned>(round % 3);
    main.lease_warning = round % 2 == 0 ? 30s : 1min;
    EXPECT_TRUE(redis->reload(config).complete());
    std::this_thread::sleep_for(2ms);
  }
  over = true;
}

}  // namespace
}  // namespace redstart::test
