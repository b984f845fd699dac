// SPDX-License-Identifier: Apache-2.0
// health_test.cpp: health checks of a real server in each of its states.
#include <gmock/gmock.h>

#include <boost/asio/use_future.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_names.hpp"
#include "support/fake_server.hpp"
#include "support/forked_child.hpp"
#include "support/free_port.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/sanitizers.hpp"
#include "support/server_states.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using HealthClock = std::chrono::steady_clock;

constexpr auto health_budget = 2000ms;

// Each check probes, and each result counts at once.
HealthPolicy undamped() {
  HealthPolicy policy;
  policy.budget = health_budget;
  policy.cache_time = 0ms;
  policy.failures = 1;
  policy.successes = 1;
  policy.hit_ratio = 0;  // other tests look up missing keys on the same server
  return policy;
}

RedisConfig health_config(std::uint16_t port) {
  RedisConfig config = config_at(port);
  config.start_timeout = 1ms;
  config.database("main").required = true;
  return config;
}
RedisConfig health_config(const RedisServer& server) { return health_config(server.port()); }

std::set<std::string> warnings_of(const DatabaseHealth& database) {
  std::set<std::string> codes;
  for (const HealthWarning& warning : database.warnings) codes.emplace(warning.code);
  return codes;
}

// A manager and its monitor.
class Watched {
 public:
  explicit Watched(RedisConfig config, HealthPolicy policy = undamped())
      : redis_(std::move(config)), health_(*redis_, std::move(policy)) {}

  // Checks once, and again if the machine gave a probe no time to end. Returns the report of the first
  // database.
  DatabaseHealth check() {
    for (int attempt = 0; attempt != 10; ++attempt) {
      const auto began = HealthClock::now();
      last_ = health_.check();
      EXPECT_LE(HealthClock::now() - began, health_budget + slack);
      if (!stalled(last_)) break;
    }
    EXPECT_EQ(health_.live().status(), "alive");
    return last_.databases.empty() ? DatabaseHealth{} : last_.databases.front();
  }
  [[nodiscard]] const HealthReport& last() const noexcept { return last_; }
  [[nodiscard]] bool ready() const { return health_.ready().ready; }
  [[nodiscard]] bool started() const { return health_.startup().started; }
  HealthMonitor& health() noexcept { return health_; }
  RedisConnectionManager& redis() noexcept { return *redis_; }

  // Checks the state that docs/health.md shows in its table.
  void expect(HealthStatus status, std::optional<Errc> problem, bool ready) {
    const DatabaseHealth database = check();
    EXPECT_EQ(to_string(last_.status), to_string(status)) << to_json(last_);
    EXPECT_EQ(database.status, status) << to_json(last_);
    EXPECT_EQ(database.problem, problem) << to_json(last_);
    EXPECT_EQ(this->ready(), ready) << to_json(health_.ready());
    EXPECT_EQ(database.message.empty(), !problem);
    EXPECT_EQ(database.advice.empty(), !problem);
  }

 private:
  static bool stalled(const HealthReport& report) {
    return std::any_of(report.databases.begin(), report.databases.end(),
                       [](const DatabaseHealth& database) { return database.status == HealthStatus::error; });
  }

  StartedManager redis_;
  HealthMonitor health_;
  HealthReport last_{};
};

class Health : public RedisTest {
 protected:
  void TearDown() override {
    if (IsSkipped()) return;
    raw().command({"CONFIG", "SET", "maxmemory", "0"});
    raw().command({"ACL", "DELUSER", "visitor"});
  }
  static RedisConfig as_visitor() {
    RedisConfig config = health_config(server());
    config.database("main").username = "visitor";
    config.database("main").password = Secret("sesame-7");
    return config;
  }
};

