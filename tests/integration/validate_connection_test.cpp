// SPDX-License-Identifier: Apache-2.0
// validate_connection_test.cpp: validate_connection() in each state of a server.
#include <gmock/gmock.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_names.hpp"
#include "support/fake_server.hpp"
#include "support/free_port.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/server_states.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using Clock = std::chrono::steady_clock;
using Words = FakeConnection::Words;

ConnectionReport report_of(RedisConfig config, std::chrono::milliseconds timeout = 10s) {
  config.defaults.required = false;
  config.start_timeout = 1ms;
  StartedManager redis(std::move(config));
  return redis->validate_connection("cache", timeout);
}
ConnectionReport report_of(std::uint16_t port, std::chrono::milliseconds timeout = 10s) {
  return report_of(config_at(port), timeout);
}
// Validates a server that answers the PING of the handshake with `ping`, and INFO with `info`.
ConnectionReport report_of_scripted(const std::string& ping, const std::string& info = {}) {
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    for (Words words = connection.command(); !words.empty(); words = connection.command()) {
      if (words[0] == "HELLO")
        connection.send("%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n");
      else if (words[0] == "PING")
        connection.send(ping);
      else if (words[0] == "INFO")
        connection.send(resp_bulk(info));
      else if (words[0] == "SETRANGE")
        connection.send(ping);
      else
        connection.send("+OK\r\n");
    }
  });
  return report_of(server.port());
}

// Checks the server's error word, the advice, and the link to the runbook.
void expect_problem(const ConnectionReport& report, Errc code, const std::string& word,
                    const std::string& advice, const std::string& entry) {
  ASSERT_FALSE(report.ok()) << report.explain();
  EXPECT_EQ(report.problem->code(), code) << report.explain();
  EXPECT_EQ(report.problem->server_code(), word) << report.explain();
  EXPECT_THAT(report.problem->info().advice, HasSubstr(advice));
  EXPECT_THAT(report.problem->what(), HasSubstr(report.endpoint));
  EXPECT_THAT(report.explain(), ::testing::EndsWith("docs/runbook.md#" + entry));
}

class ValidateConnection : public RedisTest {
 protected:
  void TearDown() override {
    if (!IsSkipped()) {
      raw().command({"CONFIG", "SET", "maxmemory", "0"});
      raw().command({"CONFIG", "SET", "min-replicas-to-write", "0"});
      raw().command({"CONFIG", "SET", "requirepass", ""});
      raw().command({"ACL", "DELUSER", "visitor"});
    }
  }
  static RedisConfig as_visitor() {
    RedisConfig config = config_at(server());
    config.defaults.username = "visitor";
    config.defaults.password = Secret("sesame-7");
    return config;
  }
};

TEST_F(ValidateConnection, ReportsNoProblemWithHealthyServer) {
  const ConnectionReport report = report_of(config_at(server()));
  EXPECT_TRUE(report.ok()) << report.explain();
  EXPECT_TRUE(report.reachable);
  EXPECT_TRUE(report.ready);
  EXPECT_EQ(report.writable, true);
  EXPECT_EQ(report.database, "cache");
  EXPECT_EQ(report.endpoint, "127.0.0.1:" + std::to_string(server().port()));
  EXPECT_EQ(report.server.product, server().version().product);
  EXPECT_EQ(report.server.version, server().version().text);
  EXPECT_EQ(report.server.run_id, raw().info("run_id"));
  EXPECT_EQ(report.server.role, "master");
  EXPECT_EQ(report.server.mode, "standalone");
  EXPECT_GT(report.server.clients, 0U);
  EXPECT_GT(report.server.memory, 0U);
  EXPECT_GT(report.server.resident_memory, 0U);
  EXPECT_EQ(report.server.memory_policy, "noeviction");
  EXPECT_EQ(report.server.evicted_keys, std::stoull(raw().info("evicted_keys")));
  EXPECT_EQ(report.server.rejected_clients, std::stoull(raw().info("rejected_connections")));
  EXPECT_EQ(report.reached, ConnectStep::connected);
  EXPECT_GT(report.connecting, 0ns);
  EXPECT_GT(report.ping, 0ns);
  EXPECT_THAT(report.explain(), HasSubstr("no problem found"));
  EXPECT_EQ(raw().integer({"DBSIZE"}), 0) << "must not create a key";
}

TEST_F(ValidateConnection, DoesNotAffectPoolStatisticsOrBreaker) {
  StartedManager redis(config_at(server()));
  EXPECT_TRUE(redis->validate_connection("cache").ok());
  const DatabaseStats stats = redis->stats("cache");
  EXPECT_EQ(stats.pool.created, 0U);
  EXPECT_EQ(stats.operations.ok, 0U);
  EXPECT_EQ(stats.state, ConnectionState::stopped);
  EXPECT_EQ(error_of([&] { return redis->validate_connection("nonsense"); }).code(), Errc::unknown_database);
  redis->shutdown();
  EXPECT_EQ(error_of([&] { return redis->validate_connection("cache"); }).code(), Errc::closed);
}

