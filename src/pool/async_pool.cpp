// SPDX-License-Identifier: Apache-2.0
// async_pool.cpp: chooses the connection of an operation; stops, cleans up, counts.
#include "async_pool.hpp"
#include "../core/failures.hpp"
#include "large_work.hpp"

#include <algorithm>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

// If an attempt is overdue for longer, no thread runs the loop.
constexpr auto run_at_least_every = std::chrono::seconds(2);

}  // namespace

std::shared_ptr<AsyncPool> AsyncPool::make(std::shared_ptr<Server> server, std::shared_ptr<DirectPool> direct,
                                           const std::shared_ptr<net::Loops>& loops) {
  const std::size_t count =
      std::min(server->config().shared_connections * loops->width(), server->config().max_connections);
  auto context = std::make_shared<PoolContext>(std::move(server), std::move(direct), loops);
  auto pool = std::make_shared<AsyncPool>(context, loops);
  pool->all_may_be_shared_ = count == context->server->config().max_connections;
  context->has_other_connections = !pool->all_may_be_shared_;
  while (pool->shared_.size() < count)
    pool->shared_.push_back(SharedConnection::make(context, loops->next(), pool->all_may_be_shared_));
  context->serving = [weak = std::weak_ptr(pool)]() -> std::shared_ptr<net::AsyncConnection> {
    const auto self = weak.lock();
    if (!self || !self->usable()) return nullptr;
    for (const auto& pooled : self->shared_) {
      net::AsyncConnection& connection = pooled->connection();
      if (connection.ready() && !connection.reply_overdue()) return connection.shared_from_this();
    }
    return nullptr;
  };
  if (count != 0) pool->shared_.front()->enable_recovery_pings();
  context->server->on_circuit([weak = std::weak_ptr(pool)] {
    if (const auto self = weak.lock()) self->circuit_changed();
  });
  context->direct->on_shortage([weak = std::weak_ptr(pool)](ConnectionKind waiting) {
    if (const auto self = weak.lock()) self->reclaim(waiting);
  });
  context->direct->on_ping_unused([weak = std::weak_ptr(pool)](TimePoint since) {
    if (const auto self = weak.lock()) self->ping_unused(since);
  });
  return pool;
}

AsyncPool::AsyncPool(std::shared_ptr<PoolContext> context, std::shared_ptr<net::Loops> loops)
    : context_(std::move(context)),
      loops_(std::move(loops)),
      exclusive_(std::make_shared<ExclusivePool>(context_)) {}

SharedConnection& AsyncPool::pick() const noexcept {
  if (shared_.size() == 1) return *shared_.front();
  thread_local const std::size_t mine = std::hash<std::thread::id>{}(std::this_thread::get_id()) >> 4;
  SharedConnection& pooled = *shared_[mine % shared_.size()];
  const net::AsyncConnection& connection = pooled.connection();
  return connection.ready() && !connection.reply_overdue() ? pooled : open_instead_of(pooled);
}

bool AsyncPool::serves() const noexcept {
  return usable() && std::any_of(shared_.begin(), shared_.end(),
                                 [](const auto& pooled) { return pooled->connection().ready(); });
}

// While `pooled` is stuck or can't be opened, another open connection serves its callers.
SharedConnection& AsyncPool::open_instead_of(SharedConnection& pooled) const noexcept {
  for (const auto& other : shared_) {
    if (!other->connection().ready() || other->connection().reply_overdue()) continue;
    return pooled.connection().ready() || context_->direct->exhausted() ? *other : pooled;
  }
  return pooled;
}

const net::AsyncConnection* AsyncPool::carry(engine::OperationNode& operation) noexcept {
  const PoolContext::Acceptance acceptance(*context_, weak_from_this().lock());
  if (auto refused = context_->set_times_or_refuse(operation))
    return operation.finish(std::move(refused), nullptr), nullptr;
  if (auto error = away(operation)) return operation.finish(std::move(error), nullptr), nullptr;
  if (needs_own_connection(context_->database, operation)) return exclusive_->run(operation), nullptr;
  SharedConnection& pooled = pick();
  net::AsyncConnection& connection = pooled.connection();
  if (auto error = context_->overloaded(operation, connection.load()))
    return operation.finish(std::move(error), nullptr), nullptr;
  operation.taken_by(pooled);
  connection.submit(operation);
  return &connection;
}

std::optional<Error> AsyncPool::known_absence(const engine::OperationNode& operation) const {
  Server& server = *context_->server;
  if (server.database().waits_while_away()) return std::nullopt;
  std::optional<ErrorInfo> info;
  if (auto failure = known_failure(operation.start))
    info = failure->info();
  else if (server.breaker().refuses(operation.start))
    info = server.circuit_open(operation.start);
  if (!info) return std::nullopt;
  return server.failed(engine::command_name(operation.request.bytes.view()), operation.request.replies,
                       *std::move(info));
}

