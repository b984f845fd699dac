// SPDX-License-Identifier: Apache-2.0
// exclusive_pool_ends.cpp: errors, clean-up, checks and counts of exclusive connections.
#include "../core/failures.hpp"
#include "exclusive_pool.hpp"

#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

namespace redstart::inline v0::pool {

// Limits the operations that use or await an exclusive connection, and their bytes. Those of scoped handles
// are counted apart.
std::optional<Error> ExclusivePool::too_many(const engine::OperationNode& operation, bool lease) const {
  if (!lease) return context_->overloaded(operation, context_->alone());
  const std::scoped_lock lock(mutex_);
  if (!idle_.empty()) return std::nullopt;
  return context_->overloaded(operation, {connections_.size() - queue_.openers() + queue_.size(), 0});
}

// Completes an operation that no connection carries. Preconditions: the lock is not held.
void ExclusivePool::end(engine::OperationNode& operation, bool lease, ErrorInfo info) const {
  if (!lease) context_->alone_ended(operation);
  if (operation.revocable && !operation.claim()) return operation.destroy();
  const std::uint32_t commands = lease ? 0 : operation.request.replies;
  const std::string_view name = lease          ? "connect"
                                : commands > 1 ? "pipeline"
                                               : engine::command_name(operation.request.bytes.view());
  if (info.elapsed == std::chrono::nanoseconds::zero()) info.elapsed = Clock::now() - operation.start;
  info.attempts = 1;
  const Server& server = *context_->server;
  if (info.code == Errc::closed) context_->database.events().interrupted(1);
  const bool cancelled = info.code == Errc::cancelled;  // by the caller: not a failure
  operation.finish(
      cancelled ? server.error(name, std::move(info)) : server.failed(name, commands, std::move(info)),
      nullptr);
}

// Explains why an operation has waited until `now`.
ErrorInfo ExclusivePool::expiry_of(const engine::OperationNode& operation, bool starting, bool lacks_room,
                                   TimePoint now) const {
  const Reachability& reachability = *context_->reachability;
  ErrorInfo info = failure::not_sent_in_time();
  if (const auto state = reachability.not_ready_now(now)) {
    static_cast<Cause&>(info) = failure::not_ready(protocol::describe(*state));
  } else if (lacks_room && !starting) {
    info = reachability.no_connection();
  } else if (context_->database.waits_while_away()) {
    if (auto failure = reachability.known_failure()) return failure->info();
  }
  info.elapsed = now - operation.start;
  return info;
}

std::size_t ExclusivePool::cleanup_idle(TimePoint now) {
  const auto limit = context_->server->config().idle_timeout;
  const std::scoped_lock lock(mutex_);
  return std::erase_if(idle_, [&](const Ptr& pooled) {
    net::AsyncConnection& connection = pooled->connection();
    if (!connection.ready() || now - connection.last_used() <= limit) return false;
    connection.retire(CloseReason::idle);
    return true;
  });
}

void ExclusivePool::reclaim() noexcept {
  Ptr pooled;
  {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return;
    pooled = std::move(idle_.front());
    idle_.erase(idle_.begin());
  }
  pooled->connection().retire(CloseReason::idle);
}

// A PING over a connection that no caller has. One connection is tested after the other, so that callers find
// the rest.
class ExclusivePool::UnusedPing final : public engine::OperationNode {
 public:
  UnusedPing(const std::shared_ptr<ExclusivePool>& pool, TimePoint since)
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
      pool->close_unused(since_);  // the server answers none of them
    else
      pool->ping_unused(since_);
  }
  void destroy() noexcept override { const std::unique_ptr<UnusedPing> self(this); }

  ~UnusedPing() = default;

 private:
  const std::weak_ptr<ExclusivePool> pool_;
  const TimePoint since_;
};

// Claims the least recently used connection of those that no caller has.
ExclusivePool::Ptr ExclusivePool::take_unused(TimePoint since) noexcept {
  const std::scoped_lock lock(mutex_);
  if (context_->stopping.load(std::memory_order_relaxed)) return nullptr;
  const auto unused = std::find_if(idle_.begin(), idle_.end(), [since](const Ptr& pooled) {
    return pooled->connection().ready() && pooled->connection().last_used() < since;
  });
  if (unused == idle_.end()) return nullptr;
  Ptr pooled = std::move(*unused);
  idle_.erase(unused);
  pooled->claim();
  return pooled;
}

void ExclusivePool::ping_unused(TimePoint since) noexcept {
  try {
    auto ping = std::make_unique<UnusedPing>(shared_from_this(), since);
    const Ptr pooled = take_unused(since);
    if (!pooled) return;
    context_->alone_began(*ping);
    pooled->send_ping(*ping.release());
  } catch (const std::bad_alloc&) {
    // No memory: retried at the next call.
  }
}

void ExclusivePool::close_unused(TimePoint since) noexcept {
  while (const Ptr pooled = take_unused(since)) returned(pooled, true);
}

void ExclusivePool::collect(PoolStats& into) const {
  const std::scoped_lock lock(mutex_);
  for (const Ptr& pooled : connections_) {
    const auto load = pooled->connection().load();
    into.in_flight += load.operations + load.given_up;
    into.queued_bytes += load.bytes;
  }
  into.in_flight += queue_.size();
  into.queued_bytes += queue_.bytes();
  const std::size_t open = context_->open.load(std::memory_order_relaxed);
  into.in_use += open - std::min(open, idle_.size());
  into.idle += idle_.size();
}

}  // namespace redstart::inline v0::pool
