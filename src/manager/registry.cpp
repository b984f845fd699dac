// SPDX-License-Identifier: Apache-2.0
// registry.cpp: finds, warms up, stops and reports databases.
#include "registry.hpp"

#include "../config/nearest.hpp"
#include "../core/failures.hpp"
#include "../observe/node_totals.hpp"

#include <redstart/config/redis_database.hpp>

#include <algorithm>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace redstart::inline v0::manager {

namespace {

std::size_t wanted_at_start(const DatabaseConfig& config) noexcept {
  return std::max<std::size_t>(config.min_idle, config.required ? 1 : 0);
}

}  // namespace

Registry::Registry(RedisConfig config) : config_(std::move(config)) {}

void Registry::use(std::shared_ptr<net::Loops> loops) {
  const std::scoped_lock lock(mutex_);
  loops_ = std::move(loops);
  for (std::size_t i = 0; i < config_.databases.size(); ++i) make(std::string(config_.databases[i].name));
}

// Preconditions: the lock is held.
Registry::ChannelPtr Registry::make(std::string_view name) {
  auto database = std::make_shared<pool::Database>(config_, std::string(name), config_.database(name));
  // The only place that knows that a standalone database has one server.
  auto server = std::make_shared<pool::Server>(database, database->config().endpoint);
  auto direct = std::make_shared<pool::DirectPool>(server);
  std::shared_ptr<pool::AsyncPool> async;
  if (!stopped_ && !abandoned_) async = pool::AsyncPool::make(server, direct, loops_);
  if (stopped_) direct->stop();
  auto channel = std::make_shared<pool::PoolChannel>(std::move(server), std::move(direct), std::move(async));
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
  ErrorInfo info = failure::unknown_database(name, near);
  info.database = name;
  return Error(std::move(info));
}

std::vector<Registry::ChannelPtr> Registry::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<ChannelPtr> channels;
  channels.reserve(channels_.size());
  for (const auto& [name, channel] : channels_) channels.push_back(channel);
  return channels;
}

void Registry::warm_up(TimePoint deadline) {
  // A server that is silent takes all of the time there is, so each has a thread of its own.
  std::vector<std::thread> threads;
  struct Join {
    std::vector<std::thread>& all;
    ~Join() {
      for (std::thread& one : all) one.join();
    }
  };
  const Join join{threads};
  std::vector<ChannelPtr> channels = all();
  for (const ChannelPtr& channel : channels) {
    if (channel->server()->database().tls()) channel->server()->database().tls()->announce();
  }
  std::erase_if(channels,
                [](const ChannelPtr& channel) { return wanted_at_start(channel->server()->config()) == 0; });
  threads.reserve(channels.size());
  for (const ChannelPtr& channel : channels) {
    const auto connect = [this, &channel = *channel, deadline] {
      try {
        warm_up(channel, deadline);
      } catch (const std::exception&) {
        // No memory: it connects when it is used.
      }
    };
    if (channel == channels.back()) return connect();
    try {
      threads.emplace_back(connect);
    } catch (const std::system_error&) {
      connect();
    }
  }
}

void Registry::warm_up(pool::PoolChannel& channel, TimePoint deadline) const {
  if (!channel.pool().warm_up(wanted_at_start(channel.server()->config()), deadline)) return;
  // It goes on trying, whether anybody calls or not.
  if (config_.start_timeout.count() != 0 && channel.async()) channel.async()->warm_up();
}

void Registry::refill() {
  for (const ChannelPtr& channel : all()) channel->pool().refill();
}

bool Registry::refills() const {
  const std::vector<ChannelPtr> channels = all();
  return config_.defaults.min_idle != 0 ||
         std::any_of(channels.begin(), channels.end(),
                     [](const ChannelPtr& channel) { return channel->server()->config().min_idle != 0; });
}

std::size_t Registry::cleanup_idle(TimePoint now) {
  std::size_t closed = 0;
  for (const ChannelPtr& channel : all()) {
    closed += channel->pool().cleanup_idle(now);
    if (channel->async()) closed += channel->async()->cleanup_idle(now);
  }
  return closed;
}

void Registry::stop(TimePoint deadline) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
  }
  for (const ChannelPtr& channel : all()) {
    channel->pool().stop();
    if (channel->async()) channel->async()->stop(deadline);
  }
}

bool Registry::drain(TimePoint deadline, TimePoint last) noexcept {
  bool ended = true;
  for (const ChannelPtr& channel : all()) channel->pool().drain(deadline, last);
  for (const ChannelPtr& channel : all())
    ended = (!channel->async() || channel->async()->drain(last)) && ended;
  return ended;
}

bool Registry::drained(TimePoint deadline, TimePoint last) noexcept {
  const TimePoint now = Clock::now();
  bool ended = true;
  for (const ChannelPtr& channel : all()) {
    const bool direct_ended = channel->pool().drained(now >= deadline) || now >= last;
    const bool async_ended = !channel->async() || channel->async()->drain(TimePoint{});
    ended = ended && direct_ended && async_ended;
  }
  return ended;
}

void Registry::abandon() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    abandoned_ = true;
  }
  for (const ChannelPtr& channel : all()) {
    if (channel->async()) channel->async()->abandon();
  }
}

void Registry::report_leases(TimePoint now, bool leaked) const {
  for (const ChannelPtr& channel : all()) {
    if (leaked)
      channel->server()->database().report_leaked_leases(now);
    else
      channel->server()->database().report_overdue_leases(now);
  }
}

std::chrono::milliseconds Registry::lease_interval() const {
  using std::chrono::milliseconds;
  if (!config_.listener) return milliseconds(0);
  milliseconds shortest = config_.defaults.lease_warning;
  for (const NamedDatabase& database : config_.databases) {
    const milliseconds limit = database.config.lease_warning;
    if (limit.count() != 0 && (shortest.count() == 0 || limit < shortest)) shortest = limit;
  }
  if (shortest.count() == 0) return shortest;
  return std::clamp(shortest / 4, milliseconds(10), milliseconds(5000));
}

void Registry::emit(EventKind kind) const noexcept {
  for (const ChannelPtr& channel : all()) channel->server()->database().emit(kind, {});
}

DatabaseStats Registry::stats(const pool::PoolChannel& channel) const {
  const pool::Server& server = *channel.server();
  NodeStats node;
  server.collect(node);
  node.state = channel.pool().state();
  node.loading_eta = channel.pool().loading_eta();
  channel.pool().collect(node.pool);
  if (channel.async()) channel.async()->collect(node.pool);
  DatabaseStats stats;
  stats.name = channel.origin().database;
  stats.endpoint = channel.origin().endpoint;
  stats.required = server.config().required;
  server.database().collect(stats.operations);
  add_node(stats, std::move(node));
  stats.pool.maximum = server.config().max_connections;
  server.database().leases().collect(stats.pool, Clock::now());
  return stats;
}

ManagerStats Registry::stats() const {
  ManagerStats result;
  result.uptime = Clock::now() - started_;
  for (const ChannelPtr& channel : all()) result.databases.push_back(stats(*channel));
  return result;
}

}  // namespace redstart::inline v0::manager
