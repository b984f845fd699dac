// SPDX-License-Identifier: Apache-2.0
// async_connection.hpp: interface of asynchronous connections and of their owners.
#pragma once

#include "../resilience/breaker_verdict.hpp"
#include "loop.hpp"
#include "open_watcher.hpp"
#include "outcome.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/engine/operation_node.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::net {

class Preparer;

/// Carries operations to the server: a queue, a socket and the operations in flight. The socket is opened and
/// closed many times (`open`, loss, `retire`). The queue remains, so that operations can wait for a
/// connection.
///
/// Thread safety: `submit`, `cancel`, `load`, `open`, `retire`, `stop` and `abandon` may be called on every
/// thread, all others on the loop, except where noted. The owner is notified on the loop, without a lock, and
/// never from inside one of its own calls.
class AsyncConnection : public std::enable_shared_from_this<AsyncConnection> {
 public:
  /// Decides when the connection is opened, is notified of its events and makes the errors of operations.
  class Owner : public OpenWatcher {
   public:
    /// The connection is closed and operations wait. Called once until it is opened or `fail_queued`.
    virtual void wanted(AsyncConnection& connection) = 0;
    virtual void opened(AsyncConnection& connection) = 0;
    /// The connect attempt failed. Queued operations keep waiting, until `open` or `fail_queued`.
    virtual void open_failed(AsyncConnection& connection, const Cause& failure) = 0;
    /// The socket is closed. Operations in flight were finished or queued again before.
    virtual void closed(AsyncConnection& connection, CloseReason reason) = 0;
    /// Nothing is queued or in flight; the handler of the last operation may still run. Called for exclusive
    /// connections, and after `notify_idle`.
    virtual void idle(AsyncConnection& connection) = 0;
    /// After `stop`: everything has ended. This is the last notification.
    virtual void stopped(AsyncConnection& connection) = 0;
    /// The server has answered `commands` commands, `errors` of them with an error reply. All took about
    /// `latency`.
    virtual void answered(AsyncConnection& connection, std::size_t commands, std::size_t errors,
                          std::chrono::nanoseconds latency) = 0;

    /// Pushes have arrived: `take_pushes` returns how many.
    virtual void pushed(AsyncConnection& /*connection*/) {}

    /// Returns a ticket of the circuit breaker that is valid for any number of operations. 0: `admit` decides
    /// for each operation.
    [[nodiscard]] virtual std::uint64_t common_ticket() const noexcept = 0;
    /// Sets the operation's ticket. Returns false if it must not be sent now.
    [[nodiscard]] virtual bool admit(engine::OperationNode& operation, TimePoint now) = 0;
    /// True if operations that are not admitted wait until `wake`; else they fail with `Errc::circuit_open`.
    [[nodiscard]] virtual bool waits() const noexcept = 0;
    /// Reports the end of an attempt to the circuit breaker and takes the ticket. Not called for an operation
    /// that was answered with the ticket of `common_ticket`.
    virtual void end_ticket(engine::OperationNode& operation, BreakerVerdict verdict, TimePoint now,
                            std::string_view why) = 0;
    /// The server answered with error `message`. Returns the delay before the retry and notes the retry in
    /// the operation, or returns nothing if the error is its answer. Takes the ticket if there is a retry, or
    /// if the error carries no information about the server's health.
    [[nodiscard]] virtual std::optional<std::chrono::milliseconds> retry_refused(
        AsyncConnection& connection, engine::OperationNode& operation, std::string_view message,
        TimePoint now) = 0;
    /// Like `retry_refused`, after the connection was lost. `reached`: some bytes of the operation had been
    /// sent, so that a retry is a further command for the server.
    [[nodiscard]] virtual std::optional<std::chrono::milliseconds> retry_lost(
        engine::OperationNode& operation, const Outcome& outcome, bool reached) = 0;
    /// The operation is about to be finished. Exclusive connections only; on any thread.
    virtual void ending(const engine::OperationNode&) noexcept {}
    /// `wake` was applied.
    virtual void woken(AsyncConnection& connection) = 0;
    /// Operations were completed after everything had stopped: makes sure that a thread runs their handlers.
    /// On every thread.
    virtual void flush() noexcept = 0;

    /// Counts a failure and returns the complete error of an operation without a reply, also of a cancelled
    /// one
    /// (`Errc::cancelled`). `code`, `effect` and `text` of the outcome are set.
    [[nodiscard]] virtual Error failed(const engine::OperationNode& operation, const Outcome& outcome) = 0;
    [[nodiscard]] virtual const engine::Origin& origin() const noexcept = 0;

