// SPDX-License-Identifier: Apache-2.0
// coroutines_test.cpp: fault 81: waiting coroutines and futures are destroyed or give up.
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::use_future;

// Answers PING, and hangs at one command.
class Hanging {
 public:
  explicit Hanging(std::string_view command) : command_(command) {}

  [[nodiscard]] RedisConfig config() const {
    RedisConfig config = config_at(server_.port());
    config.start_timeout = 0ms;
    config.defaults.max_connections = 2;  // one of them for the shared connection
    config.defaults.timeouts = {30s, 30s, 30s};
    config.database("main").required = false;
    return config;
  }
  [[nodiscard]] bool reached() const noexcept { return reached_ != 0; }
  // From now on it answers all commands, including those that are waiting.
  void heal() { healed_.open(); }

 private:
  void serve(FakeConnection& connection) {
    for (auto words = connection.command(); !words.empty(); words = connection.command()) {
      if (words[0] == command_ && !healed_.is_open()) {
        ++reached_;
        connection.wait(healed_);
      }
      if (words[0] == "HELLO")
        connection.send("%1\r\n+proto\r\n:3\r\n");
      else
        connection.send(words[0] == "PING" ? "+PONG\r\n" : "+OK\r\n");
    }
  }

  std::string command_;
  std::atomic<int> reached_{0};
  Gate healed_{};
  FakeServer server_{[this](FakeConnection& connection, std::size_t) { serve(connection); }};
};

// A local variable of a coroutine that counts its destruction.
class InFrame {
 public:
  explicit InFrame(int& gone) : gone_(&gone) {}
  InFrame(const InFrame&) = delete;
  InFrame& operator=(const InFrame&) = delete;
  ~InFrame() { ++*gone_; }

 private:
  int* gone_;
};

// A place at which a coroutine waits.
struct Place {
  std::string_view name;
  std::string_view hangs;  ///< The command that the server does not answer.
  std::function<asio::awaitable<void>(RedisConnectionManager&)> wait;
  bool for_lease = false;  ///< Reached once a caller queues for a connection, not by a command.
};

const Place places[] = {
    {"for its connection", "HELLO",
     [](RedisConnectionManager& redis) -> asio::awaitable<void> {
       co_await redis.async_client("main").get("key");
     }},
    {"for a handle", "HELLO",
     [](RedisConnectionManager& redis) -> asio::awaitable<void> {
       co_await redis.optional_async_client("main");
     }},
    {"for a reply", "GET",
     [](RedisConnectionManager& redis) -> asio::awaitable<void> {
       co_await redis.async_client("main").get("key");
     }},
    {"for a result", "GET",
     [](RedisConnectionManager& redis) -> asio::awaitable<void> {
       static_cast<void>(co_await redis.async_client("main").results().get("key"));
     }},
    {"for a pipeline", "INCR",
     [](RedisConnectionManager& redis) -> asio::awaitable<void> {
       co_await redis.async_client("main").pipeline([](auto& pipe) { return pipe.incr("key"); });
     }},
    {"for a blocking command", "BLPOP",
     [](RedisConnectionManager& redis) -> asio::awaitable<void> {
       const BlockFor forever{0ms};
       co_await redis.async_client("main").blpop("key", forever);
     }},
    {"with a scoped handle", "GET",
     [](RedisConnectionManager& redis) -> asio::awaitable<void> {
       const AsyncScopedClient mine = co_await redis.scoped_async_client("main");
       co_await mine.get("key");
     }},
    {"in the queue for a connection", "",
     [](RedisConnectionManager& redis) -> asio::awaitable<void> {
       const AsyncScopedClient first = co_await redis.scoped_async_client("main");
       const AsyncScopedClient second = co_await redis.scoped_async_client("main");
       const AsyncScopedClient third = co_await redis.scoped_async_client("main");
     },
     true},
};

asio::awaitable<void> wait_at(const Place& place, RedisConnectionManager& redis, int& gone) {
  const InFrame guard(gone);
  co_await place.wait(redis);
}

bool is_there(const Place& place, const Hanging& server, const RedisConnectionManager& redis) {
  return place.for_lease ? redis.stats("main").pool.waiting == 1 : server.reached();
}

void run_until(asio::io_context& context, const std::function<bool()>& condition) {
  ASSERT_TRUE(eventually([&] {
    context.restart();
    context.poll();
    return condition();
  }));
}

TEST(Fault81, DestroyedFrameReleasesEverythingWhereverItWaits) {
  for (const bool manager_first : {false, true}) {
    for (const Place& place : places) {
      SCOPED_TRACE(std::string(place.name) + (manager_first ? ", the manager destroyed first" : ""));
      Hanging server(place.hangs);
      const std::size_t descriptors = open_descriptors();
      int gone = 0;
      std::optional<RedisConnectionManager> manager(std::in_place);
      std::optional<asio::io_context> context(std::in_place);
      manager->start(server.config(), *context);
      asio::co_spawn(*context, wait_at(place, *manager, gone), asio::detached);
      run_until(*context, [&] { return is_there(place, server, *manager); });
      EXPECT_EQ(gone, 0);
      server.heal();
      if (manager_first) {
        manager->shutdown(1ms);
        manager.reset();
        EXPECT_EQ(gone, 0) << "nothing runs the handler that would resume it";
        context.reset();
      } else {
        context.reset();
        EXPECT_EQ(gone, 1);
        const ScopedClient one = manager->scoped_client("main");
        const ScopedClient other = manager->scoped_client("main");
        EXPECT_EQ(other.ping(), "PONG") << "all capacity is free again";
      }
      manager.reset();
      EXPECT_EQ(gone, 1);
      EXPECT_TRUE(eventually([&] { return open_descriptors() <= descriptors; }));
    }
  }
}

TEST(Fault81, CancelledCoroutineReleasesCapacityWhereverItWaits) {
  for (const Place& place : places) {
    SCOPED_TRACE(place.name);
    Hanging server(place.hangs);
    StartedManager redis(server.config());
    asio::io_context context;
    asio::cancellation_signal signal;
    int gone = 0;
    std::exception_ptr ended;
    bool done = false;
    asio::co_spawn(context, wait_at(place, *redis, gone),
                   asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error) {
                     ended = std::move(error);
                     done = true;
                   }));
    run_until(context, [&] { return is_there(place, server, *redis); });
    asio::post(context, [&] { signal.emit(asio::cancellation_type::terminal); });
    run_until(context, [&] { return done; });
    server.heal();
    EXPECT_EQ(gone, 1);
    if (ended) {
      const Error error = error_of([&] {
        std::rethrow_exception(ended);
        return 0;
      });
      EXPECT_EQ(error.code(), Errc::cancelled) << error.what();
    }
    EXPECT_EQ(redis->client("main").ping(), "PONG") << "its capacity is free again";
    EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
    EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.leased == 0; }));
    EXPECT_EQ(redis->stats("main").pool.waiting, 0U);
  }
}

TEST(Fault81, DiscardedFuturesAndUnstartedOperationsAreHarmless) {
  Hanging server("");
  StartedManager redis(server.config());
  const AsyncClient client = redis->async_client("main");
  for (int i = 0; i < 100; ++i) {
    static_cast<void>(client.get("key")(use_future));  // starts, and its future is discarded
    static_cast<void>(client.get("key"));              // never starts
  }
  EXPECT_EQ(client.ping()(use_future).get(), "PONG");
  EXPECT_EQ(redis->stats("main").operations.ok, 101U);
}

}  // namespace
}  // namespace redstart::test