TEST_F(Health, RunningServerIsHealthy) {
  Watched watched(health_config(server()));
  EXPECT_FALSE(watched.ready());
  EXPECT_FALSE(watched.started());
  watched.expect(HealthStatus::healthy, std::nullopt, true);
  EXPECT_TRUE(watched.started());
  const DatabaseHealth& database = watched.last().databases.front();
  EXPECT_EQ(watched.last().databases.size(), 1U);
  EXPECT_EQ(watched.last().service, "test");
  EXPECT_EQ(database.connectivity.result, CheckResult::ok);
  EXPECT_GT(database.connectivity.connecting, 0ns);
  EXPECT_GT(database.performance.ping, 0ns);
  EXPECT_TRUE(database.performance.latency);
  EXPECT_EQ(database.server.result, CheckResult::ok);
  EXPECT_EQ(database.server.identity.version, server().version().text);
  EXPECT_GT(database.server.connected_clients, 0U);
  EXPECT_GT(database.server.used_memory, 0U);
  EXPECT_THAT(database.server.used_memory_human, Not(IsEmpty()));
  EXPECT_EQ(database.operational.result, CheckResult::ok);
  EXPECT_GT(database.operational.duration, 0ns);
  EXPECT_THAT(database.notes, IsEmpty());
}

TEST_F(Health, ProbeLeavesNoKeyAndNoTraceInStatistics) {
  RedisConfig config = health_config(server());
  config.database("main").required = false;
  Watched watched(std::move(config));
  watched.expect(HealthStatus::healthy, std::nullopt, true);
  EXPECT_EQ(raw().integer({"DBSIZE"}), 0);
  const DatabaseStats stats = watched.redis().stats("main");
  EXPECT_EQ(stats.operations.ok, 0U);
  EXPECT_EQ(stats.pool.created, 0U);
  EXPECT_EQ(stats.state, ConnectionState::stopped);
}

TEST_F(Health, CountsKeysAndOperationsOfTheService) {
  Watched watched(health_config(server()));
  const auto db = watched.redis().client("main");
  db.set("kept", "value");
  db.set("passing", "value", {.expire = 300s});
  const DatabaseHealth database = watched.check();
  EXPECT_EQ(database.server.keys, 2U);
  EXPECT_EQ(database.server.expiring_keys, 1U);
  EXPECT_TRUE(database.performance.operations_p95);
  EXPECT_EQ(database.performance.success_rate, 1.0);
  EXPECT_GT(database.performance.operations_per_second, 0.0);
  EXPECT_FALSE(watched.check().performance.operations_p95) << "no operation since the last check";
}

TEST_F(Health, KilledServerIsUnhealthyUntilItRunsAgain) {
  RedisServer own;
  Watched watched(health_config(own));
  watched.expect(HealthStatus::healthy, std::nullopt, true);
  own.kill();
  watched.expect(HealthStatus::unhealthy, Errc::connect_refused, false);
  EXPECT_TRUE(watched.started()) << "startup latches";
  EXPECT_EQ(watched.last().databases.front().connectivity.result, CheckResult::failed);
  EXPECT_EQ(watched.last().databases.front().operational.result, CheckResult::unknown);
  own.restart();
  watched.expect(HealthStatus::healthy, std::nullopt, true);
}

TEST_F(Health, ServiceDoesNotStartBeforeItsRequiredDatabase) {
  RedisServer own;
  own.kill();
  Watched watched(health_config(own));
  watched.expect(HealthStatus::unhealthy, Errc::connect_refused, false);
  EXPECT_FALSE(watched.started());
  own.restart();
  watched.expect(HealthStatus::healthy, std::nullopt, true);
  EXPECT_TRUE(watched.started());
}

TEST_F(Health, OneFailedProbeDoesNotEndReadiness) {
  RedisServer own;
  HealthPolicy policy = undamped();
  policy.failures = 2;
  policy.successes = 2;
  Watched watched(health_config(own), policy);
  watched.expect(HealthStatus::healthy, std::nullopt, true);
  own.kill();
  watched.expect(HealthStatus::unhealthy, Errc::connect_refused, true);
  EXPECT_THAT(watched.health().ready().services.front().message, HasSubstr("failed probe 1 of 2"));
  watched.expect(HealthStatus::unhealthy, Errc::connect_refused, false);
  own.restart();
  watched.expect(HealthStatus::healthy, std::nullopt, false);
  watched.expect(HealthStatus::healthy, std::nullopt, true);
}

