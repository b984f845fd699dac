// SPDX-License-Identifier: Apache-2.0
// async_pipeline_test.cpp: asynchronous pipelines over a scripted channel.
#include "support/async_script_test.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

/// Stores the outcome of an operation.
template <class R>
struct Kept {
  std::exception_ptr error{};
  std::optional<R> value{};

  auto handler() {
    return [this](std::exception_ptr got, R reply) {
      error = got;
      value = std::move(reply);
    };
  }
};

class AsyncPipelines : public AsyncScript {};

TEST_F(AsyncPipelines, SendOneOperationAndReturnReplyOfEachSlot) {
  channel_->frames = {":1\r\n", "$4\r\nname\r\n", "-WRONGTYPE no\r\n",
                      "$2000\r\n" + std::string(2000, 'x') + "\r\n"};
  auto pipe = async_.pipeline();
  const auto hits = pipe.incr("hits");
  const auto name = pipe.get<std::string_view>("name");
  const auto wrong = pipe.lpush("name", "x");
  const auto large = pipe.get<std::string_view>("large");
  EXPECT_EQ(pipe.size(), 4U);
  Kept<Replies> kept;
  pipe.execute()(kept.handler());
  EXPECT_EQ(pipe.size(), 0U);
  ASSERT_EQ(channel_->sent.size(), 1U);
  EXPECT_EQ(channel_->sent[0].replies, 4U);
  EXPECT_EQ(channel_->sent[0].bytes.find("*2\r\n$4\r\nINCR\r\n$4\r\nhits\r\n*2\r\n$3\r\nGET\r\n"), 0U);
  answer();
  ASSERT_TRUE(kept.value);
  EXPECT_FALSE(kept.error);
  const Replies& replies = *kept.value;
  EXPECT_EQ(replies[hits].value(), 1);
  EXPECT_EQ(replies[name].value(), "name");
  EXPECT_EQ(replies[wrong].error().server_code(), "WRONGTYPE");
  EXPECT_EQ(replies[large].value(), std::string(2000, 'x'));
  EXPECT_EQ(replies.answered(), 4U);
}

TEST_F(AsyncPipelines, CanBeReused) {
  channel_->frames = {":1\r\n", ":2\r\n"};
  auto pipe = async_.pipeline();
  Kept<Replies> first, second;
  const auto a = pipe.incr("a");
  pipe.execute()(first.handler());
  const auto b = pipe.incr("b");
  pipe.execute()(second.handler());
  answer();
  answer();
  EXPECT_EQ((*first.value)[a].value(), 1);
  EXPECT_EQ((*second.value)[b].value(), 2);
}

TEST_F(AsyncPipelines, ReturnErrorForEverySlotWithoutReply) {
  channel_->frames = {":1\r\n"};
  auto pipe = async_.pipeline();
  const auto a = pipe.incr("a");
  const auto b = pipe.incr("b");
  const auto c = pipe.incr("c");
  Kept<Replies> kept;
  pipe.execute()(kept.handler());
  asio::post(loop_, [&] { channel_->fail(engine_error(Errc::connection_lost, Effect::indeterminate), 1); });
  run();
  EXPECT_FALSE(kept.error);
  EXPECT_EQ((*kept.value)[a].value(), 1);
  EXPECT_EQ((*kept.value)[b].error().code(), Errc::connection_lost);
  EXPECT_EQ((*kept.value)[c].error().effect(), Effect::indeterminate);
  EXPECT_THROW(kept.value->require_all(), Error);
}

TEST_F(AsyncPipelines, ReportWhenNothingWasSent) {
  auto pipe = async_.pipeline();
  const auto a = pipe.incr("a");
  Kept<Replies> kept;
  pipe.execute()(kept.handler());
  asio::post(loop_, [&] { channel_->fail(engine_error(Errc::overloaded, Effect::not_sent)); });
  run();
  EXPECT_EQ((*kept.value)[a].error().effect(), Effect::not_sent);
}

TEST_F(AsyncPipelines, RejectForeignSlots) {
  auto pipe = async_.pipeline();
  auto other = async_.pipeline();
  Kept<Replies> kept;
  static_cast<void>(pipe.incr("a"));
  const auto foreign = other.incr("b");
  channel_->frames = {":1\r\n"};
  pipe.execute()(kept.handler());
  const auto later = pipe.incr("c");
  answer();
  EXPECT_EQ((*kept.value)[Slot<std::int64_t>{7}].error().code(), Errc::invalid_argument);
  EXPECT_EQ((*kept.value)[foreign].error().code(), Errc::invalid_argument);
  EXPECT_EQ((*kept.value)[later].error().code(), Errc::invalid_argument);
}

