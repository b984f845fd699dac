// SPDX-License-Identifier: Apache-2.0
// checker.cpp: probes, collects statistics, and judges both.
#include "checker.hpp"

#include "manager_access.hpp"

#include <redstart/config/impact.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

namespace redstart::inline v0::health {

namespace {

// The end of the budget that is left for collecting the results.
constexpr int margin_parts = 20;

// The connections that one process may open to the server of `endpoint`.
std::size_t connections_to(const std::string& endpoint,
                           const std::vector<std::shared_ptr<pool::ServerPools>>& databases) {
  std::size_t sum = 0;
  for (const auto& pools : databases)
    if (pools->server()->origin().endpoint == endpoint) sum += pools->server()->config().max_connections;
  return sum;
}

}  // namespace

HealthReport unknown_health(std::string why) {
  HealthReport report;
  report.message = std::move(why);
  report.timestamp = std::chrono::system_clock::now();
  return report;
}

Checker::History& Checker::history_of(const std::string& database) {
  auto& history = histories_[database];
  if (!history) history = std::make_unique<History>(policy_);
  return *history;
}

ProbeTask Checker::task_for(const std::shared_ptr<pool::Server>& server, TimePoint began) {
  const auto limit =
      std::min(policy_.budget - policy_.budget / margin_parts, server->config().timeouts.health);
  ProbeTask task;
  task.server = server;
  if (policy_.operational_check) task.key = temporary_key(policy_.key_prefix, policy_.key_lifetime);
  task.deadline = deadline_after(began, limit);
  task.busy = history_of(server->origin().database).busy;
  return task;
}

HealthReport Checker::check(const RedisConnectionManager& manager, TimePoint began) {
  const auto running = detail::ManagerAccess::running(manager);
  if (!running) return unknown_health(running.error().what());
  manager::Registry& registry = (*running)->registry();
  const auto databases = registry.all();

  std::vector<ProbeTask> tasks;
  tasks.reserve(databases.size());
  for (const auto& pools : databases) tasks.push_back(task_for(pools->server(), began));
  const std::vector<ProbeFacts> facts = probe_all(std::move(tasks), deadline_after(began, policy_.budget));

  HealthReport report;
  report.service = registry.config().service;
  report.uptime = registry.uptime();
  const TimePoint now = Clock::now();
  for (std::size_t n = 0; n != databases.size(); ++n) {
    const pool::Server& server = *databases[n]->server();
    DatabaseFacts about;
    about.stats = registry.stats(server.origin().database);
    about.impact = impact_of(server.database().name(), server.config().impact);
    about.number = server.config().number.value_or(0);
    about.connections_on_server = connections_to(server.origin().endpoint, databases);
    about.uptime = report.uptime;
    report.databases.push_back(
        history_of(server.origin().database).judge.judge(facts[n], std::move(about), now));
  }
  report.status = status_of(report.databases);
  report.duration = Clock::now() - began;
  report.timestamp = std::chrono::system_clock::now();
  return report;
}

}  // namespace redstart::inline v0::health