TEST_F(Health, OptionalDatabaseThatIsAwayOnlyDegrades) {
  const FreePort nobody;
  RedisConfig config = health_config(server());
  config.database("cache").endpoint.port = nobody.number();
  config.database("cache").impact = "pages are slow";
  Watched watched(std::move(config));
  const DatabaseHealth cache = watched.check();
  EXPECT_EQ(cache.name, "cache");
  EXPECT_EQ(cache.status, HealthStatus::unhealthy);
  EXPECT_EQ(cache.impact, "pages are slow");
  EXPECT_EQ(watched.last().status, HealthStatus::degraded);
  EXPECT_TRUE(watched.ready());
  EXPECT_TRUE(watched.started());
}

TEST_F(Health, StoppedProcessIsUnhealthyWithinTheBudget) {
  RedisServer own;
  RedisConfig config = health_config(own);
  for (const char* const name : {"cache", "jobs"}) config.database(name).required = true;
  Watched watched(std::move(config));
  own.pause();
  const auto began = HealthClock::now();
  watched.expect(HealthStatus::unhealthy, Errc::connect_timeout, false);
  EXPECT_LT(watched.last().duration, 2 * health_budget) << "all databases at the same time";
  EXPECT_GE(HealthClock::now() - began, health_budget / 2);
  for (const DatabaseHealth& database : watched.last().databases) {
    EXPECT_EQ(database.status, HealthStatus::unhealthy);
    EXPECT_TRUE(database.connectivity.reachable);
  }
  own.resume();
  watched.expect(HealthStatus::healthy, std::nullopt, true);
}

TEST_F(Health, LoadingServerIsUnhealthyUntilItHasLoaded) {
  RedisServer own(slow_to_load());
  {
    RawRedis filling(own.port());
    fill_to_load_slowly(filling, 30);
    ASSERT_EQ(filling.text({"SAVE"}), "OK");
  }
  own.kill();
  own.start();
  ASSERT_TRUE(is_loading(own));
  Watched watched(health_config(own));
  watched.expect(HealthStatus::unhealthy, Errc::loading, false);
  EXPECT_TRUE(watched.last().databases.front().connectivity.reachable);
  EXPECT_FALSE(watched.started());
  ASSERT_TRUE(eventually([&] { return watched.check().serves(); }));
  EXPECT_TRUE(watched.ready());
}

TEST_F(Health, WrongPasswordIsUnhealthyAndNotShown) {
  Watched watched(as_visitor());
  watched.expect(HealthStatus::unhealthy, Errc::authentication_failed, false);
  for (const std::string& text :
       {to_json(watched.last()), to_health_json(watched.last()), to_json(watched.health().ready())})
    EXPECT_THAT(text, Not(HasSubstr("sesame")));
  EXPECT_THAT(to_json(watched.health().ready()), Not(HasSubstr("127.0.0.1")));
  EXPECT_THAT(to_health_json(watched.last()), Not(HasSubstr("127.0.0.1")));
}

TEST_F(Health, ExhaustedPoolIsDegradedAndStaysReady) {
  RedisConfig config = health_config(server());
  config.database("main").max_connections = 1;
  config.database("main").shared_connections = 1;
  config.database("main").timeouts.acquire = 60s;
  config.database("main").timeouts.command = 60s;
  Watched watched(std::move(config));
  std::optional<ScopedClient> held(watched.redis().scoped_client("main"));
  auto waiting = watched.redis().scoped_async_client("main")(boost::asio::use_future);
  ASSERT_TRUE(eventually([&] { return watched.redis().stats("main").pool.waiting == 1; }));
  watched.expect(HealthStatus::degraded, std::nullopt, true);
  const DatabaseHealth& database = watched.last().databases.front();
  EXPECT_EQ(warnings_of(database), std::set<std::string>{"pool_exhausted"});
  EXPECT_EQ(database.operational.result, CheckResult::ok);
  held.reset();
  static_cast<void>(waiting.get());
  watched.expect(HealthStatus::healthy, std::nullopt, true);
}

