// SPDX-License-Identifier: Apache-2.0
// async_handles_test.cpp: methods that all asynchronous handles share.
#include <redstart/client/async_scoped_client.hpp>

#include "support/async_script_test.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

/// Stores the value of an operation, however its handler receives it.
template <class T>
struct Outcome {
  std::optional<T> value{};

  auto handler() {
    return [this](auto&&... got) { this->take(std::forward<decltype(got)>(got)...); };
  }

 private:
  void take(const std::exception_ptr& error, T got) {
    EXPECT_FALSE(error);
    value = std::move(got);
  }
  void take(Result<T> got) {
    ASSERT_TRUE(got) << got.error().what();
    value = *std::move(got);
  }
};

template <class Handle>
class AsyncHandles : public AsyncScript {
 protected:
  AsyncHandles() {
    channel_ = std::make_shared<ScriptedAsyncChannel>(loop_.get_executor(), engine::Exclusive::yes);
    channel_->answers = Answers::in_a_turn;
  }
  [[nodiscard]] Handle handle() const { return Handle(channel_); }
};

using All = ::testing::Types<AsyncClient, AsyncResults, AsyncScopedClient, AsyncScopedResults>;
TYPED_TEST_SUITE(AsyncHandles, All);

TYPED_TEST(AsyncHandles, HaveTheirOwnTimeLimitsAndRetryRules) {
  this->channel_->frames = {":1\r\n"};
  Outcome<std::int64_t> outcome;
  this->handle().with_timeout(7s).with_retry(RetryMode::off).incr("n")(outcome.handler());
  this->run();
  EXPECT_EQ(outcome.value, 1);
  EXPECT_EQ(this->channel_->sent.at(0).timeout, 7s);
}

TYPED_TEST(AsyncHandles, ReturnErrorsAsValuesThroughResults) {
  this->channel_->frames = {"-WRONGTYPE no\r\n"};
  std::string code;
  this->handle().results().incr("n")([&](Result<std::int64_t> got) { code = got.error().server_code(); });
  this->run();
  EXPECT_EQ(code, "WRONGTYPE");
}

TYPED_TEST(AsyncHandles, RunCommandsMadeByCmd) {
  this->channel_->frames = {":1\r\n", ":2\r\n"};
  const auto command = cmd.incr("n");
  Outcome<std::int64_t> first, second;
  this->handle().exec(command)(first.handler());
  this->handle().exec(command)(second.handler());
  this->run();
  EXPECT_EQ(first.value, 1);
  EXPECT_EQ(second.value, 2);
}

TYPED_TEST(AsyncHandles, Pipeline) {
  this->channel_->frames = {":1\r\n", "$1\r\nx\r\n", "+OK\r\n"};
  Outcome<std::tuple<std::int64_t, std::optional<std::string>>> outcome;
  this->handle().pipeline([](auto& pipe) {
    return std::tuple{pipe.incr("hits"), pipe.get("name")};
  })(outcome.handler());
  this->run();
  EXPECT_EQ(outcome.value, (std::tuple<std::int64_t, std::optional<std::string>>{1, "x"}));
  auto pipe = this->handle().pipeline();
  const auto set = pipe.set("a", 1);
  bool done = false;
  pipe.execute()([&](std::exception_ptr error, Replies replies) {
    EXPECT_FALSE(error);
    done = replies[set].value();
  });
  this->run();
  EXPECT_TRUE(done);
}

TYPED_TEST(AsyncHandles, NameDatabaseAndWhereCallsBegin) {
  EXPECT_EQ(this->handle().database(), "main");
  EXPECT_EQ(this->handle().endpoint(), "scripted:1");
}

class AsyncResultsHandle : public AsyncScript {};

TEST_F(AsyncResultsHandle, CompletesWithFirstErrorOfPipelineBlock) {
  channel_->frames = {":1\r\n", "-WRONGTYPE no\r\n", "+OK\r\n"};
  std::string command;
  async_.results().pipeline([](auto& pipe) {
    const auto first = pipe.incr("a");
    pipe.incr("b");
    return first;
  })([&](Result<std::int64_t> got) { command = got.error().info().command; });
  answer();
  EXPECT_EQ(command, "INCR (command 2 of the pipeline)");
  bool done = false;
  async_.results().pipeline([](auto& pipe) { pipe.set("a", 1); })(
      [&](Result<Ok> got) { done = got.has_value(); });
  answer();
  EXPECT_TRUE(done);
}

class AsyncScopedHandle : public AsyncScript {
 protected:
  std::shared_ptr<ScriptedAsyncChannel> lease_ =
      std::make_shared<ScriptedAsyncChannel>(loop_.get_executor(), engine::Exclusive::yes);
};

TEST_F(AsyncScopedHandle, SharesItsConnectionWithDerivedHandles) {
  const std::weak_ptr<ScriptedAsyncChannel> lease = lease_;
  auto scoped = std::make_unique<AsyncScopedClient>(std::move(lease_));
  auto quick = std::make_unique<AsyncScopedClient>(scoped->with_timeout(1s));
  auto pipe = std::make_unique<AsyncScopedPipeline>(scoped->pipeline());
  scoped.reset();
  quick.reset();
  EXPECT_FALSE(lease.expired());
  pipe.reset();
  EXPECT_TRUE(lease.expired());
}

TEST_F(AsyncScopedHandle, PipelinesCommandsThatChangeItsConnection) {
  lease_->answers = Answers::in_a_turn;
  lease_->frames = {"+OK\r\n", ":1\r\n", "+OK\r\n"};
  const AsyncScopedClient scoped(lease_);
  auto pipe = scoped.pipeline();
  const auto selected = pipe.select(3);
  const auto counted = pipe.incr("n");
  const auto watched = pipe.command<Ok>("WATCH", "n");
  bool done = false;
  pipe.execute()([&](std::exception_ptr error, Replies replies) {
    EXPECT_FALSE(error);
    EXPECT_TRUE(replies[selected]);
    EXPECT_EQ(replies[counted].value(), 1);
    done = replies[watched].has_value();
  });
  run();
  EXPECT_TRUE(done);
  EXPECT_EQ(lease_->changes.size(), 3U) << "each reply is reported, with its command";
}

class AsyncPipelineFailure : public AsyncScript {};

TEST_F(AsyncPipelineFailure, IsNotSentForCommandsThatNeverLeft) {
  channel_->frames = {":1\r\n"};
  auto pipe = async_.pipeline();
  const auto answered = pipe.incr("a");
  const auto sent = pipe.incr("b");
  const auto cut = pipe.get("c");
  std::optional<Replies> replies;
  pipe.execute()([&](std::exception_ptr, Replies got) { replies.emplace(std::move(got)); });
  channel_->reached = 2 * std::string_view("*2\r\n$4\r\nINCR\r\n$1\r\na\r\n").size() + 5;
  asio::post(loop_, [&] { channel_->fail(engine_error(Errc::connection_lost, Effect::indeterminate), 1); });
  run();
  ASSERT_TRUE(replies);
  EXPECT_EQ((*replies)[answered].value(), 1);
  EXPECT_EQ((*replies)[sent].error().effect(), Effect::indeterminate);
  EXPECT_EQ((*replies)[cut].error().effect(), Effect::not_sent);
  EXPECT_EQ((*replies)[cut].error().info().command, "GET (command 3 of the pipeline)");
}

}  // namespace
}  // namespace redstart::test
