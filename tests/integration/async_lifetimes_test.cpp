// SPDX-License-Identifier: Apache-2.0
// async_lifetimes_test.cpp: managers, executors and handles end in any order, on any thread.
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <redstart/redstart.hpp>
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
namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

class AsyncLifetimes : public RedisTest {
 protected:
  // No clean-up thread, so that all running threads belong to the engine. Time limits that must not expire
  // are longer than the delays of a busy machine.
  static RedisConfig config() {
    RedisConfig config = config_at(server());
    config.cleanup_interval = 0ms;
    config.defaults.timeouts = {60s, 60s, 60s};
    return config;
  }
  // The server does not answer during the lifetime of this object.
  class Paused {
   public:
    Paused() { server().pause(); }
    Paused(const Paused&) = delete;
    Paused& operator=(const Paused&) = delete;
    ~Paused() { server().resume(); }
  };
};

// Counts completions by outcome.
struct Tally {
  std::atomic<int> started{0};
  std::atomic<int> ok{0};
  std::atomic<int> closed{0};
  std::atomic<int> other{0};

  [[nodiscard]] int completed() const { return ok + closed + other; }
  template <class T>
  void note(const Result<T>& result) {
    if (result)
      ++ok;
    else if (result.error().code() == Errc::closed)
      ++closed;
    else
      ++other;
  }
};

// Starts a GET that is counted in the tally. The tally must outlive it.
void get(const AsyncClient& client, Tally& tally) {
  ++tally.started;
  client.results().get("key")([&tally](Result<std::optional<std::string>> result) { tally.note(result); });
}

// Threads that run a context, as a service does.
class Runners {
 public:
  Runners(asio::io_context& context, int count) {
    for (int i = 0; i < count; ++i) threads_.emplace_back([&context] { context.run(); });
  }
  ~Runners() { join(); }
  void join() {
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
  }

 private:
  std::vector<std::thread> threads_;
};

TEST_F(AsyncLifetimes, OwnedThreadsEndWithTheManager) {
  // Threads of an earlier test may still be ending.
  std::size_t before = running_threads();
  EXPECT_TRUE(eventually([&, since = std::chrono::steady_clock::now()]() mutable {
    if (const std::size_t now = running_threads(); now < before) {
      before = now;
      since = std::chrono::steady_clock::now();
    }
    return std::chrono::steady_clock::now() - since > std::chrono::milliseconds(50);
  }));
  {
    RedisConfig own = config();
    own.io_threads = 2;
    StartedManager redis(std::move(own));
    const AsyncClient client = redis->async_client("main");
    EXPECT_TRUE(client.set("key", "value")(asio::use_future).get());
    EXPECT_EQ(client.get("key")(asio::use_future).get(), "value");
    EXPECT_GT(running_threads(), before);
  }
  EXPECT_TRUE(eventually([&] { return running_threads() <= before; }));
}

TEST_F(AsyncLifetimes, ServiceThreadsSufficeAndReturnAfterShutdown) {
  asio::io_context context(4);
  RedisConnectionManager manager;
  manager.start(config(), context);
  const AsyncClient client = manager.async_client(RedisDatabase::main);
  std::atomic<int> done{0};
  for (int i = 0; i < 1000; ++i) {
    asio::co_spawn(
        context,
        [&, i]() -> asio::awaitable<void> {
          const std::string key = "key" + std::to_string(i);
          co_await client.set(key, std::to_string(i));
          EXPECT_EQ(co_await client.get(key), std::to_string(i));
          if (++done == 1000) manager.shutdown();
        },
        asio::detached);
  }
  const auto before = running_threads();
  Runners four(context, 4);
  EXPECT_LE(running_threads(), before + 4) << "the library must start no thread";
  four.join();  // run() returns
  EXPECT_EQ(done, 1000);
  EXPECT_FALSE(manager.started());
}

TEST_F(AsyncLifetimes, RunsOnThreadPoolAndOnItsStrand) {
  asio::thread_pool pool(2);
  RedisConnectionManager manager;
  manager.start(config(), pool);
  EXPECT_EQ(manager.async_client("main").incr("n")(asio::use_future).get(), 1);
  manager.shutdown();
  manager.start(config(), asio::make_strand(pool));
  EXPECT_EQ(manager.async_client("main").incr("n")(asio::use_future).get(), 2);
  manager.shutdown();
  pool.join();
}

