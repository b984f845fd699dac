// SPDX-License-Identifier: Apache-2.0
// status_view.cpp: turns statistics and health reports into texts.
#include "status_view.hpp"

#include "figures_text.hpp"

#include <redstart/core/errc.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace redstart::inline v0::http {

namespace {

constexpr std::string_view none = "–";

Level level_of(HealthStatus status) noexcept {
  switch (status) {
    case HealthStatus::healthy: return Level::good;
    case HealthStatus::degraded: return Level::warning;
    case HealthStatus::unhealthy:
    case HealthStatus::error: return Level::bad;
  }
  return Level::plain;
}

Level level_of(ConnectionState state) noexcept {
  switch (state) {
    case ConnectionState::ready: return Level::good;
    case ConnectionState::connecting:
    case ConnectionState::loading:
    case ConnectionState::draining: return Level::warning;
    case ConnectionState::backing_off:
    case ConnectionState::circuit_open: return Level::bad;
    case ConnectionState::stopped:
    case ConnectionState::closed: return Level::plain;
  }
  return Level::plain;
}

Level level_of(BreakerState state) noexcept {
  switch (state) {
    case BreakerState::closed: return Level::good;
    case BreakerState::half_open:
    case BreakerState::forced_closed: return Level::warning;
    case BreakerState::open:
    case BreakerState::forced_open: return Level::bad;
  }
  return Level::plain;
}

// The name of a state without underscores.
std::string words(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

StatusText latency_or_none(const std::optional<std::chrono::nanoseconds>& time) {
  return {time ? latency_text(*time) : std::string(none)};
}

StatusText pool_text(const PoolStats& pool) {
  StatusText cell;
  cell.text = count_text(pool.in_use) + " of " + count_text(pool.maximum);
  if (pool.waiting != 0) cell.text += ", " + count_text(pool.waiting) + " waiting";
  if (pool.waiting != 0 || (pool.maximum != 0 && pool.in_use >= pool.maximum)) cell.level = Level::warning;
  return cell;
}

void add(StatusRow& row, std::string_view label, std::string text, Level level = Level::plain) {
  if (!text.empty()) row.notes.push_back({label, std::move(text), level});
}

std::string several(std::uint64_t count, std::string_view thing) {
  return count_text(count) + ' ' + std::string(thing) + (count == 1 ? "" : "s");
}

std::string server_text(const ServerIdentity& server, const ServerHealth* health) {
  std::string text = server.product;
  for (const std::string& part : {server.version, server.role}) {
    if (!part.empty()) text += (text.empty() ? "" : " ") + part;
  }
  if (health == nullptr) return text;
  if (health->uptime) text += ", up " + age_text(*health->uptime);
  if (health->connected_clients) text += ", " + several(*health->connected_clients, "client");
  if (!health->used_memory_human.empty()) text += ", memory " + health->used_memory_human;
  if (health->keys) text += ", " + several(*health->keys, "key");
  return text;
}

std::string totals_text(const RedisStats& operations) {
  if (operations.ok + operations.failed + operations.server_errors == 0) return {};
  std::string text = count_text(operations.ok) + " ok, " + count_text(operations.failed) + " failed, " +
                     count_text(operations.server_errors) + " errors of the server, " +
                     count_text(operations.retries) + " retries, success rate " +
                     share_text(operations.success_rate());
  const LatencyHistogram& latency = operations.latency;
  if (latency.count() == 0) return text;
  for (const auto& [name, fraction] : {std::pair{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}})
    text += std::string(", ") + name + ' ' + latency_text(latency.percentile(fraction));
  return text;
}

void add_statistics(StatusRow& row, const DatabaseStats& stats, const ServerHealth* health) {
  const RedisStats& operations = stats.operations;
  row.required = stats.required;
  row.commands = operations.ok + operations.failed + operations.server_errors;
  row.errors = operations.failed + operations.server_errors;
  row.cells[1] = {words(to_string(stats.state)), level_of(stats.state)};
  if (stats.loading_eta) row.cells[1].text += ", about " + age_text(*stats.loading_eta);
  row.cells[2] = {words(to_string(stats.breaker)), level_of(stats.breaker)};
  row.cells[3] = pool_text(stats.pool);

  add(row, "Endpoint", stats.endpoint);
  const ServerIdentity identity = stats.nodes.empty() ? ServerIdentity{} : stats.nodes.front().server;
  add(row, "Server", server_text(identity, health));
  add(row, "Since start", totals_text(operations));
  if (stats.pool.created + stats.pool.connect_failures != 0)
    add(row, "Pool",
        count_text(stats.pool.idle) + " idle, " + count_text(stats.pool.created) + " opened, " +
            count_text(stats.pool.connect_failures) + " failed to open");
  if (!operations.last_errors.empty()) {
    const LastError& last = operations.last_errors.back();
    add(row, "Last error",
        utc_text(last.time) + ' ' + words(to_string(last.code)) + " (" + count_text(last.count) +
            "): " + last.message);
  }
}

void add_health(StatusRow& row, const DatabaseHealth& health) {
  row.required = health.required;
  row.cells[0] = {words(to_string(health.status)), level_of(health.status)};
  const PerformanceHealth& performance = health.performance;
  if (performance.operations_per_second) row.cells[4].text = rate_text(*performance.operations_per_second);
  row.cells[6] = latency_or_none(performance.operations_p50);
  row.cells[7] = latency_or_none(performance.operations_p95);
  row.cells[8] = latency_or_none(performance.operations_p99);

  add(row, "Problem", health.message, Level::bad);
  if (!health.serves()) add(row, "Impact", health.impact, Level::bad);
  add(row, "Advice", health.advice);
  for (const HealthWarning& warning : health.warnings)
    add(row, "Warning", warning.message + (warning.advice.empty() ? "" : "; " + warning.advice),
        Level::warning);
  for (const std::string& note : health.notes) add(row, "Note", note);
}

const DatabaseHealth* health_of(const HealthReport& report, std::string_view name) {
  const auto at = std::find_if(report.databases.begin(), report.databases.end(),
                               [name](const DatabaseHealth& one) { return one.name == name; });
  return at == report.databases.end() ? nullptr : &*at;
}

StatusRow row_of(std::string_view name, const DatabaseStats* stats, const DatabaseHealth* health) {
  StatusRow row;
  row.name = name;
  for (StatusText& cell : row.cells) cell.text = none;
  row.cells[0].text = "not checked";
  if (health != nullptr) add_health(row, *health);
  if (stats != nullptr) add_statistics(row, *stats, health == nullptr ? nullptr : &health->server);
  return row;
}

}  // namespace

StatusView status_view(const ManagerStats& stats, const HealthReport& report) {
  StatusView view;
  view.service = report.service;
  view.health = {words(to_string(report.status)), level_of(report.status)};
  view.summary = report.message;
  if (report.timestamp != WallTime{}) view.checked = utc_text(report.timestamp);
  view.uptime = std::chrono::duration<double>(stats.uptime).count();
  for (const DatabaseStats& database : stats.databases)
    view.rows.push_back(row_of(database.name, &database, health_of(report, database.name)));
  for (const DatabaseHealth& database : report.databases) {
    const bool known = std::any_of(view.rows.begin(), view.rows.end(),
                                   [&database](const StatusRow& row) { return row.name == database.name; });
    if (!known) view.rows.push_back(row_of(database.name, nullptr, &database));
  }
  return view;
}

}  // namespace redstart::inline v0::http
