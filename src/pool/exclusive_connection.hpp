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

/// An asynchronous connection that one caller at a time uses. The pool keeps it for the next caller if it is
/// returned clean, and closes it if it is dirty, outdated or lost.
///
/// | state     | flags                  | leaves by
/// | --------- | ---------------------- | ------------------------------------------------------------
/// | opener    | `opener`, `ahead_`     | `opened` -> idle or claimed; a failure -> ended
/// | idle      | none, in the idle list | `claim` -> claimed; loss or `withdraw` -> ended
/// | claimed   | `claimed_`             | `lease_to` -> leased; `run` -> alone
/// | leased    | `claimed_`             | `use` -> used; `give_back` -> idle
/// | used      | `claimed_, used_`      | `give_back` -> returning; a loss -> broken
/// | alone     | `alone_, returning_`   | end of its one operation -> idle; a loss -> opened again
/// | returning | `returning_`           | end of the last operation in flight -> idle
/// | broken    | `claimed_, broken_`    | `give_back` -> ended; all operations fail before that
/// | ended     | see PooledConnection   | final
///
/// If the connection is lost after `lease_to` and before `use`, it is opened again: it has no state to lose.
/// `outdated_` is set when the server changes its role, or when the connection could not authenticate again:
/// the caller goes on, but then the connection is closed.
///
/// The pool's lock guards `claimed_`, `listed_at` and `opener`.
class ExclusiveConnection final : public PooledConnection {
 public:
  using Ptr = std::shared_ptr<ExclusiveConnection>;

  /// The pool's side. Called on any thread.
  class Pool {
   public:
    /// No caller has the connection any more, or it is new. It may be used, unless it is `dirty`.
    virtual void returned(Ptr pooled, bool dirty) = 0;
    /// The connection was closed. Returns false if a caller has it; otherwise it won't be used again.
    virtual bool withdraw(ExclusiveConnection& pooled) noexcept = 0;
    /// An opener could not be opened and ends. The next attempt may begin at `next`. `fails`: operations must
    /// not wait for it.
    virtual void not_opened(ExclusiveConnection& pooled, const Error& error, TimePoint next, bool fails) = 0;
    /// The connection has ended.
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
      : PooledConnection(std::move(context), ConnectionKind::exclusive), pool_(std::move(pool)) {}

  using PooledConnection::use_grant;
  /// Opens the connection for whichever operation waits longest when it is ready. Preconditions: `opener` is
  /// set, and `use_grant` was called.
  void open_ahead() noexcept;
  /// Reserves the connection for a caller. Call `claim`, `claimed` and `unclaim` under the pool's lock: code
  /// that finds the connection closed must know whether a caller has it.
  void claim() noexcept;
  void unclaim() noexcept { claimed_ = false; }
  [[nodiscard]] bool claimed() const noexcept { return claimed_; }
  /// Leases the connection to the caller of `operation`, which is completed with a channel once it is ready.
  /// Preconditions of `lease_to`, `run` and `send_ping`: it was claimed.
  void lease_to(engine::OperationNode& operation);
  /// Runs one operation on it; returns it afterwards.
  void run(engine::OperationNode& operation);
  /// Runs a PING of the pool on it, as `run` does. `stop` cancels the PING.
  void send_ping(engine::OperationNode& ping);
  /// The caller returns the connection. Any thread.
  void give_back(bool dirty) noexcept;
  void stop(TimePoint deadline) noexcept override;
  /// Closes it for good. Any thread.
  void end() noexcept;

  /// True if its lifetime has passed. Any thread.
  [[nodiscard]] bool over_age() const noexcept {
    return Clock::now().time_since_epoch().count() >= retires_.load(std::memory_order_relaxed);
  }
  /// True if the connection was lost after the caller had used it. Any thread.
  [[nodiscard]] bool broken() const noexcept { return broken_.load(std::memory_order_acquire); }
  /// The caller sends a command: from now on a lost connection can't be replaced silently.
  void use() noexcept { used_.store(true, std::memory_order_release); }
  using PooledConnection::context;
  // Guarded by the pool's lock.
  std::size_t listed_at = 0;  ///< Its index in the pool's list of all.
  bool opener = false;        ///< It is being opened, and no operation is on it.

 private:
  friend class LeaseWait;

  void wanted(net::AsyncConnection& connection) override;
  void connect_unavailable(const Error& error, TimePoint next) override;
  void postponed() override;
  void opened(net::AsyncConnection& connection) override;
  void closed(net::AsyncConnection& connection, CloseReason reason) override;
  void idle(net::AsyncConnection& connection) override;
  void leave_server(ServerCondition condition, TimePoint now) override;
  void close_unauthenticated() override;
  void woken(net::AsyncConnection& connection) override;
  void ending(const engine::OperationNode& operation) noexcept override;
  void large_reply(const engine::OperationNode& operation, std::size_t size) noexcept override;
  [[nodiscard]] bool may_retry() const noexcept override { return !used_.load(std::memory_order_acquire); }
  void on_ended() override;
  void return_when_idle() noexcept;
  void returned(bool dirty) noexcept;
  void give_up_opening(const Error& error, TimePoint next, bool fails);

  const std::weak_ptr<Pool> pool_;
  bool claimed_ = false;                    // a caller has it, or waits for it
  std::atomic<bool> wakes_to_open_{false};  // `open_ahead` was called
  bool ahead_ = false;                      // is opened for no operation; on the loop
  std::atomic<bool> returning_{false};      // returned; operations are still under way
  std::atomic<bool> used_{false};
  std::atomic<bool> alone_{false};         // runs a single operation
  std::atomic<bool> large_{false};         // which had a large reply
  std::atomic<TimePoint> used_since_{};    // when that operation got the connection
  std::atomic<std::uint64_t> ping_id_{0};  // the latest PING of the pool
  std::atomic<bool> broken_{false};
  std::atomic<bool> outdated_{false};  // close on return
  std::atomic<Clock::rep> retires_{TimePoint::max().time_since_epoch().count()};
};

}  // namespace redstart::inline v0::pool
