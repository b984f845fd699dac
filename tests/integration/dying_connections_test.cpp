// SPDX-License-Identifier: Apache-2.0
// dying_connections_test.cpp: many commands in flight on a connection that is lost or redirected.
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;

constexpr std::size_t commands = 50;  // more than the calls from which the breaker counts shares

// A server that answers ECHO. It closes each connection that has sent it `commands` INCRs.
FakeServer::Script dying() {
  return [](FakeConnection& connection, std::size_t) {
    std::size_t increments = 0;
    for (auto words = connection.handshake(); !words.empty(); words = connection.command()) {
      if (words[0] == "INCR" && ++increments == commands) return connection.reset();
      if (words[0] == "PING") connection.send("+PONG\r\n");
      if (words[0] == "ECHO") connection.send(resp_bulk(words[1]));
    }
  };
}

// Loses `commands` commands at once.
using Losing = std::function<void(RedisConnectionManager&)>;

void lose_pipeline(RedisConnectionManager& redis) {
  Pipeline pipe = redis.client("main").pipeline();
  std::vector<Slot<std::int64_t>> slots;
  for (std::size_t i = 0; i != commands; ++i) slots.push_back(pipe.incr("n"));
  const Replies replies = pipe.execute();
  for (const auto slot : slots) EXPECT_EQ(replies[slot].error().effect(), Effect::indeterminate);
}

void lose_async_pipeline(RedisConnectionManager& redis) {
  AsyncPipeline pipe = redis.async_client("main").pipeline();
  std::vector<Slot<std::int64_t>> slots;
  for (std::size_t i = 0; i != commands; ++i) slots.push_back(pipe.incr("n"));
  const Replies replies = pipe.execute()(use_future).get();
  for (const auto slot : slots) EXPECT_EQ(replies[slot].error().effect(), Effect::indeterminate);
}

void lose_operations(RedisConnectionManager& redis) {
  const AsyncClient client = redis.async_client("main");
  std::vector<std::future<Result<std::int64_t>>> lost;
  for (std::size_t i = 0; i != commands; ++i) lost.push_back(client.results().incr("n")(use_future));
  for (auto& result : lost) EXPECT_EQ(result.get().error().effect(), Effect::indeterminate);
}

TEST(DyingConnection, IsOneFailureForAllItsCommands) {
  for (const Losing& lose : {Losing(lose_pipeline), Losing(lose_async_pipeline), Losing(lose_operations)}) {
    FakeServer server(dying());
    RedisConfig config = config_at(server.port());
    config.defaults.retry.mode = RetryMode::off;
    StartedManager redis(config);
    EXPECT_EQ(redis->client("main").echo("a"), "a");
    EXPECT_EQ(redis->async_client("main").echo("a")(use_future).get(), "a");
    lose(*redis);
    EXPECT_EQ(redis->breaker("main").state(), BreakerState::closed);
    EXPECT_EQ(redis->stats("main").operations.failed, commands);
    EXPECT_EQ(redis->client("main").echo("b"), "b");
    EXPECT_EQ(redis->async_client("main").echo("b")(use_future).get(), "b");
  }
}

// The one failure is counted: a breaker that opens for one does so.
TEST(DyingConnection, IsCountedByBreaker) {
  for (const Losing& lose : {Losing(lose_pipeline), Losing(lose_async_pipeline), Losing(lose_operations)}) {
    FakeServer server(dying());
    RedisConfig config = config_at(server.port());
    config.defaults.retry.mode = RetryMode::off;
    config.defaults.breaker.consecutive_failures = 1;
    config.defaults.breaker.failure_share = 0.1;
    config.defaults.breaker.recovery = {60s, 60s, 1.0};
    StartedManager redis(config);
    EXPECT_EQ(redis->client("main").echo("a"), "a");
    lose(*redis);
    EXPECT_NE(redis->breaker("main").state(), BreakerState::closed);
  }
}

TEST(RedirectedPipeline, NamesAddressOfPrimaryInEvent) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.serve([](const testing::Words& words) -> std::string {
      return words[0] == "SET" ? "-REDIRECT 10.9.8.7:6379\r\n" : "$-1\r\n";
    });
  });
  const auto events = std::make_shared<EventLog>();
  RedisConfig config = config_at(server.port());
  config.listener = events;
  StartedManager redis(config);
  Pipeline pipe = redis->client("main").pipeline();
  const auto got = pipe.get("k");
  const auto set = pipe.set("k", "v");
  const Replies replies = pipe.execute();
  EXPECT_EQ(replies[got].value(), std::nullopt);
  EXPECT_EQ(replies[set].error().effect(), Effect::not_sent);
  EXPECT_EQ(events->count("redis.server_changed role master -> replica, its primary is 10.9.8.7:6379"), 1U);
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::role), 1U);
}

}  // namespace
}  // namespace redstart::test
