// SPDX-License-Identifier: Apache-2.0
// late_loop_test.cpp: faults 108, 112 to 114: stopped clients, blocked loops, thousands of cancellations.
#include <gmock/gmock.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "support/fake_server.hpp"
#include "support/heap_watch.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/stopped_client.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using boost::asio::use_future;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using Words = FakeConnection::Words;

// Counts the commands and answers them.
FakeServer::Script honest() {
  return [](FakeConnection& connection, std::size_t) {
    connection.serve([](const Words& words) { return words[0] == "ECHO" ? resp_bulk(words[1]) : ":1\r\n"; });
  };
}

// A handler that blocks the loop during this object's lifetime.
class HeldLoop {
 public:
  explicit HeldLoop(const AsyncClient& client) {
    client.echo("hold")([held = held_, release = release_](const std::exception_ptr&, const std::string&) {
      held.open();
      release.wait();
    });
    held_.wait();
  }
  HeldLoop(const HeldLoop&) = delete;
  HeldLoop& operator=(const HeldLoop&) = delete;
  ~HeldLoop() { release_.open(); }

 private:
  Gate held_{};
  Gate release_{};
};

// --- 108: the client is stopped while it is busy

class Fault108 : public RedisTest {};

TEST_F(Fault108, StoppedClientKeepsCommandsThatWereSent) {
  StopPlan plan;
  plan.port = server().port();
  plan.rounds = 3;
  plan.stop = 3200ms;
  plan.limit = 3s;
  const StopReport report = stop_client(plan);
  EXPECT_GT(report.answered, 100U);
  EXPECT_EQ(report.indeterminate, 0U) << report.first_error;
  EXPECT_EQ(report.other, 0U) << report.first_error;
  EXPECT_EQ(report.changes, 0U) << "the circuit breaker must stay closed";
}

// --- 112: deadlines that pass while the loop is blocked

TEST(Fault112, ExpiredSynchronousCallIsNeverSent) {
  FakeServer server(honest());
  RedisConfig config = config_at(server.port());
  config.defaults.direct_limit = 0;
  StartedManager redis(std::move(config));
  const Client client = redis->client("main");
  const AsyncClient async = redis->async_client("main");
  {
    const HeldLoop held(async);
    const Error single = error_of([&] { return client.with_timeout(100ms).rpush("queue", "x"); });
    EXPECT_EQ(single.code(), Errc::timeout);
    EXPECT_EQ(single.effect(), Effect::not_sent) << single.what();
    EXPECT_THAT(single.what(), HasSubstr("handler"));
    Pipeline batch = client.with_timeout(100ms).pipeline();
    const auto pushed = batch.rpush("queue", "y");
    const auto replies = batch.execute();
    EXPECT_EQ(replies[pushed].error().effect(), Effect::not_sent) << replies[pushed].error().what();
  }
  EXPECT_EQ(async.echo("after")(use_future).get(), "after");
  EXPECT_EQ(client.echo("too"), "too");
  EXPECT_EQ(server.count("RPUSH"), 0U);
  EXPECT_EQ(redis->stats("main").pool.in_flight, 0U);
}

TEST(Fault112, ExpiredOperationOfAnotherThreadIsNeverSent) {
  FakeServer server(honest());
  StartedManager redis(config_at(server.port()));
  const AsyncClient async = redis->async_client("main");
  std::future<std::int64_t> pushed;
  {
    const HeldLoop held(async);
    const auto began = Clock::now();
    pushed = async.with_timeout(100ms).rpush("queue", "x")(use_future);
    let_pass(150ms - (Clock::now() - began));
  }
  const Error error = error_of([&] { return pushed.get(); });
  EXPECT_EQ(error.code(), Errc::timeout);
  EXPECT_EQ(error.effect(), Effect::not_sent) << error.what();
  EXPECT_EQ(async.echo("after")(use_future).get(), "after");
  EXPECT_EQ(server.count("RPUSH"), 0U);
}

// --- 113: a deadline starts at the call

