// SPDX-License-Identifier: Apache-2.0
// doctor_steps_test.cpp: the steps of redis_doctor that follow from a report.
#include <redstart/config/impact.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "redis_doctor/examination.hpp"

namespace redstart::doctor {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// A master that works, with some figures.
Examination healthy() {
  Examination from;
  from.database.name = "main";
  from.database.config.endpoint.host = "redis.test";
  from.database.config.required = true;
  ConnectionReport& report = from.report;
  report.database = "main";
  report.endpoint = "redis.test:6379";
  report.reached = ConnectStep::connected;
  report.reachable = report.ready = true;
  report.writable = true;
  report.connecting = 1ms;
  report.server.product = "Redis";
  report.server.version = "7.0.15";
  report.server.mode = "standalone";
  report.server.role = "master";
  report.server.clients = 3;
  report.server.maximum_clients = 10'000;
  report.server.memory = 100;
  report.server.maximum_memory = 1000;
  report.server.memory_policy = "noeviction";
  from.samples = {3, {1ms, 3ms, 2ms}, {}};
  return from;
}

Error problem_of(Errc code, std::string what, std::string server = {}, std::string advice = {}) {
  ErrorInfo info;
  info.code = code;
  info.what = std::move(what);
  info.server = std::move(server);
  info.advice = std::move(advice);
  return Error(std::move(info));
}

// A database whose connection attempt failed with this problem.
Examination unreachable(Error problem, std::optional<ConnectStep> reached = {}) {
  Examination from = healthy();
  ConnectionReport report;
  report.database = from.report.database;
  report.endpoint = from.report.endpoint;
  report.reached = reached;
  report.problem = std::move(problem);
  from.report = std::move(report);
  from.samples = {};
  return from;
}

Step step_of(const DatabaseReport& report, StepId id) {
  const auto at =
      std::find_if(report.steps.begin(), report.steps.end(), [id](const Step& s) { return s.id == id; });
  return at == report.steps.end() ? Step{} : *at;
}
Step step_of(const Examination& from, StepId id) { return step_of(judge(from), id); }

void expect_first(const Examination& from, StepId id, StepState state, const std::string& remedy,
                  const std::string& entry) {
  Report report;
  report.databases.push_back(judge(from));
  const auto found = first_finding(report);
  ASSERT_TRUE(found);
  EXPECT_EQ(to_string(found->step->id), to_string(id));
  EXPECT_EQ(to_string(found->step->state), to_string(state));
  EXPECT_THAT(found->step->remedy, HasSubstr(remedy));
  EXPECT_EQ(found->step->runbook, "docs/runbook.md#" + entry);
}

TEST(DoctorSteps, AreAllFineForHealthyServer) {
  const DatabaseReport report = judge(healthy());
  ASSERT_EQ(report.steps.size(), 11U);
  for (std::size_t i = 0; i != report.steps.size(); ++i) {
    EXPECT_EQ(report.steps[i].id, static_cast<StepId>(i + 1)) << "in the order of StepId";
    EXPECT_EQ(report.steps[i].state, report.steps[i].id == StepId::tls ? StepState::skipped : StepState::ok);
    EXPECT_EQ(report.steps[i].remedy, "");
  }
  EXPECT_EQ(verdict(report), StepState::ok);
}

TEST(DoctorSteps, FailWhereConnectAttemptEnded) {
  const struct {
    Errc code;
    std::optional<ConnectStep> reached;
    bool tls;
    StepId fault;
  } rows[] = {
      {Errc::resolve_failed, {}, false, StepId::resolve},
      {Errc::connect_refused, ConnectStep::resolved, false, StepId::connect},
      {Errc::connect_timeout, ConnectStep::resolved, true, StepId::connect},
      {Errc::connect_timeout, ConnectStep::connected, true, StepId::tls},
      {Errc::connect_timeout, ConnectStep::connected, false, StepId::handshake},
      {Errc::connect_timeout, ConnectStep::secured, true, StepId::handshake},
      {Errc::resource_exhausted, {}, false, StepId::connect},
      {Errc::tls_failed, ConnectStep::connected, true, StepId::tls},
      {Errc::handshake_failed, ConnectStep::connected, false, StepId::handshake},
      {Errc::protocol_error, ConnectStep::connected, false, StepId::handshake},
      {Errc::authentication_failed, ConnectStep::connected, false, StepId::authentication},
      {Errc::loading, ConnectStep::connected, false, StepId::ready},
      {Errc::connection_lost, ConnectStep::connected, false, StepId::ready},
  };
  for (const auto& row : rows) {
    Examination from = unreachable(problem_of(row.code, "it failed", {}, "do that"), row.reached);
    from.database.config.tls.enabled = row.tls;
    for (const Step& step : judge(from).steps) {
      SCOPED_TRACE(std::string(to_string(row.code)) + ", step " + std::string(to_string(step.id)));
      if (step.id == row.fault) {
        EXPECT_EQ(step.state, StepState::failed);
        EXPECT_EQ(step.remedy, "do that");
      } else if (step.id > row.fault) {
        EXPECT_EQ(step.state, StepState::skipped);
      } else {
        EXPECT_NE(step.state, StepState::failed);
      }
    }
  }
}

TEST(DoctorSteps, BeforeUnreadableTlsFilesAreNotReached) {
  Examination from = unreachable(problem_of(Errc::tls_failed, "can't read the file"));
  from.database.config.tls.enabled = true;
  EXPECT_EQ(step_of(from, StepId::resolve).state, StepState::skipped);
  EXPECT_EQ(step_of(from, StepId::connect).state, StepState::skipped);
}

TEST(DoctorSteps, UseAdviceOfCodeIfErrorHasNone) {
  expect_first(unreachable(problem_of(Errc::connect_refused, "refused"), ConnectStep::resolved),
               StepId::connect, StepState::failed, "Is the server running?", "connect_refused");
}

TEST(DoctorSteps, HaveConfiguredImpactOrUsualOne) {
  Examination from = healthy();
  EXPECT_EQ(judge(from).impact, default_impact("main"));
  from.database.config.impact = "Orders can't be stored.";
  EXPECT_EQ(judge(from).impact, "Orders can't be stored.");
}

TEST(DoctorSteps, ShowSourceOfHost) {
  Examination from = healthy();
  from.host_source = "REDIS_HOST";
  EXPECT_EQ(step_of(from, StepId::resolve).summary, "redis.test, from REDIS_HOST");
  from.host_source = "default";
  EXPECT_EQ(step_of(from, StepId::resolve).summary, "redis.test, the default");
}

TEST(DoctorSteps, WarnOfUnverifiedCertificate) {
  Examination from = healthy();
  from.database.config.tls.enabled = true;
  from.report.reached = ConnectStep::secured;
  EXPECT_EQ(step_of(from, StepId::tls).state, StepState::ok);
  from.database.config.tls.verify = TlsVerify::insecure;
  expect_first(from, StepId::tls, StepState::warning, "tls.verify", "insecure_tls");
}

TEST(DoctorSteps, WarnOfSlowConnection) {
  Examination from = healthy();
  from.report.connecting = 2s;
  expect_first(from, StepId::connect, StepState::warning, "getent hosts", "slow_connect");
}

TEST(DoctorSteps, GoOnAfterRefusedWrite) {
  Examination from = healthy();
  from.report.writable = false;
  from.report.server.role = "replica";
  from.report.problem = problem_of(Errc::server_error, "the server replied with an error",
                                   "READONLY You can't write", "This server is a replica");
  expect_first(from, StepId::role, StepState::failed, "replica", "readonly");
  EXPECT_EQ(step_of(from, StepId::latency).state, StepState::ok);
}

TEST(DoctorSteps, WarnOfReplicaEvenIfWritesCannotBeTried) {
  Examination from = healthy();
  from.report.writable.reset();
  EXPECT_EQ(step_of(from, StepId::role).state, StepState::unknown);
  from.report.server.role = "replica";
  expect_first(from, StepId::role, StepState::warning, "point the endpoint's name at the master", "readonly");
}

TEST(DoctorSteps, WarnOfClusterNode) {
  Examination from = healthy();
  from.report.server.mode = "cluster";
  expect_first(from, StepId::role, StepState::warning, "no cluster", "moved");
}

TEST(DoctorSteps, PutOutOfMemoryIntoMemoryStep) {
  Examination from = healthy();
  from.report.writable = false;
  from.report.problem =
      problem_of(Errc::server_error, "refused", "OOM command not allowed", "raise maxmemory");
  expect_first(from, StepId::memory, StepState::failed, "raise maxmemory", "oom");
  EXPECT_THAT(step_of(from, StepId::memory).summary, HasSubstr("100 B of 1000 B"));
  EXPECT_EQ(step_of(from, StepId::role).state, StepState::ok);
}

TEST(DoctorSteps, WarnOfNearlyFullMemoryUnlessAnyKeyMayBeEvicted) {
  Examination from = healthy();
  from.report.server.memory = 899;
  EXPECT_EQ(step_of(from, StepId::memory).state, StepState::ok);
  from.report.server.memory = 900;
  expect_first(from, StepId::memory, StepState::warning, "maxmemory", "oom");
  from.report.server.memory_policy = "volatile-ttl";
  EXPECT_EQ(step_of(from, StepId::memory).state, StepState::warning) << "no key may have a TTL";
  from.report.server.memory_policy = "allkeys-lru";
  EXPECT_EQ(step_of(from, StepId::memory).state, StepState::ok);
}

TEST(DoctorSteps, WarnOfEvictionsWhileMemoryIsFull) {
  Examination from = healthy();
  from.report.server.memory_policy = "allkeys-lru";
  from.report.server.evicted_keys = 12;
  EXPECT_EQ(step_of(from, StepId::evictions).state, StepState::ok) << "there is room now";
  from.report.server.memory = 990;
  expect_first(from, StepId::evictions, StepState::warning, "Raise maxmemory", "evictions");
}

TEST(DoctorSteps, WarnOfFragmentationOfLargeServersOnly) {
  Examination from = healthy();
  from.report.server.maximum_memory = 0;
  from.report.server.memory = 1'000'000;
  from.report.server.resident_memory = 10'000'000;
  EXPECT_EQ(step_of(from, StepId::memory).state, StepState::ok);
  from.report.server.memory = 1'000'000'000;
  from.report.server.resident_memory = 1'600'000'000;
  expect_first(from, StepId::memory, StepState::warning, "MEMORY PURGE", "fragmentation");
  from.report.server.resident_memory = 800'000'000;
  expect_first(from, StepId::memory, StepState::warning, "swapped out", "fragmentation");
}

TEST(DoctorSteps, WarnOfClientsNearTheirLimit) {
  Examination from = healthy();
  from.database.config.max_connections = 5;
  from.report.server.maximum_clients = 10;
  from.report.server.clients = 7;
  EXPECT_EQ(step_of(from, StepId::clients).state, StepState::ok);
  from.report.server.clients = 8;
  expect_first(from, StepId::clients, StepState::warning, "Raise maxclients", "maxclients");
}

TEST(DoctorSteps, WarnOfPoolLargerThanServer) {
  Examination from = healthy();
  from.report.server.maximum_clients = 20;
  expect_first(from, StepId::clients, StepState::warning, "Lower max_connections", "maxclients");
}

TEST(DoctorSteps, WarnOfRejectedClients) {
  Examination from = healthy();
  from.report.server.rejected_clients = 1;
  expect_first(from, StepId::clients, StepState::warning, "CONFIG RESETSTAT", "maxclients");
}

TEST(DoctorSteps, DoNotJudgeClientsWithoutKnownLimit) {
  Examination from = healthy();
  from.report.server.maximum_clients = 0;
  EXPECT_EQ(step_of(from, StepId::clients).state, StepState::ok);
  EXPECT_EQ(step_of(from, StepId::clients).summary, "3");
}

TEST(DoctorSteps, AreUnknownWithoutInfo) {
  Examination from = healthy();
  from.report.server = {};
  for (const StepId id : {StepId::memory, StepId::clients, StepId::evictions}) {
    EXPECT_EQ(step_of(from, id).state, StepState::unknown);
    EXPECT_THAT(step_of(from, id).remedy, HasSubstr("+info"));
  }
  EXPECT_EQ(verdict(judge(from)), StepState::ok) << "unknown is no fault";
}

TEST(DoctorLatency, IsWarningAboveItsBound) {
  Examination from = healthy();
  EXPECT_EQ(step_of(from, StepId::latency).summary, "PING p50 2.00 ms, p95 3.00 ms, max 3.00 ms of 3");
  from.samples.times = {30ms, 25ms};
  expect_first(from, StepId::latency, StepState::warning, "SLOWLOG", "latency");
}

TEST(DoctorLatency, FailsIfPingIsLost) {
  Examination from = healthy();
  from.samples.error = problem_of(Errc::timeout, "no complete reply");
  expect_first(from, StepId::latency, StepState::failed, "SLOWLOG", "timeout");
  from.samples.times.clear();
  EXPECT_EQ(step_of(from, StepId::latency).state, StepState::failed);
}

TEST(DoctorLatency, IsUnknownIfPingIsRefused) {
  Examination from = healthy();
  from.samples = {1, {}, problem_of(Errc::server_error, "refused", "MISCONF can't save")};
  EXPECT_EQ(step_of(from, StepId::latency).state, StepState::unknown);
  EXPECT_THAT(step_of(from, StepId::latency).summary, HasSubstr("MISCONF"));
}

TEST(DoctorLatency, IsSkippedWithoutSamples) {
  Examination from = healthy();
  from.samples = {};
  EXPECT_EQ(step_of(from, StepId::latency).state, StepState::skipped);
}

TEST(DoctorPercentile, IsNearestRank) {
  std::vector<std::chrono::nanoseconds> values;
  for (int i = 20; i > 0; --i) values.emplace_back(i);
  EXPECT_EQ(percentile(values, 0.5), 10ns);
  EXPECT_EQ(percentile(values, 0.95), 19ns);
  EXPECT_EQ(percentile(values, 1), 20ns);
  EXPECT_EQ(percentile({7ns}, 0), 7ns);
}

TEST(DoctorTexts, HaveReadableUnits) {
  EXPECT_EQ(time_text(420us), "0.42 ms");
  EXPECT_EQ(time_text(12ms), "12 ms");
  EXPECT_EQ(time_text(1300ms), "1.3 s");
  EXPECT_EQ(time_text(5min), "5 min");
  EXPECT_EQ(time_text(3h), "3 h");
  EXPECT_EQ(time_text(12 * 24h), "12 days");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1024), "1.0 KiB");
  EXPECT_EQ(size_text(std::uint64_t{3} << 30), "3.0 GiB");
}

TEST(DoctorTexts, BearAnyNumberOfServer) {
  Examination from = healthy();
  from.report.server.uptime = std::chrono::seconds::max();
  EXPECT_THAT(step_of(from, StepId::ready).summary, HasSubstr("days"));
  from.report.server.uptime = std::chrono::seconds::min();
  EXPECT_EQ(std::get<std::uint64_t>(step_of(from, StepId::evictions).facts.back().value), 0U);
  from.report.server.memory = from.report.server.resident_memory = UINT64_MAX;
  from.report.server.clients = from.report.server.rejected_clients = UINT64_MAX;
  EXPECT_EQ(step_of(from, StepId::memory).state, StepState::warning);
}

TEST(DoctorTexts, EscapeNamesFromConfiguration) {
  Examination from = healthy();
  from.report.database = "ma\x1b[31min";
  from.report.endpoint = "host\n:1";
  from.database.config.username = "\x1b]0;x";
  const DatabaseReport report = judge(from);
  EXPECT_EQ(report.name, "ma\\x1b[31min");
  EXPECT_EQ(report.endpoint, "host\\n:1");
  EXPECT_EQ(step_of(report, StepId::authentication).summary, "as user \\x1b]0;x");
}

}  // namespace
}  // namespace redstart::doctor
