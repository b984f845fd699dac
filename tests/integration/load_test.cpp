// SPDX-License-Identifier: Apache-2.0
// load_test.cpp: many concurrent callers: own replies, connection limit, FIFO order.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

class Load : public RedisTest {
 protected:
  static RedisConfig limited_config(std::size_t connections) {
    RedisConfig config = config_at(server());
    config.defaults.max_connections = connections;
    config.defaults.sync_over_shared = false;
    config.defaults.timeouts = {30s, 30s, 30s};
    return config;
  }
  static std::size_t connections_at_the_server() {
    std::size_t n = 0;
    for (const std::string& line : raw().client_list())
      n += line.find("name=test:main") != std::string::npos ? 1U : 0U;
    return n;
  }
};

// Runs `work(thread)` on `threads` threads at once.
template <class Work>
void together(std::size_t threads, Work work) {
  std::latch start(static_cast<std::ptrdiff_t>(threads));
  std::vector<std::jthread> running;
  for (std::size_t t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      start.arrive_and_wait();
      work(t);
    });
  }
}

TEST_F(Load, SixtyFourThreadsGetTheirOwnReplies) {
  StartedManager redis(limited_config(20));
  const Client client = redis->client("main");
  std::atomic<std::size_t> strangers{0};
  together(64, [&](std::size_t t) {
    const std::string key = "key" + std::to_string(t);
    for (int i = 0; i < 100; ++i) {
      const std::string nonce = key + "|" + std::to_string(i);
      strangers += client.echo(nonce) == nonce ? 0U : 1U;
      client.set(key, nonce);
      strangers += client.get(key) == nonce ? 0U : 1U;
      const auto [first, second] = client.pipeline([&](Pipeline& pipe) {
        return std::pair{pipe.echo(nonce + "a"), pipe.get(key)};
      });
      strangers += first == nonce + "a" && second == nonce ? 0U : 1U;
    }
  });
  EXPECT_EQ(strangers, 0U);
}

TEST_F(Load, StatisticsAreExactAfterwards) {
  StartedManager redis(limited_config(8));
  const Client client = redis->client("main");
  raw().text({"SET", "text", "x"});
  constexpr std::uint64_t threads = 64;
  constexpr std::uint64_t each = 50;
  together(threads, [&](std::size_t) {
    const Results results = client.results();
    for (std::uint64_t i = 0; i < each; ++i) {
      EXPECT_TRUE(results.incr("count").has_value());
      EXPECT_FALSE(results.incr("text").has_value());
      Pipeline pipe = client.pipeline();
      static_cast<void>(pipe.incr("count"));
      static_cast<void>(pipe.incr("text"));
      static_cast<void>(pipe.execute());
    }
  });
  const DatabaseStats stats = redis->stats("main");
  EXPECT_EQ(stats.operations.ok, threads * each * 2);
  EXPECT_EQ(stats.operations.server_errors, threads * each * 2);
  EXPECT_EQ(stats.operations.failed, 0U);
  EXPECT_EQ(stats.operations.retries, 0U);
  EXPECT_EQ(stats.operations.latency.count(), threads * each * 3) << "must have one entry per exchange";
  EXPECT_GT(stats.operations.latency.percentile(0.5), 0ns);
  EXPECT_EQ(stats.pool.in_use, 0U);
  EXPECT_EQ(stats.pool.waiting, 0U);
  EXPECT_LE(stats.pool.created, 8U);
  EXPECT_EQ(stats.pool.idle, stats.pool.created);
  EXPECT_EQ(stats.pool.available(), 8U);
  EXPECT_EQ(client.get<std::uint64_t>("count"), threads * each * 2);
  EXPECT_DOUBLE_EQ(redis->stats().success_rate(), 1.0);
}

TEST_F(Load, FiveHundredCallersUseTenConnectionsAndNoneIsLost) {
  StartedManager redis(limited_config(10));
  const Client client = redis->client("main");
  std::vector<ScopedClient> held;
  for (int i = 0; i < 10; ++i) held.push_back(redis->scoped_client("main"));
  std::atomic<std::uint64_t> failed{0};
  std::vector<std::jthread> callers;
  for (int i = 0; i < 500; ++i) {
    callers.emplace_back([&] {
      for (int n = 0; n < 5; ++n) failed += client.results().incr("count").has_value() ? 0U : 1U;
    });
  }
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 500; }));
  EXPECT_EQ(redis->stats("main").pool.in_use, 10U);
  EXPECT_EQ(redis->stats("main").pool.leased, 10U);
  EXPECT_EQ(connections_at_the_server(), 10U);
  held.clear();
  std::size_t most = 0;
  while (redis->stats("main").operations.ok < 2500 && failed == 0) {
    most = std::max(most, connections_at_the_server());
    const PoolStats pool = redis->stats("main").pool;
    ASSERT_LE(pool.in_use + pool.idle, 10U);
  }
  callers.clear();
  EXPECT_EQ(failed, 0U);
  EXPECT_LE(most, 10U);
  EXPECT_EQ(raw().text({"GET", "count"}), "2500");
  EXPECT_EQ(redis->stats("main").pool.created, 10U);
}

