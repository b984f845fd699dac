// SPDX-License-Identifier: Apache-2.0
// async_resilience_test.cpp: breaker, retries and waiting for asynchronous and shared calls.
#include <gmock/gmock.h>

#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using ::testing::HasSubstr;
using Words = FakeConnection::Words;

// Answers commands while `healthy`; otherwise it withholds replies until the next command. It always answers
// handshakes. Counts the commands, and the PINGs after the handshake.
struct OwingServer {
  std::atomic<bool> healthy{true};
  std::atomic<int> commands{0};
  std::atomic<int> pings{0};
  FakeServer server{[this](FakeConnection& connection, std::size_t) {
    std::string owed;
    for (Words words = connection.handshake(); !words.empty(); words = connection.command()) {
      const bool ping = words[0] == "PING";
      owed += ping ? "+PONG\r\n" : ":1\r\n";
      ++(ping ? pings : commands);
      if (healthy) connection.send(std::exchange(owed, {}));
    }
  }};

  [[nodiscard]] RedisConfig config(BackoffPolicy recovery) const {
    RedisConfig config = config_at(server.port());
    config.database("main").breaker.recovery = recovery;
    config.database("main").direct_limit = 0;  // synchronous calls use shared connections, too
    return config;
  }
};

constexpr BackoffPolicy never{1h, 1h, 1.0, Jitter::none};
constexpr BackoffPolicy at_once{1ms, 1ms, 1.0, Jitter::none};

// Sends commands until the breaker opens, and returns how many were sent. On a busy machine some calls may
// expire before they are sent, and do not count.
[[nodiscard]] int open_circuit(RedisConnectionManager& redis) {
  const AsyncClient client = redis.async_client("main");
  int sent = 0;
  const bool opened = eventually([&] {
    const auto late = client.with_timeout(50ms).results().incr("n")(use_future).get();
    if (!late && late.error().effect() == Effect::indeterminate) ++sent;
    return redis.stats("main").breaker_changes != 0;
  });
  return opened ? sent : 0;
}

TEST(AsyncCircuit, OpensAfterTimeoutsAndSendsNothing) {
  OwingServer stalling;
  StartedManager redis(stalling.config(never));
  const AsyncClient client = redis->async_client("main");
  EXPECT_EQ(client.incr("n")(use_future).get(), 1);
  stalling.healthy = false;
  const int sent = open_circuit(*redis);
  ASSERT_TRUE(eventually([&] { return stalling.commands == sent + 1; }));
  EXPECT_EQ(redis->stats("main").state, ConnectionState::circuit_open);
  const int commands = stalling.commands;
  for (int i = 0; i < 100; ++i) {
    const Error error = error_of_future(client.incr("n")(use_future));
    EXPECT_EQ(error.code(), Errc::circuit_open);
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_THAT(error.what(), HasSubstr("last failure: no complete reply"));
  }
  EXPECT_EQ(error_of([&] { static_cast<void>(redis->async_client("main")); }).code(), Errc::circuit_open);
  EXPECT_EQ(error_of([&] { static_cast<void>(redis->client("main")); }).code(), Errc::circuit_open);
  EXPECT_EQ(error_of_future(redis->scoped_async_client("main")(use_future)).code(), Errc::circuit_open);
  EXPECT_EQ(stalling.commands, commands);
}

TEST(AsyncCircuit, SynchronousCallersOfSharedConnectionUseSameBreaker) {
  OwingServer stalling;
  StartedManager redis(stalling.config(never));
  const Client client = redis->client("main");
  EXPECT_EQ(client.incr("n"), 1);
  stalling.healthy = false;
  const int sent = open_circuit(*redis);
  ASSERT_TRUE(eventually([&] { return stalling.commands == sent + 1; }));
  const int commands = stalling.commands;
  EXPECT_EQ(error_of([&] { return client.incr("n"); }).code(), Errc::circuit_open);
  EXPECT_EQ(stalling.commands, commands);
}

