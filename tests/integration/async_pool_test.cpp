// SPDX-License-Identifier: Apache-2.0
// async_pool_test.cpp: connections of asynchronous operations: choice, queueing, limits, outages.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using ::testing::HasSubstr;

class AsyncPool : public RedisTest {
 protected:
  static std::size_t connections_at_the_server() {
    std::size_t n = 0;
    for (const std::string& line : raw().client_list())
      n += line.find("name=test:main") != std::string::npos ? 1U : 0U;
    return n;
  }
};

TEST_F(AsyncPool, HundredCallersUseOneConnection) {
  StartedManager redis(config_at(server()));
  const AsyncClient client = redis->async_client("main");
  std::vector<std::future<std::string>> replies;
  for (int i = 0; i < 100; ++i) replies.push_back(client.echo(std::to_string(i))(use_future));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(replies[static_cast<std::size_t>(i)].get(), std::to_string(i));
  const PoolStats pool = redis->stats("main").pool;
  EXPECT_EQ(pool.shared, 1U);
  EXPECT_EQ(redis->stats("main").operations.ok, 100U);
}

TEST_F(AsyncPool, OpensNoConnectionForUnusedDatabase) {
  RedisConfig config = config_at(server());
  config.database("cache");
  StartedManager redis(std::move(config));
  const AsyncClient cache = redis->async_client("cache");
  EXPECT_EQ(redis->stats("cache").pool.created, 0U);
  cache.ping()(use_future).get();
  EXPECT_EQ(redis->stats("cache").pool.created, 1U);
}

TEST_F(AsyncPool, BlockingCommandsUseExclusiveConnections) {
  StartedManager redis(config_at(server()));
  const AsyncClient client = redis->async_client("main");
  auto popped = client.blpop("queue", {10s})(use_future);
  EXPECT_EQ(client.ping()(use_future).get(), "PONG");  // must not queue behind the BLPOP
  ASSERT_TRUE(eventually([&] {
    for (const std::string& line : raw().client_list()) {
      if (line.find(" cmd=blpop ") != std::string::npos) return true;
    }
    return false;
  }));
  EXPECT_EQ(client.rpush("queue", "x")(use_future).get(), 1);
  const auto element = popped.get();
  ASSERT_TRUE(element);
  EXPECT_EQ(element->second, "x");
  // The connection is kept for the next blocking command.
  EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.idle != 0; }));
  const std::size_t created = redis->stats("main").pool.created;
  client.rpush("queue", "y")(use_future).get();
  client.blpop("queue", {10s})(use_future).get();
  EXPECT_EQ(redis->stats("main").pool.created, created);
}

TEST_F(AsyncPool, LargeCommandsDoNotDelaySmallOnes) {
  StartedManager redis(config_at(server()));
  const AsyncClient client = redis->async_client("main");
  const std::string large(std::size_t{8} << 20, 'x');
  auto written = client.set("large", large)(use_future);
  EXPECT_EQ(client.ping()(use_future).get(), "PONG");
  written.get();
  EXPECT_EQ(client.get("large")(use_future).get(), large);
}

TEST_F(AsyncPool, ScopedHandleKeepsItsConnectionUntilReturn) {
  StartedManager redis(config_at(server()));
  std::int64_t id = 0;
  {
    const AsyncScopedClient session = redis->scoped_async_client("main")(use_future).get();
    id = session.client_id()(use_future).get();
    EXPECT_EQ(session.client_id()(use_future).get(), id);
    EXPECT_EQ(redis->stats("main").pool.leased, 1U);
  }
  EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.leased == 0; }));
  {
    const AsyncScopedClient session = redis->scoped_async_client("main")(use_future).get();
    EXPECT_EQ(session.client_id()(use_future).get(), id) << "a clean connection must be reused";
    session.select(3)(use_future).get();
  }
  const AsyncScopedClient session = redis->scoped_async_client("main")(use_future).get();
  EXPECT_NE(session.client_id()(use_future).get(), id) << "a changed connection must not be reused";
}

TEST_F(AsyncPool, ScopedHandleReportsLostConnection) {
  StartedManager redis(config_at(server()));
  const AsyncScopedClient session = redis->scoped_async_client("main")(use_future).get();
  const std::int64_t id = session.client_id()(use_future).get();
  raw().command({"CLIENT", "KILL", "ID", std::to_string(id)});
  const Error first = error_of_future(session.ping()(use_future));
  EXPECT_EQ(first.code(), Errc::connection_lost);
  const Error second = error_of_future(session.ping()(use_future));
  EXPECT_EQ(second.code(), Errc::connection_lost);
  EXPECT_EQ(second.effect(), Effect::not_sent);
}

