// SPDX-License-Identifier: Apache-2.0
// sample_site.hpp: scripted facts for the routes.
#pragma once

#include <redstart/http/http_routes.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace redstart::test {

/// Facts that a test changes, and that routes read.
struct SampleFacts {
  ManagerStats stats{};
  HealthReport health{};
  ReadyReport ready{};
  StartupReport startup{};

  [[nodiscard]] HttpSite site() const {
    return {.statistics = [this] { return stats; },
            .health = [this] { return health; },
            .live = [] { return LiveReport{}; },
            .ready = [this] { return ready; },
            .startup = [this] { return startup; }};
  }
};

/// A service with a required database that is healthy, and an optional one that is not.
inline SampleFacts sample_facts() {
  using namespace std::chrono_literals;
  SampleFacts facts;
  facts.stats.uptime = 90s;
  for (const char* name : {"cache", "main"}) {
    DatabaseStats stats;
    stats.name = name;
    stats.endpoint = "10.1.2.3:6379";
    stats.required = stats.name == "main";
    stats.state = stats.required ? ConnectionState::ready : ConnectionState::backing_off;
    stats.pool.maximum = 50;
    facts.stats.databases.push_back(stats);
    DatabaseHealth health;
    health.name = name;
    health.required = stats.required;
    health.status = stats.required ? HealthStatus::healthy : HealthStatus::unhealthy;
    facts.health.databases.push_back(health);
    facts.ready.services.push_back(
        {name, stats.required, stats.required ? "" : "not reachable", stats.required});
  }
  facts.health.status = HealthStatus::degraded;
  facts.health.service = "shop";
  facts.health.timestamp = WallTime(std::chrono::seconds(1'800'000'000));
  facts.health.databases[0].message = "refused by 10.1.2.3:6379";
  facts.health.databases[0].impact = "pages are slow";
  facts.ready.ready = true;
  facts.startup.started = true;
  facts.startup.services = facts.ready.services;
  return facts;
}

}  // namespace redstart::test
