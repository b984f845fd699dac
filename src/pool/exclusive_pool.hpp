// SPDX-License-Identifier: Apache-2.0
// exclusive_pool.hpp: the exclusive connections to one server, and who gets them.
#pragma once

#include "exclusive_connection.hpp"
#include "exclusive_queue.hpp"

#include <redstart/core/error.hpp>
#include <redstart/engine/operation_node.hpp>

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace redstart::inline v0::pool {

/// Gives exclusive connections to scoped handles and to single operations. If none is idle, the operation
/// waits in `ExclusiveQueue`: for a connection that is returned, or for a grant to open one. At most as many
/// connections are being opened as there are grants, and only one while the next attempt may fail.
///
/// An operation that waits costs one `Entry`. It is also the place that takes its cancellation, which it
/// forwards once a connection carries the operation.
///
/// Locking: `mutex_` guards all members, and may be held when the lock of the direct pool is taken, never the
/// other way round. Operations are finished, and connections opened or closed, without it.
///
/// Thread safety: full.
class ExclusivePool final : public ExclusiveConnection::Pool,
                            public std::enable_shared_from_this<ExclusivePool> {
 public:
  explicit ExclusivePool(std::shared_ptr<PoolContext> context);
  ExclusivePool(const ExclusivePool&) = delete;
  ExclusivePool& operator=(const ExclusivePool&) = delete;
  ~ExclusivePool();

  /// Takes the operation over and completes it with a channel of its own, or with the error. Preconditions of
  /// `lease` and `run`: its start and deadline are set.
  void lease(engine::OperationNode& operation) noexcept;
  /// Takes the operation over and runs it on a connection that it has for itself.
  void run(engine::OperationNode& operation) noexcept;

  /// Operations that wait may still start until `deadline`, then they fail with `Errc::closed`.
  void stop(TimePoint deadline) noexcept;
  /// The execution context of the loops is being destroyed: drops all operations without completing them.
  void abandon() noexcept;
  /// Lets all connections ask again whether the circuit breaker admits their operations.
  void wake() noexcept;

  /// Closes connections that have been idle for longer than `idle_timeout`. Returns how many it closed.
  std::size_t cleanup_idle(TimePoint now);
  /// Closes an idle connection, so that its grant goes to the first waiter.
  void reclaim() noexcept;
  /// Sends PING over idle connections that were not used since `since`. Those without a reply are closed.
  void ping_unused(TimePoint since) noexcept;
  /// Adds the counts of this pool.
  void collect(PoolStats& into) const;

 private:
  using Ptr = ExclusiveConnection::Ptr;
  using Lock = std::unique_lock<std::mutex>;
  struct Entry;
  class UnusedPing;

  void returned(Ptr pooled, bool dirty) override;
  bool withdraw(ExclusiveConnection& pooled) noexcept override;
  void not_opened(ExclusiveConnection& pooled, const Error& error, TimePoint next, bool fails) override;
  void gone(ExclusiveConnection& pooled) noexcept override;

  // The queue: exclusive_pool.cpp
  void acquire(engine::OperationNode& operation, bool lease);
  void enqueue(Lock& lock, engine::OperationNode& operation, bool lease);
  void start_timer();
  void granted(Entry& entry) noexcept;
  [[nodiscard]] Ptr open_for(Entry& entry);
  [[nodiscard]] std::shared_ptr<Entry> take(QueuedOperation& operation) noexcept;
  [[nodiscard]] std::shared_ptr<Entry> forget(QueuedOperation& operation) noexcept;
  void opener_ended(ExclusiveConnection& pooled, TimePoint next) noexcept;
  [[nodiscard]] std::optional<CloseReason> place(const Ptr& pooled, bool dirty, std::shared_ptr<Entry>& next);
  [[nodiscard]] bool hand_over(const Ptr& pooled, Entry& entry);
  void cancel(Entry& entry, std::uint64_t id, engine::Cancellation how) noexcept;
  [[nodiscard]] std::vector<std::shared_ptr<Entry>> take_all();
  void settle() noexcept;
  void arm(TimePoint time) noexcept;
  void on_timer();
  void retry_if_due(TimePoint now);
  void end_timer() noexcept;
  [[nodiscard]] std::vector<Ptr> stoppable() const;

  // The ends of operations that no connection carries: exclusive_pool_ends.cpp
  [[nodiscard]] std::optional<Error> too_many(const engine::OperationNode& operation, bool lease) const;
  void end(engine::OperationNode& operation, bool lease, ErrorInfo info) const;
  [[nodiscard]] ErrorInfo expiry_of(const engine::OperationNode& operation, bool starting, bool lacks_room,
                                    TimePoint now) const;
  [[nodiscard]] Ptr take_unused(TimePoint since) noexcept;
  void close_unused(TimePoint since) noexcept;

  const std::shared_ptr<PoolContext> context_;
  mutable std::mutex mutex_{};
  std::vector<Ptr> connections_{};  // all
  std::vector<Ptr> idle_{};         // those that are free; the most recently used last
  ExclusiveQueue queue_;
  std::size_t allowed_ = Capacity::unlimited;  // as last set in the capacity
  std::optional<net::Loop> loop_{};            // of the timer, while there is one
  std::optional<boost::asio::steady_timer> timer_{};
  TimePoint armed_ = (TimePoint::max)();
  TimePoint stops_ = (TimePoint::max)();  // the deadline of `stop`
  bool ending_ = false;                   // the timer's end is posted
};

}  // namespace redstart::inline v0::pool
