// SPDX-License-Identifier: Apache-2.0
// client_test.cpp: synchronous handles over a scripted channel.
#include <redstart/client/client.hpp>
#include <redstart/client/scoped_client.hpp>

#include <redstart/resp/value.hpp>

#include "support/error_of.hpp"
#include "support/scripted_channel.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace redstart::test {

struct Broken {};

}  // namespace redstart::test

template <>
struct redstart::codec<redstart::test::Broken> {
  static std::string encode(const redstart::test::Broken&) { throw std::runtime_error("can't be written"); }
  static redstart::test::Broken decode(std::string_view) { throw std::runtime_error("can't be read"); }
};

namespace redstart::test {

using namespace std::chrono_literals;

class ClientOverScript : public ::testing::Test {
 protected:
  std::shared_ptr<ScriptedChannel> channel_ = std::make_shared<ScriptedChannel>();
  Client client_{channel_};
};

TEST_F(ClientOverScript, SendsCommandAndReturnsReply) {
  channel_->frames = {"$5\r\nhello\r\n"};
  EXPECT_EQ(client_.get("key"), "hello");
  EXPECT_EQ(channel_->sent.at(0), "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
  EXPECT_EQ(channel_->traits.at(0).name, "GET");
  EXPECT_EQ(channel_->traits.at(0).retry, Retry::read);
}

TEST_F(ClientOverScript, InsertsLargeArgumentsWithoutCopying) {
  channel_->frames = {"+OK\r\n"};
  const std::string value(engine::external_threshold, 'v');
  EXPECT_TRUE(client_.set("key", value));
  EXPECT_EQ(channel_->sent.at(0), "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$16384\r\n" + value + "\r\n");
}

TEST_F(ClientOverScript, ThrowsServerError) {
  channel_->frames = {"-WRONGTYPE Operation against a key\r\n"};
  try {
    static_cast<void>(client_.get("key"));
    FAIL() << "nothing was thrown";
  } catch (const ServerError& error) {
    EXPECT_EQ(error.server_code(), "WRONGTYPE");
    EXPECT_EQ(error.effect(), Effect::server_error);
    EXPECT_EQ(error.info().command, "GET");
  }
}

TEST_F(ClientOverScript, ReturnsErrorsThroughResults) {
  channel_->frames = {"-OOM command not allowed\r\n"};
  const Result<bool> result = client_.results().set("key", "value");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().effect(), Effect::not_sent);
  EXPECT_EQ(result.error().remedy(), Remedy::never);
}

TEST_F(ClientOverScript, NamesExpectedTypeWhenReplyHasAnother) {
  channel_->frames = {"+text\r\n"};
  const auto result = client_.results().incr("key");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Errc::decode_error);
  EXPECT_NE(std::string(result.error().what()).find("expected an integer"), std::string::npos)
      << result.error().what();
}

TEST_F(ClientOverScript, ThrowsDecodeErrorWhenCodecThrows) {
  channel_->frames = {"$1\r\nx\r\n"};
  const auto result = client_.results().get<Broken>("key");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), Errc::decode_error);
  EXPECT_NE(std::string(result.error().what()).find("can't be read"), std::string::npos);
}

TEST_F(ClientOverScript, SendsNothingWhenCodecThrowsWhileEncoding) {
  EXPECT_THROW(static_cast<void>(client_.set("key", Broken{})), std::runtime_error);
  EXPECT_TRUE(channel_->sent.empty());
}

TEST_F(ClientOverScript, PassesTimeLimitOfCopyToEachCall) {
  channel_->frames = {"$-1\r\n", "$-1\r\n"};
  const Client hurried = client_.with_timeout(20ms);
  EXPECT_EQ(hurried.get("key"), std::nullopt);
  EXPECT_EQ(client_.get("key"), std::nullopt);
  EXPECT_EQ(channel_->timeouts, (std::vector<TimeLimit>{20ms, {}}));
}