TEST_F(Health, OpenBreakerIsUnhealthyAndStaysOpen) {
  Watched watched(health_config(server()));
  watched.redis().breaker("main").force_open();
  const auto changes = watched.redis().stats("main").breaker_changes;
  watched.expect(HealthStatus::unhealthy, Errc::circuit_open, false);
  EXPECT_EQ(watched.last().databases.front().connectivity.result, CheckResult::ok)
      << "the probe has its own connection";
  EXPECT_EQ(watched.redis().breaker("main").state(), BreakerState::forced_open);
  EXPECT_EQ(watched.redis().stats("main").breaker_changes, changes);
  watched.redis().breaker("main").force_closed();
  watched.expect(HealthStatus::degraded, std::nullopt, true);
  watched.redis().breaker("main").automatic();
  watched.expect(HealthStatus::healthy, std::nullopt, true);
}

TEST_F(Health, MissingPermissionsAreUnknown) {
  raw().text({"ACL", "SETUSER", "visitor", "on", ">sesame-7", "~*", "+@read", "+@connection", "+select"});
  Watched watched(as_visitor());
  watched.expect(HealthStatus::healthy, std::nullopt, true);
  const DatabaseHealth& database = watched.last().databases.front();
  EXPECT_EQ(database.server.result, CheckResult::unknown);
  EXPECT_EQ(database.operational.result, CheckResult::unknown);
  EXPECT_THAT(database.operational.message, HasSubstr("NOPERM"));
  EXPECT_EQ(database.notes.size(), 2U) << to_json(watched.last());
}

TEST_F(Health, OperationalCheckCanBeTurnedOff) {
  HealthPolicy policy = undamped();
  policy.operational_check = false;
  Watched watched(health_config(server()), policy);
  raw().text({"CONFIG", "RESETSTAT"});
  watched.expect(HealthStatus::healthy, std::nullopt, true);
  EXPECT_EQ(watched.last().databases.front().operational.result, CheckResult::unknown);
  EXPECT_THAT(raw().text({"INFO", "commandstats"}), Not(HasSubstr("cmdstat_set:")));
}

TEST_F(Health, ReplicaIsDegraded) {
  const FreePort nowhere;
  const RedisServer replica({"--replicaof", "127.0.0.1", nowhere.text()});
  Watched watched(health_config(replica));
  watched.expect(HealthStatus::degraded, std::nullopt, true);
  const DatabaseHealth& database = watched.last().databases.front();
  EXPECT_EQ(warnings_of(database), std::set<std::string>{"read_only"});
  EXPECT_EQ(database.operational.result, CheckResult::unknown);
  EXPECT_EQ(database.server.identity.role, "replica");
}

TEST_F(Health, FullMemoryIsDegradedAndStaysReady) {
  Watched watched(health_config(server()));
  raw().text({"CONFIG", "SET", "maxmemory", "1"});
  watched.expect(HealthStatus::degraded, std::nullopt, true);
  const DatabaseHealth& database = watched.last().databases.front();
  EXPECT_EQ(warnings_of(database), (std::set<std::string>{"memory", "writes_fail"}));
  EXPECT_EQ(database.operational.set, CheckResult::failed);
  EXPECT_EQ(database.operational.result, CheckResult::failed);
}

TEST_F(Health, FullServerIsDegradedWhileConnectionsWork) {
  const RedisServer full({"--maxclients", "2"});
  RedisConfig config = health_config(full);
  config.start_timeout = 30s;  // afterwards no attempt goes on in the background
  Watched watched(std::move(config));
  EXPECT_EQ(watched.redis().client("main").ping(), "PONG");
  ASSERT_TRUE(eventually([&] { return watched.check().serves(); })) << "connections end with a delay";
  std::optional<RawRedis> last;
  ASSERT_TRUE(eventually([&] {
    try {
      last.emplace(full.port());
      return last->text({"PING"}) == "PONG";
    } catch (const std::runtime_error&) {
      return false;  // the connection of the check has not ended yet
    }
  }));
  watched.expect(HealthStatus::degraded, std::nullopt, true);
  EXPECT_EQ(warnings_of(watched.last().databases.front()), (std::set<std::string>{"clients_full"}));
}