TEST(AsyncCircuit, SendsOnlyProbesToHangingServer) {
  OwingServer stalling;
  RedisConfig config = stalling.config({10ms, 10ms, 1.0, Jitter::none});
  config.database("main").breaker.probes = 2;
  config.database("main").timeouts.command = 20s;
  StartedManager redis(config);
  const AsyncClient client = redis->async_client("main");
  client.incr("n")(use_future).get();
  stalling.healthy = false;
  const int sent = open_circuit(*redis);
  ASSERT_TRUE(eventually([&] { return stalling.commands == sent + 1; }));
  const int commands = stalling.commands;
  // The allowed number of probes, then nothing while they are in flight.
  std::vector<std::future<Result<std::int64_t>>> probes;
  ASSERT_TRUE(eventually([&] {
    probes.push_back(client.results().incr("n")(use_future));
    return stalling.commands == commands + 2;
  }));
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(error_of_future(client.incr("n")(use_future)).code(), Errc::circuit_open);
  EXPECT_EQ(stalling.commands, commands + 2);
}

TEST(AsyncCircuit, ClosesOnceProbesAreAnswered) {
  OwingServer stalling;
  StartedManager redis(stalling.config(at_once));
  const AsyncClient client = redis->async_client("main");
  client.incr("n")(use_future).get();
  stalling.healthy = false;
  ASSERT_NE(open_circuit(*redis), 0);
  stalling.healthy = true;
  EXPECT_TRUE(eventually([&] {
    static_cast<void>(client.with_timeout(5s).results().incr("n")(use_future).get());
    return redis->stats("main").breaker == BreakerState::closed;
  }));
}

// The recovery time ends once. The PING that is sent then is answered much later.
TEST(AsyncCircuit, RecoveryPingClosesCircuitWhenServerAnswersAgain) {
  std::atomic<bool> frozen{false};
  Gate thaw;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    for (Words words = connection.handshake(); !words.empty(); words = connection.command()) {
      if (frozen) connection.wait(thaw);
      connection.send(words[0] == "PING" ? "+PONG\r\n" : ":1\r\n");
    }
  });
  RedisConfig config = config_at(server.port());
  config.database("main").breaker.recovery = {1ms, 1h, 1e6, Jitter::none};
  config.database("main").timeouts.command = 30s;
  StartedManager redis(config);
  redis->async_client("main").incr("n")(use_future).get();
  frozen = true;
  const auto sent = static_cast<std::size_t>(open_circuit(*redis));
  ASSERT_NE(sent, 0U);
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.in_flight == sent + 1; }))
      << "the PING must be sent";
  const auto before = redis->stats("main").operations;
  thaw.open();
  EXPECT_TRUE(eventually([&] { return redis->stats("main").breaker == BreakerState::half_open; }))
      << "must close without calls, long before the next recovery time";
  EXPECT_EQ(redis->stats("main").operations.ok, before.ok) << "the recovery PING must not be counted";
  EXPECT_EQ(redis->async_client("main").incr("n")(use_future).get(), 1);
}

TEST(AsyncCircuit, ConnectionOpenedByPoolClosesCircuitForSynchronousCallers) {
  OwingServer stalling;
  RedisConfig config = stalling.config({1ms, 1h, 1e6, Jitter::none});
  config.database("main").sync_over_shared = false;
  StartedManager redis(config);
  const Client client = redis->client("main");
  client.incr("n");
  stalling.healthy = false;
  ASSERT_TRUE(eventually([&] {
    static_cast<void>(client.with_timeout(50ms).results().incr("n"));
    return redis->stats("main").breaker_changes != 0;
  }));
  stalling.healthy = true;
  EXPECT_TRUE(eventually([&] { return redis->stats("main").breaker == BreakerState::half_open; }));
  EXPECT_EQ(redis->stats("main").pool.shared, 1U);
}

TEST(AsyncCircuit, ShutdownDoesNotWaitForRecoveryPing) {
  OwingServer stalling;
  RedisConfig config = stalling.config(at_once);
  config.database("main").timeouts.command = 30s;
  StartedManager redis(config);
  redis->async_client("main").incr("n")(use_future).get();
  stalling.healthy = false;
  ASSERT_NE(open_circuit(*redis), 0);
  ASSERT_TRUE(eventually([&] { return stalling.pings != 0; }));
  const auto began = std::chrono::steady_clock::now();
  redis->shutdown(20s);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
}

