// SPDX-License-Identifier: Apache-2.0
// registry.cpp: databases by name.
#include "registry.hpp"

#include "../config/nearest.hpp"

#include <redstart/config/redis_database.hpp>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace redstart::manager {

Registry::Registry(RedisConfig config) : config_(std::move(config)) {
  for (std::size_t i = 0; i < config_.databases.size(); ++i) make(std::string(config_.databases[i].name));
}

Registry::ChannelPtr Registry::make(std::string_view name) {
  auto database = std::make_shared<pool::Database>(config_, std::string(name), config_.database(name));
  auto reachability = std::make_shared<pool::Reachability>(database);
  auto direct = std::make_shared<pool::DirectPool>(database, reachability);
  auto channel = std::make_shared<pool::PoolChannel>(std::move(database), std::move(direct), nullptr);
  channels_.emplace(name, channel);
  return channel;
}

Result<Registry::ChannelPtr> Registry::find(std::string_view name) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = channels_.find(name); found != channels_.end()) return found->second;
  }
  if (!default_number(name)) return unknown(name);
  const std::scoped_lock lock(mutex_);
  if (const auto found = channels_.find(name); found != channels_.end()) return found->second;
  return make(name);
}

Error Registry::unknown(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  std::vector<std::string_view> names(database_names.begin(), database_names.end());
  for (const NamedDatabase& database : config_.databases) names.push_back(database.name);
  const std::string_view near = detail::nearest(name, names);
  ErrorInfo info;
  info.code = Errc::unknown_database;
  info.remedy = Remedy::never;
  info.database = name;
  info.what = "no database of that name is configured";
  info.advice = near.empty() ? "Add it to the configuration: config.database(\"" + std::string(name) + "\")"
                             : "Did you mean \"" + std::string(near) + "\"?";
  return Error(std::move(info));
}

std::vector<Registry::ChannelPtr> Registry::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<ChannelPtr> channels;
  channels.reserve(channels_.size());
  for (const auto& [name, channel] : channels_) channels.push_back(channel);
  return channels;
}

void Registry::warm_up(pool::Time deadline) {
  for (const ChannelPtr& channel : all()) {
    const DatabaseConfig& config = channel->shared().config();
    const std::size_t wanted = std::max<std::size_t>(config.min_idle, config.required ? 1 : 0);
    if (wanted != 0) static_cast<void>(channel->pool().warm_up(wanted, deadline));
  }
}

std::size_t Registry::cleanup_idle(pool::Time now) {
  std::size_t closed = 0;
  for (const ChannelPtr& channel : all()) closed += channel->pool().cleanup_idle(now);
  return closed;
}

void Registry::shutdown(pool::Time deadline) noexcept {
  using namespace std::chrono_literals;
  constexpr auto grace = 500ms;  // for interrupted calls to notice, all databases together
  const std::shared_lock lock(mutex_);
  for (const auto& [name, channel] : channels_) {
    channel->shared().emit(EventKind::shutdown_begin, {});
    channel->pool().stop();
  }
  for (const auto& [name, channel] : channels_) {
    channel->pool().drain(deadline, deadline + grace);
    channel->shared().emit(EventKind::shutdown_complete, {});
  }
}

DatabaseStats Registry::stats(const pool::PoolChannel& channel) const {
  DatabaseStats stats;
  stats.name = channel.database();
  stats.endpoint = channel.endpoint();
  stats.state = channel.pool().state();
  stats.required = channel.shared().config().required;
  channel.shared().collect(stats.operations);
  channel.pool().collect(stats.pool);
  return stats;
}

ManagerStats Registry::stats() const {
  ManagerStats result;
  result.uptime = pool::Clock::now() - started_;
  for (const ChannelPtr& channel : all()) result.databases.push_back(stats(*channel));
  return result;
}

}  // namespace redstart::manager
