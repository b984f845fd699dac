// SPDX-License-Identifier: Apache-2.0
// registry.hpp: the databases of a started manager, by name.
#pragma once

#include "../pool/pool_channel.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/core/result.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::manager {

using pool::Clock;

/// Has one channel for each database that is configured or was requested. A predefined database that is not
/// configured gets its channel with the first request.
///
/// Thread safety: full.
class Registry {
 public:
  using ChannelPtr = std::shared_ptr<pool::PoolChannel>;

  explicit Registry(RedisConfig config);

  /// Creates the pools of the configured databases on these loops. Call it once, before all others.
  void use(std::shared_ptr<net::Loops> loops);

  /// Errors: `Errc::unknown_database`, with the nearest name.
  [[nodiscard]] Result<ChannelPtr> find(std::string_view database);
  /// Connects the required databases and those with `min_idle`, all at the same time, at most until
  /// `deadline`. Failures are events.
  void warm_up(TimePoint deadline);
  std::size_t cleanup_idle(TimePoint now);
  /// Opens missing `min_idle` connections in the background, if an attempt is allowed now.
  void refill();
  /// True if a database has a `min_idle`.
  [[nodiscard]] bool refills() const;

  /// Accepts no further operations. Those under way may end until `deadline`.
  void stop(TimePoint deadline) noexcept;
  /// Waits until `deadline` for the calls under way, then interrupts them. Waits until `last` at most for
  /// their end. Returns false if asynchronous operations are left then.
  ///
  /// Preconditions: not on an loop thread.
  [[nodiscard]] bool drain(TimePoint deadline, TimePoint last) noexcept;
  /// Does one step of `drain` without waiting. True if everything has ended, or `last` has passed.
  [[nodiscard]] bool drained(TimePoint deadline, TimePoint last) noexcept;
  /// The loops' context is being destroyed.
  void abandon() noexcept;

  /// Reports overdue scoped handles; with `leaked` all that are out.
  void report_leases(TimePoint now, bool leaked = false) const;
  /// The interval between such reports; 0 if none are wanted.
  [[nodiscard]] std::chrono::milliseconds lease_interval() const;

  /// Emits an event for each database.
  void emit(EventKind kind) const noexcept;
  [[nodiscard]] DatabaseStats stats(const pool::PoolChannel& channel) const;
  [[nodiscard]] ManagerStats stats() const;
  [[nodiscard]] const RedisConfig& config() const noexcept { return config_; }

 private:
  ChannelPtr make(std::string_view database);
  void warm_up(pool::PoolChannel& channel, TimePoint deadline) const;
  [[nodiscard]] Error unknown(std::string_view database) const;
  [[nodiscard]] std::vector<ChannelPtr> all() const;

  RedisConfig config_;  // databases are added under the lock, never changed
  const TimePoint started_ = Clock::now();
  mutable std::shared_mutex mutex_{};
  std::shared_ptr<net::Loops> loops_{};
  std::map<std::string, ChannelPtr, std::less<>> channels_{};
  bool stopped_ = false;    // pools that are created from now on are stopped
  bool abandoned_ = false;  // pools that are created from now on have no asynchronous side
};

}  // namespace redstart::inline v0::manager
