// SPDX-License-Identifier: Apache-2.0
// registry.hpp: the databases of a started manager, by name.
#pragma once

#include "../pool/inspections.hpp"
#include "../pool/pool_channel.hpp"
#include "../pool/server_pools.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/config/reload_report.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/core/result.hpp>
#include <redstart/observe/diagnosis.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::manager {

/// Has one channel for each database that is configured or was requested. A predefined database that is not
/// configured gets its channel with the first request.
///
/// Thread safety: full.
class Registry {
 public:
  using ChannelPtr = std::shared_ptr<pool::PoolChannel>;
  using PoolsPtr = std::shared_ptr<pool::ServerPools>;

  explicit Registry(RedisConfig config);

  /// Creates the pools of the configured databases on these loops. Call it once, before all others.
  void use(std::shared_ptr<net::Loops> loops);

  /// Errors: `Errc::unknown_database`, with the nearest name.
  [[nodiscard]] Result<ChannelPtr> find(std::string_view database);
  /// Returns what handles use to reach the database of a channel: the channel, or one that traces operations.
  [[nodiscard]] engine::ChannelSourcePtr source_of(const ChannelPtr& channel) const;
  /// Preconditions: the channel has an asynchronous side.
  [[nodiscard]] engine::AsyncChannelSourcePtr async_source_of(const ChannelPtr& channel) const;
  /// Connects the required databases and those with `min_idle`, all at the same time, at most until
  /// `deadline`. Failures are also events.
  Diagnosis warm_up(TimePoint deadline);
  /// Examines all configured databases at the same time, each for `timeout`; unset: its `timeouts.health`.
  [[nodiscard]] Diagnosis diagnose(TimeLimit timeout) const;
  /// Takes over what differs from `next` and can change live. `shared_per_setting`: shared connections for
  /// each unit of `shared_connections`. Errors: std::bad_alloc; some changes may then be in effect.
  ReloadReport reload(RedisConfig next, std::size_t shared_per_setting);
  /// The inspections that are under way. Valid after `use`.
  [[nodiscard]] const std::shared_ptr<pool::Inspections>& inspections() const noexcept {
    return inspections_;
  }
  std::size_t cleanup_idle(TimePoint now);
  /// In the background: opens missing `min_idle` connections, if an attempt is allowed now, and asks for
  /// newer credentials, if that is due.
  void refill(TimePoint now);
  /// True if a database has a `min_idle` or a credentials provider.
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

  /// Keeps the totals for rates. Reports overdue scoped handles; with `leaked` all that are out.
  void report_leases(TimePoint now, bool leaked = false) const;
  /// The interval between such reports; 0 if none are wanted.
  [[nodiscard]] std::chrono::milliseconds lease_interval() const;

  /// Emits an event for each database.
  void emit(EventKind kind) const noexcept;
  /// The databases so far, by name.
  [[nodiscard]] std::vector<PoolsPtr> all() const;
  /// The time since the start.
  [[nodiscard]] std::chrono::nanoseconds uptime() const { return Clock::now() - started_; }
  /// Reports for each database whether the shutdown had to interrupt calls, unless that was reported before.
  void report_shutdown() const noexcept;
  /// Preconditions: `database` was found before.
  [[nodiscard]] DatabaseStats stats(std::string_view database) const;
  [[nodiscard]] ManagerStats stats() const;
  /// The configuration. Its settings of databases need the lock.
  [[nodiscard]] const RedisConfig& config() const noexcept { return config_; }

 private:
  // A standalone database has one server.
  struct Node {
    std::shared_ptr<pool::ServerPools> pools;
    ChannelPtr channel;
  };

  ChannelPtr make(std::string_view database);
  [[nodiscard]] std::optional<Error> warm_up(pool::ServerPools& pools, TimePoint deadline) const;
  [[nodiscard]] Diagnosis finished(Diagnosis diagnosis, TimePoint began) const;
  void report_start(pool::Server& server, const std::optional<Error>& error,
                    std::chrono::nanoseconds duration) const;
  [[nodiscard]] DatabaseStats stats(const pool::ServerPools& pools) const;
  [[nodiscard]] Error unknown(std::string_view database) const;

  RedisConfig config_;      // databases are added, and settings reloaded, under the lock
  std::mutex reloading_{};  // held before the lock
  const TimePoint started_ = Clock::now();
  mutable std::shared_mutex mutex_{};
  std::shared_ptr<net::Loops> loops_{};
  std::shared_ptr<pool::Inspections> inspections_{};
  std::map<std::string, Node, std::less<>> nodes_{};
  bool stopped_ = false;    // pools that are created from now on are stopped
  bool abandoned_ = false;  // pools that are created from now on have no asynchronous side
};

}  // namespace redstart::inline v0::manager
