// SPDX-License-Identifier: Apache-2.0
// watch.cpp: limits that must hold at every moment.
#include "watch.hpp"

#include "support/sanitizers.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace redstart::soak {

using namespace std::chrono_literals;

void EventWatch::on_event(const Event& event) noexcept {
  run_.scan("an event", event.detail);
  run_.scan("an event", event.endpoint);
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

StatsWatch::StatsWatch(Run& run, const RedisConnectionManager& redis)
    : run_(run), redis_(redis), thread_([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          look();
          std::this_thread::sleep_for(50ms);
        }
      }) {
  seen_.resident_before = resident_memory();
}

Watched StatsWatch::finish() {
  thread_ = {};
  return seen_;
}

void StatsWatch::look() {
  for (const DatabaseStats& database : redis_.stats().databases) {
    const PoolStats& pool = database.pool;
    const std::size_t connections = pool.in_use + pool.idle;
    if (connections > pool.maximum)
      run_.violations.add("I9", database.name + " has " + std::to_string(connections) + " connections, " +
                                    std::to_string(pool.maximum) + " are allowed");
    seen_.most_connections = std::max(seen_.most_connections, connections);
    seen_.most_in_flight = std::max(seen_.most_in_flight, pool.in_flight);
    seen_.most_queued_bytes = std::max(seen_.most_queued_bytes, pool.queued_bytes);
    for (const LastError& error : database.operations.last_errors) run_.scan("the statistics", error.message);
  }
  seen_.resident_most = std::max(seen_.resident_most, resident_memory());
}

}  // namespace redstart::soak