TEST_F(AsyncPool, UnusedScopedHandleSurvivesLossOfItsConnection) {
  StartedManager redis(config_at(server()));
  const AsyncScopedClient session = redis->scoped_async_client("main")(use_future).get();
  raw().command({"CLIENT", "KILL", "TYPE", "normal"});
  EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.closed_for(CloseReason::lost) != 0; }));
  EXPECT_EQ(session.echo("a")(use_future).get(), "a") << "the unused handle must reconnect";
}

TEST_F(AsyncPool, ConnectionsOfAllKindsStayWithinTheLimit) {
  RedisConfig config = config_at(server());
  config.defaults.max_connections = 3;
  StartedManager redis(std::move(config));
  redis->async_client("main").ping()(use_future).get();  // opens the shared connection
  auto sync = std::make_unique<ScopedClient>(redis->scoped_client("main"));
  std::optional<AsyncScopedClient> async(redis->scoped_async_client("main")(use_future).get());
  auto next = redis->scoped_async_client("main")(use_future);
  EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 1; }));
  EXPECT_EQ(connections_at_the_server(), 3U);
  sync.reset();  // its capacity goes to the queued caller
  AsyncScopedClient granted = next.get();
  EXPECT_EQ(granted.ping()(use_future).get(), "PONG");
  EXPECT_TRUE(eventually([&] { return connections_at_the_server() == 3; }));

  // The idle shared connection closes to free capacity for an exclusive one, and opens again later.
  {
    const ScopedClient third = redis->scoped_client("main");
    EXPECT_EQ(third.ping(), "PONG");
    EXPECT_EQ(redis->stats("main").pool.shared, 0U);
  }
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  EXPECT_LE(connections_at_the_server(), 3U);

  // A queued synchronous caller gets the capacity of a returned asynchronous handle.
  const ScopedClient third = redis->scoped_client("main");
  std::jthread waiting([&] { EXPECT_EQ(redis->scoped_client("main").ping(), "PONG"); });
  EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 1; }));
  async.reset();
}

TEST_F(AsyncPool, SharedAndExclusiveConnectionsCloseForEachOther) {
  RedisConfig config = config_at(server());
  config.defaults.max_connections = 1;
  config.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(std::move(config));
  const AsyncClient client = redis->async_client("main");
  for (int i = 0; i < 20; ++i) {
    // The shared connection, idle or busy, holds the only capacity when an exclusive one is requested, and
    // vice versa.
    auto echo = client.echo("shared")(use_future);
    if (i % 2 == 0) echo.wait();
    auto own = redis->scoped_async_client("main")(use_future);
    auto after = client.echo("after")(use_future);
    EXPECT_EQ(own.get().echo("own")(use_future).get(), "own");
    EXPECT_EQ(echo.get(), "shared");
    EXPECT_EQ(after.get(), "after");
    EXPECT_FALSE(client.blpop("nothing", {10ms})(use_future).get());
  }
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

TEST_F(AsyncPool, EachWaiterGetsCapacityFromASharedConnection) {
  RedisConfig config = config_at(server());
  config.defaults.max_connections = 2;
  config.defaults.shared_connections = 2;
  config.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(std::move(config));
  const AsyncClient client = redis->async_client("main");
  std::vector<std::jthread> callers;  // each thread picks a shared connection
  for (int i = 0; i < 16; ++i) callers.emplace_back([&] { client.ping()(use_future).get(); });
  callers.clear();
  auto one = redis->scoped_async_client("main")(use_future);
  auto other = redis->scoped_async_client("main")(use_future);
  const AsyncScopedClient first = one.get();
  const AsyncScopedClient second = other.get();  // both are held at once
  EXPECT_EQ(first.ping()(use_future).get(), "PONG");
  EXPECT_EQ(second.ping()(use_future).get(), "PONG");
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

TEST_F(AsyncPool, BusySharedConnectionClosesForWaiterOnceIdle) {
  RedisConfig config = config_at(server());
  config.defaults.max_connections = 2;
  config.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(std::move(config));
  const ScopedClient held = redis->scoped_client("main");
  server().pause();
  auto busy = redis->async_client("main").echo("busy")(use_future);
  std::jthread caller([&] { EXPECT_EQ(redis->scoped_client("main").echo("own"), "own"); });
  EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 1; }));
  server().resume();
  EXPECT_EQ(busy.get(), "busy");
  caller.join();
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