TEST_F(Load, WaitersAreServedInFifoOrder) {
  StartedManager redis(limited_config(1));
  const Client client = redis->client("main");
  std::optional<ScopedClient> holder = redis->scoped_client("main");
  constexpr std::size_t callers = 100;
  std::vector<std::string> expected;
  {
    std::vector<std::jthread> waiting;
    for (std::size_t i = 0; i < callers; ++i) {
      expected.push_back(std::to_string(i));
      waiting.emplace_back([&, i] { client.rpush("order", std::to_string(i)); });
      ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == i + 1; }));
    }
    holder.reset();
  }
  EXPECT_EQ(client.lrange("order", 0, -1), expected);
}

TEST_F(Load, NewCallerDoesNotOvertakeWaiters) {
  StartedManager redis(limited_config(1));
  const Client client = redis->client("main");
  std::optional<ScopedClient> holder = redis->scoped_client("main");
  std::jthread first([&] { client.rpush("order", "first"); });
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 1; }));
  holder.reset();
  client.rpush("order", "newcomer");
  first.join();
  EXPECT_EQ(client.lindex("order", 0), "first");
}

TEST_F(Load, FirstWaiterOpensConnectionWhenAnotherCloses) {
  StartedManager redis(limited_config(1));
  const Client client = redis->client("main");
  std::optional<ScopedClient> holder = redis->scoped_client("main");
  std::vector<std::jthread> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.emplace_back([&] { client.incr("count"); });
    ASSERT_TRUE(
        eventually([&] { return redis->stats("main").pool.waiting == static_cast<std::size_t>(i) + 1; }));
  }
  holder->select(1);  // so that the connection is closed, not reused
  holder.reset();
  waiting.clear();
  EXPECT_EQ(raw().text({"GET", "count"}), "20");
  EXPECT_EQ(redis->stats("main").pool.created, 2U);
}

TEST_F(Load, CallersOfExhaustedPoolFailAtTheirDeadlinesAndNoneIsLost) {
  RedisConfig config = limited_config(2);
  config.defaults.timeouts.acquire = 500ms;
  StartedManager redis(config);
  const Client client = redis->client("main");
  {
    std::vector<ScopedClient> held;
    held.push_back(redis->scoped_client("main"));
    held.push_back(redis->scoped_client("main"));
    std::atomic<int> timed_out{0};
    together(100, [&](std::size_t) {
      const auto begin = std::chrono::steady_clock::now();
      const auto result = client.results().incr("count");
      const auto took = std::chrono::steady_clock::now() - begin;
      ASSERT_FALSE(result.has_value());
      EXPECT_EQ(result.error().effect(), Effect::not_sent);
      EXPECT_GE(took, 499ms);
      EXPECT_LE(took, 500ms + slack);
      timed_out += result.error().code() == Errc::pool_timeout ? 1 : 0;
    });
    EXPECT_EQ(timed_out, 100);
    EXPECT_EQ(redis->stats("main").pool.waiting, 0U);
    EXPECT_EQ(error_of([&] { return redis->scoped_client("main"); }).code(), Errc::pool_timeout);
    EXPECT_EQ(error_of([&] { return client.with_timeout(20ms).get("x"); }).code(), Errc::pool_timeout)
        << "the call's own limit must apply because it is shorter";
  }
  EXPECT_EQ(client.incr("count"), 1) << "no expired call may be sent";
  EXPECT_EQ(redis->stats("main").operations.timeouts, 101U)
      << "acquiring a scoped handle must not count as an operation";
}

TEST_F(Load, ConnectionsLostUnderLoadLoseNoCallerAndNoCapacity) {
  RedisConfig config = limited_config(6);
  StartedManager redis(config);
  const Client client = redis->client("main");
  std::atomic<bool> done{false};
  std::jthread nemesis([&] {
    while (!done) {
      raw().integer({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
      std::this_thread::yield();
    }
  });
  std::atomic<std::uint64_t> ok{0};
  std::atomic<std::uint64_t> indeterminate{0};
  std::atomic<std::uint64_t> completed{0};
  together(32, [&](std::size_t t) {
    const Results results = client.results();
    for (int i = 0; i < 100; ++i) {
      const auto result = results.rpush("log", std::to_string(t) + ":" + std::to_string(i));
      if (result.has_value())
        ++ok;
      else if (result.error().effect() == Effect::indeterminate)
        ++indeterminate;
      ++completed;
    }
  });
  done = true;
  nemesis.join();
  EXPECT_EQ(completed, 3200U);
  const auto length = static_cast<std::uint64_t>(raw().integer({"LLEN", "log"}));
  EXPECT_GE(length, ok);
  EXPECT_LE(length, ok + indeterminate) << "no call may run twice, or run after it failed as not sent";
  EXPECT_TRUE(eventually([&] { return client.results().ping().has_value(); }));
  EXPECT_TRUE(eventually([&] {
    const PoolStats pool = redis->stats("main").pool;
    return pool.in_use == pool.shared;
  })) << "one more if the breaker opened: the recovery PING";
  EXPECT_LE(redis->stats("main").pool.idle, 6U);
}

}  // namespace
}  // namespace redstart::test
