// SPDX-License-Identifier: Apache-2.0
// hand_over_test.cpp: more callers than connections: open connections go from caller to caller.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/heap_watch.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::use_future;
using Words = FakeConnection::Words;

constexpr std::size_t caller_count = 200;
constexpr std::size_t connection_limit = 50;

class HandOver : public RedisTest {
 protected:
  static RedisConfig config(std::size_t most = connection_limit) {
    RedisConfig config = config_at(server());
    config.defaults.max_connections = most;
    config.defaults.timeouts = {30s, 30s, 30s};
    return config;
  }
};

// Callers that use a connection, return it and want the next at once, until they are stopped.
class Callers {
 public:
  explicit Callers(RedisConnectionManager& redis) : redis_(redis), async_(redis.async_client("main")) {}
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;
  ~Callers() { stop(); }

  void add_scoped(std::size_t count) {
    for (std::size_t i = 0; i != count; ++i) {
      std::atomic<std::size_t>& calls = calls_.emplace_back(0);
      threads_.emplace_back([this, &calls] {
        while (!stopped_) {
          const ScopedClient session = redis_.scoped_client("main");
          failures_ += session.echo("sync") == "sync" ? 0U : 1U;
          ++calls;
        }
      });
    }
  }
  void add_async_scoped(std::size_t count) {
    for (std::size_t i = 0; i != count; ++i) take_handle(calls_.emplace_back(0));
  }
  void add_blocking(std::size_t count) {
    for (std::size_t i = 0; i != count; ++i) block(calls_.emplace_back(0));
  }
  void stop() {
    stopped_ = true;
    threads_.clear();
    EXPECT_TRUE(eventually([this] { return running_ == 0; }));
    EXPECT_EQ(failures_, 0U);
  }
  // The calls of the caller that has made the fewest.
  [[nodiscard]] std::size_t fewest() const {
    std::size_t fewest = calls_.front();
    for (const auto& calls : calls_) fewest = std::min<std::size_t>(fewest, calls);
    return fewest;
  }
  [[nodiscard]] std::size_t all() const {
    std::size_t sum = 0;
    for (const auto& calls : calls_) sum += calls;
    return sum;
  }

 private:
  void take_handle(std::atomic<std::size_t>& calls) {
    ++running_;
    redis_.scoped_async_client("main")([this, &calls](std::exception_ptr error, AsyncScopedClient session) {
      if (error) return failed();
      auto shared = std::make_shared<std::optional<AsyncScopedClient>>(std::move(session));
      (*shared)->echo("async")([this, &calls, shared](std::exception_ptr why, const std::string& text) {
        shared->reset();
        if (why || text != "async") return failed();
        ++calls;
        if (!stopped_) take_handle(calls);
        --running_;
      });
    });
  }
  void block(std::atomic<std::size_t>& calls) {
    ++running_;
    async_.blpop("nothing", {1ms})([this, &calls](std::exception_ptr error, auto&&) {
      if (error) return failed();
      ++calls;
      if (!stopped_) block(calls);
      --running_;
    });
  }
  void failed() {
    ++failures_;
    --running_;
  }

  RedisConnectionManager& redis_;
  const AsyncClient async_;
  std::atomic<bool> stopped_{false};
  std::atomic<std::size_t> failures_{0};
  std::atomic<std::size_t> running_{0};
  std::deque<std::atomic<std::size_t>> calls_{};
  std::vector<std::jthread> threads_{};
};

struct Work {
  std::size_t connects;
  std::size_t seconds;
  std::size_t calls;
};

// Lets all callers work until each has made several calls, then for a while. Nobody starves.
Work work(StartedManager& redis, Callers& all) {
  EXPECT_TRUE(eventually([&] { return all.fewest() >= 3; })) << "a caller starves";
  const std::size_t created = redis->stats("main").pool.created;
  const std::size_t made = all.all();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(eventually([&] { return all.all() >= made + 5 * caller_count; }));
  let_pass(1s);
  const std::size_t least = all.fewest();
  EXPECT_TRUE(eventually([&] { return all.fewest() > least; })) << "a caller starves";
  const auto time = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - began);
  return {redis->stats("main").pool.created - created, static_cast<std::size_t>(time.count()),
          all.all() - made};
}

TEST_F(HandOver, SynchronousHandlesShareOpenConnections) {
  StartedManager redis(config());
  Callers all(*redis);
  all.add_scoped(caller_count);
  const Work done = work(redis, all);
  EXPECT_LT(done.connects, done.seconds);
}

TEST_F(HandOver, AsynchronousHandlesShareOpenConnections) {
  StartedManager redis(config());
  Callers all(*redis);
  all.add_async_scoped(caller_count);
  const Work done = work(redis, all);
  EXPECT_LT(done.connects, done.seconds);
}

TEST_F(HandOver, BlockingCommandsShareOpenConnections) {
  StartedManager redis(config());
  Callers all(*redis);
  all.add_blocking(caller_count);
  const Work done = work(redis, all);
  EXPECT_LT(done.connects, done.seconds);
}

