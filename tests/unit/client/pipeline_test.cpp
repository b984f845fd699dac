// SPDX-License-Identifier: Apache-2.0
// pipeline_test.cpp: synchronous pipelines over a scripted channel.
#include <redstart/client/client.hpp>

#include <redstart/resp/value.hpp>

#include "support/error_of.hpp"
#include "support/scripted_channel.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace redstart::test {

class PipelineOverScript : public ::testing::Test {
 protected:
  std::shared_ptr<ScriptedChannel> channel_ = std::make_shared<ScriptedChannel>();
  Client client_{channel_};
};

TEST_F(PipelineOverScript, ReturnsTupleOfTypedReplies) {
  channel_->frames = {":7\r\n", "$3\r\nbob\r\n"};
  const auto [hits, name] = client_.pipeline([](auto& pipe) {
    return std::tuple{pipe.incr("hits"), pipe.get("name")};
  });
  EXPECT_EQ(hits, 7);
  EXPECT_EQ(name, "bob");
  EXPECT_EQ(channel_->sent.at(0), "*2\r\n$4\r\nINCR\r\n$4\r\nhits\r\n*2\r\n$3\r\nGET\r\n$4\r\nname\r\n");
}

TEST_F(PipelineOverScript, ReturnsOneValuePairOrVector) {
  channel_->frames = {":1\r\n", ":2\r\n", ":3\r\n", ":4\r\n", ":5\r\n"};
  EXPECT_EQ(client_.pipeline([](auto& pipe) { return pipe.incr("a"); }), 1);
  const std::pair<std::int64_t, std::int64_t> both = client_.pipeline([](auto& pipe) {
    return std::pair{pipe.incr("a"), pipe.incr("b")};
  });
  EXPECT_EQ(both, (std::pair<std::int64_t, std::int64_t>{2, 3}));
  const std::vector<std::int64_t> many = client_.pipeline([](auto& pipe) {
    std::vector<Slot<std::int64_t>> slots;
    for (const char* key : {"a", "b"}) slots.push_back(pipe.incr(key));
    return slots;
  });
  EXPECT_EQ(many, (std::vector<std::int64_t>{4, 5}));
}

TEST_F(PipelineOverScript, SendsNothingWhenBlockThrows) {
  const auto block = [](Pipeline& pipe) {
    const auto slot = pipe.incr("hits");
    if (pipe.size() == 1) throw std::runtime_error("changed my mind");
    return slot;
  };
  EXPECT_THROW(static_cast<void>(client_.pipeline(block)), std::runtime_error);
  EXPECT_EQ(channel_->batches, 0U);
}

TEST_F(PipelineOverScript, ReturnsErrorOfEachSlot) {
  channel_->frames = {":1\r\n", "-WRONGTYPE not a number\r\n", ":3\r\n"};
  auto pipe = client_.pipeline();
  const auto first = pipe.incr("a");
  const auto second = pipe.incr("b");
  const auto third = pipe.incr("c");
  const Replies replies = pipe.execute();
  EXPECT_EQ(replies[first].value(), 1);
  EXPECT_EQ(replies[second].error().server_code(), "WRONGTYPE");
  EXPECT_NE(std::string(replies[second].error().what()).find("command 2 of the pipeline"), std::string::npos);
  EXPECT_EQ(replies[third].value(), 3);
  EXPECT_THROW(replies.require_all(), ServerError);
}

TEST_F(PipelineOverScript, RequireAllDoesNotThrowWhenAllSucceed) {
  channel_->frames = {":1\r\n"};
  auto pipe = client_.pipeline();
  static_cast<void>(pipe.incr("a"));
  EXPECT_NO_THROW(pipe.execute().require_all());
}

TEST_F(PipelineOverScript, NeverReportsScriptErrorAsNotSent) {
  channel_->frames = {"-READONLY written by a script\r\n", "-READONLY You can't write\r\n"};
  auto pipe = client_.pipeline();
  const auto script = pipe.command<std::int64_t>("EVAL", "return 1", 0);
  const auto plain = pipe.incr("a");
  const Replies replies = pipe.execute();
  EXPECT_EQ(replies[script].error().effect(), Effect::server_error);
  EXPECT_EQ(replies[plain].error().effect(), Effect::not_sent);
}

TEST_F(PipelineOverScript, KeepsReceivedRepliesWhenConnectionIsLost) {
  channel_->frames = {":1\r\n"};
  channel_->failure = lost_connection();
  auto pipe = client_.pipeline();
  const auto first = pipe.incr("a");
  const auto second = pipe.incr("b");
  const Replies replies = pipe.execute();
  EXPECT_EQ(replies.answered(), 1U);
  EXPECT_EQ(replies[first].value(), 1);
  EXPECT_EQ(replies[second].error().effect(), Effect::indeterminate);
  EXPECT_THROW(replies.require_all(), Error);
}

