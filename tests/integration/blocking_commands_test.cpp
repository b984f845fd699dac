// SPDX-License-Identifier: Apache-2.0
// blocking_commands_test.cpp: time limits and retries of commands that wait in the server.
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Popped = std::optional<std::pair<std::string, std::string>>;

constexpr std::string_view unblocked =
    "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n";

Result<Popped> pop(RedisConnectionManager& redis, bool asynchronous, TimeLimit limit,
                   std::chrono::milliseconds blocks) {
  if (asynchronous)
    return redis.async_client("main").with_timeout(limit).results().blpop("jobs", {blocks})(use_future).get();
  return redis.client("main").with_timeout(limit).results().blpop("jobs", {blocks});
}

// A server whose first BLPOP ends after `delay`, because the server became a replica. Later ones find an
// element.
FakeServer::Script demoted_after(std::chrono::milliseconds delay, std::atomic<int>& pops) {
  return [delay, &pops](FakeConnection& connection, std::size_t) {
    connection.serve([&](const testing::Words& words) -> std::string {
      if (words[0] != "BLPOP") return "+OK\r\n";
      if (pops++ != 0) return "*2\r\n$4\r\njobs\r\n$1\r\nx\r\n";
      let_pass(delay);
      return std::string(unblocked);
    });
  };
}

TEST(BlockingCommand, IsRetriedIfItsWholeTimeIsLeft) {
  for (const bool asynchronous : {false, true}) {
    SCOPED_TRACE(asynchronous ? "asynchronous" : "synchronous");
    std::atomic<int> pops{0};
    FakeServer server(demoted_after(0ms, pops));
    StartedManager redis(config_at(server.port()));
    const auto popped = pop(*redis, asynchronous, 30s, 10s);
    ASSERT_TRUE(popped.has_value()) << popped.error().what();
    EXPECT_EQ(pops, 2);
  }
}

// The limit is over when the server ends the command. A retry could block only for a part of its time, and
// its time-out would leave open whether it has taken an element.
TEST(BlockingCommand, EndsWithReplyOfServerIfItsTimeIsNotLeft) {
  for (const bool asynchronous : {false, true}) {
    SCOPED_TRACE(asynchronous ? "asynchronous" : "synchronous");
    std::atomic<int> pops{0};
    FakeServer server(demoted_after(2100ms, pops));
    StartedManager redis(config_at(server.port()));
    const auto popped = pop(*redis, asynchronous, 2s, 60s);
    ASSERT_FALSE(popped.has_value());
    EXPECT_EQ(popped.error().server_code(), "UNBLOCKED") << popped.error().what();
    EXPECT_EQ(popped.error().effect(), Effect::not_sent);
    EXPECT_EQ(pops, 1);
    EXPECT_EQ(redis->stats("main").operations.retries, 0U);
  }
}

TEST(BlockingCommand, WithoutLimitIsRetriedAtAnyTime) {
  for (const bool asynchronous : {false, true}) {
    SCOPED_TRACE(asynchronous ? "asynchronous" : "synchronous");
    std::atomic<int> pops{0};
    FakeServer server(demoted_after(300ms, pops));
    StartedManager redis(config_at(server.port()));
    const auto popped = pop(*redis, asynchronous, 250ms, 0ms);
    ASSERT_TRUE(popped.has_value()) << popped.error().what();
    EXPECT_EQ(pops, 2);
  }
}

// Waiting for a connection takes none of the blocking time: it ends with the limit of the call.
TEST(BlockingCommand, WaitsForConnectionNoLongerThanItsLimit) {
  FakeServer server(FakeServer::simple());
  RedisConfig config = config_at(server.port());
  config.defaults.max_connections = 2;
  config.defaults.sync_over_shared = false;
  config.defaults.timeouts.acquire = 60s;
  StartedManager redis(config);
  const ScopedClient first = redis->scoped_client("main");
  const ScopedClient second = redis->scoped_client("main");
  const auto begin = std::chrono::steady_clock::now();
  const auto popped = pop(*redis, false, 50ms, 60s);
  EXPECT_LE(std::chrono::steady_clock::now() - begin, 30s);
  ASSERT_FALSE(popped.has_value());
  EXPECT_EQ(popped.error().code(), Errc::pool_timeout) << popped.error().what();
  EXPECT_EQ(popped.error().effect(), Effect::not_sent);
  EXPECT_EQ(server.count("BLPOP"), 0U);
}

// The limit of a pipeline grows by the blocking times of all of its commands.
TEST(BlockingCommand, AddsItsTimeToLimitOfPipeline) {
  for (const bool asynchronous : {false, true}) {
    SCOPED_TRACE(asynchronous ? "asynchronous" : "synchronous");
    FakeServer server([](FakeConnection& connection, std::size_t) {
      connection.serve([](const testing::Words& words) -> std::string {
        if (words[0] != "BLPOP") return "+OK\r\n";
        let_pass(400ms);
        return "*-1\r\n";
      });
    });
    StartedManager redis(config_at(server.port()));
    const auto run = [](auto pipe, auto execute) {
      static_cast<void>(pipe.blpop("a", BlockFor{30s}));
      const auto last = pipe.blpop("b", BlockFor{30s});
      const Replies replies = execute(pipe);
      const auto& popped = replies[last];
      ASSERT_TRUE(popped.has_value()) << popped.error().what();
      EXPECT_EQ(*popped, std::nullopt);
    };
    if (asynchronous)
      run(redis->async_client("main").with_timeout(700ms).pipeline(),
          [](auto& pipe) { return pipe.execute()(use_future).get(); });
    else
      run(redis->client("main").with_timeout(700ms).pipeline(), [](auto& pipe) { return pipe.execute(); });
  }
}

}  // namespace
}  // namespace redstart::test