TEST_F(AsyncPool, HandleAcquiredWhileConnectionIsLostGetsAnother) {
  RedisConfig config = config_at(server());
  config.defaults.reconnect = {1ms, 1ms, 1.0, Jitter::none};
  StartedManager redis(std::move(config));
  const auto take_four = [&redis] {
    std::vector<std::future<AsyncScopedClient>> leases;
    for (int n = 0; n < 4; ++n) leases.push_back(redis->scoped_async_client("main")(use_future));
    for (auto& lease : leases) static_cast<void>(lease.get());
  };
  for (int i = 0; i < 100; ++i) {
    // The server closes idle exclusive connections while they are acquired. It may also close a new one
    // during its handshake.
    ASSERT_TRUE(eventually([&] {
      try {
        take_four();
        return true;
      } catch (const Unavailable&) {
        return false;
      }
    }));
    auto killed = std::async(std::launch::async, [] { raw().command({"CLIENT", "KILL", "TYPE", "normal"}); });
    for (int n = 0; n < 4; ++n) {
      try {
        const AsyncScopedClient taken = redis->scoped_async_client("main")(use_future).get();
        taken.ping()(use_future).get();
      } catch (const Error& error) {
        if (is_unavailable(error.code()))
          EXPECT_EQ(error.effect(), Effect::not_sent) << error.what();
        else
          EXPECT_EQ(error.code(), Errc::connection_lost) << error.what();  // lost after it was acquired
      }
    }
    killed.get();
  }
  EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.leased == 0; }));
  EXPECT_LE(redis->stats("main").pool.idle, 5U);
}

TEST_F(AsyncPool, IdleExclusiveConnectionsCloseForSharedOne) {
  RedisConfig config = config_at(server());
  config.defaults.max_connections = 2;
  config.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(std::move(config));
  {
    auto one = redis->scoped_async_client("main")(use_future);
    auto other = redis->scoped_async_client("main")(use_future);
    const AsyncScopedClient first = one.get();
    const AsyncScopedClient second = other.get();
  }
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.idle == 2; }));
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::idle), 1U);
}

TEST_F(AsyncPool, WaitingForScopedHandleEndsAtItsDeadline) {
  RedisConfig config = config_at(server());
  config.defaults.max_connections = 1;
  config.defaults.timeouts.acquire = 500ms;
  StartedManager redis(std::move(config));
  const ScopedClient held = redis->scoped_client("main");
  const Error error = error_of_future(redis->scoped_async_client("main")(use_future));
  EXPECT_EQ(error.code(), Errc::pool_timeout);
  EXPECT_EQ(error.effect(), Effect::not_sent);
  EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 0; }));
}

TEST_F(AsyncPool, ScopedClientWaitsForTheGivenTime) {
  RedisConfig config = config_at(server());
  config.defaults.max_connections = 1;
  config.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(std::move(config));
  const ScopedClient held = redis->scoped_client("main");
  const auto begin = std::chrono::steady_clock::now();
  const Error error = error_of([&] { return redis->scoped_client("main", 50ms); });
  EXPECT_EQ(error.code(), Errc::pool_timeout);
  EXPECT_EQ(error.effect(), Effect::not_sent);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
}

TEST_F(AsyncPool, RefusesOperationsBeyondMaxPendingAtOnce) {
  RedisConfig config = config_at(server());
  config.defaults.max_pending = 10;
  StartedManager redis(std::move(config));
  const AsyncClient client = redis->async_client("main");
  client.ping()(use_future).get();
  std::vector<std::future<std::string>> replies;
  server().pause();
  for (int i = 0; i < 20; ++i) replies.push_back(client.echo(std::to_string(i))(use_future));
  server().resume();
  std::size_t overloaded = 0;
  for (auto& reply : replies) {
    try {
      reply.get();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::overloaded);
      EXPECT_EQ(error.effect(), Effect::not_sent);
      EXPECT_THAT(error.what(), HasSubstr("max_pending"));
      ++overloaded;
    }
  }
  EXPECT_EQ(overloaded, 10U);
}

TEST_F(AsyncPool, ClosesIdleConnectionsAndReopensThemWhenNeeded) {
  RedisConfig config = config_at(server());
  config.defaults.idle_timeout = 1ms;
  StartedManager redis(std::move(config));
  const AsyncClient client = redis->async_client("main");
  client.ping()(use_future).get();
  { const AsyncScopedClient session = redis->scoped_async_client("main")(use_future).get(); }
  EXPECT_TRUE(eventually([&] {
    redis->cleanup_idle_connections();
    return redis->stats("main").pool.in_use + redis->stats("main").pool.idle == 0;
  }));
  EXPECT_EQ(client.ping()(use_future).get(), "PONG");
}

