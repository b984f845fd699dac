// SPDX-License-Identifier: Apache-2.0
// judge_test.cpp: status, problems and warnings from the facts of probes.
#include "health/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace redstart::health {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ProbeStep answered_step(std::string text, std::chrono::nanoseconds duration = 200us) {
  return {CheckResult::ok, std::move(text), {}, duration};
}
ProbeStep refused_step(std::string message) { return {CheckResult::failed, {}, std::move(message), 200us}; }

// The probe of a server that works.
ProbeFacts good_facts(std::string info = "redis_version:7.0.15\r\n") {
  ProbeFacts facts;
  facts.reachable = true;
  facts.connecting = 1ms;
  facts.ping = answered_step("PONG");
  facts.info = answered_step(std::move(info));
  facts.value = "1-2-3";
  facts.set = answered_step("OK");
  facts.get = answered_step("1-2-3");
  facts.del = answered_step("1");
  return facts;
}
ProbeFacts facts_with(Errc code, std::string what = "no reply") {
  ProbeFacts facts;
  ErrorInfo problem;
  problem.code = code;
  problem.what = std::move(what);
  facts.problem = std::move(problem);
  return facts;
}
DatabaseFacts about_main() {
  DatabaseFacts about;
  about.stats.name = "main";
  about.stats.endpoint = "redis.example:6379";
  about.stats.required = true;
  about.stats.state = ConnectionState::ready;
  about.stats.pool.maximum = 50;
  about.connections_on_server = 50;
  about.uptime = 10s;
  return about;
}

// One judge that judges probe after probe, a second apart.
class Judged {
 public:
  explicit Judged(HealthPolicy policy = {}) : policy_(std::move(policy)) {}

  DatabaseHealth operator()(const ProbeFacts& facts, DatabaseFacts about = about_main()) {
    now_ += 1s;
    return judge_.judge(facts, std::move(about), now_);
  }
  // The warnings about a server with this reply to INFO.
  std::set<std::string> warnings(const std::string& info) {
    std::set<std::string> codes;
    for (const HealthWarning& warning : (*this)(good_facts(info)).warnings) codes.emplace(warning.code);
    return codes;
  }

 private:
  HealthPolicy policy_;
  HealthJudge judge_{policy_};
  TimePoint now_ = TimePoint{} + 1h;
};

using Codes = std::set<std::string>;

TEST(HealthJudge, AcceptsServerThatWorks) {
  const DatabaseHealth health = Judged()(good_facts());
  EXPECT_EQ(health.status, HealthStatus::healthy);
  EXPECT_TRUE(health.serves());
  EXPECT_EQ(health.name, "main");
  EXPECT_TRUE(health.required);
  EXPECT_EQ(health.problem, std::nullopt);
  EXPECT_THAT(health.message, IsEmpty());
  EXPECT_EQ(health.connectivity.result, CheckResult::ok);
  EXPECT_EQ(health.connectivity.connecting, 1ms);
  EXPECT_EQ(health.performance.ping, 200us);
  EXPECT_EQ(health.performance.latency, LatencyClass::excellent);
  EXPECT_EQ(health.operational.result, CheckResult::ok);
  EXPECT_EQ(health.operational.duration, 600us);
}

TEST(HealthJudge, NamesProblemOfServerThatIsAway) {
  const DatabaseHealth health = Judged()(facts_with(Errc::connect_refused, "connection refused"));
  EXPECT_EQ(health.status, HealthStatus::unhealthy);
  EXPECT_EQ(health.problem, Errc::connect_refused);
  EXPECT_THAT(health.message, HasSubstr("redis.example:6379"));
  EXPECT_THAT(health.advice, HasSubstr("Is the server running?"));
  EXPECT_THAT(health.message, Not(HasSubstr("Is the server running?"))) << "advice has its own field";
  EXPECT_EQ(health.connectivity.result, CheckResult::failed);
  EXPECT_EQ(health.operational.result, CheckResult::unknown);
}