TEST_F(PipelineOverScript, ReturnsViewsValidAsLongAsReplies) {
  channel_->frames = {"$5\r\nhello\r\n"};
  auto pipe = client_.pipeline();
  const auto slot = pipe.get<std::string_view>("key");
  const Replies replies = pipe.execute();
  EXPECT_EQ(replies[slot].value(), "hello");
}

TEST_F(PipelineOverScript, IsEmptyAndReusableAfterExecute) {
  channel_->frames = {":1\r\n", ":2\r\n"};
  auto pipe = client_.pipeline();
  const auto before = pipe.incr("a");
  EXPECT_EQ(pipe.execute()[before].value(), 1);
  EXPECT_EQ(pipe.size(), 0U);
  const auto after = pipe.incr("a");
  EXPECT_EQ(pipe.execute()[after].value(), 2);
}

TEST_F(PipelineOverScript, IsEmptyAfterExecuteThrew) {
  auto pipe = client_.pipeline();
  pipe.incr("hits");
  channel_->out_of_memory = true;
  EXPECT_THROW(static_cast<void>(pipe.execute()), std::bad_alloc);
  channel_->out_of_memory = false;
  pipe.get("name");
  static_cast<void>(pipe.execute());
  EXPECT_EQ(channel_->sent.at(1), "*2\r\n$3\r\nGET\r\n$4\r\nname\r\n") << "INCR must not run twice";
}

TEST_F(PipelineOverScript, RefusesCommandsThatChangeConnectionAndKeepsRest) {
  channel_->frames = {":1\r\n"};
  auto pipe = client_.pipeline();
  const auto slot = pipe.incr("a");
  EXPECT_THROW(static_cast<void>(pipe.command<Ok>("SELECT", 1)), Error);
  EXPECT_EQ(pipe.execute()[slot].value(), 1);
}

TEST_F(PipelineOverScript, RejectsSlotOfAnotherPipeline) {
  channel_->frames = {":1\r\n", ":2\r\n"};
  auto pipe = client_.pipeline();
  auto other = client_.pipeline();
  const auto slot = pipe.incr("a");
  const auto foreign = other.incr("b");
  const Replies replies = pipe.execute();
  const Replies of_other = other.execute();
  EXPECT_EQ(replies[slot].value(), 1);
  EXPECT_EQ(of_other[foreign].value(), 2);
  EXPECT_EQ(replies[foreign].error().code(), Errc::invalid_argument);
  EXPECT_EQ(of_other[slot].error().code(), Errc::invalid_argument);
  EXPECT_EQ(error_of([&] { return replies[std::tuple{slot, foreign}]; }).code(), Errc::invalid_argument);
  EXPECT_EQ(error_of([&] { return replies[std::pair{foreign, slot}]; }).code(), Errc::invalid_argument);
  EXPECT_EQ(error_of([&] { return replies[std::vector{slot, foreign}]; }).code(), Errc::invalid_argument);
}

TEST_F(PipelineOverScript, RejectsSlotFromBeforeLastExecute) {
  channel_->frames = {":1\r\n", ":2\r\n"};
  auto pipe = client_.pipeline();
  const auto before = pipe.incr("a");
  const Replies first = pipe.execute();
  const auto after = pipe.incr("a");
  const Replies second = pipe.execute();
  EXPECT_EQ(first[before].value(), 1);
  EXPECT_EQ(first[after].error().code(), Errc::invalid_argument);
  EXPECT_EQ(second[before].error().code(), Errc::invalid_argument);
  EXPECT_EQ(second[after].value(), 2);
}

TEST_F(PipelineOverScript, RejectsSlotOfBlockOutsideIt) {
  channel_->frames = {":1\r\n", ":2\r\n"};
  auto pipe = client_.pipeline();
  const auto foreign = pipe.incr("a");
  EXPECT_EQ(error_of([&] {
              return client_.pipeline([&](auto& inner) {
                inner.incr("b");
                return foreign;
              });
            }).code(),
            Errc::invalid_argument);
}

TEST_F(PipelineOverScript, AcceptsSlotAfterMove) {
  channel_->frames = {":1\r\n", ":2\r\n"};
  auto pipe = client_.pipeline();
  const auto first = pipe.incr("a");
  auto moved = std::move(pipe);
  const auto second = moved.incr("b");
  const Replies replies = moved.execute();
  EXPECT_EQ(replies[first].value(), 1);
  EXPECT_EQ(replies[second].value(), 2);
}

TEST_F(PipelineOverScript, AcceptsSlotCreatedFromIndex) {
  channel_->frames = {":1\r\n"};
  auto pipe = client_.pipeline();
  static_cast<void>(pipe.incr("a"));
  const Replies replies = pipe.execute();
  EXPECT_EQ(replies[Slot<std::int64_t>{0}].value(), 1);
  EXPECT_EQ(replies[Slot<std::int64_t>{5}].error().code(), Errc::invalid_argument);
}

