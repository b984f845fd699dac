// SPDX-License-Identifier: Apache-2.0
// connections_test.cpp: opening and naming connections, and finding dead ones.
#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Connections : public RedisTest {
 protected:
  static std::vector<std::string> clients_named(RawRedis& raw, const std::string& name) {
    std::vector<std::string> found;
    for (const std::string& line : raw.client_list()) {
      if (line.find(" name=" + name + " ") != std::string::npos) found.push_back(line);
    }
    return found;
  }
};

TEST_F(Connections, WorkOverTcpAndUnixSocketInBothProtocols) {
  for (const bool over_unix : {false, true}) {
    for (const Protocol protocol : {Protocol::automatic, Protocol::resp3, Protocol::resp2}) {
      RedisConfig config = config_at(server());
      if (over_unix) config.defaults.endpoint.unix_path = server().socket_path();
      config.defaults.protocol = protocol;
      StartedManager redis(config);
      const Client client = redis->client("main");
      client.set("key", "value");
      EXPECT_EQ(client.get("key"), "value");
      EXPECT_EQ(client.get("none"), std::nullopt);
      EXPECT_EQ(client.endpoint(),
                over_unix ? server().socket_path() : "127.0.0.1:" + std::to_string(server().port()));
      const auto lines = clients_named(raw(), "test:main");
      ASSERT_EQ(lines.size(), 1U);
      if (server().version().since(7, 0)) {
        EXPECT_THAT(lines[0], HasSubstr(protocol == Protocol::resp2 ? " resp=2" : " resp=3"));
      }
      raw().text({"DEL", "key"});
    }
  }
}

TEST_F(Connections, HaveServiceAndDatabaseNameAndSelectDatabaseNumber) {
  RedisConfig config = config_at(server());
  config.service = "shop";
  config.database("own").number = 9;
  config.database("named").client_name = "by-hand";
  StartedManager redis(config);
  for (const char* const name : {"main", "cache", "db15", "own", "named"})
    redis->client(name).set("who", name);
  EXPECT_THAT(clients_named(raw(), "shop:main").at(0), HasSubstr(" db=0 "));
  EXPECT_THAT(clients_named(raw(), "shop:cache").at(0), HasSubstr(" db=1 "));
  EXPECT_THAT(clients_named(raw(), "shop:db15").at(0), HasSubstr(" db=15 "));
  EXPECT_THAT(clients_named(raw(), "shop:own").at(0), HasSubstr(" db=9 "));
  EXPECT_THAT(clients_named(raw(), "by-hand").at(0), HasSubstr(" db=0 "));
  RawRedis other(server().socket_path());
  other.text({"SELECT", "9"});
  EXPECT_EQ(other.text({"GET", "who"}), "own");
}

TEST_F(Connections, AreNotOpenedForUnusedDatabase) {
  RedisConfig config = config_at(server());
  config.database("cache");
  config.database("sessions");
  StartedManager redis(config);
  EXPECT_TRUE(clients_named(raw(), "test:cache").empty());
  EXPECT_EQ(redis->stats("cache").state, ConnectionState::stopped);
  EXPECT_EQ(redis->stats("cache").pool.created, 0U);
}

TEST_F(Connections, AreOpenedAtStartForRequiredDatabases) {
  RedisConfig config = config_at(server());
  config.database("main");
  config.database("cache").min_idle = 3;
  StartedManager redis(config);
  EXPECT_EQ(redis->stats("main").pool.idle, 1U);
  EXPECT_EQ(redis->stats("cache").pool.idle, 3U);
  EXPECT_EQ(clients_named(raw(), "test:cache").size(), 3U);
  EXPECT_EQ(redis->stats("main").state, ConnectionState::ready);
}

// Opens `count` connections and leaves them idle.
void open_idle(RedisConnectionManager& redis, std::size_t count) {
  std::vector<ScopedClient> held;
  for (std::size_t i = 0; i < count; ++i) held.push_back(redis.scoped_client("main"));
}

TEST_F(Connections, KilledWhileIdleAreReplacedBeforeUse) {
  StartedManager redis(config_at(server()));
  const Client client = redis->client("main");
  for (int round = 0; round < 10; ++round) {
    open_idle(*redis, 5);
    ASSERT_EQ(redis->stats("main").pool.idle, 5U);
    raw().integer({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    let_pass(2ms);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(client.incr("count"), round * 20 + i + 1);
  }
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::stale), 50U);
}