TEST(HealthJudge, TakesLackOfResourcesForFailureOfTheProbe) {
  const DatabaseHealth health = Judged()(facts_with(Errc::resource_exhausted));
  EXPECT_EQ(health.status, HealthStatus::error);
  EXPECT_EQ(health.connectivity.result, CheckResult::unknown);
  ProbeFacts failed;
  failed.failure = "no thread for the probe";
  EXPECT_EQ(Judged()(failed).status, HealthStatus::error);
  EXPECT_THAT(Judged()(failed).message, HasSubstr("no thread for the probe"));
}

TEST(HealthJudge, TakesLateReplyAfterPingForWarning) {
  ProbeFacts facts = facts_with(Errc::timeout);
  facts.problem->command = "INFO";
  EXPECT_EQ(Judged()(facts).status, HealthStatus::unhealthy) << "PING was not answered";
  facts.ping = answered_step("PONG");
  const DatabaseHealth health = Judged()(facts);
  EXPECT_EQ(health.status, HealthStatus::degraded);
  ASSERT_EQ(health.warnings.size(), 1U);
  EXPECT_EQ(health.warnings[0].code, "slow");
  EXPECT_THAT(health.warnings[0].message, HasSubstr("INFO"));
}

TEST(HealthJudge, KeepsServerThatIsFullIfConnectionsAreOpen) {
  ProbeFacts facts = facts_with(Errc::handshake_failed);
  facts.problem->server = "ERR max number of clients reached";
  EXPECT_EQ(Judged()(facts).status, HealthStatus::unhealthy) << "no connection is open";
  DatabaseFacts about = about_main();
  about.stats.pool.idle = 1;
  const DatabaseHealth health = Judged()(facts, about);
  EXPECT_EQ(health.status, HealthStatus::degraded);
  EXPECT_EQ(health.connectivity.result, CheckResult::unknown);
  EXPECT_EQ(health.warnings[0].code, "clients_full");
  about.stats.state = ConnectionState::backing_off;
  EXPECT_EQ(Judged()(facts, about).status, HealthStatus::unhealthy);
}

TEST(HealthJudge, FollowsTheBreaker) {
  const struct {
    BreakerState state;
    HealthStatus status;
  } rows[] = {{BreakerState::closed, HealthStatus::healthy},
              {BreakerState::open, HealthStatus::unhealthy},
              {BreakerState::half_open, HealthStatus::degraded},
              {BreakerState::forced_open, HealthStatus::unhealthy},
              {BreakerState::forced_closed, HealthStatus::degraded}};
  for (const auto& [state, status] : rows) {
    DatabaseFacts about = about_main();
    about.stats.circuit.state = state;
    const DatabaseHealth health = Judged()(good_facts(), std::move(about));
    EXPECT_EQ(health.status, status) << to_string(state);
    EXPECT_EQ(health.problem.has_value(), status == HealthStatus::unhealthy);
    EXPECT_EQ(health.connectivity.result, CheckResult::ok);
  }
}

TEST(HealthJudge, RejectsPoolThatShutsDown) {
  for (const ConnectionState state : {ConnectionState::draining, ConnectionState::closed}) {
    DatabaseFacts about = about_main();
    about.stats.state = state;
    EXPECT_EQ(Judged()(good_facts(), std::move(about)).problem, Errc::closed);
  }
}

TEST(HealthJudge, WarnsOfExhaustedPoolOnlyIfCallersWait) {
  DatabaseFacts about = about_main();
  about.stats.pool.in_use = 50;
  EXPECT_EQ(Judged()(good_facts(), about).status, HealthStatus::healthy);
  about.stats.pool.waiting = 2;
  const DatabaseHealth health = Judged()(good_facts(), about);
  EXPECT_EQ(health.status, HealthStatus::degraded);
  EXPECT_EQ(health.warnings[0].message, "all 50 connections are in use, and 2 callers wait");
}

