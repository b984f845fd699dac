// SPDX-License-Identifier: Apache-2.0
// async_client_test.cpp: asynchronous client over a scripted channel.
#include "support/async_script_test.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

TEST_F(AsyncScript, StartsOperationOnlyWithToken) {
  {
    const auto dropped = async_.get("key");
    static_cast<void>(dropped);
  }
  EXPECT_TRUE(channel_->sent.empty());
  static_assert(!std::is_copy_constructible_v<decltype(async_.get("key"))>);
}

TEST_F(AsyncScript, SendsCommandAndCompletesWithReply) {
  channel_->frames = {"$5\r\nhello\r\n"};
  std::optional<std::string> value;
  async_.get("key")([&](std::exception_ptr error, std::optional<std::string> got) {
    EXPECT_FALSE(error);
    value = std::move(got);
  });
  ASSERT_EQ(channel_->sent.size(), 1U);
  EXPECT_EQ(channel_->sent[0].bytes, "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
  EXPECT_EQ(channel_->sent[0].retry, Retry::read);
  EXPECT_EQ(channel_->sent[0].id, 0U);
  EXPECT_EQ(value, std::nullopt);
  answer();
  EXPECT_EQ(value, "hello");
}

TEST_F(AsyncScript, OwnsItsBytes) {
  std::optional<Operation<bool, void(std::exception_ptr, bool)>> later;
  {
    std::string key(1000, 'k');
    later.emplace(async_.set(key, std::string(3, 'v')));
    key.assign(1000, 'x');
  }
  std::move (*later)([](std::exception_ptr, bool) {});
  EXPECT_EQ(channel_->sent.at(0).bytes,
            "*3\r\n$3\r\nSET\r\n$1000\r\n" + std::string(1000, 'k') + "\r\n$3\r\nvvv\r\n");
}

TEST_F(AsyncScript, CompletesWithServerError) {
  channel_->frames = {"-WRONGTYPE Operation against a key\r\n"};
  std::exception_ptr error;
  async_.get("key")([&](std::exception_ptr got, std::optional<std::string> value) {
    error = got;
    EXPECT_EQ(value, std::nullopt);
  });
  answer();
  ASSERT_TRUE(error);
  EXPECT_THROW(std::rethrow_exception(error), ServerError);
  EXPECT_EQ(error_in(error).server_code(), "WRONGTYPE");
  EXPECT_EQ(error_in(error).info().command, "GET");
  EXPECT_EQ(error_in(error).info().database, "main");
}

TEST_F(AsyncScript, NamesSubcommandsLikeSynchronousClient) {
  channel_->frames = {"-ERR no\r\n", "-ERR no\r\n", "-ERR no\r\n"};
  std::vector<std::string> names;
  const auto note = [&](Result<std::string> result) { names.push_back(result.error().info().command); };
  async_.results().command<std::string>("object", "freq", "key")(note);
  async_.results().command<std::string>("MY.MODULE", "OBJECT")(note);
  async_.results().command<std::string>("PING")(note);
  answer();
  answer();
  answer();
  EXPECT_EQ(names, (std::vector<std::string>{"OBJECT FREQ", "MY.MODULE", "PING"}));
}

TEST_F(AsyncScript, CompletesWithTypeOfEngineError) {
  struct Case {
    Errc code;
    bool unavailable, timeout;
  };
  for (const Case& a : {Case{Errc::closed, true, false},
                        {Errc::timeout, false, true},
                        {Errc::connection_lost, false, false},
                        {Errc::overloaded, false, false}}) {
    std::exception_ptr error;
    async_.incr("key")([&](std::exception_ptr got, std::int64_t) { error = got; });
    asio::post(loop_, [&] { channel_->fail(engine_error(a.code, Effect::indeterminate)); });
    run();
    ASSERT_TRUE(error) << to_string(a.code);
    bool unavailable = false, timeout = false;
    try {
      std::rethrow_exception(error);
    } catch (const Unavailable&) {
      unavailable = true;
    } catch (const Timeout&) {
      timeout = true;
    } catch (const Error& caught) {
      EXPECT_EQ(caught.code(), a.code);
      EXPECT_EQ(caught.effect(), Effect::indeterminate);
    }
    EXPECT_EQ(unavailable, a.unavailable) << to_string(a.code);
    EXPECT_EQ(timeout, a.timeout) << to_string(a.code);
  }
}

TEST_F(AsyncScript, ResultsCompleteWithValuesAndErrors) {
  channel_->frames = {"+OK\r\n", "-OOM command not allowed\r\n", "+text\r\n"};
  std::optional<Result<bool>> set, refused;
  std::optional<Result<std::int64_t>> mistyped;
  async_.results().set("key", "value")([&](Result<bool> result) { set = std::move(result); });
  async_.results().set("key", "value")([&](Result<bool> result) { refused = std::move(result); });
  async_.results().incr("key")([&](Result<std::int64_t> result) { mistyped = std::move(result); });
  answer();
  answer();
  answer();
  EXPECT_TRUE(set->value());
  EXPECT_EQ(refused->error().effect(), Effect::not_sent);
  EXPECT_EQ(mistyped->error().code(), Errc::decode_error);
  EXPECT_EQ(mistyped->error().info().command, "INCR");
}

TEST_F(AsyncScript, PassesTimeLimitOfCopyToEachOperation) {
  const AsyncClient hurried = async_.with_timeout(20ms);
  hurried.get("key")([](std::exception_ptr, std::optional<std::string>) {});
  hurried.results().get("key")([](Result<std::optional<std::string>>) {});
  async_.get("key")([](std::exception_ptr, std::optional<std::string>) {});
  EXPECT_EQ(channel_->sent.at(0).timeout, 20ms);
  EXPECT_EQ(channel_->sent.at(1).timeout, 20ms);
  EXPECT_EQ(channel_->sent.at(2).timeout, TimeLimit());
}

TEST_F(AsyncScript, RunsOwnedCommandsAnyNumberOfTimes) {
  channel_->frames = {":1\r\n", ":2\r\n"};
  const auto command = cmd.incr(std::string("temporary-key-that-is-gone-when-it-runs"));
  std::vector<std::int64_t> values;
  async_.exec(command)([&](std::exception_ptr, std::int64_t value) { values.push_back(value); });
  async_.results().exec(command)([&](Result<std::int64_t> value) { values.push_back(value.value()); });
  answer();
  answer();
  EXPECT_EQ(values, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(channel_->sent.at(0).bytes, channel_->sent.at(1).bytes);
  EXPECT_EQ(channel_->sent.at(1).retry, Retry::accumulating);
}

TEST_F(AsyncScript, KeepsTraitsOfOwnedCommand) {
  async_.blpop("list", BlockFor{3s})([](auto...) {});
  async_.command<Value>("EVAL", "return 1", 0)([](auto...) {});
  async_.exec(cmd.command<Value>("EVAL", "return 1", 0))([](auto...) {});
  EXPECT_EQ(channel_->sent.at(0).blocks_for, 3000ms);
  EXPECT_EQ(channel_->sent.at(1).reply_of, ReplyOf::script);
  EXPECT_EQ(channel_->sent.at(2).reply_of, ReplyOf::script);
}

TEST_F(AsyncScript, RefusesCommandsThatChangeConnection) {
  for (const char* name : {"SELECT", "select", "WATCH", "MULTI", "SUBSCRIBE", "CLIENT REPLY", "PSYNC"}) {
    std::optional<Error> direct, owned;
    async_.results().command<Ok>(name, "1")([&](Result<Ok> result) { direct = result.error(); });
    async_.results().exec(cmd.command<Ok>(name, "1"))([&](Result<Ok> result) { owned = result.error(); });
    EXPECT_FALSE(direct) << "completed inside the call";
    run();
    ASSERT_TRUE(direct && owned) << name;
    EXPECT_EQ(direct->code(), Errc::not_allowed) << name;
    EXPECT_EQ(direct->effect(), Effect::not_sent) << name;
    EXPECT_EQ(owned->code(), Errc::not_allowed) << name;
  }
  EXPECT_TRUE(channel_->sent.empty());
}

TEST_F(AsyncScript, RefusesEmptyContainersBeforeSending) {
  const std::vector<std::string> none;
  std::optional<Error> direct, owned;
  async_.results().del(none)([&](Result<std::int64_t> result) { direct = result.error(); });
  async_.results().exec(cmd.del(none))([&](Result<std::int64_t> result) { owned = result.error(); });
  EXPECT_FALSE(direct) << "completed inside the call";
  run();
  ASSERT_TRUE(direct && owned);
  EXPECT_EQ(direct->code(), Errc::invalid_argument);
  EXPECT_EQ(direct->effect(), Effect::not_sent);
  EXPECT_EQ(owned->code(), Errc::invalid_argument);
  auto pipe = async_.pipeline();
  EXPECT_THROW(static_cast<void>(pipe.del(none)), Error);
  EXPECT_TRUE(channel_->sent.empty());
}

TEST_F(AsyncScript, ReportsDatabaseAndEndpoint) {
  EXPECT_EQ(async_.database(), "main");
  EXPECT_EQ(async_.endpoint(), "scripted:1");
  EXPECT_TRUE(async_.get_executor() == asio::any_io_executor(loop_.get_executor()));
}

TEST_F(AsyncScript, CompletesOperationsThatOutliveHandle) {
  channel_->frames = {":7\r\n"};
  std::int64_t value = 0;
  {
    const AsyncClient gone = async_;
    gone.incr("key")([&](std::exception_ptr, std::int64_t got) { value = got; });
  }
  answer();
  EXPECT_EQ(value, 7);
}

}  // namespace
}  // namespace redstart::test
