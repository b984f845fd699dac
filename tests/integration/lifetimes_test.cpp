// SPDX-License-Identifier: Apache-2.0
// lifetimes_test.cpp: scoped handles, shutdown, and handles that outlive their manager.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
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
using Clock = std::chrono::steady_clock;

class Lifetimes : public RedisTest {};

// Shuts a manager down while it handles an event.
class ShutsDown final : public EventListener {
 public:
  void on_event(const Event& event) noexcept override {
    if (event.kind != EventKind::disconnected || done.exchange(true)) return;
    manager->shutdown(0ms);
    ended = true;
  }
  RedisConnectionManager* manager = nullptr;
  std::atomic<bool> done{false};
  std::atomic<bool> ended{false};
};

TEST_F(Lifetimes, ListenerMayShutDownManagerDuringIdleCleanUp) {
  const auto listener = std::make_shared<ShutsDown>();
  RedisConnectionManager manager;
  listener->manager = &manager;
  RedisConfig config = config_at(server());
  config.defaults.idle_timeout = 1ms;
  config.cleanup_interval = 1ms;
  config.listener = listener;
  manager.start(std::move(config));
  EXPECT_TRUE(eventually([&] {
    if (const auto client = manager.optional_client("main")) static_cast<void>(client->results().get("key"));
    return listener->ended.load();
  }));
  EXPECT_FALSE(manager.started());
}

TEST_F(Lifetimes, ShutdownWaitsOnceForAllDatabases) {
  RedisConnectionManager manager;
  manager.start(config_at(server()));
  const ScopedClient first = manager.scoped_client("main");
  const ScopedClient second = manager.scoped_client("cache");
  const ScopedClient third = manager.scoped_client("sessions");
  const auto began = Clock::now();
  manager.shutdown(6s);
  EXPECT_LT(Clock::now() - began, 6s + slack) << "waiting per database would take 18 s";
}

TEST_F(Lifetimes, ScopedHandleOwnsOneConnection) {
  StartedManager redis(config_at(server()));
  const ScopedClient first = redis->scoped_client("main");
  const ScopedClient second = redis->scoped_client("main");
  const auto id = first.client_id();
  EXPECT_NE(id, second.client_id());
  EXPECT_EQ(first.client_id(), id);
  EXPECT_EQ(redis->stats("main").pool.leased, 2U);
  EXPECT_EQ(redis->stats("main").pool.in_use, 2U);
}

TEST_F(Lifetimes, ScopedHandleReturnsItsConnectionWhenExceptionPasses) {
  StartedManager redis(config_at(server()));
  std::int64_t id = 0;
  try {
    const ScopedClient scoped = redis->scoped_client("main");
    id = scoped.client_id();
    throw std::runtime_error("passing");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(redis->stats("main").pool.leased, 0U);
  EXPECT_EQ(redis->stats("main").pool.in_use, 0U);
  EXPECT_EQ(redis->client("main").client_id(), id) << "the connection must be reused";
  ScopedClient moved = redis->scoped_client("main");
  const ScopedClient target = std::move(moved);
  EXPECT_EQ(redis->stats("main").pool.leased, 1U);
}

TEST_F(Lifetimes, ChangedConnectionIsClosedInsteadOfReused) {
  REDSTART_NEEDS_SINCE(7, 0);  // CLIENT NO-EVICT
  StartedManager redis(config_at(server()));
  const Client client = redis->client("main");
  using Change = void (*)(const ScopedClient&);
  const Change changes[] = {
      [](const ScopedClient& scoped) { scoped.select(5); },
      [](const ScopedClient& scoped) { scoped.client_setname("other"); },
      [](const ScopedClient& scoped) { static_cast<void>(scoped.command<Value>("WATCH", "key")); },
      [](const ScopedClient& scoped) { static_cast<void>(scoped.command<Value>("multi")); },
      [](const ScopedClient& scoped) { static_cast<void>(scoped.command<Value>("CLIENT NO-EVICT", "on")); },
      [](const ScopedClient& scoped) { EXPECT_THROW(scoped.select(99), ServerError); },
  };
  std::uint64_t dirty = 0;
  for (const Change change : changes) {
    std::int64_t id = 0;
    {
      const ScopedClient scoped = redis->scoped_client("main");
      id = scoped.client_id();
      change(scoped);
    }
    EXPECT_NE(client.client_id(), id);
    EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::dirty), ++dirty);
  }
  client.set("where", "zero");
  EXPECT_EQ(raw().text({"GET", "where"}), "zero") << "must be written to database 0";
}