TEST_F(ValidateConnection, ReportsFullMemory) {
  raw().text({"CONFIG", "SET", "maxmemory", "1"});
  const ConnectionReport report = report_of(config_at(server()));
  expect_problem(report, Errc::server_error, "OOM", "maxmemory", "oom");
  EXPECT_TRUE(report.ready);
  EXPECT_EQ(report.writable, false);
  EXPECT_EQ(report.server.maximum_memory, 1U);
}

TEST_F(ValidateConnection, ReportsEvictedKeysAndRefusedClients) {
  const RedisServer small({"--maxclients", "2", "--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru"});
  RawRedis first(small.port());
  const std::string value(100'000, 'x');
  for (int i = 0; i != 100; ++i) first.command({"SET", "key:" + std::to_string(i), value});
  {
    RawRedis second(small.port());
    second.text({"PING"});
    RawRedis third(small.port());
    static_cast<void>(third.receive());  // the refusal
  }
  ASSERT_TRUE(eventually([&] { return first.info("connected_clients") == "1"; }));
  const ConnectionReport report = report_of(small.port());
  EXPECT_EQ(report.server.memory_policy, "allkeys-lru");
  EXPECT_GT(report.server.evicted_keys, 0U);
  EXPECT_EQ(report.server.rejected_clients, 1U);
  EXPECT_THAT(report.explain(), HasSubstr("bytes, policy allkeys-lru, "));
}

TEST_F(ValidateConnection, ReportsMissingReplicas) {
  raw().text({"CONFIG", "SET", "min-replicas-to-write", "1"});
  const ConnectionReport report = report_of(config_at(server()));
  expect_problem(report, Errc::server_error, "NOREPLICAS", "min-replicas-to-write", "noreplicas");
  EXPECT_EQ(report.writable, false);
}

TEST_F(ValidateConnection, ReportsMissingPassword) {
  raw().text({"CONFIG", "SET", "requirepass", "sesame-1"});
  const ConnectionReport report = report_of(config_at(server()));
  expect_problem(report, Errc::authentication_failed, "NOAUTH", "password", "noauth");
  EXPECT_TRUE(report.reachable);
  EXPECT_FALSE(report.ready);
}

TEST_F(ValidateConnection, ReportsWrongPasswordWithoutShowingIt) {
  const ConnectionReport report = report_of(as_visitor());
  expect_problem(report, Errc::authentication_failed, "WRONGPASS", "password", "wrongpass");
  EXPECT_THAT(report.explain(), Not(HasSubstr("sesame")));
}

TEST_F(ValidateConnection, ReportsMissingPermission) {
  raw().text({"ACL", "SETUSER", "visitor", "on", ">sesame-7", "~*", "+@all", "-ping"});
  expect_problem(report_of(as_visitor()), Errc::server_error, "NOPERM", "ACL", "noperm");
}

TEST_F(ValidateConnection, ReportsNoProblemForReadOnlyUser) {
  raw().text({"ACL", "SETUSER", "visitor", "on", ">sesame-7", "~*", "+@read", "+@connection", "+select"});
  const ConnectionReport report = report_of(as_visitor());
  EXPECT_TRUE(report.ok()) << report.explain();
  EXPECT_EQ(report.writable, std::nullopt);
  ASSERT_EQ(report.notes.size(), 2U) << "one for INFO, one for the write check";
  EXPECT_THAT(report.notes[1], HasSubstr("NOPERM"));
}

TEST_F(ValidateConnection, ReportsReplicaAndItsLostPrimary) {
  const FreePort nowhere;
  const RedisServer replica({"--replicaof", "127.0.0.1", nowhere.text()});
  expect_problem(report_of(replica.port()), Errc::server_error, "READONLY", "replica", "readonly");
  if (!replica.version().since(7, 0)) return;  // Redis 6.0 answers PING without its primary
  RawRedis(replica.port()).text({"CONFIG", "SET", "replica-serve-stale-data", "no"});
  const ConnectionReport report = report_of(replica.port());
  expect_problem(report, Errc::loading, "MASTERDOWN", "master", "masterdown");
  EXPECT_FALSE(report.ready);
}

TEST_F(ValidateConnection, ReportsServerWithoutRoomForClients) {
  const RedisServer full({"--maxclients", "2"});
  RawRedis first(full.port());
  first.text({"PING"});
  RawRedis second(full.port());
  second.text({"PING"});
  const ConnectionReport report = report_of(full.port());
  expect_problem(report, Errc::handshake_failed, "ERR", "maxclients", "maxclients");
  EXPECT_THAT(report.problem->what(), HasSubstr("max number of clients"));
}

TEST_F(ValidateConnection, ReportsFrozenServerWithinTimeLimit) {
  RedisServer frozen;
  frozen.pause();
  const auto began = Clock::now();
  const ConnectionReport report = report_of(frozen.port(), 300ms);
  EXPECT_LE(Clock::now() - began, 5s);
  frozen.resume();
  expect_problem(report, Errc::connect_timeout, "", "does not answer", "connect_timeout");
  EXPECT_TRUE(report.reachable);
  EXPECT_FALSE(report.ready);
}

TEST_F(ValidateConnection, ReportsServerBusyWithScript) {
  const RedisServer busy(EndlessScript::impatient());
  EndlessScript script(busy);
  ASSERT_TRUE(script.noticed());
  const ConnectionReport report = report_of(busy.port());
  expect_problem(report, Errc::loading, "BUSY", "SCRIPT KILL", "busy");
  EXPECT_TRUE(report.reachable);
  EXPECT_FALSE(report.ready);
  script.end();
  EXPECT_TRUE(report_of(busy.port()).ok());
}

TEST_F(ValidateConnection, ReportsServerThatCouldNotSave) {
  const RedisServer server(slow_to_save());
  ASSERT_TRUE(let_saving_fail(server));
  const ConnectionReport report = report_of(server.port());
  expect_problem(report, Errc::server_error, "MISCONF", "disk", "misconf");
  EXPECT_TRUE(report.ready) << "the server serves reads";
  EXPECT_EQ(report.writable, false);
  EXPECT_EQ(report.server.role, "master") << "the other checks must run as well";
}

TEST(ValidateConnectionWithoutServer, ReportsNameWithoutAddress) {
  FakeNames names(std::vector<std::uint16_t>{});
  names.now_failing("Name or service not known");
  RedisConfig config = config_at(6379);
  config.defaults.endpoint.host = "redis.test";
  const ConnectionReport report = report_of(std::move(config));
  expect_problem(report, Errc::resolve_failed, "", "host name", "resolve_failed");
  EXPECT_THAT(report.problem->what(), HasSubstr("Name or service not known"));
  EXPECT_EQ(report.reached, std::nullopt);
  EXPECT_FALSE(report.reachable);
  EXPECT_FALSE(report.ready);
}

TEST(ValidateConnectionWithoutServer, ReportsHangingLookupWithinTimeLimit) {
  const Gate over;
  const FakeNames names([over] {
    over.wait();
    return net::Resolved{{}, "too late"};
  });
  RedisConfig config = config_at(6379);
  config.defaults.endpoint.host = "redis.test";
  const auto began = Clock::now();
  const ConnectionReport report = report_of(std::move(config), 300ms);
  EXPECT_LE(Clock::now() - began, 5s);
  over.open();
  expect_problem(report, Errc::resolve_failed, "", "host name", "resolve_failed");
  EXPECT_FALSE(report.reachable);
}

TEST(ValidateConnectionWithoutServer, ReportsRefusedConnection) {
  const FreePort nobody;
  const ConnectionReport report = report_of(nobody.number());
  expect_problem(report, Errc::connect_refused, "", "Is the server running?", "connect_refused");
  EXPECT_EQ(report.reached, ConnectStep::resolved);
  EXPECT_FALSE(report.reachable);
}

TEST(ValidateConnectionWithoutServer, ReportsPeerWithAnotherProtocol) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    connection.await_close();
  });
  const ConnectionReport report = report_of(server.port());
  expect_problem(report, Errc::handshake_failed, "", "port of a Redis server", "handshake_failed");
}

