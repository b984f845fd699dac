// SPDX-License-Identifier: Apache-2.0
// redis_connection_manager.hpp: the one place through which a service talks to Redis.
#pragma once

#include <redstart/config/redis_config.hpp>
#include <redstart/manager/client_provider.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

namespace redstart {

/// Owns a pool of connections per database and gives out handles.
///
///     auto& redis = RedisConnectionManager::instance();
///     redis.start(RedisConfigLoader{}.load());
///     auto main = redis.client("main");
///
/// Use the process-wide `instance()`, or make ordinary objects of your own. A database that nobody uses opens
/// no connection.
///
/// Thread safety: full.
class RedisConnectionManager final : public ClientProvider {
 public:
  RedisConnectionManager();
  RedisConnectionManager(const RedisConnectionManager&) = delete;
  RedisConnectionManager& operator=(const RedisConnectionManager&) = delete;
  /// Shuts down with a deadline of one second, if that has not been done.
  ~RedisConnectionManager() override;

  /// The manager of this process; never destroyed, shut down at exit. In tests, `testing::ScopedOverride`
  /// puts another in its place.
  [[nodiscard]] static RedisConnectionManager& instance();

  /// Takes the configuration and connects the required databases, for at most `start_timeout`. A database
  /// that can't be reached is no error here: the service starts, and handles tell. Starting again after
  /// `shutdown` is fine.
  ///
  /// Errors: `ConfigError` with every fault of the configuration; `Errc::invalid_argument` when already
  /// started.
  void start(RedisConfig config);

  /// Takes no more calls, waits until those under way have ended or `deadline` has passed, interrupts the
  /// rest, closes everything. Handles then fail with `Errc::closed`. Does nothing when not started.
  void shutdown(std::chrono::milliseconds deadline = std::chrono::seconds{1}) noexcept;

  [[nodiscard]] bool started() const noexcept;

  /// A snapshot of everything. Costs about a microsecond a database.
  [[nodiscard]] ManagerStats stats() const;
  /// The same of one database. Errors: `Errc::unknown_database`, `Errc::not_started`.
  [[nodiscard]] DatabaseStats stats(std::string_view database) const;

  /// Closes connections that have been idle for longer than their database's `idle_timeout`, down to
  /// `min_idle`; returns how many. Also done by itself every `cleanup_interval`.
  std::size_t cleanup_idle_connections();

 private:
  class State;

  [[nodiscard]] Result<engine::ChannelPtr> channel(std::string_view database) override;

  std::unique_ptr<State> state_;
};

}  // namespace redstart
