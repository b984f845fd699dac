// SPDX-License-Identifier: Apache-2.0
// stalled_server_test.cpp: faults 49, 50, 52, 75: restarts, stalls, idle timeouts, exhausted pools.
#include <atomic>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;

class Fault50 : public RedisTest {
 protected:
  // A way to make a server stall.
  struct Sleep {
    std::string_view name;
    std::function<void(RedisServer&)> begin;
    std::function<void(RedisServer&)> end;
  };
};

// Each push stores its tag, so that the data shows how often each command ran.
TEST_F(Fault50, DeadlinesHoldAndNothingRunsTwiceWhileServerStalls) {
  const Sleep sleeps[] = {
      {"SIGSTOP", [](RedisServer& own) { own.pause(); }, [](RedisServer& own) { own.resume(); }},
      {"DEBUG SLEEP",
       [](RedisServer& own) {
         RawRedis raw(own.port());
         raw.send(resp_command({"DEBUG", "SLEEP", "1.5"}));
       },
       [](RedisServer&) {}},
      {"CLIENT PAUSE",
       [](RedisServer& own) {
         RawRedis(own.port()).text({"CLIENT", "PAUSE", "60000", "WRITE"});
       },
       [](RedisServer& own) {
         RawRedis(own.port()).text({"CLIENT", "UNPAUSE"});
       }},
  };
  for (const Sleep& sleep : sleeps) {
    SCOPED_TRACE(sleep.name);
    // CLIENT UNPAUSE and pauses of writes came with Redis 6.2.
    if (sleep.name == "CLIENT PAUSE" && !server().version().since(6, 2)) continue;
    for_all_sides([&](Side side) {
      RedisServer own;
      StartedManager redis(on_side(side, config_at(own)));
      const Caller caller(*redis, side);
      std::map<std::string, bool> acknowledged;
      const auto push = [&](const std::string& tag, std::chrono::milliseconds limit) {
        const auto pushed = caller.within(limit).command<std::int64_t>("RPUSH", "log", tag);
        acknowledged[tag] = pushed.has_value();
        return pushed;
      };
      ASSERT_TRUE(push("before", 5s));
      sleep.begin(own);
      for (int i = 0; i < 3; ++i) {
        const auto pushed = push("during " + std::to_string(i), 200ms);
        if (pushed) continue;  // DEBUG SLEEP has not started, or is over
        EXPECT_TRUE(pushed.error().code() == Errc::timeout || is_unavailable(pushed.error().code()))
            << pushed.error().what();
      }
      sleep.end(own);
      EXPECT_TRUE(eventually([&] { return push("after", 5s).has_value(); }));
      RawRedis raw(own.port());
      std::map<std::string, int> stored;
      for (const RawReply& tag : raw.command({"LRANGE", "log", "0", "-1"}).elements) ++stored[tag.text];
      for (const auto& [tag, ok] : acknowledged) {
        if (tag == "after") continue;  // pushed repeatedly on purpose
        EXPECT_LE(stored[tag], 1) << tag;
        if (ok) {
          EXPECT_EQ(stored[tag], 1) << tag;
        }
      }
    });
  }
}

class Fault52 : public RedisTest {
 protected:
  static std::size_t closed(RedisConnectionManager& redis) {
    const PoolStats pool = redis.stats("main").pool;
    return pool.closed_for(CloseReason::stale) + pool.closed_for(CloseReason::lost) +
           pool.closed_for(CloseReason::idle);
  }
};