TEST_F(PipelineOverScript, BlockThrowsFirstErrorAndNamesCommand) {
  channel_->frames = {":1\r\n", "-WRONGTYPE not a list\r\n", "-ERR not an integer\r\n", ":3\r\n"};
  const Error error = error_of([&] {
    return client_.pipeline([](auto& pipe) {
      pipe.incr("a");
      pipe.lpush("text", "x");
      pipe.template command<Value>("MY.COMMAND", "x");
      return pipe.incr("b");
    });
  });
  EXPECT_EQ(error.code(), Errc::server_error);
  EXPECT_EQ(error.server_code(), "WRONGTYPE");
  EXPECT_EQ(error.info().command, "LPUSH (command 2 of the pipeline)");
}

TEST_F(PipelineOverScript, NamesCommandsWithoutRow) {
  channel_->frames = {":1\r\n", "-ERR unknown command\r\n"};
  std::string name = "MY.COMMAND of the caller's memory";
  auto pipe = client_.pipeline();
  pipe.incr("a");
  const auto slot = pipe.command<std::int64_t>(name, "x");
  name.assign(name.size(), '#');
  const Replies replies = pipe.execute();
  EXPECT_EQ(replies[slot].error().info().command,
            "MY.COMMAND of the caller's memory (command 2 of the pipeline)");
  EXPECT_EQ(replies.first_error()->info().command, replies[slot].error().info().command);
}

TEST_F(PipelineOverScript, NamesEachCommandOfAMixedBatch) {
  channel_->frames = {"-ERR 1\r\n", "-ERR 2\r\n", "-ERR 3\r\n", "-ERR 4\r\n", "-ERR 5\r\n", "-ERR 6\r\n"};
  auto pipe = client_.pipeline();
  std::vector<Slot<std::int64_t>> slots{pipe.incr("a"), pipe.incr("b")};
  auto moved = std::move(pipe);
  slots.push_back(moved.incr("c"));
  slots.push_back(moved.command<std::int64_t>("INCR", "d"));
  slots.push_back(moved.lpush("e", "x"));
  slots.push_back(moved.incr("f"));
  const Replies replies = moved.execute();
  const std::vector<std::string> names{"INCR", "INCR", "INCR", "INCR", "LPUSH", "INCR"};
  for (std::size_t i = 0; i != slots.size(); ++i)
    EXPECT_EQ(replies[slots[i]].error().info().command,
              names[i] + " (command " + std::to_string(i + 1) + " of the pipeline)");
}

TEST_F(PipelineOverScript, BlockWithoutResultThrowsFirstError) {
  const auto block = [](auto& pipe) {
    pipe.set("a", 1);
    pipe.incr("b");
  };
  channel_->frames = {"+OK\r\n", ":1\r\n", "+OK\r\n", "-ERR not an integer\r\n"};
  static_assert(std::is_void_v<decltype(client_.pipeline(block))>);
  client_.pipeline(block);
  EXPECT_EQ(error_of([&] { return client_.pipeline(block), 0; }).info().command,
            "INCR (command 2 of the pipeline)");
  EXPECT_EQ(channel_->batches, 2U);
}

TEST_F(PipelineOverScript, BlockThrowsErrorOfMissingReplies) {
  channel_->frames = {":1\r\n"};
  channel_->failure = lost_connection();
  EXPECT_EQ(error_of([&] {
              return client_.pipeline([](auto& pipe) {
                const auto first = pipe.incr("a");
                pipe.incr("b");
                return first;
              });
            }).effect(),
            Effect::indeterminate);
}

TEST_F(PipelineOverScript, BlockNeverReportsScriptErrorAsNotSent) {
  channel_->frames = {"-READONLY written by a script\r\n"};
  EXPECT_EQ(
      error_of([&] {
        return client_.pipeline([](auto& pipe) { pipe.template command<Value>("EVAL", "return 1", 0); }), 0;
      }).effect(),
      Effect::server_error);
  channel_->frames = {"", "-READONLY You can't write\r\n"};
  EXPECT_EQ(error_of([&] { return client_.pipeline([](auto& pipe) { return pipe.incr("a"); }); }).effect(),
            Effect::not_sent);
}

TEST_F(PipelineOverScript, NamesCommandWhoseReplyHasAnotherType) {
  channel_->frames = {"+text\r\n"};
  const Error error = error_of([&] { return client_.pipeline([](auto& pipe) { return pipe.incr("a"); }); });
  EXPECT_EQ(error.code(), Errc::decode_error);
  EXPECT_EQ(error.info().command, "INCR (command 1 of the pipeline)");
}

}  // namespace redstart::test