TEST_F(HandOver, AllKindsTogetherKeepTheirConnections) {
  StartedManager redis(config());
  Callers all(*redis);
  all.add_scoped(caller_count / 2);
  all.add_async_scoped(caller_count / 4);
  all.add_blocking(caller_count / 4);
  const Work done = work(redis, all);
  EXPECT_LE(done.connects, done.calls / 100 + done.seconds)
      << "kinds take connections over only when one waits long";
  EXPECT_LE(redis->stats("main").pool.in_use + redis->stats("main").pool.idle, connection_limit);
}

TEST_F(HandOver, WaitingHandlesAreServedInFifoOrder) {
  StartedManager redis(config(1));
  std::optional<AsyncScopedClient> held(redis->scoped_async_client("main")(use_future).get());
  std::vector<int> order;
  std::atomic<int> ended{0};
  for (int i = 0; i != 100; ++i) {
    redis->scoped_async_client("main")([&, i](std::exception_ptr error, AsyncScopedClient) {
      EXPECT_EQ(error, nullptr);
      order.push_back(i);  // one I/O thread
      ++ended;
    });
  }
  EXPECT_EQ(redis->stats("main").pool.waiting, 100U);
  held.reset();
  ASSERT_TRUE(eventually([&] { return ended == 100; }));
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(redis->stats("main").pool.created, 1U);
}

// Blocking operations may keep all connections. Those that others share need one as well.
TEST_F(HandOver, BlockingOperationsLeaveGrantToSharedConnection) {
  for (int round = 0; round != 20; ++round) {
    StartedManager redis(config(4));
    const AsyncClient client = redis->async_client("main");
    for (int i = 0; i != 100; ++i) client.blpop("nothing", {0ms})([](const std::exception_ptr&, auto&&) {});
    EXPECT_EQ(client.echo("shared")(use_future).get(), "shared");
  }
}

TEST_F(HandOver, ReturnedConnectionServesWaiterWhoseAttemptHangs) {
  const Gate gate;
  std::atomic<bool> hangs{false};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    if (hangs) return connection.wait(gate);
    connection.serve([](const Words& words) -> std::string {
      return words[0] == "ECHO" ? resp_bulk(words[1]) : "+OK\r\n";
    });
  });
  RedisConfig config = config_at(server.port());
  config.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(std::move(config));
  std::optional<AsyncScopedClient> held(redis->scoped_async_client("main")(use_future).get());
  hangs = true;
  auto next = redis->scoped_async_client("main")(use_future);
  EXPECT_EQ(next.wait_for(20ms), std::future_status::timeout);
  held.reset();
  EXPECT_EQ(next.get().echo("own")(use_future).get(), "own");
}

// An executor that the test runs.
class Waiters {
 public:
  Waiters(RedisConnectionManager& redis, std::size_t count) : signals_(count) {
    const AsyncClient client = redis.async_client("main");
    for (asio::cancellation_signal& signal : signals_) {
      client.with_timeout(20s).blpop("nothing", {10s})(asio::bind_executor(
          context_.get_executor(),
          asio::bind_cancellation_slot(signal.slot(), [this](std::exception_ptr error, auto&&) {
            ++ended_;
            cancelled_ +=
                error != nullptr && error_of([&] { std::rethrow_exception(error); }).code() == Errc::cancelled
                    ? 1U
                    : 0U;
          })));
    }
  }
  void cancel() {
    for (asio::cancellation_signal& signal : signals_) signal.emit(asio::cancellation_type::terminal);
  }
  [[nodiscard]] std::size_t cancelled() {
    while (ended_ != signals_.size()) context_.run_one_for(1s);
    return cancelled_;
  }

 private:
  asio::io_context context_{};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(context_);
  std::deque<asio::cancellation_signal> signals_;
  std::size_t ended_ = 0;
  std::size_t cancelled_ = 0;
};

TEST_F(HandOver, ThousandsOfWaitersAreCancelledQuickly) {
  StartedManager redis(config(1));
  const ScopedClient held = redis->scoped_client("main");
  Waiters waiters(*redis, 3000);
  EXPECT_GE(redis->stats("main").pool.waiting, 3000U);
  const auto began = std::chrono::steady_clock::now();
  waiters.cancel();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s) << "the cancelling thread does little";
  EXPECT_EQ(waiters.cancelled(), 3000U);
  EXPECT_LE(redis->stats("main").pool.waiting, 1U) << "the shared connection may wait, from some time on";
  EXPECT_EQ(redis->stats("main").pool.in_flight, 0U);
  EXPECT_EQ(redis->stats("main").pool.queued_bytes, 0U);
}

