// SPDX-License-Identifier: Apache-2.0
// growth_test.cpp: fault 90: connections work, but no further one can be opened.
#include <gmock/gmock.h>

#include <atomic>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
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
using ::testing::HasSubstr;

class Fault90 : public ::testing::Test {
 protected:
  void SetUp() override { REDSTART_NEEDS_REDIS(); }

  // Opens no connection before a call needs it.
  [[nodiscard]] static RedisConfig config(std::uint16_t port) {
    RedisConfig config = config_at(port);
    config.defaults.timeouts = {20s, 20s, 20s};
    config.database("main").required = false;
    return config;
  }
  [[nodiscard]] RedisConfig logged(std::uint16_t port) const {
    RedisConfig config = Fault90::config(port);
    config.listener = log_;
    return config;
  }
  // From now on only open connections work.
  static void change_password(const RedisServer& server) {
    RawRedis(server.port()).text({"CONFIG", "SET", "requirepass", "another"});
  }
  // Number of calls that succeed, over all threads.
  template <class Call>
  [[nodiscard]] static int succeeded(int threads, int calls, Call call) {
    std::atomic<int> good{0};
    std::vector<std::jthread> callers;
    for (int t = 0; t < threads; ++t) {
      callers.emplace_back([&] {
        for (int i = 0; i < calls; ++i) {
          try {
            call();
            ++good;
          } catch (const Error& error) {
            ADD_FAILURE() << error.what();
          }
        }
      });
    }
    callers.clear();
    return good;
  }

  std::shared_ptr<EventLog> log_ = std::make_shared<EventLog>();
};

TEST_F(Fault90, CallersUseTheConnectionsThatServerAllows) {
  RedisServer server({"--maxclients", "3"});
  RedisConfig config = config_at(server);
  config.listener = log_;
  StartedManager redis(std::move(config));
  EXPECT_EQ(succeeded(6, 50, [&] { redis->client("main").set("key", "value"); }), 300);
  const DatabaseStats stats = redis->stats("main");
  EXPECT_EQ(stats.state, ConnectionState::ready);
  EXPECT_EQ(stats.operations.failed, 0U);
  EXPECT_EQ(stats.breaker_changes, 0U);
}

TEST_F(Fault90, FailedGrowthIsAnEventAndACounter) {
  RedisServer server({"--maxclients", "1"});
  StartedManager redis(logged(server.port()));
  const ScopedClient held = redis->scoped_client("main");
  EXPECT_EQ(error_of([&] { return redis->scoped_client("main", 100ms); }).code(), Errc::pool_timeout);
  EXPECT_GE(redis->stats("main").pool.connect_failures, 1U);
  EXPECT_GE(log_->count("redis.connection.failed"), 1U);
  EXPECT_EQ(redis->stats("main").state, ConnectionState::ready);
  EXPECT_EQ(held.ping(), "PONG");
}

TEST_F(Fault90, PoolTimeoutNamesReasonForMissingConnection) {
  RedisServer server({"--maxclients", "1"});
  StartedManager redis(config(server.port()));
  const ScopedClient held = redis->scoped_client("main");
  const Error error = error_of([&] { return redis->scoped_client("main", 200ms); });
  EXPECT_EQ(error.code(), Errc::pool_timeout);
  EXPECT_EQ(error.effect(), Effect::not_sent);
  EXPECT_THAT(error.what(), HasSubstr("the only working connection was in use"));
  EXPECT_THAT(error.what(), HasSubstr("max number of clients reached"));
}

TEST_F(Fault90, ScopedHandlesTakeTurnsOnWorkingConnection) {
  RedisServer server;
  StartedManager redis(config(server.port()));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  change_password(server);
  EXPECT_EQ(succeeded(6, 20, [&] { redis->scoped_client("main").set("key", "value"); }), 120);
  EXPECT_EQ(redis->stats("main").pool.created, 1U);
}

TEST_F(Fault90, ReturnsHandlesWhileOneConnectionWorks) {
  RedisServer server;
  StartedManager redis(config(server.port()));
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  std::optional<ScopedClient> held(redis->scoped_client("main"));
  change_password(server);
  EXPECT_EQ(error_of([&] { return redis->scoped_client("main", 100ms); }).code(), Errc::pool_timeout);
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  EXPECT_TRUE(redis->optional_client("main").has_value());
  EXPECT_TRUE(redis->optional_async_client("main")(use_future).get().has_value());
  held.reset();
  EXPECT_EQ(redis->scoped_client("main").ping(), "PONG");
}

TEST_F(Fault90, OperationsThatCannotConnectDisturbNoOthers) {
  RedisServer server({"--maxclients", "1"});
  RedisConfig own = config(server.port());
  own.defaults.timeouts.acquire = 1s;
  own.database("main").timeouts.acquire = 1s;
  StartedManager redis(std::move(own));
  const AsyncClient client = redis->async_client("main");
  EXPECT_EQ(client.ping()(use_future).get(), "PONG");
  std::vector<std::future<Result<std::optional<std::pair<std::string, std::string>>>>> pops;
  std::vector<std::future<Result<std::optional<std::string>>>> gets;
  for (int i = 0; i < 6; ++i) pops.push_back(client.results().blpop("jobs", BlockFor{10s})(use_future));
  for (int i = 0; i < 800; ++i) {
    gets.push_back(client.results().get("key")(use_future));
    if (i % 50 == 0) {
      EXPECT_TRUE(gets.back().wait_for(30s) == std::future_status::ready);
    }
  }
  int good = 0;
  for (auto& one : gets) good += one.get().has_value() ? 1 : 0;
  EXPECT_EQ(good, 800);
  for (auto& one : pops) {
    const auto result = one.get();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code(), Errc::pool_timeout) << result.error().what();
    EXPECT_THAT(result.error().what(), HasSubstr("max number of clients reached"));
  }
  EXPECT_EQ(client.ping()(use_future).get(), "PONG");
}