   protected:
    Owner() = default;
    Owner(const Owner&) = default;
    Owner& operator=(const Owner&) = default;
    ~Owner() = default;
  };

  enum class Kind : std::uint8_t {
    shared,     ///< A sent operation that is cancelled or late leaves a tombstone.
    exclusive,  ///< A sent operation that is cancelled or late closes the connection.
  };

  /// True if the ticket is that of a probe: each end of a probe must be reported to the circuit breaker.
  [[nodiscard]] static constexpr bool is_probe(std::uint64_t ticket) noexcept {
    return ticket != 0 && (ticket & 1) == 0;
  }

  /// How much a connection holds. Values read on another thread may be slightly outdated.
  struct Load {
    std::size_t operations = 0;
    std::size_t bytes = 0;
    /// Tombstones: operations that were given up after they had been sent, and whose replies are due.
    std::size_t given_up = 0;
  };

  /// Makes a closed connection. `preparer`: null if the connection needs no preparation in common with
  /// others.
  ///
  /// Lifetimes: `config` and `client_name` must outlive the connection; the owner holds them.
  [[nodiscard]] static std::shared_ptr<AsyncConnection> make(Loop loop, const DatabaseConfig& config,
                                                             const std::string& client_name,
                                                             std::shared_ptr<Owner> owner, Kind kind,
                                                             std::shared_ptr<Preparer> preparer = nullptr);
  virtual ~AsyncConnection() = default;

  /// Takes ownership of an operation. Preconditions: its `start` and `deadline` are set.
  virtual void submit(engine::OperationNode& operation) noexcept = 0;
  virtual void cancel(std::uint64_t id, engine::Cancellation how) noexcept = 0;
  /// Cancels an operation that another connection handed over. `hops`: how many connections have forwarded
  /// this cancellation.
  virtual void forward_cancel(std::uint64_t id, engine::Cancellation how, unsigned hops) noexcept = 0;
  [[nodiscard]] virtual Load load() const noexcept = 0;
  /// The number of turns so far. While it grows, the loop is not stuck. On every thread.
  [[nodiscard]] virtual std::uint64_t turns() const noexcept = 0;
  /// True while the reply of an operation that has timed out is due: later replies wait behind it. Shared
  /// connections only; on every thread.
  [[nodiscard]] virtual bool reply_overdue() const noexcept = 0;

  /// Starts a connect attempt of at most the connect timeout. Does nothing unless closed.
  virtual void open() noexcept = 0;
  /// Closes the socket once nothing is in flight. Queued operations wait for the next `open`.
  virtual void retire(CloseReason reason) noexcept = 0;
  /// Requests one call of `Owner::idle`. On the loop.
  virtual void notify_idle() noexcept = 0;
  /// Asks the owner again to admit queued operations, and calls `Owner::woken`.
  virtual void wake() noexcept = 0;
  /// Sends PING before the next operation. If no reply comes, the connection is closed and queued operations
  /// wait for the next `open`. For exclusive connections without a caller; shared ones do it by themselves.
  virtual void check_next() noexcept = 0;
  /// Ends the connection. New operations fail with `Errc::closed`. Accepted ones may end until `deadline`,
  /// then they fail with `Errc::closed`. `Owner::stopped` follows.
  virtual void stop(TimePoint deadline) noexcept = 0;
  /// The loop's context is being destroyed: releases everything that belongs to it and completes no
  /// operation.
  virtual void abandon() noexcept = 0;

  // On the loop only.
  /// Fails all queued operations with `outcome`.
  virtual void fail_queued(const Outcome& outcome) = 0;
  /// Moves all queued operations, in order, to another shared connection. Preconditions: `to` is open.
  virtual void hand_over(AsyncConnection& to) = 0;
  /// Fails the queued operations that were started at `latest` or before. Returns the earliest start of the
  /// others, or nothing if there are none.
  [[nodiscard]] virtual std::optional<TimePoint> fail_queued(const Outcome& outcome, TimePoint latest) = 0;
  [[nodiscard]] virtual bool ready() const noexcept = 0;           ///< On every thread.
  [[nodiscard]] virtual TimePoint last_used() const noexcept = 0;  ///< On every thread.
  [[nodiscard]] virtual TimePoint opened_at() const noexcept = 0;
  [[nodiscard]] virtual const Loop& loop() const noexcept = 0;
  [[nodiscard]] virtual std::uint64_t take_pushes() noexcept = 0;

 protected:
  AsyncConnection() = default;
};

}  // namespace redstart::inline v0::net
