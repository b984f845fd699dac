// SPDX-License-Identifier: Apache-2.0
// resilience_test.cpp: breaker, retries and waiting, through a synchronous client.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Answers commands while `healthy`, else nothing; counts commands.
struct StallingServer {
  std::atomic<bool> healthy{true};
  std::atomic<int> commands{0};
  FakeServer server{[this](FakeConnection& connection, std::size_t) {
    connection.serve([this](const FakeConnection::Words& words) -> std::string {
      if (words.empty()) return {};
      ++commands;
      return healthy ? ":1\r\n" : "";
    });
  }};

  RedisConfig config() {
    RedisConfig config = config_at(server.port());
    config.database("main").sync_over_shared = false;
    return config;
  }
};

// On a busy machine some calls may expire before they are sent, and do not count.
[[nodiscard]] bool open_circuit(RedisConnectionManager& redis, const Client& client) {
  return eventually([&] {
    static_cast<void>(client.with_timeout(50ms).results().incr("n"));
    return redis.stats("main").breaker_changes != 0;
  });
}

TEST(Circuit, OpensAfterTimeoutsAndSendsNothingBeforeProbes) {
  StallingServer stalling;
  RedisConfig config = stalling.config();
  const auto log = std::make_shared<EventLog>();
  config.listener = log;
  config.database("main").breaker.recovery = {1h, 1h, 1.0, Jitter::none};
  StartedManager redis(config);
  const Client client = redis->client("main");
  stalling.healthy = false;
  ASSERT_TRUE(open_circuit(*redis, client));
  EXPECT_EQ(redis->stats("main").state, ConnectionState::circuit_open);
  EXPECT_EQ(redis->stats("main").breaker, BreakerState::open);
  ASSERT_TRUE(eventually([&] { return stalling.server.ended() == stalling.server.accepted(); }));
  const int commands = stalling.commands;
  EXPECT_GE(commands, 5);
  for (int i = 0; i < 100; ++i) {
    const Error error = error_of([&] { return client.incr("n"); });
    EXPECT_EQ(error.code(), Errc::circuit_open);
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_THAT(error.what(), HasSubstr("last failure: no complete reply"));
  }
  EXPECT_FALSE(redis->optional_client("main").has_value());
  EXPECT_EQ(stalling.commands, commands);
  EXPECT_EQ(log->count("redis.circuit.state_changed closed -> open"), 1U);
}

TEST(Circuit, ClosesOnceProbesAreAnswered) {
  StallingServer stalling;
  RedisConfig config = stalling.config();
  config.database("main").breaker.recovery = {1ms, 1ms, 1.0, Jitter::none};
  StartedManager redis(config);
  const Client client = redis->client("main");
  stalling.healthy = false;
  ASSERT_TRUE(open_circuit(*redis, client));
  stalling.healthy = true;
  EXPECT_TRUE(eventually([&] {
    static_cast<void>(client.results().incr("n"));
    return redis->stats("main").breaker == BreakerState::closed;
  }));
  EXPECT_GE(redis->stats("main").breaker_changes, 3U);
}

class Retried : public RedisTest {};

TEST_F(Retried, CommandRefusedWithBusyIsRetriedUntilServed) {
  std::atomic<int> busy{2};
  FakeServer fake([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const FakeConnection::Words& words) -> std::string {
      if (words.empty()) return {};
      return busy-- > 0 ? "-BUSY Redis is busy running a script\r\n" : ":1\r\n";
    });
  });
  StartedManager redis(config_at(fake.port()));
  EXPECT_EQ(redis->client("main").incr("n"), 1);
  EXPECT_EQ(redis->stats("main").operations.retries, 2U);
  EXPECT_EQ(redis->stats("main").operations.server_errors, 0U);
  busy = 1;
  const Error error = error_of([&] { return redis->client("main").with_retry(RetryMode::off).incr("n"); });
  EXPECT_EQ(error.server_code(), "BUSY");
}