TEST_F(AsyncPool, RenewsSharedConnectionAtEndOfItsLifetime) {
  RedisConfig config = config_at(server());
  config.defaults.max_lifetime = 50ms;
  StartedManager redis(std::move(config));
  const AsyncClient client = redis->async_client("main");
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(client.ping()(use_future).get(), "PONG");
    return redis->stats("main").pool.closed_for(CloseReason::lifetime) >= 3;
  }));
}

TEST(AsyncPoolAway, FailsFastAfterFailedAttemptAndReconnectsInBackground) {
  REDSTART_NEEDS_REDIS();
  RedisServer server;
  RedisConfig config = config_at(server);
  config.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(std::move(config));
  const AsyncClient client = redis->async_client("main");
  EXPECT_EQ(client.ping()(use_future).get(), "PONG");
  server.kill();
  ASSERT_TRUE(eventually([&] {
    const Error error = error_of_future(client.ping()(use_future));
    return error.code() == Errc::connect_refused;
  }));
  const auto began = std::chrono::steady_clock::now();
  const Error error = error_of_future(client.ping()(use_future));
  EXPECT_LT(std::chrono::steady_clock::now() - began, slack);
  EXPECT_EQ(error.effect(), Effect::not_sent);
  EXPECT_THROW(static_cast<void>(redis->async_client("main")), Unavailable);
  EXPECT_EQ(redis->optional_async_client("main")(use_future).get(), std::nullopt);
  server.restart();
  // Without any call: the pool reconnects in the background.
  EXPECT_TRUE(eventually([&] { return redis->stats("main").state == ConnectionState::ready; }));
  EXPECT_EQ(client.ping()(use_future).get(), "PONG");
}

TEST(AsyncPoolAway, OptionalClientWaitsForFirstAttempt) {
  REDSTART_NEEDS_REDIS();
  RedisServer server;
  StartedManager redis(config_at(server));
  const std::optional<AsyncClient> cache = redis->optional_async_client("cache")(use_future).get();
  ASSERT_TRUE(cache);
  EXPECT_EQ(cache->ping()(use_future).get(), "PONG");
}

TEST(AsyncPoolAway, WaitsWhileServerIsLoading) {
  Gate loaded;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    for (;;) {
      const auto words = connection.command();
      if (words.empty()) return;
      const bool ready = loaded.is_open();
      if (words[0] == "HELLO")
        connection.send("%1\r\n$5\r\nproto\r\n:3\r\n");
      else if (words[0] == "CLIENT")
        connection.send("+OK\r\n");
      else if (!ready)
        connection.send("-LOADING Redis is loading the dataset in memory\r\n");
      else
        connection.send(words[0] == "PING" ? "+PONG\r\n" : "$1\r\nx\r\n");
    }
  });
  RedisConfig config = config_at(server.port());
  config.database("main").required = false;
  StartedManager redis(std::move(config));
  const AsyncClient client = redis->async_client("main");
  auto waiting = client.get("key")(use_future);
  ASSERT_TRUE(eventually([&] { return redis->stats("main").state == ConnectionState::loading; }));
  const Error late = error_of_future(client.with_timeout(30ms).get("key")(use_future));
  EXPECT_EQ(late.code(), Errc::loading);
  EXPECT_EQ(late.effect(), Effect::not_sent);
  loaded.open();
  EXPECT_EQ(waiting.get(), "x");
}

TEST_F(AsyncPool, OnlySharedConnectionClosesForScopedHandle) {
  RedisConfig config = config_at(server());
  config.defaults.max_connections = 1;
  StartedManager redis(std::move(config));
  redis->async_client("main").ping()(use_future).get();
  EXPECT_EQ(redis->scoped_client("main").ping(), "PONG");
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
}

TEST_F(AsyncPool, LimitsOperationsWaitingForExclusiveConnections) {
  RedisConfig config = config_at(server());
  config.defaults.max_connections = 2;
  config.defaults.max_pending = 3;
  StartedManager redis(std::move(config));
  const AsyncClient client = redis->async_client("main");
  std::vector<std::future<std::optional<std::pair<std::string, std::string>>>> waiting;
  for (int i = 0; i < 10; ++i) waiting.push_back(client.with_timeout(1s).blpop("none", {1s})(use_future));
  int overloaded = 0;
  for (auto& one : waiting) {
    try {
      one.get();
    } catch (const Error& error) {
      if (error.code() == Errc::overloaded) ++overloaded;
    }
  }
  EXPECT_EQ(overloaded, 7);
}