TEST_F(HandOver, WaiterCostsAtMost256Bytes) {
  std::atomic<std::size_t> ended{0};  // outlives the handlers
  StartedManager redis(config(1));
  const ScopedClient held = redis->scoped_client("main");
  const AsyncClient client = redis->async_client("main");
  constexpr std::size_t count = 1000;
  // The same operations on the shared connection of a database that has room, to know what they cost without
  // waiting.
  const auto bytes_of = [&](auto start) {
    const HeapWatch watch;
    for (std::size_t i = 0; i != count; ++i) start();
    return watch.peak();
  };
  const auto handler = [&](std::exception_ptr, auto&&...) { ++ended; };
  server().pause();
  const std::size_t waiting = bytes_of([&] { client.blpop("nothing", {1ms})(handler); });
  const std::size_t plain = bytes_of([&] { client.lpop("nothing")(handler); });
  server().resume();
  EXPECT_EQ(redis->stats("main").pool.waiting, count + 1) << "the shared connection waits as well";
  EXPECT_LE(waiting, plain + count * 256) << plain / count << " bytes are those of the operation";
  EXPECT_GE(waiting, plain + count * 64) << "the waiters were counted";
}

TEST_F(HandOver, WaitersFailWithReasonAtTheirDeadlines) {
  RedisConfig settings = config(1);
  settings.defaults.timeouts.acquire = 200ms;
  StartedManager redis(std::move(settings));
  const ScopedClient held = redis->scoped_client("main");
  const AsyncClient client = redis->async_client("main");
  auto handle = redis->scoped_async_client("main")(use_future);
  auto limited = client.with_timeout(50ms).blpop("nothing", {10s})(use_future);
  auto patient = client.blpop("nothing", {10s})(use_future);
  for (auto& error : {error_of([&] { handle.get(); }), error_of([&] { patient.get(); })}) {
    EXPECT_EQ(error.code(), Errc::pool_timeout);
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("all 1 connections were in use"));
  }
  EXPECT_EQ(error_of([&] { limited.get(); }).effect(), Effect::not_sent);
}

TEST_F(HandOver, WaitersEndAtShutdown) {
  StartedManager redis(config(1));
  const ScopedClient held = redis->scoped_client("main");
  std::vector<std::future<AsyncScopedClient>> waiting;
  for (int i = 0; i != 10; ++i) waiting.push_back(redis->scoped_async_client("main")(use_future));
  redis->shutdown(100ms);
  for (auto& one : waiting) EXPECT_EQ(error_of([&] { one.get(); }).code(), Errc::closed);
}

TEST_F(HandOver, WaitersMayStillStartDuringShutdown) {
  StartedManager redis(config(1));
  std::optional<AsyncScopedClient> held(redis->scoped_async_client("main")(use_future).get());
  auto waiting = redis->async_client("main").blpop("nothing", {1ms})(use_future);
  std::jthread stopping([&] { redis->shutdown(20s); });
  EXPECT_TRUE(eventually([&] { return !redis->started(); }));
  held.reset();
  EXPECT_FALSE(waiting.get()) << "it was accepted before";
}

// While the server is loading, one connection asks it again, however many operations wait.
TEST_F(HandOver, OneConnectionPollsLoadingServerForAllWaiters) {
  std::atomic<bool> loading{true};
  std::atomic<std::size_t> connects{0};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    ++connects;
    for (auto words = connection.command(); !words.empty(); words = connection.command()) {
      if (words[0] == "HELLO")
        connection.send("%1\r\n+proto\r\n:3\r\n");
      else if (words[0] == "PING")
        connection.send(loading ? "-LOADING Redis is loading the dataset in memory\r\n" : "+PONG\r\n");
      else
        connection.send(words[0] == "BLPOP" ? "_\r\n" : "+OK\r\n");
    }
  });
  RedisConfig settings = config_at(server.port());
  settings.defaults.timeouts = {30s, 30s, 30s};
  settings.start_timeout = 0ms;
  StartedManager redis(std::move(settings));
  const AsyncClient client = redis->async_client("main");
  std::vector<std::future<std::optional<std::pair<std::string, std::string>>>> waiting;
  for (int i = 0; i != 500; ++i) waiting.push_back(client.blpop("nothing", {1ms})(use_future));
  EXPECT_TRUE(eventually([&] { return redis->stats("main").state == ConnectionState::loading; }));
  let_pass(500ms);
  EXPECT_LE(connects, connection_limit + 2) << "the first attempts, of which one goes on";
  loading = false;
  for (auto& one : waiting) EXPECT_FALSE(one.get());
  EXPECT_LE(connects, 2 * connection_limit + 2);
}

TEST_F(HandOver, WaitersFailAtOnceWhenServerGoesAway) {
  auto own = std::make_unique<RedisServer>();
  RedisConfig settings = config_at(*own);
  settings.defaults.max_connections = 1;
  settings.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(std::move(settings));
  std::optional<AsyncScopedClient> held(redis->scoped_async_client("main")(use_future).get());
  held->ping()(use_future).get();
  std::vector<std::future<AsyncScopedClient>> waiting;
  for (int i = 0; i != 100; ++i) waiting.push_back(redis->scoped_async_client("main")(use_future));
  own.reset();
  held.reset();
  for (auto& one : waiting) EXPECT_TRUE(is_unavailable(error_of([&] { one.get(); }).code()));
}

}  // namespace
}  // namespace redstart::test
