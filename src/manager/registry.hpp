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

/// One pool per database that is configured or was asked for. A database known by name only gets its pool,
/// and opens no connection, when somebody asks for it first.
///
/// Thread safety: full.
class Registry {
 public:
  using ChannelPtr = std::shared_ptr<pool::PoolChannel>;

  explicit Registry(RedisConfig config);

  /// Makes the pools of the configured databases, on these loops. Once, before anything else.
  void use(std::shared_ptr<net::Loops> loops);

  /// Errors: `Errc::unknown_database`, with the nearest name.
  [[nodiscard]] Result<ChannelPtr> find(std::string_view database);
  /// Connects the required databases and those with `min_idle`, all at the same time, at most until
  /// `deadline`; failures are events.
  void warm_up(TimePoint deadline);
  std::size_t cleanup_idle(TimePoint now);
  /// Opens what is missing of `min_idle`, in the background, where an attempt is allowed now.
  void refill();
  /// True where a database has a `min_idle`.
  [[nodiscard]] bool refills() const;

  /// Takes no more operations; those under way may end until `deadline`.
  void stop(TimePoint deadline) noexcept;
  /// Waits until `deadline` for the calls under way, then interrupts them; waits until `last` at most for
  /// everything to end. Returns false when asynchronous operations are left then. Not on an engine thread.
  [[nodiscard]] bool drain(TimePoint deadline, TimePoint last) noexcept;
  /// The same, without waiting: whether everything has ended by now, or is not to be waited for any more.
  [[nodiscard]] bool drained(TimePoint deadline, TimePoint last) noexcept;
  /// The loops' context is being destroyed.
  void abandon() noexcept;

  /// Tells of scoped handles that are kept for too long; `leaked`: of all that are out.
  void report_leases(TimePoint now, bool leaked = false) const;
  /// How often to look for them: 0 where nobody wants to know.
  [[nodiscard]] std::chrono::milliseconds lease_interval() const;

  /// Tells the listener, for each database.
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
  bool stopped_ = false;    // a pool made from now on is stopped, too
  bool abandoned_ = false;  // … has no asynchronous side
};

}  // namespace redstart::inline v0::manager
