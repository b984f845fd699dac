// SPDX-License-Identifier: Apache-2.0
// async_pool.hpp: the shared and exclusive connections to one server.
#pragma once

#include "exclusive_pool.hpp"
#include "shared_connection.hpp"

#include <redstart/engine/async_channel.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace redstart::inline v0::pool {

/// The channel of `AsyncClient`, also for synchronous calls when there are many. Ordinary operations use a
/// shared connection. Blocking and large ones, and scoped handles, use `ExclusivePool`.
///
/// Thread safety: full.
class AsyncPool final : public engine::AsyncChannelSource, public std::enable_shared_from_this<AsyncPool> {
 public:
  /// `loops` are those of the manager. No connection is opened before it is needed.
  [[nodiscard]] static std::shared_ptr<AsyncPool> make(std::shared_ptr<Server> server,
                                                       std::shared_ptr<DirectPool> direct,
                                                       const std::shared_ptr<net::Loops>& loops);
  AsyncPool(std::shared_ptr<PoolContext> context, std::shared_ptr<net::Loops> loops);

  void start(engine::OperationNode& operation) noexcept override { static_cast<void>(carry(operation)); }
  /// Starts like `start`. Returns the shared connection that accepted the operation, which lives as long as
  /// this; null if none did.
  const net::AsyncConnection* carry(engine::OperationNode& operation) noexcept;
  void reject(engine::OperationNode& operation, Error error) noexcept override;
  void lease(engine::OperationNode& operation) noexcept override;
  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept override {
    return loops_->default_executor();
  }
  [[nodiscard]] engine::Exclusive exclusive() const noexcept override { return engine::Exclusive::no; }
  [[nodiscard]] const engine::Origin& origin() const noexcept override { return context_->server->origin(); }

  /// Returns why no handle can be provided: the last connect attempt failed, fork, shutdown.
  [[nodiscard]] std::optional<Error> unavailable() const;
  /// Returns the last connect failure, unless an attempt has succeeded since, and starts the next attempt in
  /// the background. Empty if that attempt is long overdue, because then the loop is not running.
  [[nodiscard]] std::optional<Error> failure_in_background(TimePoint now) const;
  /// False after `stop` or `abandon`.
  [[nodiscard]] bool usable() const noexcept { return !context_->stopping.load(std::memory_order_relaxed); }
  /// True if a shared connection is ready.
  [[nodiscard]] bool serves() const noexcept;
  /// True if the calling thread must not wait for this pool, because it may be the thread that serves it.
  [[nodiscard]] bool serves_this_thread() const noexcept { return loops_->on_this_thread(); }

  /// Accepts no further operations. Those under way may end until `deadline`, then they fail with
  /// `Errc::closed`.
  void stop(TimePoint deadline) noexcept;
  /// Waits until all operations have ended; false at `last`. Preconditions: not on an loop thread.
  bool drain(TimePoint last) noexcept;
  /// The execution context of the loops is being destroyed: drops all operations without completing them.
  /// Accepts no more.
  void abandon() noexcept;

  /// Opens a connection in the background, unless one is open or being opened.
  void warm_up() noexcept;
  /// Closes shared and exclusive connections that have been idle for longer than `idle_timeout`. Returns how
  /// many it closed.
  std::size_t cleanup_idle(TimePoint now);
  /// Closes an unused connection, preferably an exclusive one, to free its capacity for a waiter of this
  /// kind.
  void reclaim(ConnectionKind waiting) noexcept;
  /// Sends PING over connections that were not used since `since`. Those without a reply are closed.
  void ping_unused(TimePoint since) noexcept;
  /// Adds the counts of this pool.
  void collect(PoolStats& into) const;

 private:
  [[nodiscard]] SharedConnection& pick() const noexcept;
  [[nodiscard]] SharedConnection& open_instead_of(SharedConnection& pooled) const noexcept;
  void circuit_changed() noexcept;
  [[nodiscard]] std::optional<Error> known_failure(TimePoint now) const;
  // Returns why the operation must not be queued: the server is away, and calls don't wait for it. Cost: two
  // relaxed loads while it is not away.
  [[nodiscard]] std::optional<Error> away(const engine::OperationNode& operation) const {
    if (!context_->reachability->failing() && context_->server->breaker().common_ticket() != 0) [[likely]]
      return std::nullopt;
    return known_absence(operation);
  }
  [[nodiscard]] std::optional<Error> known_absence(const engine::OperationNode& operation) const;
  const std::shared_ptr<PoolContext> context_;
  const std::shared_ptr<net::Loops> loops_;
  std::vector<std::shared_ptr<SharedConnection>> shared_{};  // created once, never changed
  bool all_may_be_shared_ = false;                           // shared connections may use all capacity
  const std::shared_ptr<ExclusivePool> exclusive_;
};

}  // namespace redstart::inline v0::pool
