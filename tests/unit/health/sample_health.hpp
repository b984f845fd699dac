// SPDX-License-Identifier: Apache-2.0
// sample_health.hpp: health reports with a value in each field, for the writers' tests.
#pragma once

#include <redstart/health/health_report.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace redstart::test {

inline WallTime sample_time() {
  return WallTime{std::chrono::hours(24 * 20'000) + std::chrono::milliseconds(1234)};
}

inline DatabaseHealth sample_main_health() {
  using namespace std::chrono_literals;
  DatabaseHealth health;
  health.name = "main";
  health.endpoint = "redis.example:6379";
  health.required = true;
  health.impact = "nothing works";
  health.status = HealthStatus::degraded;
  health.connectivity = {CheckResult::ok,
                         true,
                         1500us,
                         ConnectionState::ready,
                         {BreakerState::half_open, 2500ms, 250ms, "no complete reply"}};
  health.performance = {500us, 2ms, LatencyClass::good, 1ms, 3ms, 7ms, 12.5, 0.75, 4321U};
  ServerHealth& server = health.server;
  server.result = CheckResult::ok;
  server.identity = {"Redis", "7.0.15", "standalone", "master", "eu-1a", "0123abcd"};
  server.uptime = 1h;
  server.connected_clients = 12;
  server.maximum_clients = 10'000;
  server.used_memory = 1'048'576;
  server.used_memory_human = "1.00M";
  server.maximum_memory = 2'097'152;
  server.connected_replicas = 1;
  server.keys = 5;
  server.expiring_keys = 2;
  server.hits = 70;
  server.misses = 30;
  server.evicted_keys = 4;
  server.hit_ratio = 0.7;
  PoolStats& pool = health.pool;
  pool.created = 9;
  pool.in_use = 3;
  pool.idle = 4;
  pool.waiting = 5;
  pool.maximum = 50;
  pool.min_idle = 2;
  pool.leased = 1;
  pool.oldest_lease = 1250ms;
  pool.shared = 6;
  pool.in_flight = 7;
  pool.queued_bytes = 800;
  pool.connect_failures = 10;
  health.operational = {CheckResult::ok, CheckResult::ok, CheckResult::ok, CheckResult::ok, 900us, {}};
  health.warnings = {{"breaker_half_open", "the circuit breaker is half open", "Wait"}};
  health.notes = {"PING was refused: NOPERM"};
  return health;
}

inline DatabaseHealth sample_cache_health() {
  DatabaseHealth health;
  health.name = "cache";
  health.endpoint = "cache.example:6379";
  health.status = HealthStatus::unhealthy;
  health.problem = Errc::connect_refused;
  health.message = "database \"cache\" at cache.example:6379: connection refused";
  health.advice = "Is the server running?";
  health.connectivity.result = CheckResult::failed;
  return health;
}

inline HealthReport sample_health() {
  using namespace std::chrono_literals;
  HealthReport report;
  report.status = HealthStatus::degraded;
  report.timestamp = sample_time();
  report.duration = 4500us;
  report.service = "shop";
  report.uptime = 90s;
  report.databases = {sample_cache_health(), sample_main_health()};
  return report;
}

inline std::vector<ServiceReadiness> sample_services() {
  return {{"cache", false, "connect_refused: no process listens at the endpoint", false},
          {"main", true, "degraded", true}};
}

}  // namespace redstart::test