TEST_F(AsyncPipelines, RejectForeignSlotsInBlock) {
  auto pipe = async_.pipeline();
  auto other = async_.pipeline();
  static_cast<void>(pipe.incr("a"));
  channel_->frames = {":1\r\n"};
  Kept<std::int64_t> kept;
  pipe.execute(other.incr("b"))(kept.handler());
  answer();
  ASSERT_TRUE(kept.error);
  EXPECT_EQ(error_in(kept.error).code(), Errc::invalid_argument);
}

TEST_F(AsyncPipelines, CompleteWithFirstErrorAndNameCommand) {
  Kept<std::int64_t> kept;
  const auto collect = [](auto& pipe) {
    pipe.lpush("text", "x");
    return pipe.incr("n");
  };
  channel_->frames = {"-WRONGTYPE no list\r\n", ":1\r\n", ":1\r\n", ":1\r\n"};
  async_.pipeline(collect)(kept.handler());
  answer();
  ASSERT_TRUE(kept.error);
  EXPECT_EQ(error_in(kept.error).info().command, "LPUSH (command 1 of the pipeline)");
  EXPECT_EQ(error_in(kept.error).server_code(), "WRONGTYPE");
  async_.pipeline(collect)(kept.handler());
  answer();
  EXPECT_FALSE(kept.error);
  EXPECT_EQ(kept.value, 1);
}

TEST_F(AsyncPipelines, CompleteWithoutValueWhenBlockReturnsNothing) {
  const auto collect = [](auto& pipe) {
    pipe.set("a", 1);
    pipe.incr("b");
  };
  channel_->frames = {"+OK\r\n", ":1\r\n", "+OK\r\n", "-ERR not an integer\r\n", "+OK\r\n", ":2\r\n"};
  std::optional<std::exception_ptr> first, second;
  async_.pipeline(collect)([&](std::exception_ptr error) { first = error; });
  answer();
  ASSERT_TRUE(first);
  EXPECT_FALSE(*first);
  async_.pipeline(collect)([&](std::exception_ptr error) { second = error; });
  answer();
  ASSERT_TRUE(second && *second);
  EXPECT_EQ(error_in(*second).info().command, "INCR (command 2 of the pipeline)");

  channel_->answers = Answers::in_a_turn;
  bool awaited = false;
  asio::co_spawn(
      loop_,
      [&]() -> asio::awaitable<void> {
        co_await async_.pipeline(collect);
        awaited = true;
      },
      [](const std::exception_ptr& error) { EXPECT_FALSE(error); });
  run();
  EXPECT_TRUE(awaited);
}

TEST_F(AsyncPipelines, CompleteWithoutSendingWhenEmpty) {
  Kept<Replies> kept;
  async_.pipeline().execute()(kept.handler());
  EXPECT_FALSE(kept.value) << "completed inside the call";
  run();
  ASSERT_TRUE(kept.value);
  EXPECT_EQ(kept.value->answered(), 0U);
  EXPECT_TRUE(channel_->sent.empty());
}

TEST_F(AsyncPipelines, UseStrictestRetryCategoryOfTheirCommands) {
  auto reads = async_.pipeline();
  static_cast<void>(reads.get("a"));
  static_cast<void>(reads.mget("b", "c"));
  reads.execute()([](auto...) {});
  auto sets = async_.pipeline();
  static_cast<void>(sets.set("a", "b"));
  static_cast<void>(sets.get("b"));
  sets.execute()([](auto...) {});
  auto all = async_.pipeline();
  static_cast<void>(all.incr("a"));
  static_cast<void>(all.get("b"));
  static_cast<void>(all.command<Value>("EVAL", "return 1", 0));
  all.execute()([](auto...) {});
  EXPECT_EQ(channel_->sent.at(0).retry, Retry::read);
  EXPECT_EQ(channel_->sent.at(1).retry, Retry::last_write_wins);
  EXPECT_EQ(channel_->sent.at(2).retry, Retry::accumulating);
  EXPECT_EQ(channel_->sent.at(1).reply_of, ReplyOf::plain_command);
  EXPECT_EQ(channel_->sent.at(2).reply_of, ReplyOf::script);
}

