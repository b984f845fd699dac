// SPDX-License-Identifier: Apache-2.0
// endings_test.cpp: faults 82 to 84: destroyed managers, stopped contexts, throwing or blocking handlers.
#include <gmock/gmock.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <redstart/redstart.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::use_future;
using Clock = std::chrono::steady_clock;
using ::testing::ElementsAre;
constexpr int in_flight = 8;

// Answers the first `count` commands, then none.
class Answers {
 public:
  explicit Answers(int count) : left_(count) {}
  [[nodiscard]] RedisConfig config() const {
    RedisConfig config = config_at(server_.port());
    config.defaults.timeouts = {30s, 30s, 30s};
    config.database("main").required = false;
    return config;
  }
  [[nodiscard]] std::size_t asked() const { return server_.count("INCR"); }

 private:
  std::atomic<int> left_;
  FakeServer server_{[this](FakeConnection& connection, std::size_t) {
    connection.serve([this](const FakeConnection::Words& words) -> std::string {
      return words.empty() || left_-- <= 0 ? "" : ":1\r\n";
    });
  }};
};

// Counts completions by outcome.
struct Tally {
  std::atomic<int> ok{0};
  std::atomic<int> closed{0};
  std::atomic<int> other{0};
  void note(const Result<std::int64_t>& result) {
    if (result)
      ++ok;
    else if (result.error().code() == Errc::closed)
      ++closed;
    else
      ++other;
  }
  [[nodiscard]] int all() const { return ok + closed + other; }
};

// The thread that destroys the manager.
enum class By : std::uint8_t { user, handler, io_thread };

TEST(Fault82, ManagerDestroyedAtAnyStepCompletesEachOperationOnce) {
  for (const By by : {By::user, By::handler, By::io_thread}) {
    for (int step = by == By::handler ? 1 : 0; step <= in_flight; ++step) {
      SCOPED_TRACE("by " + std::to_string(static_cast<int>(by)) + " after " + std::to_string(step));
      const auto threads = running_threads();
      {
        Answers server(step);
        const auto served = running_threads();
        Tally tally;
        auto manager = std::make_unique<RedisConnectionManager>();
        manager->start(server.config());
        std::promise<void> destroyed;
        const auto destroy = [&] {
          manager->shutdown(20ms);  // the destructor alone would wait a second for operations in flight
          manager.reset();
          destroyed.set_value();
        };
        {
          const AsyncClient client = manager->async_client("main");
          for (int i = 0; i < in_flight; ++i) {
            client.results().incr("n")([&, by, step](const Result<std::int64_t>& result) {
              tally.note(result);
              if (by == By::handler && result && tally.ok == step) destroy();
            });
          }
          ASSERT_TRUE(eventually([&] { return by == By::handler || tally.ok == step; }));
          ASSERT_TRUE(eventually([&] { return server.asked() == in_flight || by == By::handler; }));
          if (by == By::user) destroy();
          if (by == By::io_thread) asio::post(client.get_executor(), destroy);
        }
        ASSERT_EQ(destroyed.get_future().wait_for(30s), std::future_status::ready);
        ASSERT_TRUE(eventually([&] { return tally.all() == in_flight; }));
        EXPECT_EQ(tally.ok, step);
        EXPECT_EQ(tally.closed, in_flight - step);
        EXPECT_TRUE(eventually([&] { return running_threads() <= served + 1; }))
            << "one thread of the fake server per connection";
        EXPECT_EQ(tally.all(), in_flight) << "no operation may complete twice";
      }
      EXPECT_TRUE(eventually([&] { return running_threads() <= threads; }));
    }
  }
}

TEST(Fault82, SynchronousCallersFailWithClosed) {
  for (const std::size_t direct_limit : {std::size_t{0}, std::size_t{10}}) {
    SCOPED_TRACE(direct_limit);
    Answers server(0);
    RedisConfig config = server.config();
    config.defaults.direct_limit = direct_limit;
    config.database("main").direct_limit = direct_limit;
    std::optional<StartedManager> redis(std::in_place, std::move(config));
    Tally tally;
    std::vector<std::jthread> callers;
    for (int i = 0; i < in_flight; ++i) {
      callers.emplace_back(
          [&, client = (*redis)->client("main")] { tally.note(client.results().incr("n")); });
    }
    ASSERT_TRUE(eventually([&] { return server.asked() == in_flight; }));
    const auto began = Clock::now();
    redis.reset();
    callers.clear();
    EXPECT_LT(Clock::now() - began, 2s + slack);
    EXPECT_EQ(tally.closed, in_flight);
    EXPECT_EQ(tally.all(), in_flight);
  }
}