TEST(HealthJudge, TakesRefusalsThatProveNothingForUnknown) {
  for (const char* const message : {"NOPERM no permission", "ERR unknown command", "MOVED 1 10.0.0.1:6379"}) {
    ProbeFacts facts = good_facts();
    facts.set = refused_step(message);
    facts.get = facts.del = ProbeStep{};
    const DatabaseHealth health = Judged()(facts);
    EXPECT_EQ(health.status, HealthStatus::healthy) << message;
    EXPECT_EQ(health.operational.result, CheckResult::unknown) << message;
    EXPECT_THAT(health.operational.message, HasSubstr(message));
    EXPECT_EQ(health.notes.size(), 1U);
  }
}

TEST(HealthJudge, WarnsIfWritesFail) {
  for (const char* const message :
       {"OOM command not allowed", "MISCONF can't save", "NOREPLICAS", "CLUSTERDOWN"}) {
    ProbeFacts facts = good_facts();
    facts.set = refused_step(message);
    facts.get = facts.del = ProbeStep{};
    const DatabaseHealth health = Judged()(facts);
    EXPECT_EQ(health.status, HealthStatus::degraded) << message;
    EXPECT_EQ(health.operational.result, CheckResult::failed) << message;
    EXPECT_EQ(health.warnings[0].code, "writes_fail");
  }
}

TEST(HealthJudge, WarnsOfReadOnlyServer) {
  ProbeFacts facts = good_facts();
  facts.set = refused_step("READONLY You can't write against a read only replica.");
  facts.get = facts.del = ProbeStep{};
  const DatabaseHealth health = Judged()(facts);
  EXPECT_EQ(health.status, HealthStatus::degraded);
  EXPECT_EQ(health.operational.result, CheckResult::unknown);
  EXPECT_EQ(health.warnings[0].code, "read_only");
}

TEST(HealthJudge, WarnsIfTheValueIsLost) {
  ProbeFacts facts = good_facts();
  facts.get.text = "another value";
  EXPECT_EQ(Judged()(facts).operational.get, CheckResult::failed);
  EXPECT_EQ(Judged()(facts).warnings[0].code, "lost_write");
  facts = good_facts();
  facts.del.text = "0";
  EXPECT_EQ(Judged()(facts).operational.del, CheckResult::failed);
  EXPECT_EQ(Judged()(facts).operational.result, CheckResult::failed);
}

TEST(HealthJudge, KeepsReadinessIfInfoIsRefused) {
  ProbeFacts facts = good_facts();
  facts.info = refused_step("NOPERM this user has no permissions to run the 'info' command");
  const DatabaseHealth health = Judged()(facts);
  EXPECT_EQ(health.status, HealthStatus::healthy);
  EXPECT_EQ(health.server.result, CheckResult::unknown);
  EXPECT_THAT(health.notes[0], HasSubstr("NOPERM"));
}

TEST(HealthJudge, WarnsAboveShareOfClients) {
  EXPECT_EQ(Judged().warnings("connected_clients:800\r\nmaxclients:1000\r\n"), Codes{});
  EXPECT_EQ(Judged().warnings("connected_clients:801\r\nmaxclients:1000\r\n"), Codes{"clients"});
  HealthPolicy off;
  off.clients_share = 0;
  EXPECT_EQ(Judged(off).warnings("connected_clients:1000\r\nmaxclients:1000\r\n"), Codes{});
  EXPECT_EQ(Judged().warnings("connected_clients:801\r\n"), Codes{}) << "the limit is unknown";
}

TEST(HealthJudge, WarnsAboveShareOfMemory) {
  EXPECT_EQ(Judged().warnings("used_memory:900\r\nmaxmemory:1000\r\n"), Codes{});
  EXPECT_EQ(Judged().warnings("used_memory:901\r\nmaxmemory:1000\r\n"), Codes{"memory"});
  EXPECT_EQ(Judged().warnings("used_memory:901\r\nmaxmemory:0\r\n"), Codes{}) << "no limit";
}

TEST(HealthJudge, WarnsOfEvictionsSinceTheLastProbe) {
  Judged judged;
  EXPECT_EQ(judged.warnings("evicted_keys:5\r\n"), Codes{}) << "when they were evicted is unknown";
  EXPECT_EQ(judged.warnings("evicted_keys:5\r\n"), Codes{});
  EXPECT_EQ(judged.warnings("evicted_keys:6\r\n"), Codes{"evictions"});
  EXPECT_EQ(judged.warnings("evicted_keys:0\r\n"), Codes{}) << "the server was restarted";
}

