// SPDX-License-Identifier: Apache-2.0
// async_pool.hpp: the shared and exclusive connections to one server.
#pragma once

#include "exclusive_connection.hpp"
#include "shared_connection.hpp"

#include <redstart/engine/async_channel.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

namespace redstart::inline v0::pool {

/// The channel behind `AsyncClient`, and what synchronous calls stand on when there are many. Ordinary
/// operations go over a shared connection; blocking and large ones, and scoped handles, over one of their
/// own.
///
/// Thread safety: full.
class AsyncPool final : public engine::AsyncChannel,
                        public ExclusiveConnection::Pool,
                        public std::enable_shared_from_this<AsyncPool> {
 public:
  /// `loops` is shared with the manager. Nothing is opened before it is needed.
  [[nodiscard]] static std::shared_ptr<AsyncPool> make(std::shared_ptr<Server> server,
                                                       std::shared_ptr<DirectPool> direct,
                                                       const std::shared_ptr<net::Loops>& loops);
  AsyncPool(std::shared_ptr<PoolContext> context, std::shared_ptr<net::Loops> loops);

  void start(engine::OperationNode& operation) noexcept override { static_cast<void>(carry(operation)); }
  /// As `start`. Returns the shared connection that took the operation, which lives as long as this; null
  /// where none did.
  const net::AsyncConnection* carry(engine::OperationNode& operation) noexcept;
  void reject(engine::OperationNode& operation, Error error) noexcept override;
  void lease(engine::OperationNode& operation) noexcept override;
  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept override {
    return loops_->default_executor();
  }
  [[nodiscard]] engine::Exclusive exclusive() const noexcept override { return engine::Exclusive::no; }
  [[nodiscard]] const engine::Origin& origin() const noexcept override { return context_->server->origin(); }

  /// Why a handle is not to be given out: the last attempt to connect failed, forked, shut down.
  [[nodiscard]] std::optional<Error> unavailable() const;
  /// The last failure to connect while nothing has succeeded since; then the next attempt is made here, in
  /// the background. Empty where nobody makes it though it is long due: the loop is not run.
  [[nodiscard]] std::optional<Error> failure_in_background(TimePoint now) const;
  /// False from `stop` or `abandon` on.
  [[nodiscard]] bool usable() const noexcept { return !context_->stopping.load(std::memory_order_relaxed); }
  /// True while a shared connection is open.
  [[nodiscard]] bool serves() const noexcept;
  /// True where the calling thread must not wait for this pool: it may be the one that serves it.
  [[nodiscard]] bool serves_this_thread() const noexcept { return loops_->on_this_thread(); }

  /// Takes no more operations; those under way may end until `deadline`, then they end with `Errc::closed`.
  void stop(TimePoint deadline) noexcept;
  /// Waits until everything has ended; false when that was not so at `last`. Not on an engine thread.
  bool drain(TimePoint last) noexcept;
  /// The loops' context is being destroyed: drops everything without completing it. Takes no more operations.
  void abandon() noexcept;

  /// Connects in the background, where nothing is or is being connected.
  void warm_up() noexcept;
  /// Closes shared and leased connections that have been idle for longer than `idle_timeout`; returns how
  /// many.
  std::size_t cleanup_idle(TimePoint now);
  /// Closes a connection that nobody uses, a leased one first, so that its slot gets free for `waiter`.
  void reclaim(const Waiter& waiter) noexcept;
  /// Sends PING over connections that nobody has used since `since`: those without an answer are closed.
  void ping_unused(TimePoint since) noexcept;
  /// Adds what this pool counts.
  void collect(PoolStats& into) const;

 private:
  void returned(ExclusiveConnection::Ptr pooled, bool dirty) override;
  bool withdraw(ExclusiveConnection& pooled) noexcept override;
  void gone(ExclusiveConnection& pooled) noexcept override;

  [[nodiscard]] SharedConnection& pick() const noexcept;
  [[nodiscard]] SharedConnection& open_instead_of(SharedConnection& pooled) const noexcept;
  [[nodiscard]] ExclusiveConnection::Ptr take_exclusive();
  [[nodiscard]] std::vector<std::shared_ptr<PooledConnection>> all() const;
  class UnusedPing;
  void ping_exclusive(TimePoint since) noexcept;
  void close_exclusive(TimePoint since) noexcept;
  [[nodiscard]] ExclusiveConnection::Ptr take_unused(TimePoint since) noexcept;
  void reclaim_exclusive() noexcept;
  void circuit_changed() noexcept;
  [[nodiscard]] std::optional<Error> known_failure(TimePoint now) const;
  // Why it must not even be queued: the database is away, and nobody wants to wait for it. Two relaxed loads
  // while all is well.
  [[nodiscard]] std::optional<Error> away(const engine::OperationNode& operation) const {
    if (!context_->reachability->failing() && context_->server->breaker().common_ticket() != 0) [[likely]]
      return std::nullopt;
    return known_absence(operation);
  }
  [[nodiscard]] std::optional<Error> known_absence(const engine::OperationNode& operation) const;
  void run_alone(engine::OperationNode& operation);
  [[nodiscard]] std::optional<Error> too_many_leases(const engine::OperationNode& operation) const;
  [[nodiscard]] std::optional<Error> too_many_alone(const engine::OperationNode& operation) const;
  [[nodiscard]] Error exhausted(const engine::OperationNode& operation, const std::exception& why) const;
  [[nodiscard]] Error shut_down(const engine::OperationNode& operation) const;

  const std::shared_ptr<PoolContext> context_;
  const std::shared_ptr<net::Loops> loops_;
  std::vector<std::shared_ptr<SharedConnection>> shared_{};  // made once, never changed
  bool all_may_be_shared_ = false;                           // shared connections may take every slot

  mutable std::mutex mutex_{};
  std::vector<ExclusiveConnection::Ptr> exclusive_{};  // all
  std::vector<ExclusiveConnection::Ptr> idle_{};       // those nobody has; the most recently used last
};

}  // namespace redstart::inline v0::pool
