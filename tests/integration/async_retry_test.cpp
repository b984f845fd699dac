// SPDX-License-Identifier: Apache-2.0
// async_retry_test.cpp: async_retry repeats operations, with each kind of completion token.
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using Words = FakeConnection::Words;

constexpr RetryPolicy quick{
    .attempts = 4, .backoff = {1ms, 1ms, 1.0, Jitter::none}, .mode = RetryMode::reads, .while_away = true};

// Replies TRYAGAIN to the first `refusals` INCRs, then with their number.
class AsyncRetry : public ::testing::Test {
 protected:
  AsyncRetry() {
    RedisConfig config = config_at(server_.port());
    config.defaults.retry.mode = RetryMode::off;  // commands are not repeated by themselves
    config.defaults.breaker.consecutive_failures = 1000;
    redis_.emplace(std::move(config));
  }
  [[nodiscard]] AsyncClient client() { return (*redis_)->async_client("main"); }
  [[nodiscard]] auto increment() {
    return [client = client()] { return client.incr("n"); };
  }

  std::atomic<int> refusals_{2};
  std::atomic<int> commands_{0};
  FakeServer server_{[this](FakeConnection& connection, std::size_t) {
    connection.serve([this](const Words& words) -> std::string {
      if (words[0] == "INCR") ++commands_;
      if (commands_ <= refusals_) return "-TRYAGAIN later\r\n";
      return words[0] == "INCR" ? resp_integer(commands_) : "$5\r\nvalue\r\n";
    });
  }};
  std::optional<StartedManager> redis_{};
};

TEST_F(AsyncRetry, CompletesFutureWithTheFirstSuccess) {
  EXPECT_EQ(async_retry(quick, increment(), asio::use_future).get(), 3);
  EXPECT_EQ(commands_, 3);
}

TEST_F(AsyncRetry, ResumesCoroutineWithTheFirstSuccess) {
  asio::io_context context;
  std::int64_t value = 0;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        value = co_await async_retry(quick, increment(), asio::use_awaitable);
        EXPECT_TRUE(context.get_executor().running_in_this_thread());
      },
      [](const std::exception_ptr& error) { EXPECT_FALSE(error); });
  context.run();
  EXPECT_EQ(value, 3);
}

TEST_F(AsyncRetry, CallsHandlerOnItsExecutor) {
  asio::io_context context;
  std::thread::id where;
  std::int64_t value = 0;
  async_retry(quick, increment(),
              asio::bind_executor(context, [&](const std::exception_ptr& error, std::int64_t result) {
                EXPECT_FALSE(error);
                where = std::this_thread::get_id();
                value = result;
              }));
  context.run();
  EXPECT_EQ(value, 3);
  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST_F(AsyncRetry, CallsHandlerWithoutExecutor) {
  std::promise<std::int64_t> done;
  async_retry(quick, increment(), [&](const std::exception_ptr& error, std::int64_t result) {
    EXPECT_FALSE(error);
    done.set_value(result);
  });
  EXPECT_EQ(done.get_future().get(), 3);
}

TEST_F(AsyncRetry, RepeatsOperationsWithResults) {
  const Result<std::int64_t> result =
      async_retry(
          quick, [results = client().results()] { return results.incr("n"); }, asio::use_future)
          .get();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(*result, 3);
}

TEST_F(AsyncRetry, CompletesWithTheLastErrorAfterAllAttempts) {
  refusals_ = 100;
  auto done = async_retry(quick, increment(), asio::use_future);
  const Error error = error_of([&] { return done.get(); });
  EXPECT_EQ(error.server_code(), "TRYAGAIN") << error.what();
  EXPECT_EQ(error.effect(), Effect::not_sent);
  EXPECT_EQ(commands_, 4);
}

TEST_F(AsyncRetry, BeginsNoAttemptAtItsDeadline) {
  refusals_ = 100;
  RetryPolicy slow = quick;
  slow.backoff = {1h, 1h, 1.0, Jitter::none};
  auto done = async_retry(slow, std::chrono::steady_clock::now() + 30min, increment(), asio::use_future);
  EXPECT_EQ(error_of([&] { return done.get(); }).server_code(), "TRYAGAIN");
  EXPECT_EQ(commands_, 1);
}

TEST_F(AsyncRetry, CompletesWithExceptionOfTheFactory) {
  int calls = 0;
  auto done = async_retry(
      quick,
      [&calls, client = client()] {
        if (++calls == 2) throw std::runtime_error("no more");
        return client.incr("n");
      },
      asio::use_future);
  EXPECT_THROW(done.get(), std::runtime_error);
  EXPECT_EQ(commands_, 1);
  EXPECT_EQ(calls, 2);
}

TEST_F(AsyncRetry, ThrowsExceptionOfTheFirstCallAtOnce) {
  const auto broken = []() -> decltype(std::declval<const AsyncClient&>().incr("n")) {
    throw std::runtime_error("no");
  };
  EXPECT_THROW(static_cast<void>(async_retry(quick, broken, asio::use_future)), std::runtime_error);
}

TEST_F(AsyncRetry, EndsAtOnceWhenCancelledBetweenAttempts) {
  refusals_ = 100;
  RetryPolicy slow = quick;
  slow.backoff = {1h, 1h, 1.0, Jitter::none};
  for (const auto kind : {asio::cancellation_type::terminal, asio::cancellation_type::total}) {
    asio::io_context context;
    asio::cancellation_signal signal;
    std::exception_ptr outcome;
    async_retry(slow, increment(),
                asio::bind_executor(context, asio::bind_cancellation_slot(
                                                 signal.slot(), [&](std::exception_ptr error, std::int64_t) {
                                                   outcome = std::move(error);
                                                 })));
    // The end of the first attempt starts the delay.
    context.run_one();
    signal.emit(kind);
    context.run();
    ASSERT_TRUE(outcome);
    const Error error = error_of([&]() -> int { std::rethrow_exception(outcome); });
    EXPECT_EQ(error.code(), Errc::cancelled) << error.what();
    EXPECT_EQ(error.effect(), Effect::not_sent);
  }
}

TEST_F(AsyncRetry, CompletesWhenManagerIsShutDownBetweenAttempts) {
  refusals_ = 100;
  RetryPolicy slow = quick;
  slow.backoff = {100ms, 100ms, 1.0, Jitter::none};
  auto done = async_retry(slow, increment(), asio::use_future);
  ASSERT_TRUE(eventually([&] { return commands_ == 1; }));
  redis_.reset();
  EXPECT_EQ(error_of([&] { return done.get(); }).code(), Errc::closed);
}

}  // namespace
}  // namespace redstart::test