TEST_F(Fault52, IdleConnectionsClosedByServerFailNoCommand) {
  for_all_sides([&](Side side) {
    raw().text({"FLUSHALL"});
    StartedManager redis(on_side(side, config_at(server())));
    const Caller caller(*redis, side);
    for (int round = 0; round < 10; ++round) {
      const auto counted = caller.command<std::int64_t>("INCR", "n");
      ASSERT_TRUE(counted.has_value()) << counted.error().what();
      EXPECT_EQ(*counted, round + 1);
      const std::size_t before = closed(*redis);
      raw().integer({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
      if (side == Side::direct) {
        let_pass(2ms);  // connections used less than a millisecond ago are not checked
      } else {
        ASSERT_TRUE(eventually([&] { return closed(*redis) != before; }))
            << "the closure must be detected at once";
      }
    }
    EXPECT_EQ(redis->stats("main").operations.failed, 0U);
    EXPECT_EQ(redis->stats("main").operations.retries, 0U);
  });
}

TEST_F(Fault52, IdleTimeoutOfServerFailsNoCommand) {
  RedisServer own({"--timeout", "3"});
  for_all_sides([&](Side side) {
    StartedManager redis(on_side(side, config_at(own)));
    const Caller caller(*redis, side);
    ASSERT_TRUE(caller.command<Value>("INCR", "n"));
    if (side == Side::direct) {
      ASSERT_TRUE(eventually([&] { return RawRedis(own.socket_path()).client_list().size() == 1; }))
          << "only the connection of this check may be left";
    } else {  // a replacement opens at once and lives three seconds again
      ASSERT_TRUE(eventually([&] { return closed(*redis) != 0; })) << "the closure must be detected at once";
    }
    const auto counted = caller.command<std::int64_t>("INCR", "n");
    ASSERT_TRUE(counted.has_value()) << counted.error().what();
    EXPECT_EQ(redis->stats("main").operations.failed, 0U);
  });
}

class Fault75 : public RedisTest {};

TEST_F(Fault75, CallersOfExhaustedPoolAreServedOrFailAtTheirDeadlines) {
  std::atomic<int> answered{0};
  Gate gate;
  FakeServer fake([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const FakeConnection::Words& words) -> std::string {
      if (words.empty()) return {};
      connection.wait(gate);
      ++answered;
      return ":1\r\n";
    });
  });
  RedisConfig config = config_at(fake.port());
  config.defaults.max_connections = 2;
  config.defaults.sync_over_shared = false;
  config.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(std::move(config));
  const Client client = redis->client("main");
  std::atomic<int> served{0};
  std::vector<std::jthread> callers;
  for (int i = 0; i < 100; ++i) {
    callers.emplace_back([&] { served += client.results().incr("n").has_value() ? 1 : 0; });
  }
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 98; }));
  const Error late = error_of([&] { return client.with_timeout(100ms).incr("n"); });
  EXPECT_EQ(late.code(), Errc::pool_timeout) << late.what();
  EXPECT_EQ(late.effect(), Effect::not_sent);
  EXPECT_EQ(redis->stats("main").pool.waiting, 98U) << "the expired caller must have left the queue";
  gate.open();
  callers.clear();
  EXPECT_EQ(served, 100);
  EXPECT_EQ(answered, 100);
  EXPECT_EQ(redis->stats("main").pool.created, 2U);
}

TEST_F(Fault75, CallersWaitingForExclusiveConnectionsAreServedInFifoOrder) {
  RedisConfig config = config_at(server());
  config.defaults.max_connections = 1;
  StartedManager redis(std::move(config));
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::future<void>> waiting;
  {
    const ScopedClient held = redis->scoped_client("main");
    for (int i = 0; i < 20; ++i) {
      waiting.push_back(std::async(std::launch::async, [&, i] {
        const ScopedClient mine = redis->scoped_client("main");
        const std::scoped_lock lock(mutex);
        order.push_back(i);
      }));
      ASSERT_TRUE(
          eventually([&] { return redis->stats("main").pool.waiting == static_cast<std::size_t>(i) + 1; }));
    }
  }
  for (auto& one : waiting) one.get();
  ASSERT_EQ(order.size(), 20U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

class Fault49 : public RedisTest {};

TEST_F(Fault49, RestartIsReportedAndFalseAlarmsAreNot) {
  RedisServer server;
  for (int i = 0; i < 20; ++i) RawRedis one(server.port());  // raises the server's connection numbers
  auto log = std::make_shared<EventLog>();
  RedisConfig config = config_at(server);
  config.listener = log;
  StartedManager redis(config);
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  {
    auto another = redis->scoped_client("main");
    EXPECT_EQ(another.ping(), "PONG");
  }
  EXPECT_EQ(log->count("redis.server_changed"), 0U);
  server.kill();
  server.restart();
  ASSERT_TRUE(eventually([&] { return redis->optional_client("main").has_value(); }));
  EXPECT_TRUE(eventually([&] {
    try {
      return redis->client("main").ping() == "PONG";
    } catch (const Error&) {
      return false;
    }
  }));
  EXPECT_EQ(log->count("redis.server_changed connection number"), 1U);
}

// The stopped server has received the command but not run it when it is killed. The client can't know that.
TEST_F(Fault49, CommandInFlightAtRestartIsIndeterminateAndNotRetried) {
  for_all_sides([&](Side side) {
    RedisServer server;
    FaultProxy proxy(server.port());
    auto log = std::make_shared<EventLog>();
    RedisConfig config = on_side(side, config_at(proxy.port()));
    config.listener = log;
    for (int i = 0; i < 20; ++i) RawRedis one(server.port());  // raises the server's connection numbers
    StartedManager redis(config);
    const Caller caller(*redis, side);
    ASSERT_EQ(caller.command<std::int64_t>("INCR", "n").value(), 1);
    server.pause();
    const auto requests = proxy.counters().requests;
    std::optional<Error> error;
    std::jthread calls([&] { error = caller.error_of("INCR", "n"); });
    proxy.await([&](const ProxyCounters& counters) { return counters.requests > requests; });
    server.kill();
    calls.join();
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code(), Errc::connection_lost) << error->what();
    EXPECT_EQ(error->effect(), Effect::indeterminate);
    EXPECT_EQ(redis->stats("main").operations.retries, 0U);
    server.restart();
    ASSERT_TRUE(eventually([&] { return caller.command<std::string>("PING").has_value(); }));
    EXPECT_EQ(caller.command<Value>("GET", "n").value().is_null(), true)
        << "the server restarted empty, and nothing may be retried";
    EXPECT_EQ(log->count("redis.server_changed"), 1U);
  });
}

}  // namespace
}  // namespace redstart::test