TEST_F(Health, WarnsOfConnectionsThatDoNotFit) {
  HealthPolicy policy = undamped();
  policy.replicas = 1'000'000;
  Watched watched(health_config(server()), policy);
  EXPECT_EQ(warnings_of(watched.check()), std::set<std::string>{"connections"});
}

TEST_F(Health, ConcurrentCallersShareOneCheck) {
  HealthPolicy policy = undamped();
  policy.cache_time = 1h;
  RedisConfig config = health_config(server());
  config.start_timeout = 30s;  // afterwards no attempt goes on in the background
  Watched watched(std::move(config), policy);
  raw().text({"CONFIG", "RESETSTAT"});
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i)
      callers.emplace_back([&] { EXPECT_EQ(watched.health().check().status, HealthStatus::healthy); });
  }
  EXPECT_EQ(raw().info("total_connections_received"), "1");
  EXPECT_EQ(watched.health().status().timestamp, watched.health().check().timestamp) << "cached";
}

TEST_F(Health, BackgroundThreadFollowsTheServer) {
  RedisServer own;
  HealthPolicy policy = undamped();
  policy.interval = 100ms;
  Watched watched(health_config(own), policy);
  EXPECT_EQ(watched.health().status().status, HealthStatus::error);
  watched.health().start();
  watched.health().start();
  EXPECT_TRUE(watched.health().running());
  EXPECT_TRUE(eventually([&] { return watched.ready(); }));
  own.kill();
  EXPECT_TRUE(eventually([&] { return !watched.ready(); }));
  watched.health().stop();
  EXPECT_FALSE(watched.health().running());
  EXPECT_EQ(watched.health().status().status, HealthStatus::unhealthy);
}

TEST_F(Health, ShutDownManagerIsNotReady) {
  Watched watched(health_config(server()));
  watched.expect(HealthStatus::healthy, std::nullopt, true);
  watched.redis().shutdown();
  EXPECT_FALSE(watched.ready()) << "at once, without a probe";
  EXPECT_FALSE(watched.health().ready().services.at(0).ready);
  EXPECT_TRUE(watched.started());
  watched.check();
  EXPECT_EQ(watched.last().status, HealthStatus::error);
  EXPECT_THAT(watched.last().message, HasSubstr("shut down"));
  EXPECT_THAT(watched.last().databases, IsEmpty());
  watched.redis().start(health_config(server()));
  watched.expect(HealthStatus::healthy, std::nullopt, true);
}

TEST_F(Health, ChildOfForkNeedsNewMonitor) {
  if (with_thread_sanitizer) GTEST_SKIP() << "ThreadSanitizer terminates a forked child that starts threads";
  auto monitored = std::make_unique<Watched>(health_config(server()));
  monitored->health().start();
  ASSERT_TRUE(eventually([&] { return monitored->ready(); })) << "its thread must be at rest";
  EXPECT_EQ(complaints_of_child([&]() -> std::string {
              if (monitored->health().check().status != HealthStatus::error) return "check";
              if (monitored->health().ready().ready) return "ready";
              monitored->health().stop();
              HealthMonitor fresh(monitored->redis(), undamped());
              monitored->redis().start(health_config(server()));
              if (fresh.check().status != HealthStatus::healthy) return to_json(fresh.status());
              monitored.reset();
              return {};
            }),
            "");
}

TEST(HealthWithoutServer, ManagerThatIsNotStartedIsAnError) {
  RedisConnectionManager redis;
  HealthMonitor health(redis, undamped());
  EXPECT_EQ(health.check().status, HealthStatus::error);
  EXPECT_FALSE(health.ready().ready);
  EXPECT_FALSE(health.startup().started);
  EXPECT_EQ(health.live().status(), "alive");
}

