// SPDX-License-Identifier: Apache-2.0
// counters.hpp: counts the operations of one database without a lock.
#pragma once

#include "command_times.hpp"
#include "error_type.hpp"

#include <redstart/commands/operation_id.hpp>
#include <redstart/observe/stats.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

/// Counts the operations of one database. Connections are distributed over a few shards, so that callers on
/// several processors seldom write to the same cache line.
///
/// Thread safety: full; every count is a relaxed increment.
class OperationCounters {
 public:
  /// An exchange whose commands were all answered, `errors` of them with an error.
  void answered(std::size_t shard, std::uint64_t commands, std::uint64_t errors,
                std::chrono::nanoseconds latency) noexcept {
    Shard& s = shards_[shard % shard_count];
    s.ok.fetch_add(commands - errors, std::memory_order_relaxed);
    if (errors != 0) s.server_errors.fetch_add(errors, std::memory_order_relaxed);
    s.latency.add(latency);
  }
  /// Operations of one command that ended without an error, each after `duration`. A batch is one operation.
  void succeeded(std::size_t shard, OperationId operation, std::uint64_t operations,
                 std::chrono::nanoseconds duration) noexcept {
    times_.succeeded(shard, operation, operations, duration);
  }
  /// A command was answered with this error.
  void error_reply(std::string_view message) noexcept { count(ErrorType::of_reply(message), 1); }
  /// An operation failed with `error`. Its commands are counted by `error_reply` or `failed_with`.
  void failed_after(OperationId operation, ErrorType error, std::chrono::nanoseconds duration) noexcept {
    times_.failed(operation, error, duration);
  }
  /// Commands that failed with `error`, in addition to `failed`.
  void failed_with(ErrorType error, std::uint64_t commands) noexcept { count(error, commands); }
  /// Commands without a reply.
  void failed(std::uint64_t commands, bool timed_out) noexcept {
    failed_.fetch_add(commands, std::memory_order_relaxed);
    if (timed_out) timeouts_.fetch_add(commands, std::memory_order_relaxed);
  }
  void retried(std::uint64_t commands = 1) noexcept {
    retries_.fetch_add(commands, std::memory_order_relaxed);
  }

  void retry_refused() noexcept { retries_refused_.fetch_add(1, std::memory_order_relaxed); }

  /// Commands that were answered so far, including error replies.
  [[nodiscard]] std::uint64_t all_answered() const noexcept {
    std::uint64_t sum = 0;
    for (const Shard& s : shards_)
      sum += s.ok.load(std::memory_order_relaxed) + s.server_errors.load(std::memory_order_relaxed);
    return sum;
  }
  /// Commands that ended so far.
  [[nodiscard]] std::uint64_t all_ended() const noexcept {
    return all_answered() + failed_.load(std::memory_order_relaxed);
  }
  /// Commands so far that ended without a reply, or with an error reply.
  [[nodiscard]] std::uint64_t all_failed() const noexcept {
    std::uint64_t sum = failed_.load(std::memory_order_relaxed);
    for (const Shard& s : shards_) sum += s.server_errors.load(std::memory_order_relaxed);
    return sum;
  }
  /// Adds the counts so far; `last_errors` stays empty.
  void collect(RedisStats& into) const {
    for (const Shard& s : shards_) {
      into.ok += s.ok.load(std::memory_order_relaxed);
      into.server_errors += s.server_errors.load(std::memory_order_relaxed);
      s.latency.collect(into.latency);
    }
    into.failed += failed_.load(std::memory_order_relaxed);
    into.timeouts += timeouts_.load(std::memory_order_relaxed);
    into.retries += retries_.load(std::memory_order_relaxed);
    into.retries_refused += retries_refused_.load(std::memory_order_relaxed);
    collect_errors(into.errors);
    times_.collect(into.commands);
  }

 private:
  static constexpr std::size_t shard_count = 8;

  void count(ErrorType error, std::uint64_t commands) noexcept {
    errors_[error.index()].fetch_add(commands, std::memory_order_relaxed);
  }
  void collect_errors(KeptList<ErrorCount>& into) const {
    for (std::size_t i = 0; i != ErrorType::count; ++i) {
      const std::uint64_t number = errors_[i].load(std::memory_order_relaxed);
      if (number == 0) continue;
      const std::string_view type = ErrorType::at(i).name();
      const auto at =
          std::lower_bound(into.begin(), into.end(), type,
                           [](const ErrorCount& entry, std::string_view name) { return entry.type < name; });
      if (at != into.end() && at->type == type)
        at->count += number;
      else
        into.insert(at, {type, number});
    }
  }
  struct alignas(64) Shard {
    std::atomic<std::uint64_t> ok{0};
    std::atomic<std::uint64_t> server_errors{0};
    AtomicLatencyHistogram latency{};
  };

  std::array<Shard, shard_count> shards_{};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> timeouts_{0};
  std::atomic<std::uint64_t> retries_{0};
  std::atomic<std::uint64_t> retries_refused_{0};
  std::array<std::atomic<std::uint64_t>, ErrorType::count> errors_{};
  CommandTimes times_{};
};

}  // namespace redstart::inline v0