TEST_F(Lifetimes, CommandsThatChangeSessionNeedScopedHandle) {
  StartedManager redis(config_at(server()));
  const Client client = redis->client("main");
  for (const char* const name :
       {"SELECT", "watch", "MULTI", "SUBSCRIBE", "Monitor", "RESET", "QUIT", "HELLO", "AUTH"}) {
    const Error error = error_of([&] { return client.command<Value>(name, "1"); });
    EXPECT_EQ(error.code(), Errc::not_allowed) << name;
    EXPECT_EQ(error.effect(), Effect::not_sent);
  }
  EXPECT_EQ(error_of([&] { return client.command<Value>("CLIENT", "REPLY", "OFF"); }).code(),
            Errc::not_allowed);
  EXPECT_EQ(error_of([&] { return client.command<Value>("client reply", "skip"); }).code(),
            Errc::not_allowed);
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::dirty), 0U);
}

TEST_F(Lifetimes, HandlesOfShutDownManagerAlwaysFailWithClosed) {
  std::optional<StartedManager> redis(std::in_place, config_at(server()));
  const Client client = (*redis)->client("main");
  const Results results = client.results();
  Pipeline pipe = client.pipeline();
  const auto slot = pipe.incr("count");
  const ScopedClient scoped = (*redis)->scoped_client("main");
  const auto begin = Clock::now();
  (*redis)->shutdown(50ms);
  EXPECT_LE(Clock::now() - begin, 50ms + 500ms + slack);
  const auto expect_closed = [&] {
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(error_of([&] { return client.incr("count"); }).code(), Errc::closed);
      EXPECT_THROW(client.incr("count"), Unavailable);
      EXPECT_EQ(results.incr("count").error().code(), Errc::closed);
      EXPECT_EQ(error_of([&] { return client.pipeline([](Pipeline& p) { return p.incr("count"); }); }).code(),
                Errc::closed);
      const Error error = error_of([&] { return scoped.incr("count"); });
      EXPECT_EQ(error.code(), Errc::closed) << error.what();
      EXPECT_EQ(error.effect(), Effect::not_sent);
    }
  };
  expect_closed();
  EXPECT_EQ(pipe.execute()[slot].error().code(), Errc::closed);
  redis.reset();
  expect_closed();
  EXPECT_EQ(client.database(), "main");
  EXPECT_EQ(raw().command({"GET", "count"}).null, true) << "no command may run";
}

TEST_F(Lifetimes, ShutdownWaitsForCallsInFlightUntilItsDeadline) {
  StartedManager redis(config_at(server()));
  const Client client = redis->client("main");
  std::jthread caller([&] { EXPECT_EQ(client.blpop("queue", {0ms})->second, "job"); });
  ASSERT_TRUE(eventually([&] { return raw().info("blocked_clients") == "1"; }));
  std::jthread stopper([&] { redis->shutdown(20s); });
  ASSERT_TRUE(eventually([&] { return !client.results().ping().has_value(); }));
  EXPECT_EQ(error_of([&] { return client.ping(); }).code(), Errc::closed) << "new calls must be refused";
  raw().integer({"RPUSH", "queue", "job"});
  stopper.join();
}