TEST(HealthWithoutServer, NamesDatabasesBeforeTheFirstCheck) {
  const FreePort nobody;
  StartedManager redis(health_config(nobody.number()));
  const HealthMonitor health(*redis);
  const ReadyReport ready = health.ready();
  EXPECT_FALSE(ready.ready);
  ASSERT_EQ(ready.services.size(), 1U);
  EXPECT_EQ(ready.services.front().name, "main");
  EXPECT_TRUE(ready.services.front().required);
  EXPECT_EQ(health.startup().services.size(), 1U);
}

TEST(HealthWithoutServer, FaultyPolicyIsRefused) {
  RedisConnectionManager redis;
  HealthPolicy policy;
  policy.budget = 3s;
  policy.hit_ratio = 2;
  EXPECT_EQ(error_of([&] { const HealthMonitor health(redis, policy); }).code(), Errc::configuration);
}

TEST(HealthWithoutServer, HangingLookupEndsWithinTheBudget) {
  const Gate over;
  const FakeNames names([over] {
    over.wait();
    return net::Resolved{{}, "too late"};
  });
  RedisConfig config = health_config(6379);
  config.database("main").endpoint.host = "redis.test";
  Watched watched(std::move(config));
  watched.expect(HealthStatus::unhealthy, Errc::resolve_failed, false);
  over.open();
}

TEST(HealthOfScriptedServer, EscapesTextsOfTheServer) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.serve([](const FakeConnection::Words& words) -> std::string {
      if (words[0] != "INFO") return "-ODD \x1b[31mred\r\n";
      return resp_bulk("redis_version:7\x1b[31m\r\nused_memory_human:\x01\r\n");
    });
  });
  Watched watched(health_config(server.port()));
  const DatabaseHealth database = watched.check();
  EXPECT_EQ(database.server.identity.version, "7\\x1b[31m");
  EXPECT_EQ(database.server.used_memory_human, "\\x01");
  EXPECT_THAT(database.operational.message, HasSubstr("\\x1b[31mred"));
  EXPECT_THAT(to_json(watched.last()), Not(HasSubstr("\x1b")));
}

TEST(HealthOfScriptedServer, LostConnectionAfterPingIsUnhealthy) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.handshake();
    connection.reset();
  });
  Watched watched(health_config(server.port()));
  watched.expect(HealthStatus::unhealthy, Errc::connection_lost, false);
}

TEST(HealthOfScriptedServer, LateReplyAfterPingIsAWarning) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.handshake();
    connection.await_close();
  });
  Watched watched(health_config(server.port()));
  watched.expect(HealthStatus::degraded, std::nullopt, true);
  EXPECT_EQ(warnings_of(watched.last().databases.front()), std::set<std::string>{"slow"});
}

// INCR gets no reply and opens the breaker. Probes succeed, and do not close it.
TEST(HealthOfScriptedServer, SuccessfulProbeDoesNotCloseTheBreaker) {
  const Gate over;
  FakeServer server([over](FakeConnection& connection, std::size_t) {
    connection.serve([&](const FakeConnection::Words& words) -> std::string {
      if (words[0] == "INCR") connection.wait(over);
      return words[0] == "INFO" ? resp_bulk("redis_version:7.0.15\r\n") : "+OK\r\n";
    });
  });
  RedisConfig config = health_config(server.port());
  config.database("main").breaker.recovery = {1h, 1h, 1.0, Jitter::none};
  HealthPolicy policy = undamped();
  policy.operational_check = false;
  Watched watched(std::move(config), policy);
  const auto db = watched.redis().client("main");
  ASSERT_TRUE(eventually([&] {
    static_cast<void>(db.with_timeout(50ms).results().incr("n"));
    return watched.redis().breaker("main").state() == BreakerState::open;
  }));
  const auto changes = watched.redis().stats("main").breaker_changes;
  watched.expect(HealthStatus::unhealthy, Errc::circuit_open, false);
  EXPECT_EQ(watched.last().databases.front().connectivity.result, CheckResult::ok);
  EXPECT_EQ(watched.redis().stats("main").breaker_changes, changes);
  EXPECT_EQ(watched.redis().breaker("main").state(), BreakerState::open);
  over.open();
}

}  // namespace
}  // namespace redstart::test
