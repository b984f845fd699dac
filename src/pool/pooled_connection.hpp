// SPDX-License-Identifier: Apache-2.0
// pooled_connection.hpp: an asynchronous connection in its pool: grant, opening, reports.
#pragma once

#include "pool_context.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

namespace redstart::inline v0::pool {

/// The owner of one asynchronous connection: gets a grant, then permission for a connect attempt, then opens
/// the connection. Reports its events to reachability and breaker, and composes the errors of its
/// operations. The derived classes decide what follows a loss or a failed attempt.
///
/// States, all on the loop; each transition is a function below:
///
/// | state    | members                 | leaves by
/// | -------- | ----------------------- | -------------------------------------------------------
/// | closed   | none                    | `want` -> queued, delayed or opening
/// | queued   | `enqueued_`, `self_`    | `on_granted` (grant received) -> opening or delayed
/// | delayed  | `timer_`, perhaps grant | timer -> `want`; `leave_grant_to_others` returns a grant
/// | opening  | `has_grant_, opening_`  | `opened` -> works; `open_failed` -> delayed or closed
/// | works    | `has_grant_, works_`    | `note_closed` -> closed, grant kept for the next attempt
/// | ended    | `ended_`                | final; after `stop` or `abandon`; the grant is returned
///
/// It is a `Waiter` while queued, and the `OperationPlace` that passes cancellations on to the connection.
///
/// Thread safety: all functions run on the connection's loop, except where noted.
class PooledConnection : public net::AsyncConnection::Owner,
                         public engine::OperationPlace,
                         private Waiter,
                         public std::enable_shared_from_this<PooledConnection> {
 public:
  PooledConnection(const PooledConnection&) = delete;
  PooledConnection& operator=(const PooledConnection&) = delete;
  virtual ~PooledConnection() = default;

  void cancel(std::uint64_t id, engine::Cancellation how) noexcept override {
    if (!net::forked(context_->generation)) connection_->cancel(id, how);
  }
  /// Any thread.
  [[nodiscard]] net::AsyncConnection& connection() const noexcept { return *connection_; }
  /// The execution context of its loop is being destroyed. May be called on any thread, but only when no
  /// code runs on the loop any more.
  void abandon() noexcept;
  /// May be called on any thread; see AsyncConnection::stop.
  virtual void stop(TimePoint deadline) noexcept;
  /// True after the last event of the connection. May be called on any thread.
  [[nodiscard]] bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }

 protected:
  PooledConnection(std::shared_ptr<PoolContext> context, ConnectionKind of)
      : Waiter(of, Takes::grants), context_(std::move(context)) {}
  /// Creates the connection. Called once, right after construction.
  void connect_to(net::Loop loop, net::AsyncConnection::Kind as);

  /// Gets the grant and the permission that are missing, then opens the connection.
  void want();
  /// No attempt may begin now, or one has failed. The next one may begin at `next`.
  virtual void connect_unavailable(const Error& error, TimePoint next) = 0;
  /// The server is loading: operations keep waiting.
  virtual void postponed() = 0;
  /// The server no longer serves as before: replace the connection by a new one.
  virtual void leave_server(ServerCondition condition, TimePoint now) = 0;
  /// The connection could not authenticate again: close it after its work.
  virtual void close_unauthenticated() = 0;
  /// False if no command may be sent again after a loss, because the caller would not notice what the
  /// connection has lost.
  [[nodiscard]] virtual bool may_retry() const noexcept { return true; }
  /// True if queued operations keep waiting despite `failure` (`WhenAway::wait`).
  [[nodiscard]] bool outlasts(const Failure& failure) const noexcept;
  /// Fails all queued operations with this error.
  void fail_waiting(const Error& error);
  /// True if operations keep waiting after `error`: as `outlasts` says, or because the server is not away.
  [[nodiscard]] bool waits_after(const Error& error) const noexcept {
    return outlasts(error.info()) || !context_->reachability->failing();
  }
  /// Moves queued operations to another connection that works. Returns true if it did.
  virtual bool hand_over_queued() { return false; }
  /// Calls `action` on the loop at `time`, unless the connection has ended before. Replaces an earlier call.
  void call_at(TimePoint time, void (PooledConnection::*action)()) { call_at(timer_, time, action); }
  void call_at(std::optional<boost::asio::steady_timer>& timer, TimePoint time,
               void (PooledConnection::*action)());
  void give_grant_back();
  [[nodiscard]] bool holds_or_awaits_grant() const noexcept { return has_grant_ || enqueued_; }
  /// The pool has a grant for this connection. Call it before the first event.
  void use_grant() noexcept {
    has_grant_ = true;
    context_->open.fetch_add(1, std::memory_order_relaxed);
  }
  /// No attempt follows soon, so return the grant: the first waiter then makes its own attempt.
  void leave_grant_to_others() {
    if (context_->direct->shortage()) give_grant_back();
  }
  [[nodiscard]] PoolContext& context() const noexcept { return *context_; }
  /// Counts the closing reason, reports the loss and emits the event.
  void note_closed(CloseReason reason);
  virtual void on_ended() = 0;