TEST(AsyncCircuit, CanBeForcedOpenAndClosed) {
  OwingServer stalling;
  StartedManager redis(stalling.config(never));
  const AsyncClient async = redis->async_client("main");
  const Client client = redis->client("main");
  EXPECT_EQ(async.incr("n")(use_future).get(), 1);
  CircuitControl circuit = redis->breaker("main");
  EXPECT_EQ(circuit.state(), BreakerState::closed);
  circuit.force_open();
  const int commands = stalling.commands;
  const Error error = error_of_future(async.incr("n")(use_future));
  EXPECT_EQ(error.code(), Errc::circuit_open);
  EXPECT_EQ(error.remedy(), Remedy::never);
  EXPECT_THAT(error.what(), HasSubstr("breaker(\"main\").automatic()"));
  EXPECT_EQ(error_of([&] { return client.incr("n"); }).code(), Errc::circuit_open);
  EXPECT_EQ(stalling.commands, commands);
  circuit.automatic();
  EXPECT_EQ(async.incr("n")(use_future).get(), 1);
  EXPECT_EQ(client.incr("n"), 1);
  circuit.force_closed();
  stalling.healthy = false;
  for (int i = 0; i < 8; ++i)
    static_cast<void>(async.with_timeout(10ms).results().incr("n")(use_future).get());
  EXPECT_EQ(circuit.state(), BreakerState::forced_closed);
  EXPECT_EQ(error_of([&] { static_cast<void>(redis->breaker("nowhere")); }).code(), Errc::unknown_database);
  redis->shutdown();
  circuit.automatic();  // has no effect
  EXPECT_EQ(error_of([&] { static_cast<void>(redis->breaker("main")); }).code(), Errc::closed);
}

TEST(AsyncWhileAway, OperationsWaitForBreakerWhenConfigured) {
  OwingServer stalling;
  RedisConfig config = stalling.config(never);
  config.database("main").when_away = WhenAway::wait;
  config.database("main").timeouts.command = 30s;
  StartedManager redis(config);
  const AsyncClient client = redis->async_client("main");
  client.incr("n")(use_future).get();
  redis->breaker("main").force_open();
  const Error late = error_of_future(client.with_timeout(30ms).incr("n")(use_future));
  EXPECT_EQ(late.code(), Errc::circuit_open);
  EXPECT_EQ(late.effect(), Effect::not_sent);
  auto waiting = client.incr("n")(use_future);
  auto lease = redis->scoped_async_client("main")(use_future);
  EXPECT_EQ(waiting.wait_for(30ms), std::future_status::timeout);
  redis->breaker("main").automatic();
  EXPECT_EQ(waiting.get(), 1);
  EXPECT_EQ(lease.get().incr("n")(use_future).get(), 1);
}

TEST(AsyncWhileAway, OperationsWaitForServerWhenConfigured) {
  RedisServer server;
  RedisConfig config = config_at(server);
  config.database("main").when_away = WhenAway::wait;
  config.database("main").timeouts.command = 30s;
  StartedManager redis(config);
  const AsyncClient client = redis->async_client("main");
  client.ping()(use_future).get();
  server.kill();
  const Error late = error_of_future(client.with_timeout(300ms).incr("n")(use_future));
  EXPECT_TRUE(is_unavailable(late.code()) || late.code() == Errc::connection_lost ||
              late.code() == Errc::timeout)
      << late.what();
  auto waiting = client.results().incr("n")(use_future);
  auto lease = redis->scoped_async_client("main")(use_future);
  server.restart();
  const auto counted = waiting.get();
  EXPECT_TRUE(counted.has_value()) << counted.error().what();
  EXPECT_EQ(lease.get().ping()(use_future).get(), "PONG");
}

TEST(AsyncWhileAway, FailedScopedHandleRequestTriggersReconnect) {
  RedisServer server;
  StartedManager redis(config_at(server));
  server.kill();
  const auto acquired = [&] {
    try {
      static_cast<void>(redis->scoped_async_client("main")(use_future).get());
    } catch (const Error&) {
      return false;
    }
    return true;
  };
  EXPECT_FALSE(acquired());
  server.restart();
  EXPECT_TRUE(eventually(acquired)) << "requests for scoped handles alone must trigger a reconnect";
}

class AsyncRetried : public RedisTest {};