TEST_F(AsyncLifetimes, ShutdownCompletesOperationsInFlightOnce) {
  Tally tally;
  RedisConnectionManager manager;
  manager.start(config());
  const AsyncClient client = manager.async_client("main");
  EXPECT_EQ(client.ping()(asio::use_future).get(), "PONG");
  {
    const Paused paused;
    for (int i = 0; i < 1000; ++i) get(client, tally);
    const auto began = Clock::now();
    manager.shutdown(50ms);
    EXPECT_LT(Clock::now() - began, 50ms + 500ms + slack);
    EXPECT_TRUE(eventually([&] { return tally.closed == 1000; }))
        << "each must complete although the server does not answer";
  }
  EXPECT_EQ(tally.completed(), 1000);
  get(client, tally);
  EXPECT_TRUE(eventually([&] { return tally.completed() == 1001; }))
      << "operations after the end of the threads must complete, too";
  EXPECT_EQ(tally.closed, 1001);
}

TEST_F(AsyncLifetimes, CommandThatNeedsScopedHandleIsRefusedAfterShutdown) {
  RedisConnectionManager manager;
  manager.start(config());
  const AsyncClient client = manager.async_client("main");
  manager.shutdown();
  std::promise<std::exception_ptr> outcome;
  client.command<Ok>("MULTI")([&](const std::exception_ptr& error, auto&&...) { outcome.set_value(error); });
  auto error = outcome.get_future();
  ASSERT_EQ(error.wait_for(30s), std::future_status::ready);
  EXPECT_EQ(error_of([&] {
              std::rethrow_exception(error.get());
              return 0;
            }).code(),
            Errc::not_allowed);
}

