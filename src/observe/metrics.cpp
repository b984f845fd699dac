// SPDX-License-Identifier: Apache-2.0
// metrics.cpp: turns statistics into series.
#include "metrics.hpp"

#include "error_type.hpp"
#include "figures.hpp"
#include "server_address.hpp"

#include <redstart/core/version.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace redstart::inline v0 {

namespace {

using figures::Kind;
using Type = MetricType;

/// An object of the statistics, and the labels of its series.
template <class Stats>
using Labelled = std::vector<std::pair<Labels, Stats>>;

Labels labels_of(std::string_view database, std::string_view endpoint) {
  Labels labels;
  labels.add("db_system_name", "redis").add("db_namespace", database);
  const ServerAddress server = ServerAddress::of(endpoint);
  labels.add("server_address", server.host);
  if (!server.port.empty()) labels.add("server_port", server.port);
  return labels;
}

template <class Stats, std::size_t N>
void put(Metrics& page, const figures::Figure<Stats> (&table)[N], const Labelled<const Stats*>& all) {
  for (std::size_t i = 0; i != N;) {
    const std::string_view series = table[i].series;
    const std::size_t begin = i;
    while (++i != N && !series.empty() && table[i].series == series) {
    }
    if (series.empty()) continue;
    const bool single = i == begin + 1;
    page.family(series, table[begin].kind == Kind::counter ? Type::counter : Type::gauge,
                single ? table[begin].meaning : figures::connection_count_meaning);
    for (const auto& [labels, stats] : all) {
      for (const auto* figure = table + begin; figure != table + i; ++figure)
        page.sample(figure->state.empty() ? labels : labels.with("state", figure->state),
                    figure->value(*stats));
    }
  }
}

// One series for each state, of which that of the current state is 1.
template <class State>
void put_state(Metrics& page, const Labels& labels, State current, State last) {
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(last); ++i) {
    const auto state = static_cast<State>(i);
    page.sample(labels.with("state", to_string(state)), state == current);
  }
}

void put_nodes(Metrics& page, const Labelled<const NodeStats*>& nodes) {
  page.family("redstart_server_state", Type::gauge,
              "1 for the state of the connections to a server, else 0.");
  for (const auto& [labels, node] : nodes) put_state(page, labels, node->state, ConnectionState::closed);
  page.family("redstart_server_loading_eta_seconds", Type::gauge,
              "Time until a server that is loading is ready, as it estimates.");
  for (const auto& [labels, node] : nodes) {
    if (node->loading_eta) page.sample(labels, figures::seconds(*node->loading_eta));
  }
  put(page, figures::node, nodes);

  page.family("redstart_circuit_breaker_state", Type::gauge, "1 for the state of a circuit breaker, else 0.");
  for (const auto& [labels, node] : nodes)
    put_state(page, labels, node->breaker, BreakerState::forced_closed);
  std::vector<figures::BreakerFigures> views;
  views.reserve(nodes.size());
  Labelled<const figures::BreakerFigures*> breakers;
  for (const auto& [labels, node] : nodes) {
    views.push_back({node->breaker_changes, node->circuit});
    breakers.emplace_back(labels, &views.back());
  }
  put(page, figures::breaker, breakers);

  Labelled<const PoolStats*> pools;
  for (const auto& [labels, node] : nodes) pools.emplace_back(labels, &node->pool);
  put(page, figures::connections, pools);
  page.family("redis_client_connection_closed_total", Type::counter,
              "Connections that were closed, by reason.");
  for (const auto& [labels, pool] : pools) {
    for (std::size_t i = 0; i != close_reasons; ++i)
      page.sample(labels.with("reason", to_string(static_cast<CloseReason>(i))), pool->closed[i]);
  }
}

