// SPDX-License-Identifier: Apache-2.0
// registry.hpp: the databases of a started manager, by name.
#pragma once

#include "../pool/pool_channel.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/core/result.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace redstart::manager {

/// One pool per database that is configured or was asked for. A database known by name only gets its pool,
/// and opens no connection, when somebody asks for it first.
///
/// Thread safety: full.
class Registry {
 public:
  using ChannelPtr = std::shared_ptr<pool::PoolChannel>;

  explicit Registry(RedisConfig config);

  /// Errors: `Errc::unknown_database`, with the nearest name.
  [[nodiscard]] Result<ChannelPtr> find(std::string_view database);
  /// Connects the required databases and those with `min_idle`, at most until `deadline`; failures are
  /// events.
  void warm_up(pool::Time deadline);
  std::size_t cleanup_idle(pool::Time now);
  void shutdown(pool::Time deadline) noexcept;

  [[nodiscard]] DatabaseStats stats(const pool::PoolChannel& channel) const;
  [[nodiscard]] ManagerStats stats() const;
  [[nodiscard]] const RedisConfig& config() const noexcept { return config_; }

 private:
  ChannelPtr make(std::string_view database);
  [[nodiscard]] Error unknown(std::string_view database) const;
  [[nodiscard]] std::vector<ChannelPtr> all() const;

  RedisConfig config_;  // databases are added under the lock, never changed
  const pool::Time started_ = pool::Clock::now();
  mutable std::shared_mutex mutex_{};
  std::map<std::string, ChannelPtr, std::less<>> channels_{};
};

}  // namespace redstart::manager
