// SPDX-License-Identifier: Apache-2.0
// command_times.hpp: counts how long operations take, by command and error.
#pragma once

#include "atomic_durations.hpp"
#include "error_type.hpp"

#include <redstart/commands/operation_id.hpp>
#include <redstart/observe/duration_histogram.hpp>
#include <redstart/observe/stats.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

namespace redstart::inline v0 {

/// The durations of the operations of one server. A command gets its histogram with its first operation:
/// 1.6 KiB for those that succeed, 0.2 KiB for each kind of failure. The table itself takes 8 KiB.
///
/// Bounded: there are as many commands as rows, and `most_failures` histograms of failures; the failures
/// beyond count for the command `_OTHER`.
///
/// Thread safety: full. A success costs two relaxed increments and no lock; a failure takes a lock.
class CommandTimes {
 public:
  static constexpr std::size_t shard_count = 8;
  static constexpr std::size_t most_failures = 512;

  CommandTimes() = default;
  CommandTimes(const CommandTimes&) = delete;
  CommandTimes& operator=(const CommandTimes&) = delete;
  ~CommandTimes();

  /// `operations` operations of one command succeeded, each after `duration`.
  void succeeded(std::size_t shard, OperationId operation, std::uint64_t operations,
                 std::chrono::nanoseconds duration) noexcept {
    const Times* times = slots_[slot_of(operation)].load(std::memory_order_acquire);
    if (times == nullptr || times->operation != operation) [[unlikely]] {
      times = find_or_add(operation);
      if (times == nullptr) return;
    }
    times->shards[shard % shard_count].durations.add(duration, operations);
  }
  /// An operation failed.
  void failed(OperationId operation, ErrorType error, std::chrono::nanoseconds duration) noexcept;

  /// Adds the durations so far, sorted by command and error.
  void collect(KeptList<CommandStats>& into) const;

 private:
  struct alignas(64) Shard {
    mutable AtomicDurations durations{};
  };
  struct Times {
    explicit Times(OperationId id) noexcept : operation(id) {}
    const OperationId operation;
    std::array<Shard, shard_count> shards{};
  };
  using Failure = std::pair<OperationId, std::size_t>;  // and the index of the error

  static constexpr std::size_t slot_count = 1024;  // more than twice as many as rows
  [[nodiscard]] static constexpr std::size_t slot_of(OperationId operation) noexcept {
    return static_cast<std::size_t>(operation) % slot_count;
  }
  [[nodiscard]] const Times* find_or_add(OperationId operation) noexcept;

  std::array<std::atomic<const Times*>, slot_count> slots_{};  // open addressing; nothing is ever removed
  mutable std::mutex failures_mutex_{};
  std::map<Failure, DurationHistogram> failures_{};
};

}  // namespace redstart::inline v0