TEST_F(AsyncRetried, CommandRefusedWithBusyIsRetriedUntilServed) {
  std::atomic<int> busy{2};
  FakeServer fake([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) -> std::string {
      if (words.empty()) return {};
      return busy-- > 0 ? "-BUSY Redis is busy running a script\r\n" : ":1\r\n";
    });
  });
  RedisConfig config = config_at(fake.port());
  config.database("main").direct_limit = 0;
  StartedManager redis(config);
  EXPECT_EQ(redis->async_client("main").incr("n")(use_future).get(), 1);
  EXPECT_EQ(redis->stats("main").operations.retries, 2U);
  EXPECT_EQ(redis->stats("main").operations.server_errors, 0U);
  busy = 2;
  EXPECT_EQ(redis->client("main").incr("n"), 1) << "must succeed over the shared connection";
  EXPECT_EQ(redis->stats("main").operations.retries, 4U)
      << "the synchronous caller must not retry in addition";
  busy = 1;
  const AsyncClient plain = redis->async_client("main").with_retry(RetryMode::off);
  EXPECT_EQ(error_of_future(plain.incr("n")(use_future)).server_code(), "BUSY");
  busy = 1;
  auto script = redis->async_client("main").command<std::int64_t>("EVAL", "return 1", 0)(use_future);
  EXPECT_EQ(error_of_future(std::move(script)).server_code(), "BUSY")
      << "a script is not retried: it may have written before the error";
}

TEST_F(AsyncRetried, RetryBudgetEndsRetries) {
  std::atomic<int> commands{0};
  FakeServer fake([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) -> std::string {
      if (words.empty()) return {};
      ++commands;
      return "-BUSY Redis is busy running a script\r\n";
    });
  });
  RedisConfig config = config_at(fake.port());
  config.database("main").retry_budget = {0, 0, 3};
  config.database("main").retry.backoff = {1ms, 1ms, 1.0, Jitter::none};
  StartedManager redis(config);
  const AsyncClient client = redis->async_client("main");
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(client.results().incr("n")(use_future).get().has_value());
  EXPECT_EQ(commands, 10 + 3);
  EXPECT_GE(redis->stats("main").operations.retries_refused, 8U);
}

TEST_F(AsyncRetried, CommandRefusedByReplicaIsRetriedOnNewConnection) {
  FakeServer fake([&](FakeConnection& connection, std::size_t index) {
    connection.serve([index](const Words& words) -> std::string {
      if (words.empty()) return {};
      return index == 0 ? "-READONLY You can't write against a read only replica.\r\n" : ":1\r\n";
    });
  });
  StartedManager redis(config_at(fake.port()));
  EXPECT_EQ(redis->async_client("main").incr("n")(use_future).get(), 1);
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::role), 1U);
}

TEST_F(AsyncRetried, CommandRefusedWithLoadingWaitsUntilLoaded) {
  std::atomic<int> loading{40};  // more than the attempts of any policy
  FakeServer fake([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) -> std::string {
      if (words.empty()) return {};
      return loading-- > 0 ? "-LOADING Redis is loading the dataset in memory\r\n" : ":1\r\n";
    });
  });
  RedisConfig config = config_at(fake.port());
  config.database("main").timeouts.command = 30s;
  StartedManager redis(config);
  EXPECT_EQ(redis->async_client("main").incr("n")(use_future).get(), 1);
  EXPECT_EQ(redis->stats("main").breaker_changes, 0U);
}

// The server's own count shows how often an INCR ran.
TEST(AsyncRetriedWrites, IncrementIsRetriedOnlyWithAtLeastOnce) {
  std::atomic<int> counted{0};
  std::atomic<int> drops{0};
  std::atomic<bool> full{false};
  FakeServer fake([&](FakeConnection& connection, std::size_t) {
    for (auto words = connection.handshake(); !words.empty(); words = connection.command()) {
      ++counted;
      if (drops-- > 0) return connection.close();
      connection.send(full ? "-OOM command not allowed\r\n" : ":1\r\n");
    }
  });
  StartedManager redis(config_at(fake.port()));
  const AsyncClient client = redis->async_client("main");
  client.incr("n")(use_future).get();
  counted = 0;
  drops = 1;
  EXPECT_EQ(error_of_future(client.incr("n")(use_future)).effect(), Effect::indeterminate);
  EXPECT_EQ(counted, 1);
  drops = 1;
  const AsyncClient careless = client.with_retry(RetryMode::at_least_once);
  EXPECT_EQ(careless.incr("n")(use_future).get(), 1);
  EXPECT_EQ(counted, 3) << "one call may count twice with at_least_once";
  drops = 1;
  full = true;
  const Error error = error_of_future(careless.incr("n")(use_future));
  EXPECT_EQ(error.server_code(), "OOM");
  EXPECT_EQ(error.effect(), Effect::indeterminate) << "the first attempt may have run";
  drops = 1;
  EXPECT_EQ(client.results().get("n")(use_future).get().error().server_code(), "OOM")
      << "reads must be retried";
}

}  // namespace
}  // namespace redstart::test
