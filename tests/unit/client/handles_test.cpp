// SPDX-License-Identifier: Apache-2.0
// handles_test.cpp: methods that all synchronous handles share.
#include <redstart/client/client.hpp>
#include <redstart/client/scoped_client.hpp>

#include "support/error_of.hpp"
#include "support/scripted_channel.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

template <class T>
const T& value_of(const Result<T>& result) {
  return result.value();
}
template <class T>
const T& value_of(const T& value) {
  return value;
}

template <class Handle>
class Handles : public ::testing::Test {
 protected:
  Handles() { channel_->kind = engine::Exclusive::yes; }

  std::shared_ptr<ScriptedChannel> channel_ = std::make_shared<ScriptedChannel>();
  Handle handle_{channel_};
};

using All = ::testing::Types<Client, Results, ScopedClient, ScopedResults>;
TYPED_TEST_SUITE(Handles, All);

TYPED_TEST(Handles, HaveTheirOwnTimeLimitsAndRetryRules) {
  this->channel_->frames = {":1\r\n", ":2\r\n"};
  const auto patient = this->handle_.with_timeout(7s).with_retry(RetryMode::off);
  EXPECT_EQ(value_of(patient.incr("n")), 1);
  EXPECT_EQ(value_of(this->handle_.incr("n")), 2);
  EXPECT_EQ(this->channel_->timeouts.at(0), 7s);
  EXPECT_FALSE(this->channel_->timeouts.at(1).is_set());
  static_assert(std::is_same_v<decltype(patient), const TypeParam>);
}

TYPED_TEST(Handles, ReturnErrorsAsValuesThroughResults) {
  this->channel_->frames = {"-WRONGTYPE no\r\n"};
  const auto results = this->handle_.results();
  EXPECT_EQ(results.incr("n").error().server_code(), "WRONGTYPE");
}

TYPED_TEST(Handles, RunCommandsMadeByCmd) {
  this->channel_->frames = {":1\r\n", ":2\r\n"};
  const auto command = cmd.incr("n");
  EXPECT_EQ(value_of(this->handle_.exec(command)), 1);
  EXPECT_EQ(value_of(this->handle_.exec(command)), 2);
}

TYPED_TEST(Handles, Pipeline) {
  this->channel_->frames = {":1\r\n", "$1\r\nx\r\n", ":2\r\n", "$1\r\ny\r\n"};
  auto pipe = this->handle_.pipeline();
  const auto hits = pipe.incr("hits");
  const auto name = pipe.get("name");
  const Replies replies = pipe.execute();
  EXPECT_EQ(replies[hits].value(), 1);
  EXPECT_EQ(replies[name].value(), "x");
  const auto both = this->handle_.pipeline([](auto& block) {
    return std::tuple{block.incr("hits"), block.get("name")};
  });
  EXPECT_EQ(value_of(both), (std::tuple<std::int64_t, std::optional<std::string>>{2, "y"}));
  EXPECT_EQ(this->channel_->batches, 2U);
}

TYPED_TEST(Handles, NameDatabaseAndWhereCallsBegin) {
  EXPECT_EQ(this->handle_.database(), "main");
  EXPECT_EQ(this->handle_.endpoint(), "scripted:1");
}

TEST(ResultsHandle, ReturnsFirstErrorOfPipelineBlock) {
  const auto channel = std::make_shared<ScriptedChannel>();
  const Results results(channel);
  channel->frames = {":1\r\n", "-WRONGTYPE no\r\n", "+OK\r\n", "+OK\r\n"};
  const auto failed = results.pipeline([](auto& pipe) {
    const auto first = pipe.incr("a");
    pipe.incr("b");
    return first;
  });
  EXPECT_EQ(failed.error().info().command, "INCR (command 2 of the pipeline)");
  const Result<Ok> done = results.pipeline([](auto& pipe) {
    pipe.set("a", 1);
    pipe.set("b", 1);
  });
  EXPECT_TRUE(done);
}

class ScopedHandle : public ::testing::Test {
 protected:
  ScopedHandle() { channel_->kind = engine::Exclusive::yes; }

  std::shared_ptr<ScriptedChannel> channel_ = std::make_shared<ScriptedChannel>();
};

TEST_F(ScopedHandle, SharesItsConnectionWithDerivedHandles) {
  const std::weak_ptr<ScriptedChannel> lease = channel_;
  auto scoped = std::make_unique<ScopedClient>(std::move(channel_));
  auto quick = std::make_unique<ScopedClient>(scoped->with_timeout(1s));
  auto pipe = std::make_unique<ScopedPipeline>(scoped->pipeline());
  scoped.reset();
  EXPECT_FALSE(lease.expired());
  quick.reset();
  EXPECT_FALSE(lease.expired());
  pipe.reset();
  EXPECT_TRUE(lease.expired());
  static_assert(!std::is_copy_constructible_v<ScopedClient>);
}

TEST_F(ScopedHandle, PipelinesCommandsThatChangeItsConnection) {
  channel_->frames = {"+OK\r\n", "+OK\r\n", "$1\r\n5\r\n"};
  const ScopedClient scoped(channel_);
  auto pipe = scoped.pipeline();
  const auto selected = pipe.select(3);
  const auto watched = pipe.command<Ok>("WATCH", "stock");
  const auto stock = pipe.template get<std::int64_t>("stock");
  const Replies replies = pipe.execute();
  EXPECT_TRUE(replies[selected]);
  EXPECT_TRUE(replies[watched]);
  EXPECT_EQ(replies[stock].value(), 5);
  EXPECT_EQ(channel_->batch_traits.session, Session::transaction);
}

TEST_F(ScopedHandle, RefusesSubscriptionsInPipelines) {
  const ScopedClient scoped(channel_);
  auto pipe = scoped.pipeline();
  const Error error = error_of([&] { return pipe.command<Ok>("SUBSCRIBE", "channel"); });
  EXPECT_EQ(error.code(), Errc::not_allowed);
  EXPECT_EQ(pipe.size(), 0U);
}

TEST(ReplyOrigin, IsTheServerThatReplied) {
  const auto channel = std::make_shared<ScriptedChannel>();
  channel->replies_from = engine::Origin{"main", "other:2"};
  channel->frames = {"$1\r\nx\r\n"};
  const Client client(channel);
  const Error error = error_of([&] { return client.incr("n"); });
  EXPECT_EQ(error.code(), Errc::decode_error);
  EXPECT_EQ(error.info().endpoint, "other:2");
  EXPECT_EQ(client.endpoint(), "scripted:1");
}

TEST(PipelineFailure, IsNotSentForCommandsThatNeverLeft) {
  const auto channel = std::make_shared<ScriptedChannel>();
  channel->frames = {":1\r\n"};
  channel->failure = lost_connection();
  auto pipe = Client(channel).pipeline();
  const auto answered = pipe.incr("a");
  const auto sent = pipe.incr("b");
  const auto cut = pipe.get("c");
  channel->written = 2 * std::string_view("*2\r\n$4\r\nINCR\r\n$1\r\na\r\n").size() + 5;
  const Replies replies = pipe.execute();
  EXPECT_EQ(replies[answered].value(), 1);
  EXPECT_EQ(replies[sent].error().effect(), Effect::indeterminate);
  EXPECT_EQ(replies[sent].error().info().command, "INCR (command 2 of the pipeline)");
  EXPECT_EQ(replies[cut].error().effect(), Effect::not_sent);
  EXPECT_EQ(replies[cut].error().info().command, "GET (command 3 of the pipeline)");
  EXPECT_EQ(replies.answered(), 1U);
}

}  // namespace
}  // namespace redstart::test
