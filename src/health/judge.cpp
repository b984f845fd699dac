// SPDX-License-Identifier: Apache-2.0
// judge.cpp: fills in a report of one database and decides on its status.
#include "judge.hpp"

#include "../core/failures.hpp"
#include "../protocol/info.hpp"
#include "operational.hpp"
#include "server_info.hpp"
#include "warnings.hpp"

#include <redstart/core/server_reply.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::inline v0::health {

namespace {

void set_problem(DatabaseHealth& health, HealthStatus status, ErrorInfo problem) {
  if (problem.advice.empty()) problem.advice = failure::advice_for(problem.code);
  health.status = status;
  health.problem = problem.code;
  health.advice = std::exchange(problem.advice, {});
  problem.database = health.name;
  problem.endpoint = health.endpoint;
  health.message = Error(std::move(problem)).what();
}

bool is_timeout(const ProbeFacts& facts) noexcept {
  return facts.problem && facts.problem->code == Errc::timeout;
}

// A server that has answered PING in time is slow if another reply is late, not away.
bool only_slow(const ProbeFacts& facts) noexcept {
  return facts.ping.result == CheckResult::ok && is_timeout(facts);
}

// A server without room for the probe still serves the connections that are open.
bool only_full(const DatabaseHealth& health, const ProbeFacts& facts) noexcept {
  return facts.problem && health.connectivity.state == ConnectionState::ready &&
         health.pool.in_use + health.pool.idle != 0 &&
         facts.problem->server.find("max number of clients") != std::string::npos;
}

// True if the server answers. Otherwise sets the problem.
bool judge_server(DatabaseHealth& health, const ProbeFacts& facts) {
  ConnectivityHealth& connectivity = health.connectivity;
  connectivity.reachable = facts.reachable;
  connectivity.connecting = facts.connecting;
  if (!facts.failure.empty()) {
    set_problem(health, HealthStatus::error, failure::out_of_resources(facts.failure));
    return false;
  }
  if (only_full(health, facts)) {
    health.warnings.push_back(
        {"clients_full",
         "the server accepts no further client, so it was not probed; open connections still "
         "work",
         std::string(failure::advice_for(facts.problem->code))});
    return true;
  }
  if (facts.problem && !only_slow(facts)) {
    const bool ours = facts.problem->code == Errc::resource_exhausted;
    connectivity.result = ours ? CheckResult::unknown : CheckResult::failed;
    set_problem(health, ours ? HealthStatus::error : HealthStatus::unhealthy, *facts.problem);
    return false;
  }
  connectivity.result = CheckResult::ok;
  if (facts.problem)
    health.warnings.push_back({"slow",
                               facts.problem->command + " was not answered within the budget of the probe",
                               std::string(failure::advice_for(Errc::timeout))});
  if (!facts.ping.refused.empty()) {
    health.notes.push_back("PING was refused: " + facts.ping.refused);
    if (error_word(facts.ping.refused) == "MISCONF" && !facts.operational)
      health.warnings.push_back({"writes_fail", "PING was refused: " + facts.ping.refused,
                                 std::string(failure::advice_for(std::string_view("MISCONF")))});
  }
  return true;
}

// True if the pool lets calls pass. Otherwise sets the problem.
bool judge_pool(DatabaseHealth& health) {
  const ConnectivityHealth& connectivity = health.connectivity;
  const BreakerState breaker = connectivity.circuit.state;
  if (breaker == BreakerState::open || breaker == BreakerState::forced_open) {
    set_problem(health, HealthStatus::unhealthy,
                failure::circuit_open(to_string(connectivity.circuit), health.name,
                                      breaker == BreakerState::forced_open));
    return false;
  }
  if (connectivity.state == ConnectionState::draining || connectivity.state == ConnectionState::closed) {
    set_problem(health, HealthStatus::unhealthy, failure::closed());
    return false;
  }
  return true;
}

}  // namespace

DatabaseHealth HealthJudge::judge(const ProbeFacts& facts, DatabaseFacts about, TimePoint now) {
  DatabaseHealth health;
  health.name = std::move(about.stats.name);
  health.endpoint = std::move(about.stats.endpoint);
  health.required = about.stats.required;
  health.impact = std::move(about.impact);
  health.connectivity.state = about.stats.state;
  health.connectivity.circuit = std::move(about.stats.circuit);
  health.pool = about.stats.pool;
  const bool answers = judge_server(health, facts);
  const std::uint64_t evicted = take_server(health, facts, about.number);
  take_performance(health, facts, about, now);
  const bool passes = answers && judge_pool(health);
  if (health.connectivity.result == CheckResult::ok) judge_operations(health, facts);
  add_warnings(health, {evicted, about.connections_on_server}, policy_);
  if (passes) health.status = health.warnings.empty() ? HealthStatus::healthy : HealthStatus::degraded;
  return health;
}

// Returns the number of keys that were evicted since the last probe.
std::uint64_t HealthJudge::take_server(DatabaseHealth& health, const ProbeFacts& facts, int number) {
  if (facts.info.result != CheckResult::ok) {
    if (!facts.info.refused.empty())
      health.notes.push_back("INFO was refused, so little is known about the server: " + facts.info.refused);
    return 0;
  }
  ServerHealth& server = health.server;
  server = read_server_info(facts.info.text, number);
  if (server.hits && server.misses)
    server.hit_ratio = hit_ratio_.update(*server.hits, *server.misses, policy_.minimum_lookups);
  if (server.identity.mode == "cluster")
    health.notes.push_back(
        "the server is a node of Redis Cluster, which is not supported yet: commands for keys of other nodes "
        "fail (MOVED)");
  return server.evicted_keys ? evictions_.update(*server.evicted_keys) : 0;
}

void HealthJudge::take_performance(DatabaseHealth& health, const ProbeFacts& facts,
                                   const DatabaseFacts& about, TimePoint now) {
  PerformanceHealth& performance = health.performance;
  for (const ProbeStep* const step : {&facts.ping, &facts.info, &facts.set, &facts.get, &facts.del})
    if (step->duration.count() != 0) round_trips_.add(step->duration);
  if (facts.ping.result == CheckResult::ok) performance.ping = facts.ping.duration;
  performance.probe_p95 = round_trips_.p95();
  if (performance.probe_p95) performance.latency = classify(*performance.probe_p95, policy_);
  operations_.update(performance, about.stats.operations, about.uptime, now);
  if (facts.info.result == CheckResult::ok)
    performance.server_operations_per_second =
        protocol::info_number<std::uint64_t>(facts.info.text, "instantaneous_ops_per_sec");
}

HealthStatus status_of(const std::vector<DatabaseHealth>& databases) noexcept {
  HealthStatus worst = HealthStatus::healthy;
  for (const DatabaseHealth& database : databases) {
    if (database.status == HealthStatus::healthy) continue;
    if (!database.required || database.status == HealthStatus::degraded) {
      if (worst == HealthStatus::healthy) worst = HealthStatus::degraded;
    } else if (database.status == HealthStatus::unhealthy) {
      worst = HealthStatus::unhealthy;
    } else if (worst != HealthStatus::unhealthy) {
      worst = HealthStatus::error;
    }
  }
  return worst;
}

}  // namespace redstart::inline v0::health
