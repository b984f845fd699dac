// SPDX-License-Identifier: Apache-2.0
// diagnosis_test.cpp: diagnosis of failing calls: statistics, attempts, circuit breaker, validation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Words = FakeConnection::Words;

// Always sends this reply.
FakeServer::Script answering_always(const std::string& reply) {
  return [reply](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) { return words.empty() ? std::string() : reply; });
  };
}

TEST(LastErrorsOfDatabase, KeepTheCauseWhileManyCallsFailLater) {
  FakeServer server(answering_always(":1\r\n"));
  StartedManager redis(config_at(server.port()));
  const Client client = redis->client("main");
  EXPECT_EQ(client.incr("n"), 1);
  server.stop();
  EXPECT_TRUE(eventually([&] {
    static_cast<void>(client.results().incr("n"));
    return redis->stats("main").pool.connect_failures != 0;
  }));
  redis->breaker("main").force_open();
  for (int i = 0; i != 100; ++i) EXPECT_FALSE(client.results().incr("n"));
  const auto errors = redis->stats("main").operations.last_errors;
  const auto find = [&](Errc code) {
    return std::find_if(errors.begin(), errors.end(), [&](const LastError& e) { return e.code == code; });
  };
  ASSERT_NE(find(Errc::circuit_open), errors.end());
  EXPECT_EQ(find(Errc::circuit_open)->count, 100U);
  EXPECT_LE(find(Errc::circuit_open)->first, find(Errc::circuit_open)->time);
  ASSERT_NE(find(Errc::connect_refused), errors.end());
  EXPECT_LE(find(Errc::connect_refused)->time, find(Errc::circuit_open)->time);
}

TEST(AttemptsOfCall, AreInItsErrorWhenServerRefusesEach) {
  FakeServer server(answering_always("-BUSY Redis is busy running a script\r\n"));
  for_all_sides([&](Side side) {
    RedisConfig config = on_side(side, config_at(server.port()));
    config.defaults.retry.attempts = 3;
    config.defaults.retry.backoff = {1ms, 1ms, 1.0, Jitter::none};
    StartedManager redis(std::move(config));
    const Caller caller(*redis, side);
    const Error error = caller.error_of("INCR", "n");
    EXPECT_EQ(error.server_code(), "BUSY");
    EXPECT_EQ(error.info().attempts, 3U) << error.what();
    EXPECT_THAT(error.what(), HasSubstr("after 3 attempts"));
    const Error once = caller.retrying(RetryMode::off).error_of("INCR", "n");
    EXPECT_EQ(once.info().attempts, 1U) << once.what();
    EXPECT_EQ(std::string(once.what()).find("attempts"), std::string::npos);
  });
}

TEST(AttemptsOfCall, AreInItsErrorWhenEachConnectionIsLost) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    if (!connection.handshake().empty()) connection.close();
  });
  for_all_sides([&](Side side) {
    RedisConfig config = on_side(side, config_at(server.port()));
    config.defaults.retry.attempts = 2;
    config.defaults.retry.backoff = {1ms, 1ms, 1.0, Jitter::none};
    StartedManager redis(std::move(config));
    const Error error = Caller(*redis, side).error_of("GET", "key");
    EXPECT_EQ(error.code(), Errc::connection_lost) << error.what();
    EXPECT_EQ(error.info().attempts, 2U) << error.what();
  });
}

TEST(CircuitStatusOfDatabase, ReportsStartOfStateAndTimeOfNextProbe) {
  std::atomic<bool> silent{true};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words&) { return silent ? std::string() : ":1\r\n"; });
  });
  RedisConfig config = config_at(server.port());
  config.database("main").sync_over_shared = false;
  config.database("main").breaker.recovery = {1h, 1h, 1.0, Jitter::none};
  StartedManager redis(std::move(config));
  const CircuitStatus before = redis->breaker("main").status();
  EXPECT_EQ(before.state, BreakerState::closed);
  EXPECT_FALSE(before.next_probe);
  EXPECT_LT(before.lasting, 1h);
  const Client client = redis->client("main");
  ASSERT_TRUE(eventually([&] {
    static_cast<void>(client.with_timeout(50ms).results().incr("n"));
    return redis->stats("main").breaker == BreakerState::open;
  }));
  const CircuitStatus open = redis->stats("main").circuit;
  EXPECT_EQ(open.state, BreakerState::open);
  ASSERT_TRUE(open.next_probe);
  EXPECT_GT(*open.next_probe, 50min);
  EXPECT_LE(*open.next_probe, 1h);
  EXPECT_THAT(open.last_failure, HasSubstr("no complete reply"));
  EXPECT_THAT(to_string(redis->breaker("main").status()), HasSubstr("probes may pass in"));
}

TEST(ValidateConnectionNotes, ReportBreakerStateWhenServerIsHealthy) {
  FakeServer server(answering_always("+OK\r\n"));
  StartedManager redis(config_at(server.port()));
  EXPECT_THAT(redis->validate_connection("main").explain(), Not(HasSubstr("breaker")));
  redis->breaker("main").force_open();
  const ConnectionReport report = redis->validate_connection("main");
  EXPECT_TRUE(report.ok()) << report.explain();
  ASSERT_EQ(report.notes.size(), 1U);
  EXPECT_THAT(report.notes[0], HasSubstr("forced_open since"));
  EXPECT_THAT(report.notes[0], HasSubstr("breaker(\"main\").automatic()"));
  EXPECT_THAT(report.explain(), HasSubstr("no problem found with the server; see the notes"));
}

TEST(ValidateConnectionNotes, ReportClusterNode) {
  for (const std::string word :
       {"MOVED 1234 127.0.0.1:7001", "CLUSTERDOWN The cluster is down", "ASK 1 a:1"}) {
    FakeServer server([&](FakeConnection& connection, std::size_t) {
      connection.serve([&](const Words& words) -> std::string {
        if (words.empty()) return {};
        return words[0] == "INFO" ? resp_bulk("redis_mode:cluster\r\n") : "-" + word + "\r\n";
      });
    });
    StartedManager redis(config_at(server.port()));
    const ConnectionReport report = redis->validate_connection("main");
    ASSERT_TRUE(report.problem) << report.explain();
    EXPECT_EQ(report.problem->server_code(), word.substr(0, word.find(' ')));
    EXPECT_THAT(report.problem->info().advice,
                HasSubstr("a node of Redis Cluster, which is not supported yet"));
    EXPECT_THAT(report.notes, ::testing::Contains(HasSubstr("is a node of Redis Cluster")));
  }
}

}  // namespace
}  // namespace redstart::test
