// SPDX-License-Identifier: Apache-2.0
// registry.cpp: finds, warms up, stops and reports databases.
#include "registry.hpp"

#include "../client/traced_channel.hpp"
#include "../config/nearest.hpp"
#include "../config/production.hpp"
#include "../config/reload.hpp"
#include "../core/failures.hpp"
#include "../observe/node_totals.hpp"
#include "../pool/inspection.hpp"

#include <redstart/config/impact.hpp>
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

// Calls `examine` for all pools at the same time, each on a thread of its own: a server that is silent takes
// all of the time that there is. If memory runs out, a database stays unchecked.
template <class Pools, class F>
void each_at_once(const Pools& all, F examine) {
  const auto one = [&](std::size_t i) {
    try {
      examine(*all[i], i);
    } catch (const std::exception&) {
    }
  };
  std::vector<std::jthread> threads;
  threads.reserve(all.size());
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    try {
      threads.emplace_back([&one, i] { one(i); });
    } catch (const std::system_error&) {
      one(i);
    }
  }
  if (!all.empty()) one(all.size() - 1);
}

DatabaseDiagnosis settings_of(const pool::Server& server) {
  const DatabaseConfig& config = server.config();
  DatabaseDiagnosis database;
  database.name = server.database().name();
  database.endpoint = server.origin().endpoint;
  database.number = config.number.value_or(0);
  database.username = config.username;
  database.authenticates = server.database().authenticates();
  database.tls = config.tls.enabled;
  database.required = config.required;
  database.max_connections = config.max_connections;
  database.impact = impact_of(database.name, config.impact);
  return database;
}

}  // namespace

Registry::Registry(RedisConfig config) : config_(std::move(config)) {}

void Registry::use(std::shared_ptr<net::Loops> loops) {
  const std::scoped_lock lock(mutex_);
  loops_ = std::move(loops);
  inspections_ = std::make_shared<pool::Inspections>(loops_);
  for (std::size_t i = 0; i < config_.databases.size(); ++i) make(std::string(config_.databases[i].name));
}

// Preconditions: the lock is held.
Registry::ChannelPtr Registry::make(std::string_view name) {
  auto database = std::make_shared<pool::Database>(config_, std::string(name), config_.database(name));
  // The only place that knows that a standalone database has one server.
  const Endpoint& endpoint = database->config().endpoint;
  auto pools =
      std::make_shared<pool::ServerPools>(database, endpoint, stopped_ || abandoned_ ? nullptr : loops_);
  if (stopped_) pools->stop(TimePoint{});
  auto channel = std::make_shared<pool::PoolChannel>(pools->server(), pools->direct(), pools->async());
  nodes_.emplace(name, Node{std::move(pools), channel});
  return channel;
}

Result<Registry::ChannelPtr> Registry::find(std::string_view name) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = nodes_.find(name); found != nodes_.end()) return found->second.channel;
  }
  if (!default_number(name)) return unknown(name);
  const std::scoped_lock lock(mutex_);
  if (const auto found = nodes_.find(name); found != nodes_.end()) return found->second.channel;
  return make(name);
}

engine::ChannelSourcePtr Registry::source_of(const ChannelPtr& channel) const {
  return config_.tracer ? detail::traced(channel, config_.tracer) : channel;
}

engine::AsyncChannelSourcePtr Registry::async_source_of(const ChannelPtr& channel) const {
  return config_.tracer ? detail::traced(channel->async(), config_.tracer) : channel->async();
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

std::vector<Registry::PoolsPtr> Registry::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<PoolsPtr> pools;
  pools.reserve(nodes_.size());
  for (const auto& [name, node] : nodes_) pools.push_back(node.pools);
  return pools;
}

Diagnosis Registry::warm_up(TimePoint deadline) {
  const TimePoint began = Clock::now();
  Diagnosis diagnosis;
  std::vector<PoolsPtr> wanted;
  std::vector<std::size_t> places;
  for (const PoolsPtr& pools : all()) {
    const pool::Server& server = *pools->server();
    if (server.database().tls()) server.database().tls()->announce();
    if (wanted_at_start(server.config()) != 0 && config_.start_timeout.count() != 0) {
      wanted.push_back(pools);
      places.push_back(diagnosis.databases.size());
    }
    diagnosis.databases.push_back(settings_of(server));
  }
  each_at_once(wanted, [&](pool::ServerPools& pools, std::size_t i) {
    DatabaseDiagnosis& database = diagnosis.databases[places[i]];
    database.problem = warm_up(pools, deadline);
    database.finding = database.problem ? DatabaseFinding::faulty : DatabaseFinding::ready;
    database.server = pools.server()->reachability().identity();
  });
  return finished(std::move(diagnosis), began);
}