TEST_F(Fault90, OperationsUseTheSharedConnectionThatCouldBeOpened) {
  RedisServer server({"--maxclients", "1"});
  RedisConfig own = config(server.port());
  own.database("main").shared_connections = 4;
  StartedManager redis(std::move(own));
  // Each thread picks a shared connection; all of them are opened at once.
  EXPECT_EQ(succeeded(16, 10, [&] { redis->async_client("main").set("key", "value")(use_future).get(); }),
            160);
  EXPECT_EQ(redis->stats("main").pool.shared, 1U);
}

TEST_F(Fault90, SynchronousCallsUseWorkingSharedConnection) {
  RedisServer server;
  StartedManager redis(config(server.port()));
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  change_password(server);
  EXPECT_EQ(succeeded(4, 25, [&] { redis->client("main").set("key", "value"); }), 100);
  auto both = redis->pipeline("main", [](auto& pipe) { return pipe.get("key"); });
  EXPECT_EQ(both, "value");
  EXPECT_EQ(redis->stats("main").pool.created, 1U);
}

TEST_F(Fault90, IdleConnectionClosesForOneOfAnotherKind) {
  RedisServer server({"--maxclients", "1"});
  StartedManager redis(config(server.port()));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG") << "in place of the idle one";
  EXPECT_EQ(redis->scoped_client("main").ping(), "PONG") << "in place of the shared one";
}

TEST_F(Fault90, DatabaseIsAwayOnceLastConnectionIsLost) {
  RedisServer server;
  StartedManager redis(config(server.port()));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  std::optional<ScopedClient> held(redis->scoped_client("main"));
  change_password(server);
  std::jthread waits([&] {
    const Error error = error_of([&] { return redis->scoped_client("main"); });
    EXPECT_EQ(error.code(), Errc::authentication_failed) << error.what();
  });
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 1; }));
  RawRedis raw(server.port());
  raw.text({"AUTH", "another"});
  raw.integer({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  EXPECT_THROW(static_cast<void>(held->ping()), Error);
  waits.join();
  EXPECT_EQ(redis->stats("main").state, ConnectionState::backing_off);
  raw.text({"CONFIG", "SET", "requirepass", ""});
  EXPECT_TRUE(eventually([&] { return redis->optional_client("main").has_value(); }));
}

// An idle connection keeps its capacity only while it answers.
TEST_F(Fault90, IdleConnectionsArePingedWhenConnectAttemptGetsNoAnswer) {
  enum class Idle { direct, shared, exclusive };
  for (const Idle idle : {Idle::direct, Idle::shared, Idle::exclusive}) {
    SCOPED_TRACE(idle == Idle::direct ? "direct" : idle == Idle::shared ? "shared" : "exclusive");
    RedisServer server;
    RedisConfig config = Fault90::config(server.port());
    DatabaseConfig& main = config.database("main");
    main.timeouts = {300ms, 500ms, 20s};
    main.timeouts.health = 200ms;
    main.sync_over_shared = false;
    StartedManager redis(std::move(config));
    const Client client = redis->client("main");
    const AsyncClient async = redis->async_client("main");
    if (idle == Idle::shared) async.ping()(use_future).get();
    if (idle == Idle::exclusive)
      redis->scoped_async_client("main")(use_future).get().ping()(use_future).get();
    if (idle == Idle::direct) {
      std::vector<ScopedClient> together;
      for (int i = 0; i < 5; ++i) together.push_back(redis->scoped_client("main"));
    }
    server.pause();
    EXPECT_TRUE(eventually([&] {
      if (idle == Idle::direct)
        static_cast<void>(async.with_timeout(50ms).results().ping()(use_future).get());
      else
        static_cast<void>(client.with_timeout(50ms).results().ping());
      const ConnectionState state = redis->stats("main").state;
      return state == ConnectionState::backing_off || state == ConnectionState::circuit_open;
    }));
    server.resume();
  }
}

// A load balancer that serves one connection and never answers on the others.
TEST_F(Fault90, HangingAttemptsLeaveCallersTimeForWorkingConnection) {
  std::atomic<std::size_t> accepted{0};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    if (accepted++ != 0) {
      connection.await_close();
      return;
    }
    connection.serve([](const testing::Words& words) {
      return std::string(words[0] == "PING" ? "+PONG\r\n" : "+OK\r\n");
    });
  });
  RedisConfig own = config(server.port());
  own.database("main").timeouts = {500ms, 5s, 20s};
  StartedManager redis(std::move(own));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  EXPECT_EQ(succeeded(6, 10, [&] { redis->client("main").set("key", "value"); }), 60);
}

TEST_F(Fault90, GrowthResumesOnceServerHasRoom) {
  RedisServer server({"--maxclients", "2"});
  StartedManager redis(config(server.port()));
  const ScopedClient first = redis->scoped_client("main");
  const ScopedClient second = redis->scoped_client("main");
  auto third = std::async(std::launch::async, [&] { return redis->scoped_client("main").ping(); });
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 1; }));
  EXPECT_EQ(first.command<std::string>("CONFIG", "SET", "maxclients", "100"), "OK");
  EXPECT_EQ(third.get(), "PONG");
  EXPECT_EQ(second.ping(), "PONG");
}

}  // namespace
}  // namespace redstart::test
