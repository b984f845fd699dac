// SPDX-License-Identifier: Apache-2.0
// sample_stats.hpp: statistics with a value in each field, for the writers' tests.
#pragma once

#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>

namespace redstart::test {

/// All figures differ, so that no writer can take one for another.
inline PoolStats sample_connections(std::size_t from) {
  PoolStats pool;
  pool.created = from + 9;
  pool.in_use = from + 3;
  pool.idle = from + 4;
  pool.waiting = from + 5;
  pool.maximum = from + 50;
  pool.min_idle = from + 2;
  pool.leased = from + 1;
  pool.shared = from + 6;
  pool.in_flight = from + 7;
  pool.queued_bytes = from + 800;
  pool.connect_failures = from + 10;
  pool.pushes_dropped = from + 11;
  for (std::size_t i = 0; i != close_reasons; ++i) pool.closed[i] = from + 20 + i;
  return pool;
}

inline NodeStats sample_node() {
  using namespace std::chrono_literals;
  NodeStats node;
  node.endpoint = "redis.example:6379";
  node.server = {"Redis", "7.0.15", "standalone", "master", "eu-1a", "0123abcd"};
  node.state = ConnectionState::loading;
  node.loading_eta = 12s;
  node.breaker = BreakerState::open;
  node.breaker_changes = 13;
  node.circuit = {BreakerState::open, 1500ms, 250ms, "no complete reply"};
  node.answered = 112;
  node.pool = sample_connections(100);
  return node;
}

inline DatabaseStats sample_database() {
  using namespace std::chrono_literals;
  const std::chrono::system_clock::time_point day{std::chrono::hours(24 * 20'000)};
  DatabaseStats database;
  database.name = "main";
  database.endpoint = "redis.example:6379";
  database.state = ConnectionState::loading;
  database.loading_eta = 12s;
  database.required = true;
  database.breaker = BreakerState::open;
  database.breaker_changes = 13;
  database.circuit = {BreakerState::open, 1500ms, 250ms, "no complete reply"};
  database.operations.ok = 99;
  database.operations.failed = 1;
  database.operations.server_errors = 14;
  database.operations.timeouts = 15;
  database.operations.retries = 16;
  database.operations.retries_refused = 17;
  database.operations.retry_tokens = 87.5;
  database.operations.rates = {{{10s, 7.5, 0.5}, {60s, 5.25, 0.25}, {300s, 3.125, 0.125}}};
  for (int i = 1; i <= 100; ++i) database.operations.latency.add(i * 1ms);
  database.operations.commands = {{"GET"}, {"GET", "WRONGTYPE", "WRONGTYPE"}, {"GET", "pool_timeout"}};
  for (int i = 1; i <= 100; ++i) database.operations.commands[0].durations.add(i * 33us);
  database.operations.commands[1].durations.add(100us, 14);
  database.operations.commands[2].durations.add(20s);
  database.operations.errors = {{"WRONGTYPE", 14}, {"pool_timeout", 1}};
  database.operations.last_errors.push_back(
      {day + 1234ms, Errc::connect_refused, "connection refused", 18, day});
  database.pool = sample_connections(0);
  database.pool.oldest_lease = 2500ms;
  for (int i = 1; i <= 9; ++i) database.connection_durations.create.add(i * 300us);
  database.connection_durations.wait.add(40ms, 5);
  database.connection_durations.use.add(2s, 3);
  database.nodes.push_back(sample_node());
  return database;
}

/// A database in use, and one that nothing has used yet.
inline ManagerStats sample_stats() {
  using namespace std::chrono_literals;
  ManagerStats stats;
  stats.uptime = 90'500ms;
  stats.databases.push_back(sample_database());
  DatabaseStats unused;
  unused.name = "cache";
  unused.endpoint = "/run/redis.sock";
  unused.pool.maximum = 50;
  NodeStats node;
  node.endpoint = unused.endpoint;
  node.pool.maximum = 50;
  unused.nodes.push_back(node);
  stats.databases.push_back(unused);
  return stats;
}

/// The contents of a file of the repository; `path` begins at its root. Empty if there is no such file.
inline std::string repository_file(const std::string& path) {
  std::ifstream file(std::string(REDSTART_TEST_DATA_DIR) + "/../../" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace redstart::test
