// SPDX-License-Identifier: Apache-2.0
// workload.hpp: callers of every kind, each at its own rate.
#pragma once

#include "run.hpp"

#include <redstart/manager/redis_connection_manager.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace redstart::soak {

/// When the next operation is due, at a steady rate. A caller that falls behind catches up by at most a
/// second, so faults queue work instead of slowing the callers down.
class Pace {
 public:
  explicit Pace(double per_second) : interval_(static_cast<std::int64_t>(1e9 / per_second)) {}

  [[nodiscard]] Clock::time_point next() {
    const auto now = Clock::now();
    due_ = std::max(due_ + interval_, now - std::chrono::seconds(1));
    return due_;
  }

 private:
  std::chrono::nanoseconds interval_;
  Clock::time_point due_ = Clock::now();
};

// The lists of the callers.
inline constexpr std::uint16_t first_sync_list = 0;
inline constexpr std::uint16_t first_coroutine_list = 100;
inline constexpr std::uint16_t first_issuer_list = 200;
inline constexpr std::uint16_t first_scoped_list = 300;
inline constexpr std::uint16_t bank_list = 400;
inline constexpr std::uint16_t queue_list = 500;
inline constexpr std::uint16_t first_checked_list = 600;

inline constexpr std::size_t sync_callers = 8;
inline constexpr std::size_t coroutines = 48;
inline constexpr std::size_t issuers = 2;
inline constexpr std::size_t checked_callers = 16;
inline constexpr std::size_t accounts = 8;
inline constexpr std::int64_t opening_balance = 1000;

/// The databases: one retries and waits by the defaults, one never retries. The third has `integrity` on, and
/// a proxy that makes it necessary.
inline constexpr const char* usual_database = "main";
inline constexpr const char* strict_database = "cache";
inline constexpr const char* checked_database = "jobs";
[[nodiscard]] inline const char* database_of(std::size_t caller) {
  return caller % 2 == 0 ? usual_database : strict_database;
}
[[nodiscard]] inline Caller sync_caller(std::size_t index) {
  return index % 2 == 0 ? Caller::sync : Caller::strict_sync;
}
[[nodiscard]] inline Caller async_caller(std::size_t index) {
  return index % 2 == 0 ? Caller::async : Caller::strict_async;
}
/// These callers use at_least_once: what they append may be stored twice.
inline constexpr std::size_t patient_sync_caller = 6;
inline constexpr std::size_t patient_coroutine = 46;
/// How often a command's bytes may be sent there: refused and unsent commands are retried by default.
[[nodiscard]] inline std::uint8_t most_on_wire(std::size_t caller) { return caller % 2 == 0 ? 3 : 1; }

/// A group of callers. It runs from its construction until `run.stop`. `join` returns once all callers have
/// ended and all their operations have completed.
class Group {
 public:
  Group() = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  virtual ~Group() = default;
  virtual void join() = 0;
};

/// Threads with single commands and pipelines, more than there are direct connections.
[[nodiscard]] std::unique_ptr<Group> sync_workload(Run& run, RedisConnectionManager& redis, double rate);
/// Coroutines and callbacks; some have short deadlines, some are cancelled.
[[nodiscard]] std::unique_ptr<Group> async_workload(Run& run, RedisConnectionManager& redis, double rate);
/// Threads with scoped handles: plain commands, and transfers between accounts by WATCH and EXEC.
[[nodiscard]] std::unique_ptr<Group> scoped_workload(Run& run, RedisConnectionManager& redis, double rate);

/// Records of the queue's consumer.
struct QueueLog {
  std::vector<std::uint32_t> taken{};
  std::uint64_t unknown_takes = 0;
};
/// A producer, and a consumer that waits by BLPOP. Read `log` only after `join`.
[[nodiscard]] std::unique_ptr<Group> queue_workload(Run& run, RedisConnectionManager& redis, double rate,
                                                    QueueLog& log);
/// Coroutines whose replies the proxy changes.
[[nodiscard]] std::unique_ptr<Group> checked_workload(Run& run, RedisConnectionManager& redis, double rate);
/// Managers that are destroyed at random moments with pending operations (I18).
[[nodiscard]] std::unique_ptr<Group> visitors(Run& run, RedisConfig config, double rate);

/// Waits until that time or the end of the run.
inline void sleep_until(const Run& run, Clock::time_point due) {
  while (!run.stopping() && Clock::now() < due)
    std::this_thread::sleep_until(std::min(due, Clock::now() + std::chrono::milliseconds(100)));
}

}  // namespace redstart::soak