TEST_F(ClientOverScript, RefusesCommandsThatChangeConnection) {
  for (const char* name : {"SELECT", "select", "WATCH", "MULTI", "SUBSCRIBE", "MONITOR", "RESET", "QUIT",
                           "HELLO", "AUTH", "CLIENT REPLY", "CLIENT TRACKING", "PSYNC"}) {
    const auto result = client_.results().command<Ok>(name, "1");
    ASSERT_FALSE(result.has_value()) << name;
    EXPECT_EQ(result.error().code(), Errc::not_allowed) << name;
  }
  EXPECT_TRUE(channel_->sent.empty());
}

TEST_F(ClientOverScript, RefusesEmptyContainersBeforeSending) {
  const std::vector<std::string> none;
  const Error error = error_of([&] { return client_.mget(none); });
  EXPECT_EQ(error.code(), Errc::invalid_argument);
  EXPECT_EQ(error.effect(), Effect::not_sent);
  EXPECT_EQ(error.info().command, "MGET");
  EXPECT_FALSE(error.info().advice.empty());
  EXPECT_EQ(client_.results().del(none).error().code(), Errc::invalid_argument);
  EXPECT_EQ(client_.results().exec(cmd.del(none)).error().code(), Errc::invalid_argument);
  auto pipe = client_.pipeline();
  EXPECT_EQ(error_of([&] { return pipe.del(none).index; }).code(), Errc::invalid_argument);
  EXPECT_EQ(pipe.size(), 0U);
  EXPECT_TRUE(channel_->sent.empty());
}

TEST_F(ClientOverScript, ReturnsOwnedTextFromTemporaryValue) {
  channel_->frames = {"$40\r\n" + std::string(40, 'v') + "\r\n"};
  const auto text = client_.command("GET", "key").as_string();
  static_assert(std::is_same_v<decltype(text), const std::string>);
  EXPECT_EQ(text, std::string(40, 'v'));
}

TEST_F(ClientOverScript, RunsOwnedCommandsAnyNumberOfTimes) {
  channel_->frames = {":1\r\n", ":2\r\n"};
  const auto command = cmd.incr(std::string("temporary-key-that-is-gone-when-it-runs"));
  EXPECT_EQ(client_.exec(command), 1);
  EXPECT_EQ(client_.results().exec(command).value(), 2);
  EXPECT_EQ(channel_->sent.at(0), channel_->sent.at(1));
  EXPECT_EQ(channel_->traits.at(1).retry, Retry::accumulating);
}

TEST_F(ClientOverScript, RefusesOwnedCommandsThatChangeConnection) {
  const auto command = cmd.command<Ok>("SELECT", 3);
  EXPECT_EQ(client_.results().exec(command).error().code(), Errc::not_allowed);
  EXPECT_TRUE(channel_->sent.empty());
}

TEST(ScopedClientOverScript, ReportsCommandsThatChangeConnection) {
  auto owned = std::make_unique<ScriptedChannel>();
  ScriptedChannel& channel = *owned;
  channel.kind = engine::Exclusive::yes;
  channel.frames = {"+OK\r\n", "+OK\r\n"};
  const ScopedClient scoped(std::move(owned));
  EXPECT_TRUE(scoped.set("key", "value"));
  scoped.select(3);
  EXPECT_EQ(channel.traits.at(0).session, Session::none);
  EXPECT_EQ(channel.traits.at(1).session, Session::database);
}

TEST(ScopedClientOverScript, ReportsRepliesOfQueuedCommands) {
  auto owned = std::make_unique<ScriptedChannel>();
  ScriptedChannel& channel = *owned;
  channel.kind = engine::Exclusive::yes;
  channel.frames = {"+QUEUED\r\n", "+QUEUED\r\n", "+QUEUED\r\n", "$1\r\n1\r\n"};
  const ScopedClient scoped(std::move(owned));
  scoped.command<Queued>("INCR", "n");
  EXPECT_EQ(scoped.command<Value>("INCR", "n").as_string(), "QUEUED");
  scoped.exec(cmd.command<Queued>("INCR", "n"));
  EXPECT_EQ(scoped.get("n"), "1");
  EXPECT_TRUE(channel.traits.at(0).shows_queued);
  EXPECT_TRUE(channel.traits.at(1).shows_queued);
  EXPECT_TRUE(channel.traits.at(2).shows_queued);
  EXPECT_FALSE(channel.traits.at(3).shows_queued);
}