  bool not_ready(const protocol::NotReady& state) override {
    return context_->reachability->not_ready(attempt_, state);
  }
  void ready(const protocol::HandshakeFsm& handshake) override {
    context_->reachability->greeted(attempt_, handshake.greeting());
  }
  void on_events(net::AsyncConnection& connection, const protocol::LinkEvents& events) final;
  // The events; see protocol::LinkEvent.
  virtual void wanted(net::AsyncConnection&) { want(); }
  virtual void opened(net::AsyncConnection& connection);
  virtual void closed(net::AsyncConnection& connection, CloseReason reason) = 0;
  virtual void idle(net::AsyncConnection& connection) = 0;
  virtual void woken(net::AsyncConnection&) {}
  void answered(std::size_t commands, std::size_t errors, std::chrono::nanoseconds latency) override;
  void succeeded(OperationId command, std::size_t operations,
                 std::chrono::nanoseconds duration) noexcept override;
  void error_reply(const engine::OperationNode& operation, std::string_view message,
                   TimePoint now) noexcept override;
  void large_reply(const engine::OperationNode& operation, std::size_t size) noexcept override;
  [[nodiscard]] std::uint64_t common_ticket() const noexcept override {
    return context_->server->breaker().common_ticket();
  }
  [[nodiscard]] bool admit(engine::OperationNode& operation, TimePoint now) override;
  [[nodiscard]] bool waits() const noexcept override;
  void end_ticket(engine::OperationNode& operation, BreakerVerdict verdict, TimePoint now,
                  std::string_view why) override;
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry_refused(engine::OperationNode& operation,
                                                                       std::string_view message,
                                                                       TimePoint now) override;
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry_lost(engine::OperationNode& operation,
                                                                    const net::Outcome& outcome,
                                                                    bool reached) override;
  void flush() noexcept override { context_->loops->flush(); }
  [[nodiscard]] Error failed(const engine::OperationNode& operation, const net::Outcome& outcome) override;
  [[nodiscard]] const engine::Origin& origin() const noexcept override { return context_->server->origin(); }

 private:
  void notify() noexcept override;
  void on_granted();
  void open_failed(const Cause& failure);
  void stopped();
  void pushed(std::uint64_t pushes);
  void note_ended();
  void left(CloseReason reason);
  void waits_for_room();
  void acquire_expired();
  [[nodiscard]] AttemptRules rules_of(const engine::OperationNode& operation) const noexcept;
  [[nodiscard]] ErrorInfo queue_failure_after(std::chrono::nanoseconds elapsed) const;
  [[nodiscard]] ErrorInfo explain_timeout(const net::Outcome& outcome, ErrorInfo info) const;

  const std::shared_ptr<PoolContext> context_;
  std::shared_ptr<net::AsyncConnection> connection_{};
  std::optional<boost::asio::steady_timer> timer_{};
  std::shared_ptr<PooledConnection> self_{};  // while it is queued
  bool has_grant_ = false;
  bool enqueued_ = false;
  bool opening_ = false;
  bool works_ = false;  // counted by reachability as working
  Reachability::ConnectAttempt attempt_{};
  protocol::Reconnect::Connection ready_{};
  Breaker::Silence silence_{};
  std::optional<TimePoint> waits_since_{};                    // for a grant, or for growth
  std::optional<boost::asio::steady_timer> acquire_timer_{};  // limit of the first queued operation
  std::optional<Error> queue_failure_{};  // error with which queued operations last failed
  std::atomic<bool> ended_{false};
};

}  // namespace redstart::inline v0::pool
