// SPDX-License-Identifier: Apache-2.0
// health_json.cpp: writes health reports as JSON.
#include "../observe/utc.hpp"

#include <redstart/core/version.hpp>
#include <redstart/health/health_json.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace redstart::inline v0 {

namespace {

using HealthJson = nlohmann::ordered_json;

std::string line_of(const HealthJson& json) {
  return json.dump(-1, ' ', false, HealthJson::error_handler_t::replace);
}

HealthJson word(std::string_view text) { return std::string(text); }

double in_ms(std::chrono::nanoseconds time) noexcept {
  return std::chrono::duration<double, std::milli>(time).count();
}
double in_seconds(std::chrono::nanoseconds time) noexcept {
  return std::chrono::duration<double>(time).count();
}

template <class Number>
HealthJson known(const std::optional<Number>& number) {
  return number ? HealthJson(*number) : HealthJson();
}
HealthJson known_ms(const std::optional<std::chrono::nanoseconds>& time) {
  return time ? HealthJson(in_ms(*time)) : HealthJson();
}
HealthJson known_seconds(const std::optional<std::chrono::nanoseconds>& time) {
  return time ? HealthJson(in_seconds(*time)) : HealthJson();
}

HealthJson connectivity_of(const DatabaseHealth& database) {
  const ConnectivityHealth& connectivity = database.connectivity;
  HealthJson json;
  json["result"] = word(to_string(connectivity.result));
  json["reachable"] = connectivity.reachable;
  json["connecting_ms"] = in_ms(connectivity.connecting);
  json["state"] = word(to_string(connectivity.state));
  HealthJson& breaker = json["breaker"];
  breaker["state"] = word(to_string(connectivity.circuit.state));
  breaker["lasting_seconds"] = in_seconds(connectivity.circuit.lasting);
  breaker["next_probe_seconds"] = known_seconds(connectivity.circuit.next_probe);
  breaker["last_failure"] = word(connectivity.circuit.last_failure);
  return json;
}

HealthJson performance_of(const DatabaseHealth& database) {
  const PerformanceHealth& performance = database.performance;
  HealthJson json;
  json["ping_ms"] = known_ms(performance.ping);
  json["probe_p95_ms"] = known_ms(performance.probe_p95);
  json["latency"] = performance.latency ? word(to_string(*performance.latency)) : HealthJson();
  json["operations_p50_ms"] = known_ms(performance.operations_p50);
  json["operations_p95_ms"] = known_ms(performance.operations_p95);
  json["operations_p99_ms"] = known_ms(performance.operations_p99);
  json["operations_per_second"] = known(performance.operations_per_second);
  json["success_rate"] = known(performance.success_rate);
  json["server_operations_per_second"] = known(performance.server_operations_per_second);
  return json;
}

HealthJson server_info_of(const DatabaseHealth& database) {
  const ServerHealth& server = database.server;
  HealthJson json;
  json["result"] = word(to_string(server.result));
  json["product"] = word(server.identity.product);
  json["redis_version"] = word(server.identity.version);
  json["mode"] = word(server.identity.mode);
  json["role"] = word(server.identity.role);
  json["availability_zone"] = word(server.identity.availability_zone);
  json["run_id"] = word(server.identity.run_id);
  json["uptime_in_seconds"] = server.uptime ? HealthJson(server.uptime->count()) : HealthJson();
  json["connected_clients"] = known(server.connected_clients);
  json["maxclients"] = known(server.maximum_clients);
  json["used_memory"] = known(server.used_memory);
  json["used_memory_human"] = word(server.used_memory_human);
  json["maxmemory"] = known(server.maximum_memory);
  json["connected_replicas"] = known(server.connected_replicas);
  json["keys"] = known(server.keys);
  json["expiring_keys"] = known(server.expiring_keys);
  json["keyspace_hits"] = known(server.hits);
  json["keyspace_misses"] = known(server.misses);
  json["evicted_keys"] = known(server.evicted_keys);
  json["hit_ratio"] = known(server.hit_ratio);
  return json;
}

HealthJson connection_pool_of(const DatabaseHealth& database) {
  const PoolStats& pool = database.pool;
  HealthJson json;
  json["in_use"] = pool.in_use;
  json["idle"] = pool.idle;
  json["available"] = pool.available();
  json["maximum"] = pool.maximum;
  json["min_idle"] = pool.min_idle;
  json["waiting"] = pool.waiting;
  json["leased"] = pool.leased;
  json["oldest_lease_seconds"] = in_seconds(pool.oldest_lease);
  json["shared"] = pool.shared;
  json["in_flight"] = pool.in_flight;
  json["queued_bytes"] = pool.queued_bytes;
  json["created"] = pool.created;
  json["connect_failures"] = pool.connect_failures;
  return json;
}

HealthJson operational_of(const DatabaseHealth& database) {
  const OperationalHealth& operational = database.operational;
  HealthJson json;
  json["result"] = word(to_string(operational.result));
  json["set"] = word(to_string(operational.set));
  json["get"] = word(to_string(operational.get));
  json["del"] = word(to_string(operational.del));
  json["duration_ms"] = known_ms(operational.duration);
  json["message"] = word(operational.message);
  return json;
}

HealthJson section_of(const DatabaseHealth& database, HealthSection section) {
  switch (section) {
    case HealthSection::connectivity: return connectivity_of(database);
    case HealthSection::performance: return performance_of(database);
    case HealthSection::server_info: return server_info_of(database);
    case HealthSection::connection_pool: return connection_pool_of(database);
    case HealthSection::operational: return operational_of(database);
  }
  return {};
}

// The name of a section as a field: `server_info`.
std::string field_of(HealthSection section) {
  std::string name(to_string(section));
  for (char& c : name)
    if (c == '-') c = '_';
  return name;
}

HealthJson database_of_report(const DatabaseHealth& database) {
  HealthJson json;
  json["name"] = word(database.name);
  json["endpoint"] = word(database.endpoint);
  json["required"] = database.required;
  json["impact"] = word(database.impact);
  json["status"] = word(to_string(database.status));
  json["problem"] = database.problem ? word(to_string(*database.problem)) : HealthJson();
  json["message"] = word(database.message);
  json["advice"] = word(database.advice);
  for (const HealthSection section : health_sections) json[field_of(section)] = section_of(database, section);
  HealthJson& warnings = json["warnings"] = HealthJson::array();
  for (const HealthWarning& warning : database.warnings) {
    HealthJson entry;
    entry["code"] = word(warning.code);
    entry["message"] = word(warning.message);
    entry["advice"] = word(warning.advice);
    warnings.push_back(std::move(entry));
  }
  json["notes"] = database.notes;
  return json;
}

HealthJson services_of(const std::vector<ServiceReadiness>& services) {
  HealthJson json = HealthJson::array();
  for (const ServiceReadiness& service : services) {
    HealthJson entry;
    entry["name"] = word(service.name);
    entry["status"] = word(service.ready ? "ready" : "not_ready");
    entry["message"] = word(service.message);
    entry["required"] = service.required;
    json.push_back(std::move(entry));
  }
  return json;
}

std::string readiness_of(std::string_view status, bool healthy, const std::vector<ServiceReadiness>& services,
                         WallTime timestamp) {
  HealthJson json;
  json["status"] = word(status);
  json["healthy"] = healthy;
  json["services"] = services_of(services);
  json["timestamp"] = utc_text(timestamp);
  return line_of(json);
}

}  // namespace