// Each of these is followed by messages that no handle reads, or by no reply.
struct NotSupported {
  const char* name;
  const char* word;
};
constexpr NotSupported not_supported[] = {
    {"SUBSCRIBE", "ch"},    {"subscribe", "ch"},    {"PSUBSCRIBE", "ch*"},
    {"SSUBSCRIBE", "ch"},   {"UNSUBSCRIBE", "ch"},  {"PUNSUBSCRIBE", "ch"},
    {"SUNSUBSCRIBE", "ch"}, {"CLIENT", "TRACKING"}, {"CLIENT TRACKING", "ON"},
    {"client", "caching"},  {"CLIENT", "REPLY"},    {"client reply", "OFF"},
    {"SYNC", "1"},          {"PSYNC", "1"},         {"REPLCONF", "1"},
    {"SCRIPT", "DEBUG"},    {"RESET", ""},          {"MONITOR", ""},
};

TEST(ScopedClientOverScript, RefusesCommandsWithUnreadableReplies) {
  auto owned = std::make_unique<ScriptedChannel>();
  ScriptedChannel& channel = *owned;
  channel.kind = engine::Exclusive::yes;
  const ScopedClient scoped(std::move(owned));
  for (const NotSupported& refused : not_supported) {
    SCOPED_TRACE(std::string(refused.name) + ' ' + refused.word);
    const Error error = error_of([&] { return scoped.command<Value>(refused.name, refused.word); });
    EXPECT_EQ(error.code(), Errc::not_allowed);
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_FALSE(error.info().advice.empty());
    EXPECT_EQ(std::string(error.what()).find("scoped_client("), std::string::npos) << "it would not help";
    EXPECT_EQ(error_of([&] { return scoped.exec(cmd.command<Value>(refused.name, refused.word)); }).code(),
              Errc::not_allowed);
  }
  EXPECT_TRUE(channel.sent.empty());
}

TEST(ScopedClientOverScript, ChecksEncodedArguments) {
  auto owned = std::make_unique<ScriptedChannel>();
  ScriptedChannel& channel = *owned;
  channel.kind = engine::Exclusive::yes;
  channel.frames = {"+OK\r\n"};
  const ScopedClient scoped(std::move(owned));
  const std::vector<std::string> words{"REPLY", "OFF"};
  EXPECT_EQ(error_of([&] { return scoped.command<Value>("CLIENT", words); }).code(), Errc::not_allowed);
  EXPECT_EQ(error_of([&] { return scoped.command<Value>("CLIENT", std::pair("TRACKING", "ON")); }).code(),
            Errc::not_allowed);
  EXPECT_TRUE(channel.sent.empty());
  scoped.command<Ok>("CLIENT", std::pair("SETNAME", "me"));
  EXPECT_EQ(channel.sent.size(), 1U);
}

TEST_F(ClientOverScript, DoesNotAdviseScopedHandleForCommandsItRefuses) {
  for (const NotSupported& refused : not_supported) {
    SCOPED_TRACE(std::string(refused.name) + ' ' + refused.word);
    const auto result = client_.results().command<Value>(refused.name, refused.word);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code(), Errc::not_allowed);
    EXPECT_EQ(std::string(result.error().what()).find("scoped_client("), std::string::npos);
    auto pipe = client_.pipeline();
    EXPECT_EQ(error_of([&] { return pipe.command<Value>(refused.name, refused.word).index; }).code(),
              Errc::not_allowed);
    EXPECT_EQ(pipe.size(), 0U);
  }
  EXPECT_TRUE(channel_->sent.empty());
}

}  // namespace redstart::test
