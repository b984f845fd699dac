// SPDX-License-Identifier: Apache-2.0
// stats_json.cpp: writes statistics as JSON.
#include "figures.hpp"
#include "utc.hpp"

#include <redstart/core/version.hpp>
#include <redstart/observe/stats_text.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

namespace redstart::inline v0 {

namespace {

using Json = nlohmann::ordered_json;

template <class Stats, std::size_t N>
void put(Json& into, const figures::Figure<Stats> (&table)[N], const Stats& stats) {
  for (const figures::Figure<Stats>& figure : table) {
    Json& field = into[std::string(figure.field)];
    std::visit(
        [&field](auto number) {
          if constexpr (!std::is_same_v<decltype(number), std::monostate>) field = number;
        },
        figure.value(stats));
  }
}

Json text(std::string_view value) { return std::string(value); }

Json eta_of(const std::optional<std::chrono::seconds>& eta) {
  return eta ? Json(static_cast<std::int64_t>(eta->count())) : Json();
}

Json breaker_of(std::uint64_t changes, const CircuitStatus& circuit) {
  Json json;
  json["state"] = text(to_string(circuit.state));
  put(json, figures::breaker, figures::BreakerFigures{changes, circuit});
  json["last_failure"] = text(circuit.last_failure);
  return json;
}

Json connections_of(const PoolStats& pool) {
  Json json;
  put(json, figures::connections, pool);
  Json& closed = json["closed"];
  for (std::size_t i = 0; i != close_reasons; ++i)
    closed[std::string(to_string(static_cast<CloseReason>(i)))] = pool.closed[i];
  return json;
}

void put_durations(Json& into, const DurationHistogram& durations) {
  into["count"] = durations.count();
  into["sum_seconds"] = figures::seconds(durations.sum);
  into["buckets"] = durations.buckets;
}

void put_errors(Json& into, const KeptList<ErrorCount>& errors) {
  into = Json::object();
  for (const ErrorCount& error : errors) into[std::string(error.type)] = error.count;
}

void put_commands(Json& into, const KeptList<CommandStats>& commands) {
  into = Json::array();
  for (const CommandStats& command : commands) {
    Json entry;
    entry["name"] = text(command.name);
    entry["error_type"] = text(command.error_type);
    entry["status_code"] = text(command.status_code);
    put_durations(entry, command.durations);
    into.push_back(std::move(entry));
  }
}

Json operations_of(const RedisStats& stats) {
  Json json;
  put(json, figures::operations, stats);
  put(json["latency"], figures::latency, stats.latency);
  Json& rates = json["rates"] = Json::array();
  for (const OperationRates& one : stats.rates) put(rates.emplace_back(), figures::rates, one);
  put_errors(json["errors"], stats.errors);
  put_commands(json["commands"], stats.commands);
  Json& errors = json["last_errors"] = Json::array();
  for (const LastError& error : stats.last_errors) {
    Json entry;
    entry["code"] = text(to_string(error.code));
    entry["count"] = error.count;
    entry["first"] = utc_text(error.first);
    entry["time"] = utc_text(error.time);
    entry["message"] = text(error.message);
    errors.push_back(std::move(entry));
  }
  return json;
}

Json node_of(const NodeStats& node) {
  Json json;
  json["endpoint"] = text(node.endpoint);
  json["state"] = text(to_string(node.state));
  json["loading_eta_seconds"] = eta_of(node.loading_eta);
  put(json, figures::node, node);
  Json& server = json["server"];
  server["product"] = text(node.server.product);
  server["version"] = text(node.server.version);
  server["mode"] = text(node.server.mode);
  server["role"] = text(node.server.role);
  server["availability_zone"] = text(node.server.availability_zone);
  server["run_id"] = text(node.server.run_id);
  json["breaker"] = breaker_of(node.breaker_changes, node.circuit);
  json["connections"] = connections_of(node.pool);
  return json;
}

Json database_of(const DatabaseStats& database) {
  Json json;
  json["name"] = text(database.name);
  json["endpoint"] = text(database.endpoint);
  json["state"] = text(to_string(database.state));
  json["loading_eta_seconds"] = eta_of(database.loading_eta);
  put(json, figures::database, database);
  json["breaker"] = breaker_of(database.breaker_changes, database.circuit);
  json["operations"] = operations_of(database.operations);
  json["connections"] = connections_of(database.pool);
  Json& durations = json["connection_durations"];
  for (const figures::DurationsFigure& figure : figures::connection_durations)
    put_durations(durations[std::string(figure.field)], database.connection_durations.*figure.durations);
  put(json, figures::leases, database.pool);
  Json& nodes = json["nodes"] = Json::array();
  for (const NodeStats& node : database.nodes) nodes.push_back(node_of(node));
  return json;
}

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string to_json(const ManagerStats& stats) {
  Json json;
  json["version"] = text(version());
  put(json, figures::manager, stats);
  Json& databases = json["databases"] = Json::array();
  for (const DatabaseStats& database : stats.databases) databases.push_back(database_of(database));
  return dumped(json);
}

std::string to_json(const DatabaseStats& stats) { return dumped(database_of(stats)); }

}  // namespace redstart::inline v0