TEST(Fault113, DeadlineStartsAtTheCallNotAtTheHandler) {
  FakeServer server(honest());
  RedisConfig config = config_at(server.port());
  const auto log = std::make_shared<EventLog>();
  config.listener = log;
  StartedManager redis(std::move(config));
  const AsyncClient async = redis->async_client("main");
  // First over the shared connection, then over an exclusive one.
  std::promise<std::exception_ptr> outcome;
  async.echo("x")([&](const std::exception_ptr&, const std::string&) {
    let_pass(2500ms);
    async.with_timeout(2s).incr("n")([&](std::exception_ptr error, std::int64_t) {
      if (error) return outcome.set_value(error);
      let_pass(2500ms);
      async.with_timeout(2s).blpop("queue", {1ms})(
          [&](std::exception_ptr of_its_own, auto&&) { outcome.set_value(std::move(of_its_own)); });
    });
  });
  const std::exception_ptr error = outcome.get_future().get();
  if (error) {
    const Error what = error_of([&] {
      std::rethrow_exception(error);
      return 0;
    });
    EXPECT_EQ(what.code(), Errc::decode_error)
        << what.what();  // the fake server's reply to BLPOP is not an element
  }
  EXPECT_EQ(log->count("redis.circuit"), 0U);
}

// --- 114: cancelling one of thousands of waiting operations

class Fault114 : public RedisTest {
 protected:
  // All exclusive connections are in use or being opened; each one in use awaits a reply.
  void wait_for_connections(std::size_t waiters) {
    while (signals_.size() != waiters) signals_.emplace_back();
    for (asio::cancellation_signal& signal : signals_)
      client_.blpop("nobody:pushes", {0ms})(
          asio::bind_cancellation_slot(signal.slot(), [this](const std::exception_ptr& error, auto&&) {
            const Error what = error_of([&] {
              std::rethrow_exception(error);
              return 0;
            });
            EXPECT_EQ(what.code(), Errc::cancelled) << what.what();
            ++cancelled_;
          }));
  }
  void cancel_all() {
    for (asio::cancellation_signal& signal : signals_) signal.emit(asio::cancellation_type::terminal);
  }
  void SetUp() override {
    RedisTest::SetUp();
    if (IsSkipped()) return;
    RedisConfig config = config_at(server());
    config.defaults.max_connections = 4;
    redis_.emplace(std::move(config));
    client_ = (*redis_)->async_client("main");
  }

  std::deque<asio::cancellation_signal> signals_{};
  std::atomic<std::size_t> cancelled_{0};
  std::optional<StartedManager> redis_{};
  AsyncClient client_{nullptr};
};

TEST_F(Fault114, CancellationIsOneMessageToOneConnection) {
  constexpr std::size_t waiters = 300;
  constexpr std::size_t message = 1024;
  wait_for_connections(waiters);
  std::size_t peak = 0;
  {
    const HeldLoop held(client_);  // so that messages to the loop accumulate
    const HeapWatch watch;
    cancel_all();
    peak = watch.peak();
  }
  EXPECT_LT(peak, waiters * message);
  EXPECT_TRUE(eventually([&] { return cancelled_ == waiters; }));
  EXPECT_TRUE(eventually([&] { return (*redis_)->stats("main").pool.in_flight == 0; }));
  EXPECT_EQ(client_.echo("after")(use_future).get(), "after");
}

TEST_F(Fault114, CostOfCancellationDoesNotGrowWithWaiters) {
  const auto allocations_of_one = [this] {
    asio::cancellation_signal signal;
    std::promise<void> ended;
    std::size_t allocations = 0;
    {
      const HeldLoop held(client_);
      client_.get("key")(asio::bind_cancellation_slot(
          signal.slot(), [&](const std::exception_ptr&, auto&&) { ended.set_value(); }));
      const HeapWatch watch;
      signal.emit(asio::cancellation_type::terminal);
      allocations = watch.allocations();
    }
    ended.get_future().get();
    return allocations;
  };
  const std::size_t alone = allocations_of_one();
  wait_for_connections(200);
  EXPECT_LE(allocations_of_one(), alone + 2);
  cancel_all();
  EXPECT_TRUE(eventually([&] { return cancelled_ == signals_.size(); }));
}

}  // namespace
}  // namespace redstart::test