TEST(HealthJudge, WarnsOfHitRatioOverEnoughLookups) {
  EXPECT_EQ(Judged().warnings("keyspace_hits:100\r\nkeyspace_misses:899\r\n"), Codes{});
  EXPECT_EQ(Judged().warnings("keyspace_hits:799\r\nkeyspace_misses:201\r\n"), Codes{"hit_ratio"});
  EXPECT_EQ(Judged().warnings("keyspace_hits:800\r\nkeyspace_misses:200\r\n"), Codes{});
}

TEST(HealthJudge, WarnsOfConnectionsOfAllReplicasAboveMaxclients) {
  HealthPolicy policy;
  policy.replicas = 20;
  EXPECT_EQ(Judged(policy).warnings("connected_clients:1\r\nmaxclients:1000\r\n"), Codes{});
  EXPECT_EQ(Judged(policy).warnings("connected_clients:1\r\nmaxclients:999\r\n"), Codes{"connections"});
  policy.replicas = 0;
  EXPECT_EQ(Judged(policy).warnings("connected_clients:1\r\nmaxclients:10\r\n"), Codes{});
}

TEST(HealthJudge, ClassifiesTheSlowestOfTwentyRoundTrips) {
  Judged judged;
  ProbeFacts facts = good_facts();
  facts.info.duration = 30ms;  // one of five
  EXPECT_EQ(judged(facts).performance.latency, LatencyClass::poor);
  for (int i = 0; i < 4; ++i) static_cast<void>(judged(good_facts()));
  EXPECT_EQ(judged(good_facts()).performance.latency, LatencyClass::excellent) << "one of thirty";
}

TEST(HealthJudge, CountsOperationsSinceTheLastCheck) {
  Judged judged;
  DatabaseFacts about = about_main();
  about.stats.operations.ok = 90;
  about.stats.operations.failed = 10;
  for (int i = 0; i < 100; ++i) about.stats.operations.latency.add(2ms);
  PerformanceHealth first = judged(good_facts(), about).performance;
  EXPECT_EQ(first.operations_per_second, 10.0) << "since the start, 10 s ago";
  EXPECT_EQ(first.success_rate, 0.9);
  EXPECT_NEAR(static_cast<double>(first.operations_p95->count()), 2e6, 2e6 / 64);
  about.stats.operations.ok += 50;
  for (int i = 0; i < 50; ++i) about.stats.operations.latency.add(8ms);
  const PerformanceHealth second = judged(good_facts(), about).performance;
  EXPECT_EQ(second.operations_per_second, 50.0);
  EXPECT_EQ(second.success_rate, 1.0);
  EXPECT_NEAR(static_cast<double>(second.operations_p50->count()), 8e6, 8e6 / 64);
  const PerformanceHealth restarted = judged(good_facts(), about_main()).performance;
  EXPECT_EQ(restarted.success_rate, std::nullopt);
}

TEST(HealthStatusOf, JoinsDatabases) {
  const auto of = [](HealthStatus status, bool required) {
    DatabaseHealth health;
    health.status = status;
    health.required = required;
    return health;
  };
  using S = HealthStatus;
  EXPECT_EQ(status_of({}), S::healthy);
  EXPECT_EQ(status_of({of(S::healthy, true), of(S::healthy, false)}), S::healthy);
  EXPECT_EQ(status_of({of(S::healthy, true), of(S::unhealthy, false)}), S::degraded);
  EXPECT_EQ(status_of({of(S::healthy, true), of(S::error, false)}), S::degraded);
  EXPECT_EQ(status_of({of(S::degraded, true)}), S::degraded);
  EXPECT_EQ(status_of({of(S::error, true), of(S::degraded, true)}), S::error);
  EXPECT_EQ(status_of({of(S::unhealthy, true), of(S::error, true)}), S::unhealthy);
}

}  // namespace
}  // namespace redstart::health
