// SPDX-License-Identifier: Apache-2.0
// report.hpp: prints the manager's statistics at the end of the tour.
#pragma once

#include "text.hpp"

#include <redstart/observe/stats.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tour {

using Words = std::vector<std::pair<std::string, double>>;

inline void print_top_words(const Words& top, std::uint64_t different) {
  std::cout << "\nTop words, of " << grouped(different) << " different ones\n";
  for (const auto& [word, count] : top)
    std::cout << "  " << left(word, 14) << right(grouped(static_cast<std::uint64_t>(count)), 8) << "  "
              << bar(count / top.front().second, 50) << '\n';
}

inline void print_databases(const redstart::ManagerStats& stats) {
  std::cout << "\n                      operations                              connections\n"
               "Database            ok  failed  errors  success    opened  in use    idle maximum\n";
  for (const redstart::DatabaseStats& database : stats.databases) {
    const redstart::RedisStats& done = database.operations;
    const redstart::PoolStats& pool = database.pool;
    std::cout << "  " << left(database.name, 10) << right(grouped(done.ok), 10)
              << right(grouped(done.failed), 8) << right(grouped(done.server_errors), 8)
              << right(percent(done.success_rate()), 9) << "  ";
    for (const std::size_t connections : {pool.created, pool.in_use, pool.idle, pool.maximum})
      std::cout << right(grouped(connections), 8);
    std::cout << '\n';
  }
}

// A row for each percentile; the bars grow with the logarithm of the time, from 10 us on.
inline void print_latencies(const redstart::ManagerStats& stats) {
  constexpr std::pair<const char*, double> rows[] = {
      {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};
  redstart::LatencyHistogram all;
  std::cout << "\nLatency  ";
  for (const redstart::DatabaseStats& database : stats.databases) {
    std::cout << right(database.name, 10);
    all.merge(database.operations.latency);
  }
  std::cout << "       all   of one exchange: a command or a pipeline\n";
  for (const auto& [name, fraction] : rows) {
    std::cout << "  " << left(name, 7);
    for (const redstart::DatabaseStats& database : stats.databases)
      std::cout << right(readable(database.operations.latency.percentile(fraction)), 10);
    const auto time = all.percentile(fraction);
    const double decades = std::log10(std::max(static_cast<double>(time.count()) / 10'000, 1.0));
    std::cout << right(readable(time), 10) << "   " << bar(decades / 4, 40) << '\n';
  }
}

// Returns the number of connections in CLIENT LIST, by client name.
inline std::map<std::string, std::size_t> connections_by_name(std::string_view client_list) {
  std::map<std::string, std::size_t> counts;
  constexpr std::string_view field = " name=";
  for (std::size_t at = 0; (at = client_list.find(field, at)) != std::string_view::npos;) {
    at += field.size();
    ++counts[std::string(client_list.substr(at, client_list.find(' ', at) - at))];
  }
  return counts;
}

// Whether the server never saw more connections than configured.
inline bool print_seen_connections(const std::map<std::string, std::size_t>& most, const std::string& service,
                                   const redstart::ManagerStats& stats) {
  bool kept = true;
  std::cout << "\nConnections that the server saw at the same time (CLIENT LIST)\n";
  for (const redstart::DatabaseStats& database : stats.databases) {
    const std::string name = service + ":" + database.name;
    const auto found = most.find(name);
    const std::size_t seen = found == most.end() ? 0 : found->second;
    const bool within = seen <= database.pool.maximum;
    kept = kept && within;
    std::cout << "  " << left(name, 16) << seen << " of at most " << database.pool.maximum << "   "
              << (within ? "ok" : "TOO MANY (or is another tour running on this server?)") << '\n';
  }
  return kept;
}

}  // namespace tour