void start_some(const AsyncClient& client, Tally& tally) {
  for (int i = 0; i < in_flight; ++i)
    client.results().incr("n")([&tally](const Result<std::int64_t>& result) { tally.note(result); });
}

TEST(Fault83, DestructorsDoNotBlockWhenContextNeverRuns) {
  for (const bool context_first : {false, true}) {
    SCOPED_TRACE(context_first ? "context destroyed first" : "manager destroyed first");
    Answers server(in_flight);
    Tally tally;
    const std::size_t descriptors = open_descriptors();
    std::optional<asio::io_context> context(std::in_place);
    std::optional<RedisConnectionManager> manager(std::in_place);
    manager->start(server.config(), *context);
    std::optional<AsyncClient> client = manager->async_client("main");
    start_some(*client, tally);
    auto forgotten = manager->scoped_async_client("main")(use_future);
    const auto began = Clock::now();
    if (context_first) {
      context.reset();
      manager.reset();
    } else {
      manager.reset();
      context.reset();
    }
    EXPECT_LT(Clock::now() - began, 2s + slack);
    EXPECT_EQ(tally.all(), 0) << "no thread ran the context";
    EXPECT_THROW(forgotten.get(), std::exception) << "the promise must be broken";
    client.reset();
    EXPECT_TRUE(eventually([&] { return open_descriptors() <= descriptors; }));
  }
}

TEST(Fault83, DestructorsDoNotBlockWhenContextWasStopped) {
  for (const int last :
       {0, 1, 2}) {  // 0: context destroyed last, 1: manager destroyed last, 2: context runs again
    SCOPED_TRACE(last);
    Answers server(last == 2 ? in_flight : 0);
    Tally tally;
    std::optional<asio::io_context> context(std::in_place);
    std::optional<RedisConnectionManager> manager(std::in_place);
    manager->start(server.config(), *context);
    {
      const AsyncClient client = manager->async_client("main");
      const auto work = asio::make_work_guard(*context);  // the thread may call run() before there is work
      std::thread runs([&] { context->run(); });
      if (last == 2) {
        context->stop();
        runs.join();
        start_some(client, tally);
        EXPECT_EQ(tally.all(), 0);
        context->restart();
        ASSERT_TRUE(eventually([&] {
          context->poll();
          context->restart();
          return tally.ok == in_flight;
        }));
      } else {
        start_some(client, tally);
        ASSERT_TRUE(eventually([&] { return server.asked() == in_flight; }));
        context->stop();
        runs.join();
      }
    }
    const auto began = Clock::now();
    if (last == 0) {
      manager.reset();
      context.reset();
    } else {
      context.reset();
      manager.reset();
    }
    EXPECT_LT(Clock::now() - began, 2s + slack);
    EXPECT_EQ(tally.all(), last == 2 ? in_flight : 0);
  }
}

TEST(Fault83, DestructorsDoNotBlockWhenThreadPoolWasStopped) {
  Answers server(0);
  Tally tally;
  std::optional<asio::thread_pool> pool(std::in_place, 2);
  std::optional<RedisConnectionManager> manager(std::in_place);
  manager->start(server.config(), *pool);
  start_some(manager->async_client("main"), tally);
  ASSERT_TRUE(eventually([&] { return server.asked() == in_flight; }));
  pool->stop();
  pool->join();
  const auto began = Clock::now();
  manager.reset();
  pool.reset();
  EXPECT_LT(Clock::now() - began, 2s + slack);
  EXPECT_EQ(tally.all(), 0);
}

// Answers each ECHO.
FakeServer::Script echoes() {
  return [](FakeConnection& connection, std::size_t) {
    connection.serve([](const FakeConnection::Words& words) -> std::string {
      return words.empty() ? "" : resp_bulk(words.at(1));
    });
  };
}

