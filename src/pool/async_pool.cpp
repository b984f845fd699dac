// SPDX-License-Identifier: Apache-2.0
// async_pool.cpp: chooses the connection of an operation; stops, cleans up, counts.
#include "async_pool.hpp"
#include "../core/failures.hpp"

#include <algorithm>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

// A larger operation gets an exclusive connection, so that others do not wait behind it. So does an
// operation that blocks, or may take longer than a shared connection may be silent.
constexpr std::size_t large = std::size_t{1} << 20;

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
  context->direct->on_shortage([weak = std::weak_ptr(pool)](const Waiter& waiter) {
    if (const auto self = weak.lock()) self->reclaim(waiter);
  });
  context->direct->on_ping_unused([weak = std::weak_ptr(pool)](TimePoint since) {
    if (const auto self = weak.lock()) self->ping_unused(since);
  });
  return pool;
}

AsyncPool::AsyncPool(std::shared_ptr<PoolContext> context, std::shared_ptr<net::Loops> loops)
    : context_(std::move(context)), loops_(std::move(loops)) {}

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
  if (operation.request.traits.blocks_for || operation.request.bytes.size() > large ||
      context_->database.outlasts_silence(operation.options.timeout))
    return run_alone(operation), nullptr;
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
  try {
    for (const auto& pooled : all()) pooled->connection().wake();
  } catch (const std::bad_alloc&) {
    // They are woken by the next event of their connections.
  }
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
  if (auto error = too_many_leases(operation)) return operation.finish(std::move(error), nullptr);
  try {
    if (const ExclusiveConnection::Ptr pooled = take_exclusive()) return pooled->lease_to(operation);
    operation.finish(shut_down(operation), nullptr);
  } catch (const std::exception& error) {
    operation.finish(out_of_resources(operation, error), nullptr);
  }
}

void AsyncPool::run_alone(engine::OperationNode& operation) {
  if (auto error = too_many_alone(operation)) return operation.finish(std::move(error), nullptr);
  ExclusiveConnection::Ptr pooled;
  try {
    pooled = take_exclusive();
  } catch (const std::exception& error) {
    context_->alone_ended(operation);
    return operation.finish(out_of_resources(operation, error), nullptr);
  }
  if (!pooled) {
    context_->alone_ended(operation);
    return operation.finish(shut_down(operation), nullptr);
  }
  pooled->run(operation);
}

// Limits the number of exclusive connections and of those that queue for one.
std::optional<Error> AsyncPool::too_many_leases(const engine::OperationNode& operation) const {
  const std::scoped_lock lock(mutex_);
  if (idle_.empty()) return context_->overloaded(operation, {exclusive_.size(), 0});
  return std::nullopt;
}

// Limits the operations on exclusive connections, whose bytes are counted together. Counts this one if it is
// accepted.
std::optional<Error> AsyncPool::too_many_alone(const engine::OperationNode& operation) const {
  const std::scoped_lock lock(mutex_);
  auto error = context_->overloaded(operation, context_->alone());
  if (!error) context_->alone_began(operation);
  return error;
}

// The error of an operation for which there is no memory or no thread.
Error AsyncPool::out_of_resources(const engine::OperationNode& operation, const std::exception& why) const {
  return context_->server->failed(engine::command_name(operation.request.bytes.view()),
                                  operation.request.replies, failure::not_connectable(why.what()));
}

Error AsyncPool::shut_down(const engine::OperationNode& operation) const {
  return context_->server->failed(engine::command_name(operation.request.bytes.view()),
                                  operation.request.replies, failure::closed());
}

// Returns a connection that no caller has, claimed. Null after `stop`, when nothing would end it.
ExclusiveConnection::Ptr AsyncPool::take_exclusive() {
  const std::scoped_lock lock(mutex_);
  if (!usable()) return nullptr;
  if (!idle_.empty()) {
    ExclusiveConnection::Ptr pooled = std::move(idle_.back());
    idle_.pop_back();
    pooled->claim();
    const auto limit = context_->server->config().check_after_idle;
    if (limit.count() != 0 && Clock::now() - pooled->connection().last_used() > limit)
      pooled->connection().check_next();
    return pooled;
  }
  // Reserve memory first: a connection that is not in the list would never end, and returning one must not
  // fail.
  const std::size_t count = exclusive_.size() + 1;
  for (auto* connections : {&exclusive_, &idle_}) {
    if (connections->capacity() < count) connections->reserve(2 * count);
  }
  exclusive_.push_back(ExclusiveConnection::make(context_, loops_->next(), weak_from_this()));
  exclusive_.back()->listed_at = exclusive_.size() - 1;
  exclusive_.back()->claim();
  return exclusive_.back();
}