Diagnosis Registry::diagnose(TimeLimit timeout) const {
  const TimePoint began = Clock::now();
  Diagnosis diagnosis;
  const std::vector<PoolsPtr> nodes = all();
  for (const PoolsPtr& pools : nodes) diagnosis.databases.push_back(settings_of(*pools->server()));
  each_at_once(nodes, [&](pool::ServerPools& pools, std::size_t i) {
    pool::Server& server = *pools.server();
    ConnectionReport report =
        pool::inspect(server, deadline_after(began, timeout.value_or(server.config().timeouts.health)));
    DatabaseDiagnosis& database = diagnosis.databases[i];
    database.finding = report.ok() ? DatabaseFinding::ready : DatabaseFinding::faulty;
    database.server = std::move(static_cast<ServerIdentity&>(report.server));
    database.problem = std::move(report.problem);
    database.notes = std::move(report.notes);
  });
  return finished(std::move(diagnosis), began);
}

Diagnosis Registry::finished(Diagnosis diagnosis, TimePoint began) const {
  diagnosis.service = config_.service;
  diagnosis.environment = config_.environment;
  diagnosis.took = Clock::now() - began;
  return diagnosis;
}

std::optional<Error> Registry::warm_up(pool::ServerPools& pools, TimePoint deadline) const {
  const TimePoint began = Clock::now();
  auto error = pools.direct()->warm_up(wanted_at_start(pools.server()->config()), deadline);
  report_start(*pools.server(), error, Clock::now() - began);
  // It goes on trying, whether anybody calls or not.
  if (error && pools.async()) pools.async()->warm_up();
  return error;
}

ReloadReport Registry::reload(RedisConfig next, std::size_t shared_per_setting) {
  const std::scoped_lock one_at_a_time(reloading_);
  ReloadReport report;
  detail::compare(config_, next, report.changes);
  std::vector<PoolsPtr> changed;
  std::vector<PoolsPtr> added;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [name, node] : nodes_) {
      DatabaseConfig& settings = config_.database(name);
      const std::size_t shared = settings.shared_connections * shared_per_setting;
      if (!detail::take_over(settings, next.database(name), name, shared, report.changes)) continue;
      node.pools->server()->database().reload(settings);
      changed.push_back(node.pools);
    }
    for (const NamedDatabase& database : next.databases) {
      if (nodes_.find(database.name) != nodes_.end()) continue;
      config_.databases.push_back(database);
      make(database.name);
      report.changes.push_back({database.name, "(new)", {}, {}, true});
      added.push_back(nodes_.find(database.name)->second.pools);
    }
    std::vector<ConfigChange> seen_in_each_database;
    detail::take_over(config_.defaults, next.defaults, {}, 0, seen_in_each_database);
  }
  // Without the lock, because closing connections calls listeners.
  for (const PoolsPtr& pools : changed) pools->reload();
  for (const PoolsPtr& pools : added)
    if (wanted_at_start(pools->server()->config()) != 0 && pools->async()) pools->async()->warm_up();
  return report;
}

// A failure to open the further connections of `min_idle` is none of the database.
void Registry::report_start(pool::Server& server, const std::optional<Error>& error,
                            std::chrono::nanoseconds duration) const {
  if (!server.config().required || config_.start_timeout.count() == 0) return;
  if (!error || server.reachability().created() != 0)
    return server.emit({.kind = EventKind::init_succeeded, .duration = duration});
  Event event{.kind = EventKind::init_failed, .detail = error->what()};
  event.error = error->code();
  event.remedy = error->info().advice;
  event.duration = duration;
  server.emit(event);
  if (!detail::is_production(config_.environment)) return;
  std::string text = error->what();
  text.append("; impact: ").append(impact_of(server.database().name(), server.config().impact));
  event.kind = EventKind::production_unavailable;
  event.detail = text;
  server.emit(event);
}