TEST_F(Retried, RetryBudgetEndsRetries) {
  std::atomic<int> commands{0};
  FakeServer fake([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const FakeConnection::Words& words) -> std::string {
      if (words.empty()) return {};
      ++commands;
      return "-BUSY Redis is busy running a script\r\n";
    });
  });
  RedisConfig config = config_at(fake.port());
  config.database("main").retry_budget = {0, 0, 3};
  config.database("main").retry.backoff = {1ms, 1ms, 1.0, Jitter::none};
  StartedManager redis(config);
  const Client client = redis->client("main");
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(client.results().incr("n").has_value());
  EXPECT_EQ(commands, 10 + 3);
  EXPECT_GE(redis->stats("main").operations.retries_refused, 8U);
}

TEST_F(Retried, CommandRefusedByReplicaIsRetriedOnNewConnection) {
  const auto answer = [](const FakeConnection::Words& words, std::size_t index) -> std::string {
    if (words.empty()) return {};
    return index == 0 ? "-READONLY You can't write against a read only replica.\r\n" : ":1\r\n";
  };
  FakeServer fake([&](FakeConnection& connection, std::size_t index) {
    connection.serve([&, index](const FakeConnection::Words& words) { return answer(words, index); });
  });
  StartedManager redis(config_at(fake.port()));
  EXPECT_EQ(redis->client("main").incr("n"), 1);
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::role), 1U);
}

// The server's own count shows how often an INCR ran.
TEST(RetriedWrites, IncrementIsRetriedOnlyWithAtLeastOnce) {
  std::atomic<int> counted{0};
  std::atomic<bool> drop{true};
  FakeServer fake([&](FakeConnection& connection, std::size_t) {
    while (true) {
      auto words = connection.handshake();
      if (words.empty()) return;
      ++counted;
      if (drop.exchange(false)) return connection.close();
      connection.send(":1\r\n");
      connection.serve([&](const FakeConnection::Words& more) -> std::string {
        if (!more.empty()) ++counted;
        return ":2\r\n";
      });
      return;
    }
  });
  StartedManager redis(config_at(fake.port()));
  const Client client = redis->client("main");
  const Error error = error_of([&] { return client.incr("n"); });
  EXPECT_EQ(error.effect(), Effect::indeterminate);
  EXPECT_EQ(counted, 1);
  drop = true;
  redis->shutdown();
  StartedManager again(config_at(fake.port()));
  EXPECT_EQ(again->client("main").with_retry(RetryMode::at_least_once).incr("n"), 1);
  EXPECT_EQ(counted, 3) << "one call may count twice with at_least_once";
}

// The error proves that the second attempt did not run, but nothing about the first.
TEST(RetriedWrites, ErrorReplyProvesNothingAboutAnEarlierAttempt) {
  std::atomic<int> received{0};
  FakeServer fake([&](FakeConnection& connection, std::size_t) {
    if (connection.handshake().empty()) return;
    if (++received == 1) return connection.close();
    connection.send("-MOVED 1234 127.0.0.1:7001\r\n");
    connection.serve([](const FakeConnection::Words&) -> std::string { return "+OK\r\n"; });
  });
  StartedManager redis(config_at(fake.port()));
  const Client client = redis->client("main").with_retry(RetryMode::at_least_once);
  const Error error = error_of([&] { return client.incr("n"); });
  EXPECT_EQ(received, 2);
  EXPECT_EQ(error.code(), Errc::server_error);
  EXPECT_EQ(error.effect(), Effect::indeterminate) << error.what();
}

TEST(WhileAway, CallsWaitForDatabaseWhenConfigured) {
  RedisServer server;
  RedisConfig config = config_at(server);
  config.database("main").when_away = WhenAway::wait;
  config.database("main").timeouts.command = 30s;
  StartedManager redis(config);
  const Client client = redis->client("main");
  client.ping();
  server.kill();
  const Error late = error_of([&] { return client.with_timeout(300ms).incr("n"); });
  EXPECT_TRUE(is_unavailable(late.code()) || late.code() == Errc::connection_lost ||
              late.code() == Errc::timeout)
      << late.what();
  auto waiting = std::async(std::launch::async, [&] { return client.results().incr("n"); });
  server.restart();  // on this thread: the server ends with the thread that started it
  const auto counted = waiting.get();
  EXPECT_TRUE(counted.has_value()) << counted.error().what();
}

}  // namespace
}  // namespace redstart::test
