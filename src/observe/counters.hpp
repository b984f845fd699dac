// SPDX-License-Identifier: Apache-2.0
// counters.hpp: counts the operations of one database without a lock.
#pragma once

#include <redstart/observe/stats.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

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
  /// The counts so far; `last_errors` stays empty.
  void collect(RedisStats& into) const noexcept {
    for (const Shard& s : shards_) {
      into.ok += s.ok.load(std::memory_order_relaxed);
      into.server_errors += s.server_errors.load(std::memory_order_relaxed);
      s.latency.collect(into.latency);
    }
    into.failed += failed_.load(std::memory_order_relaxed);
    into.timeouts += timeouts_.load(std::memory_order_relaxed);
    into.retries += retries_.load(std::memory_order_relaxed);
    into.retries_refused += retries_refused_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t shard_count = 8;
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
};

}  // namespace redstart::inline v0