std::string to_json(const HealthReport& report) {
  HealthJson json;
  json["status"] = word(to_string(report.status));
  json["message"] = word(report.message);
  json["timestamp"] = utc_text(report.timestamp);
  json["duration_ms"] = in_ms(report.duration);
  json["service"] = word(report.service);
  json["version"] = word(version());
  json["uptime_seconds"] = in_seconds(report.uptime);
  HealthJson& databases = json["databases"] = HealthJson::array();
  for (const DatabaseHealth& database : report.databases) databases.push_back(database_of_report(database));
  return line_of(json);
}

std::string to_json(const HealthReport& report, HealthSection section) {
  HealthJson json;
  json["status"] = word(to_string(report.status));
  json["message"] = word(report.message);
  json["timestamp"] = utc_text(report.timestamp);
  HealthJson& databases = json["databases"] = HealthJson::array();
  for (const DatabaseHealth& database : report.databases) {
    HealthJson entry;
    entry["name"] = word(database.name);
    entry["status"] = word(to_string(database.status));
    entry[field_of(section)] = section_of(database, section);
    databases.push_back(std::move(entry));
  }
  return line_of(json);
}

std::string to_json(const ReadyReport& report) {
  return readiness_of(report.status(), report.ready, report.services, report.timestamp);
}

std::string to_json(const StartupReport& report) {
  return readiness_of(report.status(), report.started, report.services, report.timestamp);
}

std::string to_json(const LiveReport& report) {
  HealthJson json;
  json["status"] = word(LiveReport::status());
  json["healthy"] = true;
  json["uptime_seconds"] = in_seconds(report.uptime);
  json["timestamp"] = utc_text(report.timestamp);
  return line_of(json);
}

}  // namespace redstart::inline v0