TEST_F(AsyncPipelines, AddUpTimesOfBlockingCommands) {
  auto pipe = async_.with_timeout(7s).pipeline();
  static_cast<void>(pipe.blpop("a", BlockFor{1s}));
  static_cast<void>(pipe.get("b"));
  static_cast<void>(pipe.blpop("a", BlockFor{2s}));
  pipe.execute()([](auto...) {});
  static_cast<void>(pipe.blpop("a", BlockFor{1s}));
  static_cast<void>(pipe.blpop("a", BlockFor{0s}));
  static_cast<void>(pipe.blpop("a", BlockFor{1s}));
  pipe.execute()([](auto...) {});
  static_cast<void>(pipe.get("b"));
  pipe.execute()([](auto...) {});
  EXPECT_EQ(channel_->sent.at(0).blocks_for, 3000ms);
  EXPECT_EQ(channel_->sent.at(1).blocks_for, 0ms);
  EXPECT_EQ(channel_->sent.at(2).blocks_for, std::nullopt);
  EXPECT_EQ(channel_->sent.at(2).timeout, 7s);
}

TEST_F(AsyncPipelines, RefuseCommandsThatChangeConnection) {
  auto pipe = async_.pipeline();
  EXPECT_THROW(static_cast<void>(pipe.command<Ok>("SELECT", 1)), Error);
  EXPECT_EQ(pipe.size(), 0U);
}

TEST_F(AsyncPipelines, CompleteWithTupleOfBlock) {
  channel_->frames = {":1\r\n", "$4\r\nname\r\n"};
  Kept<std::tuple<std::int64_t, std::optional<std::string>>> kept;
  auto operation = async_.pipeline([](auto& pipe) {
    return std::tuple{pipe.incr("hits"), pipe.get("name")};
  });
  EXPECT_TRUE(channel_->sent.empty());
  std::move(operation)(kept.handler());
  answer();
  EXPECT_FALSE(kept.error);
  EXPECT_EQ(kept.value, std::tuple(1, "name"));
}

TEST_F(AsyncPipelines, CompleteWithVectorPairOrOneValueOfBlock) {
  channel_->frames = {":1\r\n", ":2\r\n", ":3\r\n", ":4\r\n", "+OK\r\n", ":5\r\n"};
  auto many = async_.pipeline([](AsyncPipeline& pipe) {
    std::vector<Slot<std::int64_t>> slots;
    for (int i = 0; i != 3; ++i) slots.push_back(pipe.incr("n"));
    return slots;
  })(asio::use_future);
  auto pair = async_.pipeline([](auto& pipe) {
    return std::pair{pipe.incr("n"), pipe.set("k", "v")};
  })(asio::use_future);
  auto one = async_.pipeline([](auto& pipe) { return pipe.incr("n"); })(asio::use_future);
  answer();
  answer();
  answer();
  EXPECT_EQ(many.get(), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(pair.get(), (std::pair<std::int64_t, bool>{4, true}));
  EXPECT_EQ(one.get(), 5);
}

TEST_F(AsyncPipelines, CompleteWithFirstErrorAmongSlotsOfBlock) {
  channel_->frames = {":1\r\n", "-WRONGTYPE no\r\n", "-ERR other\r\n"};
  Kept<std::tuple<std::int64_t, std::optional<std::string>>> kept;
  async_.pipeline([](auto& pipe) {
    auto slots = std::tuple{pipe.incr("hits"), pipe.get("name")};
    static_cast<void>(pipe.get("not asked for"));
    return slots;
  })(kept.handler());
  answer();
  ASSERT_TRUE(kept.error);
  EXPECT_THROW(std::rethrow_exception(kept.error), ServerError);
  EXPECT_EQ(error_in(kept.error).server_code(), "WRONGTYPE");
}

TEST_F(AsyncPipelines, SendNothingWhenBlockThrows) {
  const auto collect = [](AsyncPipeline& pipe) -> Slot<std::int64_t> {
    static_cast<void>(pipe.incr("n"));
    throw std::runtime_error("no");
  };
  EXPECT_THROW(static_cast<void>(async_.pipeline(collect)), std::runtime_error);
  EXPECT_TRUE(channel_->sent.empty());
}

TEST_F(AsyncPipelines, CanBeAwaited) {
  channel_->answers = Answers::in_a_turn;
  channel_->frames = {":1\r\n", "$1\r\nx\r\n", ":2\r\n"};
  bool ended = false;
  asio::co_spawn(
      loop_,
      [&]() -> asio::awaitable<void> {
        auto pipe = async_.pipeline();
        const auto hits = pipe.incr("hits");
        const auto name = pipe.get<std::string_view>("name");
        const Replies replies = co_await pipe.execute();
        EXPECT_EQ(replies[hits].value(), 1);
        EXPECT_EQ(replies[name].value(), "x");
        const auto [again] = co_await async_.pipeline([](auto& p) { return std::tuple{p.incr("hits")}; });
        EXPECT_EQ(again, 2);
        ended = true;
      },
      [](std::exception_ptr error) { EXPECT_FALSE(error); });
  run();
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace redstart::test