TEST(Fault84, HandlerExceptionLeavesRunAndLaterHandlersFollowInOrder) {
  FakeServer server(echoes());
  RedisConfig config = config_at(server.port());
  config.database("main").required = false;
  asio::io_context context;
  RedisConnectionManager manager;
  manager.start(std::move(config), context);
  std::vector<std::string> order;
  int thrown = 0;
  {
    const AsyncClient client = manager.async_client("main");
    for (int i = 0; i < 6; ++i) {
      client.echo(std::to_string(i))([&](const std::exception_ptr& error, const std::string& text) {
        EXPECT_FALSE(error);
        order.push_back(text);
        if (text == "2" || text == "4") throw std::runtime_error("thrown by " + text);
      });
    }
    ASSERT_TRUE(eventually([&] {
      try {
        context.poll();
        context.restart();
      } catch (const std::runtime_error&) {
        ++thrown;
      }
      return order.size() == 6;
    }));
    EXPECT_EQ(thrown, 2);
    EXPECT_THAT(order, ElementsAre("0", "1", "2", "3", "4", "5"));
    client.echo("6")([&](const std::exception_ptr&, const std::string& text) { order.push_back(text); });
    ASSERT_TRUE(eventually([&] {
      context.poll();
      context.restart();
      return order.size() == 7;
    }));
    EXPECT_EQ(manager.stats("main").pool.created, 1U) << "the connection must still be in use";
    EXPECT_EQ(manager.stats("main").operations.ok, 7U);
  }
  manager.shutdown(1ms);
  context.run();
}

TEST(Fault84, CoroutineExceptionStaysInTheCoroutine) {
  FakeServer server(echoes());
  asio::io_context context;
  StartedManager redis(config_at(server.port()));
  const AsyncClient client = redis->async_client("main");
  auto throws = asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        const std::string text = co_await client.echo("mine");
        throw std::runtime_error(text);
      },
      use_future);
  auto goes_on = asio::co_spawn(
      context, [&]() -> asio::awaitable<std::string> { co_return co_await client.echo("other"); },
      use_future);
  context.run();
  EXPECT_THROW(throws.get(), std::runtime_error);
  EXPECT_EQ(goes_on.get(), "other");
}

// Prints the event for the death test's parent.
class Prints final : public EventListener {
 public:
  void on_event(const Event& event) noexcept override {
    if (event.kind == EventKind::handler_failed)
      std::fprintf(stderr, "handler failed: %.*s\n", static_cast<int>(event.detail.size()),
                   event.detail.data());
  }
};

TEST(Fault84DeathTest, HandlerExceptionOnOwnThreadIsReportedAndEndsProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto dies = [] {
    FakeServer server(echoes());
    RedisConfig config = config_at(server.port());
    config.listener = std::make_shared<Prints>();
    StartedManager redis(std::move(config));
    redis->async_client("main").ping()([](const std::exception_ptr&, const std::string&) {
      throw std::runtime_error("thrown by a handler");
    });
    std::promise<void>().get_future().wait();
  };
  EXPECT_DEATH(dies(), "handler failed: .*thrown by a handler");
}

TEST(Fault84, BlockingHandlerHoldsUpOnlyItsThread) {
  FakeServer server(echoes());
  RedisConfig config = config_at(server.port());
  config.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(std::move(config));
  const AsyncClient client = redis->async_client("main");
  std::promise<void> release;
  std::promise<void> blocked;
  client.ping()([&](const std::exception_ptr&, const std::string&) {
    blocked.set_value();
    release.get_future().wait();
  });
  blocked.get_future().wait();
  std::vector<std::future<std::string>> behind;
  for (int i = 0; i < 100; ++i) behind.push_back(client.echo(std::to_string(i))(use_future));
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(redis->client("main").echo("sync"), "sync") << "a synchronous call uses a direct connection";
  EXPECT_NE(behind.front().wait_for(0s), std::future_status::ready);
  release.set_value();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(behind[static_cast<std::size_t>(i)].get(), std::to_string(i));
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

}  // namespace
}  // namespace redstart::test
