// SPDX-License-Identifier: Apache-2.0
// reachability.hpp: whether a database can be reached, as all its connections know it together.
#pragma once

#include "database.hpp"

#include <redstart/core/result.hpp>
#include <redstart/protocol/reconnect.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>

namespace redstart::pool {

/// Who may try to connect, and what came of the last attempt. From the first failure on there is one attempt
/// at a time, whichever kind of connection makes it.
///
/// Thread safety: full.
class Reachability {
 public:
  using Attempt = protocol::Reconnect::Attempt;
  using State = protocol::Reconnect::State;

  explicit Reachability(std::shared_ptr<Database> database);
  Reachability(const Reachability&) = delete;
  Reachability& operator=(const Reachability&) = delete;

  /// Begins an attempt, which `succeeded`, `failed` or `inconclusive` must end; or says why there must be
  /// none now.
  [[nodiscard]] Result<Attempt> begin(Time now);
  /// A connection is ready. Emits the events.
  void succeeded();
  /// A command was answered: only then the server is back, and delays start over. Quick: takes the lock for
  /// the first after a connection became ready.
  void answered() noexcept {
    if (unproven_.load(std::memory_order_relaxed)) prove();
  }
  /// An attempt that took `elapsed` failed. Emits the event. Returns what callers are told.
  Error failed(Attempt attempt, const net::OpenFailure& failure, Time now, std::chrono::nanoseconds elapsed);
  /// It ended without telling anything about the server: loading, shut down, a caller in a hurry.
  Error inconclusive(Attempt attempt, const net::OpenFailure& failure, Time now,
                     std::chrono::nanoseconds elapsed);

  /// The last failure, worded for those who were not there, while nothing has succeeded since.
  [[nodiscard]] std::optional<Error> known_failure() const;
  /// Quick: true while `known_failure` has one.
  [[nodiscard]] bool failing() const noexcept { return failing_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool up() const;
  [[nodiscard]] State state() const;
  /// When the next attempt may be made.
  [[nodiscard]] Time next_attempt() const;
  /// A number in [0, 1).
  [[nodiscard]] double random();

  [[nodiscard]] std::size_t created() const;
  [[nodiscard]] std::uint64_t connect_failures() const;

 private:
  [[nodiscard]] Error repeated() const;
  void prove() noexcept;

  const std::shared_ptr<Database> database_;
  mutable std::mutex mutex_{};
  protocol::Reconnect reconnect_{};
  std::optional<Error> last_failure_{};
  std::minstd_rand random_;
  std::size_t created_ = 0;
  std::uint64_t connect_failures_ = 0;
  std::atomic<bool> failing_{false};
  std::atomic<bool> unproven_{false};  // ready, nothing answered yet
};

}  // namespace redstart::pool