void Registry::refill(TimePoint now) {
  for (const PoolsPtr& pools : all()) {
    pools->direct()->refill();
    if (const auto& credentials = pools->server()->database().credentials()) credentials->renew_if_due(now);
  }
}

bool Registry::refills() const {
  const auto needs = [](const DatabaseConfig& config) { return config.min_idle != 0 || config.credentials; };
  const std::vector<PoolsPtr> nodes = all();
  const std::shared_lock lock(mutex_);
  return needs(config_.defaults) || std::any_of(nodes.begin(), nodes.end(), [&](const PoolsPtr& pools) {
           return needs(pools->server()->config());
         });
}

std::size_t Registry::cleanup_idle(TimePoint now) {
  for (const PoolsPtr& pools : all()) pools->server()->database().note_totals(now);
  std::size_t closed = 0;
  for (const PoolsPtr& pools : all()) closed += pools->cleanup_idle(now);
  return closed;
}

void Registry::stop(TimePoint deadline) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
  }
  inspections_->stop();
  for (const PoolsPtr& pools : all()) pools->stop(deadline);
}

bool Registry::drain(TimePoint deadline, TimePoint last) noexcept {
  bool ended = true;
  for (const PoolsPtr& pools : all()) pools->drain(deadline, last);
  for (const PoolsPtr& pools : all()) {
    if (pools->drain_async(last)) continue;
    pools->server()->database().events().shutdown_ended(false);
    ended = false;
  }
  return ended;
}

bool Registry::drained(TimePoint deadline, TimePoint last) noexcept {
  const TimePoint now = Clock::now();
  bool ended = true;
  for (const PoolsPtr& pools : all()) {
    const bool direct_ended = pools->direct()->drained(now >= deadline) || now >= last;
    const bool async_ended = pools->drain_async(TimePoint{});
    ended = ended && direct_ended && async_ended;
  }
  return ended;
}

void Registry::abandon() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    abandoned_ = true;
  }
  inspections_->abandon();
  for (const PoolsPtr& pools : all()) pools->abandon();
}

void Registry::report_leases(TimePoint now, bool leaked) const {
  for (const PoolsPtr& pools : all()) {
    pools->server()->database().note_totals(now);
    if (leaked)
      pools->server()->database().report_leaked_leases(now);
    else
      pools->server()->database().report_overdue_leases(now);
  }
}

std::chrono::milliseconds Registry::lease_interval() const {
  using std::chrono::milliseconds;
  if (!config_.listener) return milliseconds(0);
  const std::shared_lock lock(mutex_);
  milliseconds shortest = config_.defaults.lease_warning;
  for (const NamedDatabase& database : config_.databases) {
    const milliseconds limit = database.config.lease_warning;
    if (limit.count() != 0 && (shortest.count() == 0 || limit < shortest)) shortest = limit;
  }
  if (shortest.count() == 0) return shortest;
  return std::clamp(shortest / 4, milliseconds(10), milliseconds(5000));
}

void Registry::emit(EventKind kind) const noexcept {
  for (const PoolsPtr& pools : all()) pools->server()->database().events().emit({.kind = kind});
}

void Registry::report_shutdown() const noexcept {
  for (const PoolsPtr& pools : all()) pools->server()->database().events().shutdown_ended(true);
}

DatabaseStats Registry::stats(std::string_view database) const {
  PoolsPtr pools;
  {
    const std::shared_lock lock(mutex_);
    pools = nodes_.find(database)->second.pools;
  }
  return stats(*pools);
}

DatabaseStats Registry::stats(const pool::ServerPools& pools) const {
  const pool::Server& server = *pools.server();
  NodeStats node = pools.stats();
  DatabaseStats stats;
  stats.name = server.origin().database;
  stats.endpoint = server.origin().endpoint;
  stats.required = server.config().required;
  add_node(stats, std::move(node));
  stats.pool.maximum = server.config().max_connections;
  server.database().collect(stats, Clock::now());
  return stats;
}

ManagerStats Registry::stats() const {
  ManagerStats result;
  result.uptime = uptime();
  for (const PoolsPtr& pools : all()) result.databases.push_back(stats(*pools));
  return result;
}

}  // namespace redstart::inline v0::manager