TEST(ValidateConnectionOfScriptedServer, ReportsLoadingAndRemainingTime) {
  const ConnectionReport report =
      report_of_scripted("-LOADING Redis is loading the dataset in memory\r\n",
                         "loading:1\r\nloading_loaded_perc:40.00\r\nloading_eta_seconds:7\r\n");
  expect_problem(report, Errc::loading, "LOADING", "Wait", "loading");
  EXPECT_THAT(report.problem->what(), HasSubstr("about 7 s left"));
  EXPECT_TRUE(report.reachable);
  EXPECT_FALSE(report.ready);
}

TEST(ValidateConnectionOfScriptedServer, ReportsRunningScript) {
  const ConnectionReport report = report_of_scripted("-BUSY Redis is busy running a script.\r\n");
  expect_problem(report, Errc::loading, "BUSY", "SCRIPT KILL", "busy");
}

TEST(ValidateConnectionOfScriptedServer, ReportsServerThatCannotSave) {
  const ConnectionReport report =
      report_of_scripted("-MISCONF Redis is configured to save RDB snapshots, but can't.\r\n");
  expect_problem(report, Errc::server_error, "MISCONF", "disk", "misconf");
  EXPECT_TRUE(report.ready) << "the server serves reads";
  EXPECT_EQ(report.writable, false);
}

TEST(ValidateConnectionOfScriptedServer, EndsWhenItsConnectionBreaks) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.handshake();  // closed at INFO
    connection.reset();
  });
  const ConnectionReport report = report_of(server.port());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.problem->code(), Errc::connection_lost);
  EXPECT_FALSE(report.ready);
}

}  // namespace
}  // namespace redstart::test
