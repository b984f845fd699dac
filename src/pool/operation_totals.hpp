// SPDX-License-Identifier: Apache-2.0
// operation_totals.hpp: counts the operations of one database, by server.
#pragma once

#include "../observe/counters.hpp"
#include "../observe/rate_windows.hpp"

#include <cstdint>
#include <deque>
#include <mutex>

namespace redstart::inline v0::pool {

/// The operations of one database. Each server has counters of its own, which stay in the totals when the
/// server is gone.
///
/// Thread safety: full.
class OperationTotals {
 public:
  /// Counters for one more server; they live as long as this object.
  [[nodiscard]] OperationCounters& add_server() {
    const std::scoped_lock lock(mutex_);
    return servers_.emplace_back();
  }
  /// The counters of what belongs to no server: retries.
  [[nodiscard]] OperationCounters& database() noexcept { return database_; }

  /// Commands that have ended so far.
  [[nodiscard]] std::uint64_t all_ended() const {
    const std::scoped_lock lock(mutex_);
    std::uint64_t sum = database_.all_ended();
    for (const OperationCounters& server : servers_) sum += server.all_ended();
    return sum;
  }
  /// Commands that have ended so far, and those that failed. Later calls return no smaller counts.
  [[nodiscard]] OperationCount count() const {
    const std::scoped_lock lock(mutex_);
    OperationCount sum{database_.all_ended(), database_.all_failed()};
    for (const OperationCounters& server : servers_) {
      sum.ended += server.all_ended();
      sum.failed += server.all_failed();
    }
    return sum;
  }
  /// Adds the counts so far; `last_errors` stays empty.
  void collect(RedisStats& into) const {
    const std::scoped_lock lock(mutex_);
    database_.collect(into);
    for (const OperationCounters& server : servers_) server.collect(into);
  }

 private:
  mutable std::mutex mutex_{};
  OperationCounters database_{};
  std::deque<OperationCounters> servers_{};
};

}  // namespace redstart::inline v0::pool