void put_operations(Metrics& page, const Labelled<const RedisStats*>& operations) {
  page.family("db_client_operation_duration_seconds", Type::histogram,
              "Duration of operations, by command and error. A batch is one operation.");
  for (const auto& [labels, stats] : operations) {
    for (const CommandStats& command : stats->commands) {
      Labels own = labels.with("db_operation_name", command.name);
      if (!command.error_type.empty()) own.add("error_type", command.error_type);
      if (!command.status_code.empty()) own.add("db_response_status_code", command.status_code);
      page.histogram(own, command.durations);
    }
  }
  page.family("redis_client_errors_total", Type::counter,
              "Commands that failed, by the first word of the server's error or the code of the client's.");
  for (const auto& [labels, stats] : operations) {
    for (std::size_t i = 0; i != ErrorType::count; ++i) {
      const ErrorType error = ErrorType::at(i);
      const auto at = std::find_if(stats->errors.begin(), stats->errors.end(),
                                   [error](const ErrorCount& entry) { return entry.type == error.name(); });
      const std::uint64_t count = at != stats->errors.end() ? at->count : 0;
      if (count != 0 || error.is_of_commands()) page.sample(labels.with("error_type", error.name()), count);
    }
  }
  page.family("db_client_connection_timeouts_total", Type::counter,
              "Operations that waited for a connection until their deadline.");
  for (const auto& [labels, stats] : operations) {
    std::uint64_t timeouts = 0;
    for (const CommandStats& command : stats->commands)
      timeouts += command.error_type == to_string(Errc::pool_timeout) ? command.durations.count() : 0;
    page.sample(labels, timeouts);
  }
}

void put_durations(Metrics& page, const Labelled<const DatabaseStats*>& databases) {
  for (const figures::DurationsFigure& figure : figures::connection_durations) {
    page.family(figure.series, Type::histogram, figure.meaning);
    for (const auto& [labels, database] : databases)
      page.histogram(labels, database->connection_durations.*figure.durations);
  }
}

}  // namespace

std::vector<MetricLabel> Labels::views() const {
  std::vector<MetricLabel> views;
  views.reserve(list_.size());
  for (const auto& [name, value] : list_) views.push_back({name, value});
  return views;
}

std::string Labels::key() const {
  std::string key;
  for (const auto& [name, value] : list_) {
    key += name;
    key += std::to_string(value.size()) + ":";
    key += value;
  }
  return key;
}

void Metrics::family(std::string_view name, MetricType type, std::string_view meaning) {
  metric_ = {.name = name, .type = type, .meaning = meaning};
  seen_.clear();
}

void Metrics::sample(const Labels& labels, const figures::Number& value) {
  if (std::holds_alternative<std::monostate>(value)) return;
  if (const auto* const flag = std::get_if<bool>(&value))
    metric_.value = std::uint64_t{*flag};
  else if (const auto* const count = std::get_if<std::uint64_t>(&value))
    metric_.value = *count;
  else
    metric_.value = std::get<double>(value);
  pass(labels);
}

void Metrics::histogram(const Labels& labels, const DurationHistogram& durations) {
  metric_.durations = &durations;
  pass(labels);
}

void Metrics::pass(const Labels& labels) {
  if (!seen_.insert(labels.key()).second) return;
  const std::vector<MetricLabel> views = labels.views();
  metric_.labels = views;
  exporter_.add(metric_);
  metric_.labels = {};
}

void export_metrics(const ManagerStats& stats, MetricsExporter& exporter) {
  Metrics page(exporter);
  page.family("redstart_build_info", Type::info, "1; the label has the version of the library.");
  page.sample(Labels().add("version", version()), std::uint64_t{1});
  put(page, figures::manager, {{Labels(), &stats}});

  Labelled<const DatabaseStats*> databases;
  Labelled<const RedisStats*> operations;
  Labelled<const PoolStats*> leases;
  Labelled<const NodeStats*> nodes;
  for (const DatabaseStats& database : stats.databases) {
    const Labels labels = labels_of(database.name, database.endpoint);
    databases.emplace_back(labels, &database);
    operations.emplace_back(labels, &database.operations);
    leases.emplace_back(labels, &database.pool);
    for (const NodeStats& node : database.nodes)
      nodes.emplace_back(labels_of(database.name, node.endpoint), &node);
  }
  put(page, figures::database, databases);
  put_operations(page, operations);
  put(page, figures::operations, operations);
  put_durations(page, databases);
  put(page, figures::leases, leases);
  put_nodes(page, nodes);
  exporter.complete();
}

}  // namespace redstart::inline v0