TEST_F(Connections, KilledWhileScopedHandleHoldsThemAreNotGivenToWaiter) {
  RedisConfig config = config_at(server());
  config.defaults.max_connections = 1;
  StartedManager redis(config);
  const Client client = redis->client("main");
  std::optional<ScopedClient> scoped = redis->scoped_client("main");
  std::jthread waiter([&] { EXPECT_EQ(client.incr("count"), 1); });
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 1; }));
  raw().integer({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  let_pass(2ms);
  scoped.reset();
  waiter.join();
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

TEST_F(Connections, RestartFailsNoFurtherCall) {
  RedisServer own;
  StartedManager redis(config_at(own));
  const Client client = redis->client("main");
  for (int round = 0; round < 3; ++round) {
    open_idle(*redis, 3);
    own.kill();
    own.restart();
    let_pass(2ms);
    EXPECT_EQ(client.incr("count"), 1);
  }
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

TEST_F(Connections, CallsFailFastDuringOutageThenRecover) {
  RedisServer own;
  RedisConfig config = config_at(own);
  config.defaults.timeouts = {60s, 60s, 60s};
  StartedManager redis(std::move(config));
  const Client client = redis->client("main");
  client.set("key", "value");
  own.kill();
  const auto begin = std::chrono::steady_clock::now();
  std::size_t refused = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto result = client.results().get("key");
    if (result) continue;
    EXPECT_TRUE(is_unavailable(result.error().code()) || result.error().code() == Errc::connection_lost);
    ++refused;
  }
  EXPECT_EQ(refused, 1000U);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2 * slack) << "no call may wait";
  EXPECT_EQ(redis->stats("main").state, ConnectionState::backing_off);
  own.restart();
  EXPECT_TRUE(eventually([&] { return client.results().ping().has_value(); }));
  EXPECT_EQ(redis->stats("main").state, ConnectionState::ready);
}

TEST_F(Connections, ThousandReconnectsLeakNoDescriptorAndNoThread) {
  StartedManager redis(config_at(server()));
  const Client client = redis->client("main");
  client.ping();
  RawRedis& killer = raw();
  const std::size_t descriptors = open_descriptors();
  const std::size_t threads = running_threads();
  for (int i = 0; i < 1000; ++i) {
    killer.integer({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    static_cast<void>(client.results().ping());  // may fail if the close arrives within 1 ms
  }
  EXPECT_EQ(client.ping(), "PONG");
  EXPECT_GE(redis->stats("main").pool.created, 500U);
  EXPECT_TRUE(eventually([&] { return open_descriptors() <= descriptors; }));
  EXPECT_TRUE(eventually([&] { return running_threads() <= threads; }));
}

TEST_F(Connections, IdleForTooLongAreClosedDownToMinIdle) {
  RedisConfig config = config_at(server());
  config.database("main").idle_timeout = 20ms;
  config.database("main").min_idle = 2;
  StartedManager redis(config);
  open_idle(*redis, 6);
  EXPECT_EQ(redis->stats("main").pool.idle, 6U);
  ASSERT_TRUE(eventually([&] {
    static_cast<void>(redis->cleanup_idle_connections());
    return redis->stats("main").pool.idle == 2;
  }));
  EXPECT_EQ(redis->cleanup_idle_connections(), 0U);
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::idle), 4U);
  EXPECT_TRUE(eventually([&] { return clients_named(raw(), "test:main").size() == 2; }));
}

TEST_F(Connections, IdleCleanUpRunsInBackground) {
  RedisConfig config = config_at(server());
  config.cleanup_interval = 5ms;
  config.database("main").idle_timeout = 10ms;
  StartedManager redis(config);
  open_idle(*redis, 3);
  EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.idle == 0; }));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
}

TEST_F(Connections, OpeningAndClosingAreReportedAsEvents) {
  auto log = std::make_shared<EventLog>();
  RedisConfig config = config_at(server());
  config.listener = log;
  {
    StartedManager redis(config);
    redis->client("main").ping();
    raw().integer({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    let_pass(2ms);
    redis->client("main").ping();
  }
  EXPECT_EQ(log->count("redis.initialized"), 1U);
  EXPECT_EQ(log->count("redis.connection.opened"), 2U);
  EXPECT_EQ(log->count("redis.connection.closed stale"), 1U);
  EXPECT_EQ(log->count("redis.shutdown.begin"), 1U);
  EXPECT_EQ(log->count("redis.shutdown.complete"), 1U);
}

TEST_F(Connections, DatabaseNumberOutOfRangeFailsWithMessageOfServer) {
  RedisConfig config = config_at(server());
  config.database("main").number = 16;
  StartedManager redis(config);
  const Error error = error_of([&] { return redis->client("main"); });
  EXPECT_EQ(error.code(), Errc::handshake_failed);
  EXPECT_THAT(error.what(), HasSubstr("SELECT"));
  EXPECT_THAT(error.what(), HasSubstr("DB index is out of range"));
}

}  // namespace
}  // namespace redstart::test
