// SPDX-License-Identifier: Apache-2.0
// async_tokens_test.cpp: operations with every completion token and in coroutines.
#include "support/async_script_test.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <array>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

namespace redstart::test {
namespace {

using Text = std::optional<std::string>;
using asio::awaitable;

class AsyncTokens : public AsyncScript {
 protected:
  AsyncTokens() { channel_->answers = Answers::in_a_turn; }

  /// Runs a coroutine to its end and rethrows its exception.
  template <class F>
  void spawn(F&& coroutine) {
    std::exception_ptr thrown;
    bool ended = false;
    asio::co_spawn(loop_, std::forward<F>(coroutine), [&](std::exception_ptr error) {
      thrown = error;
      ended = true;
    });
    run();
    EXPECT_TRUE(ended);
    if (thrown) std::rethrow_exception(thrown);
  }
};

TEST_F(AsyncTokens, AcceptMoveOnlyCallback) {
  channel_->frames = {"$1\r\nx\r\n"};
  Text value;
  async_.get("key")([&value, held = std::make_unique<int>(1)](std::exception_ptr, Text got) {
    EXPECT_TRUE(held);
    value = std::move(got);
  });
  run();
  EXPECT_EQ(value, "x");
}

TEST_F(AsyncTokens, AcceptUseFuture) {
  channel_->frames = {"$1\r\nx\r\n", "-ERR no\r\n", "$1\r\ny\r\n"};
  std::future<Text> value = async_.get("key")(asio::use_future);
  std::future<Text> failed = async_.get("key")(asio::use_future);
  std::future<Result<Text>> result = async_.results().get("key")(asio::use_future);
  run();
  EXPECT_EQ(value.get(), "x");
  EXPECT_THROW(failed.get(), ServerError);
  EXPECT_EQ(result.get().value(), "y");
}

TEST_F(AsyncTokens, AcceptUseFutureForFailureInsideCall) {
  channel_->answers = Answers::inside_start;
  channel_->failure = engine_error(Errc::overloaded, Effect::not_sent);
  std::future<Text> failed = async_.get("key")(asio::use_future);
  run();
  EXPECT_THROW(failed.get(), Error);
}

TEST_F(AsyncTokens, AllowAwaitingOperationDirectly) {
  channel_->frames = {"$5\r\nhello\r\n", "-ERR no\r\n", "+OK\r\n", "$1\r\nx\r\n"};
  spawn([&]() -> awaitable<void> {
    EXPECT_EQ(co_await async_.get("key"), "hello");
    bool thrown = false;
    try {
      static_cast<void>(co_await async_.get("key"));
    } catch (const ServerError& error) {
      thrown = true;
      EXPECT_EQ(error.info().server, "ERR no");
    }
    EXPECT_TRUE(thrown);
    auto kept = async_.set("key", "value");
    EXPECT_TRUE(co_await std::move(kept));
    const Result<Text> result = co_await async_.results().get("key");
    EXPECT_EQ(result.value(), "x");
  });
  EXPECT_EQ(channel_->sent.size(), 4U);
}

TEST_F(AsyncTokens, AllowAwaitingOperationCompletedInsideCall) {
  channel_->answers = Answers::inside_start;
  channel_->frames = {"$1\r\nx\r\n", "$1\r\ny\r\n"};
  spawn([&]() -> awaitable<void> {
    EXPECT_EQ(co_await async_.get("key"), "x");
    EXPECT_EQ((co_await async_.results().get("key")).value(), "y");
  });
}

TEST_F(AsyncTokens, AcceptUseAwaitable) {
  channel_->frames = {"$1\r\nx\r\n", "-ERR no\r\n", "$1\r\ny\r\n"};
  spawn([&]() -> awaitable<void> {
    EXPECT_EQ(co_await async_.get("key")(asio::use_awaitable), "x");
    const auto [error, value] = co_await async_.get("key")(asio::as_tuple(asio::use_awaitable));
    EXPECT_TRUE(error);
    EXPECT_EQ(value, std::nullopt);
    const Result<Text> result = co_await async_.results().get("key")(asio::use_awaitable);
    EXPECT_EQ(result.value(), "y");
  });
}

TEST_F(AsyncTokens, AcceptDeferred) {
  channel_->frames = {"$1\r\nx\r\n", "-ERR no\r\n", "$1\r\ny\r\n", "$1\r\nz\r\n"};
  spawn([&]() -> awaitable<void> {
    auto later = async_.get("key")(asio::deferred);
    EXPECT_TRUE(channel_->sent.empty());
    EXPECT_EQ(co_await std::move(later), "x");
    const auto [error, value] = co_await async_.get("key")(asio::as_tuple(asio::deferred));
    EXPECT_TRUE(error);
    EXPECT_EQ(value, std::nullopt);
    const auto [result] = co_await async_.results().get("key")(asio::as_tuple(asio::deferred));
    EXPECT_EQ(result.value(), "y");
  });
  Text value;
  async_.get("key")(asio::deferred)([&](std::exception_ptr, Text got) { value = std::move(got); });
  run();
  EXPECT_EQ(value, "z");
}

TEST_F(AsyncTokens, AcceptDetached) {
  channel_->frames = {":1\r\n"};
  async_.incr("key")(asio::detached);
  run();
  EXPECT_EQ(channel_->sent.size(), 1U);
  EXPECT_EQ(channel_->waiting(), 0U);
}

TEST_F(AsyncTokens, AwaitAllOfSeveral) {
  using namespace asio::experimental::awaitable_operators;
  channel_->frames = {"$1\r\nx\r\n", ":2\r\n", "$1\r\ny\r\n", "-ERR no\r\n"};
  spawn([&]() -> awaitable<void> {
    const auto [text, number] =
        co_await (async_.get("a")(asio::use_awaitable) && async_.incr("b")(asio::use_awaitable));
    EXPECT_EQ(text, "x");
    EXPECT_EQ(number, 2);
    bool thrown = false;
    try {
      co_await (async_.get("a")(asio::use_awaitable) && async_.incr("b")(asio::use_awaitable));
    } catch (const ServerError&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
  });
}

TEST_F(AsyncTokens, CancelOthersWhenFirstCompletes) {
  using namespace asio::experimental::awaitable_operators;
  channel_->answers = Answers::when_told;
  channel_->written = true;
  channel_->frames = {"$1\r\nx\r\n"};
  asio::post(loop_, [&] { asio::post(loop_, [&] { channel_->answer(); }); });
  spawn([&]() -> awaitable<void> {
    const auto first =
        co_await (async_.get("a")(asio::use_awaitable) || async_.incr("b")(asio::use_awaitable));
    EXPECT_EQ(std::get<0>(first), "x");
  });
  ASSERT_EQ(channel_->cancelled.size(), 1U);
  EXPECT_EQ(channel_->cancelled[0].id, channel_->sent.at(1).id);
  EXPECT_EQ(channel_->cancelled[0].how, engine::Cancellation::terminal);
}

TEST_F(AsyncTokens, WorkInParallelGroup) {
  channel_->frames = {"$1\r\nx\r\n", ":2\r\n"};
  spawn([&]() -> awaitable<void> {
    auto group = asio::experimental::make_parallel_group(async_.get("a"), async_.incr("b"));
    const auto [order, no_error, text, failure, number] =
        co_await std::move(group).async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    EXPECT_EQ(order, (std::array<std::size_t, 2>{0, 1}));
    EXPECT_FALSE(no_error);
    EXPECT_EQ(text, "x");
    EXPECT_FALSE(failure);
    EXPECT_EQ(number, 2);
  });
}

TEST_F(AsyncTokens, CancelRestOfParallelGroupAfterError) {
  channel_->answers = Answers::when_told;
  channel_->frames = {"-ERR no\r\n"};
  asio::post(loop_, [&] { asio::post(loop_, [&] { channel_->answer(); }); });
  spawn([&]() -> awaitable<void> {
    auto group =
        asio::experimental::make_parallel_group(async_.get("a"), async_.results().incr("b"), async_.get("c"));
    const auto [order, error, text, second, last, none] =
        co_await std::move(group).async_wait(asio::experimental::wait_for_one_error(), asio::use_awaitable);
    EXPECT_EQ(order[0], 0U);
    EXPECT_TRUE(error);
    EXPECT_EQ(second.error().code(), Errc::cancelled);
    EXPECT_EQ(second.error().effect(), Effect::not_sent);
    EXPECT_EQ(error_in(last).code(), Errc::cancelled);
  });
}

TEST_F(AsyncTokens, AcceptBoundToken) {
  asio::io_context other;
  channel_->frames = {"$1\r\nx\r\n", "$1\r\ny\r\n"};
  const void* ran_on = nullptr;
  async_.get("key")(asio::bind_executor(other, [&](std::exception_ptr, Text value) {
    EXPECT_EQ(value, "x");
    ran_on = &other;
  }));
  std::future<Text> value = async_.get("key")(asio::bind_executor(other, asio::use_future));
  run();
  EXPECT_EQ(ran_on, nullptr);
  other.run();
  EXPECT_EQ(ran_on, &other);
  EXPECT_EQ(value.get(), "y");
}

TEST_F(AsyncTokens, AllowDestroyingWaitingCoroutine) {
  auto destroyed = std::make_shared<int>(0);
  channel_->answers = Answers::when_told;
  {
    asio::io_context short_lived;
    asio::co_spawn(
        short_lived,
        [](AsyncClient async, std::shared_ptr<int> held) -> awaitable<void> {
          static_cast<void>(co_await async.get("key"));
          ADD_FAILURE() << "resumed after " << held.use_count();
        }(async_, destroyed),
        asio::detached);
    short_lived.poll();
    ASSERT_EQ(channel_->waiting(), 1U);
    EXPECT_GT(destroyed.use_count(), 1);
    channel_->destroy_all();
    short_lived.poll();  // the coroutine is unwound on its executor
    EXPECT_EQ(destroyed.use_count(), 1);
  }
}

}  // namespace
}  // namespace redstart::test
