// SPDX-License-Identifier: Apache-2.0
// watch.cpp: limits that must hold at every moment.
#include "watch.hpp"

#include "support/managers.hpp"
#include "support/sanitizers.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace redstart::soak {

using namespace std::chrono_literals;

void EventWatch::on_event(const Event& event) noexcept {
  run_.scan("an event", event.detail);
  run_.scan("an event", event.endpoint);
  if (event.kind == EventKind::circuit_changed) breakers_.changed(event.database, event.detail, Clock::now());
  const std::scoped_lock lock(mutex_);
  ++counts_[std::string(to_string(event.kind))];
}

std::map<std::string, std::size_t> EventWatch::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

std::size_t resident_memory() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

Resources resources() { return {test::open_descriptors(), test::running_threads()}; }

void check_resources(Run& run, const Resources& before) {
  Resources now = resources();
  for (const auto until = Clock::now() + 5s; Clock::now() < until; now = resources()) {
    if (now.descriptors <= before.descriptors && now.threads <= before.threads) return;
    std::this_thread::sleep_for(10ms);
  }
  run.violations.add("I16", std::to_string(now.descriptors) + " descriptors and " +
                                std::to_string(now.threads) + " threads are left of " +
                                std::to_string(before.descriptors) + " and " +
                                std::to_string(before.threads) + " at the start");
}

// At worst every connection of a pool is attempted once, and then one at a time after pauses of 50 ms and
// more. From the second pause on, pauses are random between 50 and 200, later 500 ms. That is four within a
// second on average. More than twelve occur less than once in a million times.
StatsWatch::StatsWatch(Run& run, const RedisConnectionManager& redis, const Stage& stage)
    : run_(run), redis_(redis), stage_(stage), attempts_(Stage::most_connections + 25, 12) {
  seen_.resident_before = resident_memory();
  thread_ = std::jthread([this](const std::stop_token& stop) {
    for (unsigned turn = 0; !stop.stop_requested(); ++turn) {
      look();
      if (turn % 10 == 0 && is_quiet(run_.terms, run_.age(), 2s)) look_at_server();
      std::this_thread::sleep_for(50ms);
    }
  });
}

Watched StatsWatch::finish() {
  thread_ = {};
  // I15: the buffers and the pending operations have their limits. The run itself keeps its ledger and the
  // recorded bytes.
  const std::size_t allowed = seen_.resident_before + (16U << 20) + run_.ledger.bytes() +
                              3 * Stage::io_threads * Stage::most_pending_bytes +
                              (3 * Stage::most_connections + Recorder::closed_kept) * 4 * Recorder::kept;
  if (!test::with_thread_sanitizer && !test::with_address_sanitizer && seen_.resident_most > allowed)
    run_.violations.add("I15", "the process grew to " + std::to_string(seen_.resident_most >> 20) +
                                   " MiB instead of at most " + std::to_string(allowed >> 20) + " MiB");
  return seen_;
}

// I9, as the server sees it in quiet periods. Closed connections may stay in its list for a moment, so only a
// fault that a second look confirms is reported.
void StatsWatch::look_at_server() {
  std::map<std::string, std::size_t> open;
  try {
    for (const std::string& line : stage_.raw().client_list()) {
      const std::size_t at = line.find(" name=") + 6;
      ++open[line.substr(at, line.find(' ', at) - at)];
    }
  } catch (const std::exception&) {
    return;  // other checks notice if the server does not answer
  }
  std::set<std::string> above;
  for (const auto& [name, count] : open) {
    if (!name.starts_with("soak:") || count <= Stage::most_connections) continue;
    above.insert(name);
    if (above_before_.contains(name))
      run_.violations.add("I9", "the server has " + std::to_string(count) + " connections of " + name);
  }
  above_before_ = std::move(above);
}

void StatsWatch::look() {
  for (const DatabaseStats& database : redis_.stats().databases) {
    const PoolStats& pool = database.pool;
    const std::size_t connections = pool.in_use + pool.idle;
    if (connections > pool.maximum)
      run_.violations.add("I9", database.name + " has " + std::to_string(connections) +
                                    " connections instead of at most " + std::to_string(pool.maximum));
    // For each shared connection, and together for all exclusive ones. One operation may exceed the limit,
    // whatever its size.
    if (pool.queued_bytes > (Stage::io_threads + 1) * (Stage::most_pending_bytes + (512U << 10)))
      run_.violations.add("I15",
                          std::to_string(pool.queued_bytes) + " bytes are queued for " + database.name);
    attempts_.look(database.name, pool.connect_failures, pool.created, Clock::now(), run_.violations);
    seen_.most_connections = std::max(seen_.most_connections, connections);
    seen_.most_in_flight = std::max(seen_.most_in_flight, pool.in_flight);
    seen_.most_queued_bytes = std::max(seen_.most_queued_bytes, pool.queued_bytes);
    for (const LastError& error : database.operations.last_errors) run_.scan("the statistics", error.message);
  }
  seen_.resident_most = std::max(seen_.resident_most, resident_memory());
}

}  // namespace redstart::soak