void AsyncPool::returned(ExclusiveConnection::Ptr pooled, bool dirty) {
  bool closed = false;
  std::optional<CloseReason> leaves;
  {
    const std::scoped_lock lock(mutex_);
    pooled->unclaim();
    // If the connection closes later, `withdraw` finds it unclaimed.
    closed = !pooled->connection().ready();
    if (dirty)
      leaves = CloseReason::dirty;
    else if (!usable())
      leaves = CloseReason::shutdown;
    else if (pooled->over_age())
      leaves = CloseReason::lifetime;
    else if (!closed)
      idle_.push_back(pooled);
  }
  if (closed) return pooled->end();
  if (leaves) return pooled->connection().retire(*leaves);
  // Check after the connection is in the list: a waiter queued before has searched the list, or is seen
  // here.
  if (context_->direct->shortage()) reclaim_exclusive();
}

bool AsyncPool::withdraw(ExclusiveConnection& pooled) noexcept {
  const std::scoped_lock lock(mutex_);
  if (pooled.claimed()) return false;
  std::erase_if(idle_, [&pooled](const ExclusiveConnection::Ptr& other) { return other.get() == &pooled; });
  return true;
}

void AsyncPool::gone(ExclusiveConnection& pooled) noexcept {
  ExclusiveConnection::Ptr last;  // destroyed without the lock
  const std::scoped_lock lock(mutex_);
  std::erase_if(idle_, [&pooled](const ExclusiveConnection::Ptr& other) { return other.get() == &pooled; });
  // Thousands may end at once, so each knows its index instead of searching.
  const std::size_t at = pooled.listed_at;
  if (at >= exclusive_.size() || exclusive_[at].get() != &pooled) return;
  exclusive_.back()->listed_at = at;
  std::swap(exclusive_[at], exclusive_.back());
  last = std::move(exclusive_.back());
  exclusive_.pop_back();
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

std::vector<std::shared_ptr<PooledConnection>> AsyncPool::all() const {
  std::vector<std::shared_ptr<PooledConnection>> connections(shared_.begin(), shared_.end());
  const std::scoped_lock lock(mutex_);
  connections.insert(connections.end(), exclusive_.begin(), exclusive_.end());
  return connections;
}

void AsyncPool::stop(TimePoint deadline) noexcept {
  context_->stopping.store(true, std::memory_order_seq_cst);
  for (const auto& pooled : all()) pooled->stop(deadline);
}

bool AsyncPool::drain(TimePoint last) noexcept { return context_->wait_for_end(last); }

void AsyncPool::abandon() noexcept {
  context_->stopping.store(true, std::memory_order_seq_cst);
  for (const auto& pooled : all()) pooled->abandon();
}

void AsyncPool::warm_up() noexcept {
  if (usable() && !shared_.front()->connection().ready()) shared_.front()->warm_up();
}

std::size_t AsyncPool::cleanup_idle(TimePoint now) {
  const auto limit = context_->server->config().idle_timeout;
  if (limit.count() == 0) return 0;
  std::size_t closed = 0;
  const auto close = [&](net::AsyncConnection& connection) {
    if (!connection.ready() || connection.load().operations != 0 || now - connection.last_used() <= limit)
      return false;
    connection.retire(CloseReason::idle);
    ++closed;
    return true;
  };
  for (const auto& pooled : shared_) close(pooled->connection());
  const std::scoped_lock lock(mutex_);
  std::erase_if(idle_, [&](const ExclusiveConnection::Ptr& pooled) { return close(pooled->connection()); });
  return closed;
}

void AsyncPool::reclaim_exclusive() noexcept {
  ExclusiveConnection::Ptr pooled;
  {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return;
    pooled = std::move(idle_.front());
    idle_.erase(idle_.begin());
  }
  pooled->connection().retire(CloseReason::idle);
}

// A shared connection serves many callers, so it yields to an asynchronous caller only if no other
// connection ever would. A waiting thread can do nothing else, so for it shared connections always yield.
// All are asked, because the first waiter gets the grant of whichever closes.
void AsyncPool::reclaim(const Waiter& waiter) noexcept {
  reclaim_exclusive();
  if (!waiter.takes_connections && !all_may_be_shared_) return;
  for (const auto& pooled : shared_) pooled->request_yield();
}

// A PING over an exclusive connection that no caller has. One connection is tested after the other, so that
// callers find the rest.
class AsyncPool::UnusedPing final : public engine::OperationNode {
 public:
  UnusedPing(const std::shared_ptr<AsyncPool>& pool, TimePoint since)
      : OperationNode({}), pool_(pool), since_(since) {
    request.bytes.append("*1\r\n$4\r\nPING\r\n");
    request.traits.retry = Retry::read;
    id = engine::next_operation_id();
    start = Clock::now();
    deadline = deadline_after(start, pool->context_->server->config().timeouts.health);
    internal = true;
  }

  void accept(std::string_view /*frame*/, const engine::Origin&) noexcept override {}
  void finish(std::optional<Error> error, const boost::asio::any_io_executor*) override {
    const std::unique_ptr<UnusedPing> self(this);
    const auto pool = pool_.lock();
    if (!pool) return;
    if (error && error->code() == Errc::timeout)
      pool->close_exclusive(since_);  // the server answers none of them
    else
      pool->ping_exclusive(since_);
  }
  void destroy() noexcept override { const std::unique_ptr<UnusedPing> self(this); }

  ~UnusedPing() = default;

 private:
  const std::weak_ptr<AsyncPool> pool_;
  const TimePoint since_;
};

// Claims the least recently used connection of those that no caller has.
ExclusiveConnection::Ptr AsyncPool::take_unused(TimePoint since) noexcept {
  const std::scoped_lock lock(mutex_);
  if (!usable()) return nullptr;
  const auto unused =
      std::find_if(idle_.begin(), idle_.end(), [since](const ExclusiveConnection::Ptr& pooled) {
        return pooled->connection().ready() && pooled->connection().last_used() < since;
      });
  if (unused == idle_.end()) return nullptr;
  ExclusiveConnection::Ptr pooled = std::move(*unused);
  idle_.erase(unused);
  pooled->claim();
  return pooled;
}

void AsyncPool::ping_unused(TimePoint since) noexcept {
  if (!usable()) return;
  for (const auto& pooled : shared_) pooled->ping_if_unused(since);
  ping_exclusive(since);
}

void AsyncPool::ping_exclusive(TimePoint since) noexcept {
  try {
    auto ping = std::make_unique<UnusedPing>(shared_from_this(), since);
    const ExclusiveConnection::Ptr pooled = take_unused(since);
    if (!pooled) return;
    context_->alone_began(*ping);
    pooled->send_ping(*ping.release());
  } catch (const std::bad_alloc&) {
    // No memory: retried at the next call.
  }
}

void AsyncPool::close_exclusive(TimePoint since) noexcept {
  while (const ExclusiveConnection::Ptr pooled = take_unused(since)) returned(pooled, true);
}

void AsyncPool::collect(PoolStats& into) const {
  const auto add = [&into](const PooledConnection& pooled) {
    const auto load = pooled.connection().load();
    into.in_flight += load.operations + load.given_up;
    into.queued_bytes += load.bytes;
  };
  std::size_t idle = 0;
  {
    const std::scoped_lock lock(mutex_);
    idle = idle_.size();
    for (const auto& pooled : exclusive_) add(*pooled);
  }
  for (const auto& pooled : shared_) {
    into.shared += pooled->connection().ready() ? 1U : 0U;
    add(*pooled);
  }
  const std::size_t open = context_->open.load(std::memory_order_relaxed);
  into.in_use += open - std::min(open, idle);
  into.idle += idle;
  into.leased += context_->leased.load(std::memory_order_relaxed);
  into.pushes_dropped += context_->pushes_dropped.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < close_reasons; ++i)
    into.closed[i] += context_->closed_by[i].load(std::memory_order_relaxed);
}

}  // namespace redstart::inline v0::pool