TEST_F(AsyncPool, CountsRetries) {
  RedisConfig config = config_at(server());
  config.defaults.timeouts.command = 30s;
  StartedManager redis(std::move(config));
  const AsyncClient client = redis->async_client("main");
  const std::int64_t id = client.client_id()(use_future).get();
  raw().command({"CLIENT", "PAUSE", "3000"});  // pauses the KILL as well: the GET has no answer until then
  auto reply = client.get("key")(use_future);
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.in_flight == 1; }));
  raw().command({"CLIENT", "KILL", "ID", std::to_string(id)});
  EXPECT_EQ(reply.get(), std::nullopt);
  EXPECT_GE(redis->stats("main").operations.retries, 1U);
}

TEST_F(AsyncPool, ManyReachabilityChecksOpenOneConnection) {
  StartedManager redis(config_at(server()));
  std::latch start(32);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 32; ++t) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      static_cast<void>(redis->client("main"));
    });
  }
  threads.clear();
  EXPECT_EQ(redis->stats("main").pool.created, 1U);
}

// Synchronous callers.

TEST_F(AsyncPool, ManySynchronousCallersUseOneSharedConnection) {
  RedisConfig config = config_at(server());
  config.defaults.direct_limit = 2;
  StartedManager redis(std::move(config));
  const Client client = redis->client("main");
  std::latch start(32);
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 32; ++t) {
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      for (int i = 0; i < 200; ++i) {
        const std::string nonce = std::to_string(t) + "/" + std::to_string(i);
        wrong += client.echo(nonce) == nonce ? 0 : 1;
        const auto replies = client.pipeline([&](Pipeline& pipe) {
          return std::pair{pipe.echo(nonce), pipe.ping()};
        });
        wrong += replies.first == nonce && replies.second == "PONG" ? 0 : 1;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(connections_at_the_server(), 3U);
}

TEST_F(AsyncPool, SynchronousCallsOnSharedConnectionFailAsOnDirectOnes) {
  RedisConfig config = config_at(server());
  config.defaults.direct_limit = 0;
  config.defaults.timeouts.command = 30s;
  StartedManager redis(std::move(config));
  const Client client = redis->client("main");
  raw().command({"SET", "text", "x"});
  EXPECT_EQ(error_of([&] { return client.incr("text"); }).code(), Errc::server_error);
  EXPECT_EQ(error_of([&] { return client.get<int>("text"); }).code(), Errc::decode_error);
  raw().command({"CLIENT", "PAUSE", "5000"});
  const Error late = error_of([&] { return client.with_timeout(2s).get("text"); });
  EXPECT_EQ(late.code(), Errc::timeout);
  EXPECT_EQ(late.effect(), Effect::indeterminate);
  EXPECT_EQ(client.get("text"), "x") << "the late reply must be dropped";
  auto pipe = client.pipeline();
  const auto first = pipe.get("text");
  const auto bad = pipe.incr("text");
  const auto last = pipe.ping();
  const Replies replies = pipe.execute();
  EXPECT_EQ(replies[first].value(), "x");
  EXPECT_EQ(replies[bad].error().code(), Errc::server_error);
  EXPECT_EQ(replies[last].value(), "PONG");
}

// On a shared connection, other commands would wait behind a blocking one.
TEST_F(AsyncPool, BatchWithBlockingCommandUsesExclusiveConnection) {
  RedisConfig config = config_at(server());
  config.defaults.direct_limit = 0;
  StartedManager redis(std::move(config));
  const Client client = redis->client("main");
  std::jthread blocked([&] {
    Pipeline pipe = client.pipeline();
    const auto popped = pipe.blpop("batch:queue", {60s});
    const auto replies = pipe.execute();
    EXPECT_TRUE(replies[popped].value().has_value());
  });
  ASSERT_TRUE(eventually([&] {
    for (const std::string& line : raw().client_list()) {
      if (line.find(" cmd=blpop ") != std::string::npos) return true;
    }
    return false;
  }));
  EXPECT_EQ(client.ping(), "PONG");
  client.rpush("batch:queue", "x");
}

// The effects of a script before its error remain.
TEST_F(AsyncPool, BatchOfOneScriptIsNotRetriedOnSharedConnection) {
  RedisConfig config = config_at(server());
  config.defaults.direct_limit = 0;
  StartedManager redis(std::move(config));
  const Client client = redis->client("main");
  Pipeline pipe = client.pipeline();
  const std::string script = "redis.call('INCR', KEYS[1]) return redis.error_reply('BUSY not really')";
  const auto slot = pipe.command<std::int64_t>("EVAL", script, 1, "batch:runs");
  EXPECT_EQ(pipe.execute()[slot].error().code(), Errc::server_error);
  EXPECT_EQ(client.get<int>("batch:runs"), 1);
}

TEST_F(AsyncPool, SynchronousCallsOnIoThreadUseDirectConnectionOrFail) {
  RedisConfig config = config_at(server());
  config.defaults.direct_limit = 0;
  config.defaults.max_connections = 2;
  StartedManager redis(std::move(config));
  const Client client = redis->client("main");
  const AsyncClient async = redis->async_client("main");
  std::promise<std::string> on_the_loop;
  async.ping()(
      [&](const std::exception_ptr&, const std::string&) { on_the_loop.set_value(client.echo("direct")); });
  EXPECT_EQ(on_the_loop.get_future().get(), "direct");

  const ScopedClient held = redis->scoped_client("main");
  std::promise<Error> refused;
  async.ping()([&](const std::exception_ptr&, const std::string&) {
    refused.set_value(client.results().echo("none left").error());
  });
  const Error error = refused.get_future().get();
  EXPECT_EQ(error.code(), Errc::would_deadlock);
  EXPECT_EQ(error.effect(), Effect::not_sent);
}

// The executor's type is erased twice, and its threads must still be recognised.
TEST_F(AsyncPool, SynchronousCallsOnTypeErasedStrandDoNotDeadlock) {
  boost::asio::io_context context;
  const auto strand = boost::asio::make_strand(boost::asio::any_io_executor(context.get_executor()));
  RedisConfig config = config_at(server());
  config.defaults.direct_limit = 0;
  config.defaults.max_connections = 2;
  RedisConnectionManager redis;
  redis.start(std::move(config), strand);
  auto work = std::optional(boost::asio::make_work_guard(context));
  const std::jthread runner([&] { context.run(); });
  const Client client = redis.client("main");
  const AsyncClient async = redis.async_client("main");

  std::promise<std::string> outside_of_turns;
  boost::asio::post(strand, [&] {
    const auto reply = client.results().echo("direct");
    outside_of_turns.set_value(reply ? *reply : reply.error().what());
  });
  EXPECT_EQ(outside_of_turns.get_future().get(), "direct");
  {
    const ScopedClient held = redis.scoped_client("main");
    std::promise<Errc> refused;
    async.ping()(boost::asio::bind_executor(strand, [&](const std::exception_ptr&, const std::string&) {
      const auto reply = client.results().echo("none left");
      refused.set_value(reply ? Errc::invalid_argument : reply.error().code());
    }));
    EXPECT_EQ(refused.get_future().get(), Errc::would_deadlock);
  }
  std::promise<std::chrono::steady_clock::duration> took;
  auto popped = async.blpop("queue", {0ms})(use_future);
  ASSERT_TRUE(eventually([] { return raw().info("blocked_clients") == "1"; }));
  boost::asio::post(strand, [&] {
    const auto began = std::chrono::steady_clock::now();
    redis.shutdown(30s);  // the rest of the shutdown needs this thread
    took.set_value(std::chrono::steady_clock::now() - began);
  });
  EXPECT_LT(took.get_future().get(), slack);
  raw().integer({"RPUSH", "queue", "x"});
  EXPECT_TRUE(popped.get()) << "commands in flight may end";
  work.reset();
}

TEST_F(AsyncPool, SynchronousCallFailsAtItsDeadlineWhenIoThreadIsStuck) {
  RedisConfig config = config_at(server());
  config.defaults.direct_limit = 0;
  StartedManager redis(std::move(config));
  const Client client = redis->client("main");
  Gate release;
  Gate blocked;
  redis->async_client("main").ping()([&](const std::exception_ptr&, const std::string&) {
    blocked.open();
    release.wait();
  });
  blocked.wait();
  const Error error = error_of([&] { return client.with_timeout(50ms).echo("x"); });
  EXPECT_EQ(error.code(), Errc::timeout);
  EXPECT_THAT(error.what(), HasSubstr("handler"));
  release.open();
  EXPECT_EQ(client.echo("y"), "y");
}

}  // namespace
}  // namespace redstart::test