// Callers that fail fast make no connect attempt. If an attempt is due, wake the first shared connection to
// make it.
std::optional<Error> AsyncPool::known_failure(TimePoint now) const {
  auto failure = context_->reachability->known_failure();
  if (failure && context_->reachability->attempt_overdue(now)) shared_.front()->connection().wake();
  return failure;
}

std::optional<Error> AsyncPool::failure_in_background(TimePoint now) const {
  if (!context_->reachability->failing() || !usable() ||
      context_->reachability->attempt_overdue(now - run_at_least_every))
    return std::nullopt;
  return known_failure(now);
}

// Any thread. Wakes connections whose operations wait for the breaker. Otherwise wakes the first, which
// sends the recovery pings.
void AsyncPool::circuit_changed() noexcept {
  if (net::forked(context_->generation) || !usable()) return;
  if (!context_->database.waits_while_away()) return shared_.front()->connection().wake();
  for (const auto& pooled : shared_) pooled->connection().wake();
  exclusive_->wake();
}

void AsyncPool::reject(engine::OperationNode& operation, Error error) noexcept {
  const PoolContext::Acceptance acceptance(*context_, weak_from_this().lock());
  operation.finish(std::move(error), nullptr);
}

void AsyncPool::lease(engine::OperationNode& operation) noexcept {
  const PoolContext::Acceptance acceptance(*context_, weak_from_this().lock());
  if (auto refused = context_->set_times_or_refuse(operation))
    return operation.finish(std::move(refused), nullptr);
  if (auto error = away(operation)) return operation.finish(std::move(error), nullptr);
  operation.deadline = std::min(operation.deadline,
                                deadline_after(operation.start, context_->server->config().timeouts.acquire));
  exclusive_->lease(operation);
}

std::optional<Error> AsyncPool::unavailable() const {
  if (net::forked(context_->generation)) return context_->server->error({}, failure::forked());
  if (context_->stopping.load(std::memory_order_acquire))
    return context_->server->error({}, failure::closed());
  Server& server = *context_->server;
  if (server.database().waits_while_away()) return std::nullopt;
  const TimePoint now = Clock::now();
  if (auto failure = known_failure(now)) return failure;
  if (server.breaker().refuses(now)) return server.error({}, server.circuit_open(now));
  return std::nullopt;
}

void AsyncPool::stop(TimePoint deadline) noexcept {
  context_->stopping.store(true, std::memory_order_seq_cst);
  for (const auto& pooled : shared_) pooled->stop(deadline);
  exclusive_->stop(deadline);
}

bool AsyncPool::drain(TimePoint last) noexcept { return context_->wait_for_end(last); }

void AsyncPool::abandon() noexcept {
  context_->stopping.store(true, std::memory_order_seq_cst);
  for (const auto& pooled : shared_) pooled->abandon();
  exclusive_->abandon();
}

void AsyncPool::warm_up() noexcept {
  if (usable() && !shared_.front()->connection().ready()) shared_.front()->warm_up();
}

std::size_t AsyncPool::cleanup_idle(TimePoint now) {
  const auto limit = context_->server->config().idle_timeout;
  if (limit.count() == 0) return 0;
  std::size_t closed = exclusive_->cleanup_idle(now);
  for (const auto& pooled : shared_) {
    net::AsyncConnection& connection = pooled->connection();
    if (!connection.ready() || connection.load().operations != 0 || now - connection.last_used() <= limit)
      continue;
    connection.retire(CloseReason::idle);
    ++closed;
  }
  return closed;
}

// A shared connection serves many callers, so it yields to an asynchronous caller only if no other
// connection ever would. A waiting thread can do nothing else, so for it shared connections always yield.
// All are asked, because the first waiter gets the grant of whichever closes.
void AsyncPool::reclaim(ConnectionKind waiting) noexcept {
  exclusive_->reclaim();
  if (waiting != ConnectionKind::direct && !all_may_be_shared_) return;
  for (const auto& pooled : shared_) pooled->request_yield();
}

void AsyncPool::ping_unused(TimePoint since) noexcept {
  if (!usable()) return;
  for (const auto& pooled : shared_) pooled->ping_if_unused(since);
  exclusive_->ping_unused(since);
}

void AsyncPool::collect(PoolStats& into) const {
  for (const auto& pooled : shared_) {
    const auto load = pooled->connection().load();
    into.shared += pooled->connection().ready() ? 1U : 0U;
    into.in_flight += load.operations + load.given_up;
    into.queued_bytes += load.bytes;
  }
  exclusive_->collect(into);
  into.leased += context_->leased.load(std::memory_order_relaxed);
  into.pushes_dropped += context_->pushes_dropped.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < close_reasons; ++i)
    into.closed[i] += context_->closed_by[i].load(std::memory_order_relaxed);
}

}  // namespace redstart::inline v0::pool
