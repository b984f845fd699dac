// SPDX-License-Identifier: Apache-2.0
// exclusive_connection.hpp: an asynchronous connection that one caller at a time uses.
#pragma once

#include "pooled_connection.hpp"

#include <redstart/engine/async_channel.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace redstart::inline v0::pool {

/// Created for one caller. It is kept for the next one if it is returned clean, and closed if it is lost.
class ExclusiveConnection final : public PooledConnection {
 public:
  using Ptr = std::shared_ptr<ExclusiveConnection>;

  /// Is notified of the connection's state, on any thread.
  class Pool {
   public:
    /// It was returned. It may be lent again unless it is `dirty`.
    virtual void returned(Ptr pooled, bool dirty) = 0;
    /// It was closed: false if a caller has it, else it will not be lent again.
    virtual bool withdraw(ExclusiveConnection& pooled) noexcept = 0;
    /// It has ended.
    virtual void gone(ExclusiveConnection& pooled) noexcept = 0;

   protected:
    Pool() = default;
    Pool(const Pool&) = default;
    Pool& operator=(const Pool&) = default;
    ~Pool() = default;
  };

  [[nodiscard]] static Ptr make(std::shared_ptr<PoolContext> context, net::Loop loop,
                                std::weak_ptr<Pool> pool);
  ExclusiveConnection(std::shared_ptr<PoolContext> context, std::weak_ptr<Pool> pool)
      : PooledConnection(std::move(context)), pool_(std::move(pool)) {}

  /// Claims it for a caller. Under the lock of its pool, like `claimed` and `unclaim`, so that a thread that
  /// finds it closed knows whether a caller has it.
  void claim() noexcept;
  void unclaim() noexcept { claimed_ = false; }
  [[nodiscard]] bool claimed() const noexcept { return claimed_; }
  /// Lends it to the caller of `operation`, which is completed with a channel once it is ready.
  /// Preconditions of both: it was claimed.
  void lease_to(engine::OperationNode& operation);
  /// Runs one operation on it; it is returned afterwards.
  void run(engine::OperationNode& operation);
  /// Sends PING over it, as `run` does. `stop` cancels it.
  void send_ping(engine::OperationNode& ping);
  /// The caller returns it. Any thread.
  void give_back(bool dirty) noexcept;
  void stop(TimePoint deadline) noexcept override;
  /// Closes it for good. Any thread.
  void end() noexcept;

  /// True once it is older than `max_lifetime`. Any thread.
  [[nodiscard]] bool over_age() const noexcept {
    return Clock::now().time_since_epoch().count() >= retires_.load(std::memory_order_relaxed);
  }
  /// True once the connection that its caller used has broken. Any thread.
  [[nodiscard]] bool broken() const noexcept { return broken_.load(std::memory_order_acquire); }
  /// The caller sends a command: from now on a lost connection can't be replaced unnoticed.
  void use() noexcept { used_.store(true, std::memory_order_release); }
  using PooledConnection::context;
  std::size_t listed_at = 0;  ///< Its index in the pool's list, under the pool's lock.
 private:
  friend class LeaseWait;

  void wanted(net::AsyncConnection& connection) override;
  void connect_unavailable(const Error& error, TimePoint next) override;
  void postponed() override;
  void opened(net::AsyncConnection& connection) override;
  void closed(net::AsyncConnection& connection, CloseReason reason) override;
  void idle(net::AsyncConnection& connection) override;
  void leave_server(ServerCondition condition, TimePoint now) override;
  // The session state of a connection is lost with it.
  void ending(const engine::OperationNode& operation) noexcept override {
    if (alone_.load(std::memory_order_relaxed)) context().alone_ended(operation);
  }
  [[nodiscard]] bool repeats() const noexcept override { return !used_.load(std::memory_order_acquire); }
  void on_ended() override;
  void return_when_idle() noexcept;
  void returned(bool dirty) noexcept;

  const std::weak_ptr<Pool> pool_;
  bool claimed_ = false;                // a caller has it, or waits for it
  std::atomic<bool> returning_{false};  // returned; operations are still under way
  std::atomic<bool> used_{false};
  std::atomic<bool> alone_{false};         // it carries a single operation
  std::atomic<std::uint64_t> ping_id_{0};  // the latest PING of the pool
  std::atomic<bool> broken_{false};
  std::atomic<bool> outdated_{false};  // its server has another role now: it must not be lent again
  std::atomic<Clock::rep> retires_{TimePoint::max().time_since_epoch().count()};
};

}  // namespace redstart::inline v0::pool