TEST_F(AsyncLifetimes, ShutdownWaitsForOperationsInFlight) {
  Tally tally;
  RedisConnectionManager manager;
  manager.start(config());
  const AsyncClient client = manager.async_client("main");
  for (int i = 0; i < 10'000; ++i) get(client, tally);
  manager.shutdown(60s);
  EXPECT_EQ(tally.ok, 10'000);
}

TEST_F(AsyncLifetimes, ShutdownWaitsForOperationsWithoutConnection) {
  Tally tally;
  RedisConnectionManager manager;
  asio::io_context context;
  manager.start(config(), context);
  {
    const AsyncClient client = manager.async_client("main");
    for (int i = 0; i < 100; ++i) get(client, tally);
  }
  std::thread ending([&] { manager.shutdown(60s); });
  while (manager.started()) std::this_thread::yield();
  context.run();
  ending.join();
  EXPECT_EQ(tally.ok, 100);
}

TEST_F(AsyncLifetimes, ShutdownOpensConnectionForWaitingOperations) {
  Tally tally;
  RedisConnectionManager manager;
  asio::io_context context;
  RedisConfig lasting_a_moment = config();
  lasting_a_moment.defaults.idle_timeout = 1ms;
  manager.start(std::move(lasting_a_moment), context);
  {
    const AsyncClient client = manager.async_client("main");
    get(client, tally);
    ASSERT_TRUE(eventually([&] {
      context.restart();
      context.poll();
      return tally.completed() == 1 &&
             (manager.cleanup_idle_connections(), manager.stats("main").pool.shared == 0);
    }));
    for (int i = 0; i < 100; ++i) get(client, tally);
  }
  std::thread ending([&] { manager.shutdown(60s); });
  while (manager.started()) std::this_thread::yield();
  context.restart();
  context.run();
  ending.join();
  EXPECT_EQ(tally.ok, 101);
}

TEST_F(AsyncLifetimes, HandlerMayDestroyManagerOnItsOwnThread) {
  const auto before = running_threads();
  for (int round = 0; round < 50; ++round) {
    Tally tally;
    auto manager = std::make_unique<RedisConnectionManager>();
    manager->start(config());
    std::promise<void> destroyed;
    {
      const AsyncClient client = manager->async_client("main");
      for (int i = 0; i < 20; ++i) get(client, tally);
      client.ping()([&](const std::exception_ptr&, const std::string&) {
        manager.reset();
        destroyed.set_value();
      });
      for (int i = 0; i < 20; ++i) get(client, tally);
    }
    const auto began = Clock::now();
    destroyed.get_future().wait();
    EXPECT_TRUE(eventually([&] { return tally.completed() == 40; }));
    EXPECT_TRUE(eventually([&] { return running_threads() <= before; })) << "the threads must end";
    EXPECT_LT(Clock::now() - began, 2s + slack);
  }
}

TEST_F(AsyncLifetimes, HandlerAndUserThreadMayShutDownAtOnce) {
  for (int round = 0; round < 50; ++round) {
    Tally tally;
    RedisConnectionManager manager;
    manager.start(config());
    const AsyncClient client = manager.async_client("main");
    std::promise<void> reached;
    for (int i = 0; i < 20; ++i) get(client, tally);
    client.ping()([&](const std::exception_ptr&, const std::string&) {
      reached.set_value();
      manager.shutdown(30s);
    });
    for (int i = 0; i < 20; ++i) get(client, tally);
    reached.get_future().wait();
    manager.shutdown(30s);
    EXPECT_EQ(tally.completed(), 40) << "the second shutdown() must also wait for the end";
  }
}

TEST_F(AsyncLifetimes, TwoThreadsMayShutDownAtOnce) {
  for (int round = 0; round < 50; ++round) {
    Tally tally;
    RedisConnectionManager manager;
    manager.start(config());
    const AsyncClient client = manager.async_client("main");
    for (int i = 0; i < 100; ++i) get(client, tally);
    std::thread other([&] { manager.shutdown(30s); });
    manager.shutdown(30s);
    EXPECT_EQ(tally.completed(), 100);
    other.join();
  }
}

TEST_F(AsyncLifetimes, ManagerMayShutDownDuringStartAndStartAgain) {
  for (int round = 0; round < 50; ++round) {
    RedisConnectionManager manager;
    std::thread starting([&] { manager.start(config()); });
    while (!manager.started()) std::this_thread::yield();
    manager.shutdown();
    starting.join();
    EXPECT_FALSE(manager.started());
    manager.start(config());
    EXPECT_EQ(manager.async_client("main").ping()(asio::use_future).get(), "PONG");
  }
}

TEST_F(AsyncLifetimes, ContextMayBeDestroyedBeforeTheManager) {
  Tally tally;
  RedisConnectionManager manager;
  std::optional<asio::io_context> context(std::in_place);
  manager.start(config(), *context);
  std::optional<AsyncClient> client = manager.async_client("main");
  bool answered = false;
  client->ping()([&](const std::exception_ptr& error, const std::string&) { answered = !error; });
  while (!answered) context->run_one();
  for (int i = 0; i < 10; ++i) get(*client, tally);
  context.reset();
  EXPECT_EQ(tally.completed(), 0) << "no thread is left to complete them";
  get(*client, tally);
  EXPECT_TRUE(eventually([&] { return tally.closed == 1; })) << "later operations must be refused";
  EXPECT_EQ(error_of([&] { return manager.async_client("main"); }).code(), Errc::closed);
  EXPECT_EQ(manager.client("main").ping(), "PONG") << "synchronous calls must keep working";
  EXPECT_EQ(manager.client("sessions").ping(), "PONG") << "also on databases without a connection";
  const auto began = Clock::now();
  const Client synchronous = manager.client("main");
  manager.shutdown(30s);
  EXPECT_LT(Clock::now() - began, slack) << "shutdown must not wait";
  EXPECT_EQ(error_of([&] { return synchronous.ping(); }).code(), Errc::closed);
}

TEST(ContextDestroyed, SynchronousSharedCallsFailAsIndeterminate) {
  FakeServer silent([](FakeConnection& connection, std::size_t) {
    connection.handshake();
    connection.await_close();
  });
  RedisConfig config = config_at(silent.port());
  config.defaults.direct_limit = 0;  // all calls use shared connections
  config.defaults.timeouts.command = 30s;
  for (const bool batch : {false, true}) {
    SCOPED_TRACE(batch);
    RedisConnectionManager manager;
    std::optional<asio::io_context> context(std::in_place);
    manager.start(config, *context);
    const std::size_t before = silent.count("INCR");
    std::thread caller([&] {
      const Error error = error_of([&] {
        if (!batch) return manager.client("main").incr("n");
        Pipeline pipe = manager.client("main").pipeline();
        const auto n = pipe.incr("n");
        return pipe.execute()[n].value();
      });
      EXPECT_EQ(error.code(), Errc::closed);
      EXPECT_EQ(error.effect(), Effect::indeterminate);
    });
    EXPECT_TRUE(eventually([&] {
      context->restart();
      context->poll();
      return silent.count("INCR") == before + 1;
    }));
    context.reset();
    caller.join();
  }
}

TEST_F(AsyncLifetimes, ContextMayBeDestroyedUnservedAfterShutdown) {
  Tally tally;
  std::optional<asio::io_context> context(std::in_place);
  {
    RedisConnectionManager manager;
    manager.start(config(), *context);
    const AsyncClient client = manager.async_client("main");
    for (int i = 0; i < 10; ++i) get(client, tally);
    const auto began = Clock::now();
    manager.shutdown(20ms);
    EXPECT_LT(Clock::now() - began, 20ms + 500ms + slack) << "no thread runs the context";
  }
  context.reset();
  EXPECT_EQ(tally.completed(), 0);
}

TEST_F(AsyncLifetimes, UnservedOperationsCompleteWhenContextRuns) {
  Tally tally;
  asio::io_context context;
  {
    RedisConnectionManager manager;
    manager.start(config(), context);
    const AsyncClient client = manager.async_client("main");
    for (int i = 0; i < 10; ++i) get(client, tally);
    manager.shutdown(20ms);
  }
  EXPECT_EQ(tally.completed(), 0);
  context.run();
  EXPECT_EQ(tally.closed, 10);
}

TEST_F(AsyncLifetimes, HangingHandlerDoesNotBlockShutdown) {
  const auto before = running_threads();
  Tally tally;
  std::promise<void> release;
  std::promise<void> reached;
  {
    RedisConnectionManager manager;
    manager.start(config());
    const AsyncClient client = manager.async_client("main");
    client.ping()([&](const std::exception_ptr&, const std::string&) {
      reached.set_value();
      release.get_future().wait();
    });
    for (int i = 0; i < 10; ++i) get(client, tally);
    reached.get_future().wait();
    const auto began = Clock::now();
    manager.shutdown(20ms);
    EXPECT_LT(Clock::now() - began, 20ms + 500ms + slack);
  }
  EXPECT_LT(tally.completed(), 10);
  release.set_value();
  EXPECT_TRUE(eventually([&] { return tally.completed() == 10 && running_threads() <= before; }));
}

// Starts commands from two threads in a loop until it is destroyed.
class Load {
 public:
  Load(const AsyncClient& client, Tally& tally) {
    for (int t = 0; t < 2; ++t) {
      threads_.emplace_back([this, client, &tally] {
        while (!stop_) {
          get(client, tally);
          while (tally.started - tally.completed() > 1000 && !stop_) std::this_thread::yield();
        }
      });
    }
  }
  ~Load() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_{};
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
constexpr int destructions = 200;  // each takes ten times as long under a sanitizer
#else
constexpr int destructions = 1000;
#endif

// Destroys a manager under load at a random moment, on a user's thread or in a handler.
TEST_F(AsyncLifetimes, DestructionUnderLoadCompletesEachOperationOnce) {
  const auto before = running_threads();
  std::minstd_rand random(20);
  for (int round = 0; round < destructions; ++round) {
    Tally tally;
    auto manager = std::make_unique<RedisConnectionManager>();
    RedisConfig own = config();
    own.io_threads = 1 + random() % 2;
    manager->start(std::move(own));
    std::atomic<bool> destroyed{false};
    const auto began = Clock::now();
    {
      const AsyncClient client = manager->async_client("main");
      const Load load(client, tally);
      const int moment = static_cast<int>(random() % 300);
      while (tally.completed() < moment) std::this_thread::yield();
      if (round % 2 == 0) {
        manager.reset();
        destroyed = true;
      } else {
        client.ping()([&](const std::exception_ptr&, const std::string&) {
          manager.reset();
          destroyed = true;
        });
        ASSERT_TRUE(eventually([&] { return destroyed.load(); }));
      }
    }
    ASSERT_TRUE(eventually([&] { return tally.completed() == tally.started; }))
        << "round " << round << ": " << tally.completed() << " of " << tally.started;
    ASSERT_TRUE(eventually([&] { return running_threads() <= before; }));
    ASSERT_LT(Clock::now() - began, 2s + slack) << "round " << round;
    ASSERT_EQ(tally.other, 0);
  }
}

TEST_F(AsyncLifetimes, HandlesOutliveTheManager) {
  std::optional<AsyncClient> client;
  {
    StartedManager redis(config());
    client = redis->async_client("main");
    EXPECT_EQ(client->ping()(asio::use_future).get(), "PONG");
  }
  const auto ping = [&] { return client->ping()(asio::use_future).get(); };
  EXPECT_EQ(error_of(ping).code(), Errc::closed);
  EXPECT_EQ(error_of(ping).effect(), Effect::not_sent);
}

TEST_F(AsyncLifetimes, ReturnsHandlesOfEachKind) {
  StartedManager redis(config());
  auto scoped = redis->scoped_async_client("main")(asio::use_future).get();
  const auto id = scoped.client_id()(asio::use_future).get();
  EXPECT_EQ(scoped.client_id()(asio::use_future).get(), id);
  const auto optional = redis->optional_async_client(RedisDatabase::cache)(asio::use_future).get();
  ASSERT_TRUE(optional.has_value());
  EXPECT_NE(optional->client_id()(asio::use_future).get(), id);
  EXPECT_EQ(error_of([&] { return redis->async_client("mian"); }).code(), Errc::unknown_database);
  redis->shutdown();
  EXPECT_EQ(redis->optional_async_client("main")(asio::use_future).get(), std::nullopt);
  EXPECT_EQ(error_of([&] { return redis->scoped_async_client("main")(asio::use_future).get(); }).code(),
            Errc::closed);
  RedisConnectionManager never;
  EXPECT_EQ(error_of([&] { return never.optional_async_client("main"); }).code(), Errc::not_started);
}

TEST_F(AsyncLifetimes, HandlesOfUnreachableDatabaseFail) {
  RedisConfig away = config();
  away.defaults.endpoint.unix_path = "/nowhere/redis.sock";
  RedisConnectionManager manager;
  manager.start(std::move(away));
  EXPECT_EQ(manager.optional_async_client("main")(asio::use_future).get(), std::nullopt);
  EXPECT_THROW(static_cast<void>(manager.async_client("main")), Unavailable);
  EXPECT_THROW(static_cast<void>(manager.scoped_async_client("main")(asio::use_future).get()), Unavailable);
}

TEST_F(AsyncLifetimes, ScopedOverrideProvidesAsyncHandles) {
  StartedManager redis(config());
  const testing::ScopedOverride override(*redis);
  EXPECT_EQ(RedisConnectionManager::instance().async_client("main").ping()(asio::use_future).get(), "PONG");
}

// Each test ends a process of its own, with its own server.
class AsyncExitDeathTest : public AsyncLifetimes {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    AsyncLifetimes::SetUp();
  }
};

TEST_F(AsyncExitDeathTest, ExitCompletesCommandsInFlight) {
  const auto exits = [] {
    static Tally tally;
    static std::optional<AsyncClient> kept;
    // Runs after the library's own exit handler, which is registered later.
    std::atexit([] { std::fprintf(stderr, "completed %d", tally.completed()); });
    RedisConnectionManager::instance().start(config());
    kept = RedisConnectionManager::instance().async_client("main");
    for (int i = 0; i < 1000; ++i) get(*kept, tally);
    std::exit(0);
  };
  EXPECT_EXIT(exits(), ::testing::ExitedWithCode(0), "completed 1000");
}

TEST_F(AsyncExitDeathTest, HandlerMayCallExit) {
  const auto exits = [] {
    RedisConnectionManager::instance().start(config());
    const AsyncClient client = RedisConnectionManager::instance().async_client("main");
    client.ping()([](const std::exception_ptr&, const std::string&) { std::exit(0); });
    std::promise<void>().get_future().wait();
  };
  EXPECT_EXIT(exits(), ::testing::ExitedWithCode(0), "");
}

TEST_F(AsyncExitDeathTest, StaticObjectsMayUseAndDestroyManagers) {
  struct Late {
    ~Late() {
      if (client) static_cast<void>(client->results().ping()(asio::use_future).get());
      manager.reset();
    }
    std::optional<AsyncClient> client{};
    std::unique_ptr<RedisConnectionManager> manager = std::make_unique<RedisConnectionManager>();
  };
  const auto exits = [] {
    static Late late;
    late.manager->start(config());
    late.client = late.manager->async_client("main");
    static Late later;
    later.manager->start(config());
    RedisConnectionManager::instance().start(config());
    later.client = RedisConnectionManager::instance().async_client("main");
    std::exit(0);
  };
  EXPECT_EXIT(exits(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace redstart::test