TEST_F(Lifetimes, ShutdownInterruptsBlockingCallAtItsDeadline) {
  StartedManager redis(config_at(server()));
  const Client client = redis->client("main");
  std::jthread caller([&] {
    const Error error = error_of([&] { return client.blpop("queue", {0ms}); });
    EXPECT_EQ(error.code(), Errc::closed) << error.what();
    EXPECT_EQ(error.effect(), Effect::indeterminate);
  });
  ASSERT_TRUE(eventually([&] { return raw().info("blocked_clients") == "1"; }));
  const auto begin = Clock::now();
  redis->shutdown(100ms);
  EXPECT_LE(Clock::now() - begin, 100ms + 500ms + slack);
  caller.join();
  EXPECT_TRUE(eventually([&] { return raw().info("blocked_clients") == "0"; }))
      << "its connection must be closed";
}

TEST_F(Lifetimes, ShutdownInterruptsCallsOnHangingServerAndQueuedOnes) {
  RedisServer own;
  RedisConfig config = config_at(own);
  config.defaults.max_connections = 2;
  config.defaults.sync_over_shared = false;
  config.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(config);
  const Client client = redis->client("main");
  client.ping();
  own.pause();
  std::vector<std::jthread> callers;
  std::atomic<int> closed{0};
  for (int i = 0; i < 10; ++i) {
    callers.emplace_back(
        [&] { closed += error_of([&] { return client.incr("count"); }).code() == Errc::closed ? 1 : 0; });
  }
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 8; }));
  const auto begin = Clock::now();
  redis->shutdown(100ms);
  EXPECT_LE(Clock::now() - begin, 100ms + 500ms + slack);
  callers.clear();
  EXPECT_EQ(closed, 10) << "including the call whose connection is in its handshake";
  own.resume();
}

TEST_F(Lifetimes, ShutdownInterruptsSharedCallsOnHangingServer) {
  RedisServer own;
  RedisConfig config = config_at(own);
  config.defaults.direct_limit = 1;
  config.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(config);
  const Client client = redis->client("main");
  client.ping();
  own.pause();
  std::vector<std::jthread> callers;
  std::atomic<int> closed{0};
  for (int i = 0; i < 10; ++i) {
    callers.emplace_back(
        [&] { closed += error_of([&] { return client.incr("count"); }).code() == Errc::closed ? 1 : 0; });
  }
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.in_flight >= 8; }));
  const auto begin = Clock::now();
  redis->shutdown(100ms);
  EXPECT_LE(Clock::now() - begin, 100ms + 500ms + slack);
  callers.clear();
  EXPECT_EQ(closed, 10);
  own.resume();
}

TEST_F(Lifetimes, ManagerDestroyedAtAnyMomentCompletesEachCallOnce) {
  for (int round = 0; round < 60; ++round) {
    RedisConfig config = config_at(server());
    config.defaults.timeouts = {30s, 30s, 30s};
    std::optional<StartedManager> redis(std::in_place, std::move(config));
    const Client client = (*redis)->client("main");
    std::atomic<int> completed{0};
    std::atomic<int> started{0};
    std::vector<std::jthread> callers;
    for (int t = 0; t < 4; ++t) {
      callers.emplace_back([&] {
        ++started;
        for (;;) {
          const auto result = client.results().incr("count");
          ++completed;
          if (!result) {
            EXPECT_EQ(result.error().code(), Errc::closed);
            return;
          }
        }
      });
    }
    ASSERT_TRUE(eventually([&] { return started == 4 && completed > round; }));
    const auto begin = Clock::now();
    redis.reset();
    EXPECT_LT(Clock::now() - begin, slack);
    callers.clear();
  }
}

TEST_F(Lifetimes, ShutDownManagerHoldsNoConnection) {
  const std::size_t before = open_descriptors();
  StartedManager redis(config_at(server()));
  {
    std::vector<ScopedClient> held;
    held.push_back(redis->scoped_client("main"));
    const std::size_t with_one = open_descriptors();  // includes the descriptors of an I/O thread
    for (int i = 0; i < 5; ++i) held.push_back(redis->scoped_client("main"));
    EXPECT_TRUE(eventually([&] { return open_descriptors() <= with_one + 5; }));
  }
  redis->close();
  EXPECT_TRUE(eventually([&] { return open_descriptors() <= before; }));
  EXPECT_TRUE(redis->stats().databases.empty());
}

}  // namespace
}  // namespace redstart::test
