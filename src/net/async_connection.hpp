// SPDX-License-Identifier: Apache-2.0
// async_connection.hpp: a connection that carries many callers' operations at once, on a loop.
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

/// One place in a pool through which operations go to the server: queue, socket, operations in flight. The
/// socket comes and goes (`open`, loss, `retire`); the queue stays, so that operations can wait for a
/// connection.
///
/// Thread safety: `submit`, `cancel`, `load`, `open`, `retire`, `stop`, `abandon` on every thread; the rest
/// on the loop. Everything the owner is told, it is told on the loop with no lock held, and never from inside
/// a call of its own.
class AsyncConnection : public std::enable_shared_from_this<AsyncConnection> {
 public:
  /// Who decides when it is opened, and finds the words.
  class Owner : public OpenWatcher {
   public:
    /// It is closed and operations wait. Told once until it is opened or `fail_queued`.
    virtual void wanted(AsyncConnection& connection) = 0;
    virtual void opened(AsyncConnection& connection) = 0;
    /// Operations in the queue wait on, until `open` or `fail_queued`.
    virtual void open_failed(AsyncConnection& connection, const OpenFailure& failure) = 0;
    /// The socket is closed; operations that had been sent were finished (or put back into the queue) before.
    virtual void closed(AsyncConnection& connection, CloseReason reason) = 0;
    /// Exclusive connections, and where `notify_idle` asked for it: the last operation has been finished (its
    /// handler may still run), nothing is queued or in flight.
    virtual void idle(AsyncConnection& connection) = 0;
    /// After `stop`: everything has ended, nothing will be told any more.
    virtual void stopped(AsyncConnection& connection) = 0;
    /// Replies of single commands or batches, `errors` of them errors of the server; all took about
    /// `latency`.
    virtual void answered(AsyncConnection& connection, std::size_t commands, std::size_t errors,
                          std::chrono::nanoseconds latency) = 0;

    /// Messages came that nobody asked for: `take_pushes` says how many.
    virtual void pushed(AsyncConnection& /*connection*/) {}

    /// The circuit breaker's ticket for any number of operations; 0: `admit` decides for each.
    [[nodiscard]] virtual std::uint64_t pass() const noexcept = 0;
    /// Sets the operation's ticket; false: it must not be sent now.
    [[nodiscard]] virtual bool admit(engine::OperationNode& operation, TimePoint now) = 0;
    /// True where what was not admitted waits until `wake`; else it ends with `Errc::circuit_open`.
    [[nodiscard]] virtual bool waits() const noexcept = 0;
    /// What an attempt told the circuit breaker; takes the ticket. Not told of passes that were answered.
    virtual void ended(engine::OperationNode& operation, BreakerVerdict verdict, TimePoint now,
                       std::string_view why) = 0;
    /// The server answered with that error. The delay before the next attempt, which is noted in the
    /// operation; empty: the error is its answer. Takes the ticket where there is one more attempt, or where
    /// the answer tells nothing about the server.
    [[nodiscard]] virtual std::optional<std::chrono::milliseconds> retry_refused(
        AsyncConnection& connection, engine::OperationNode& operation, std::string_view message,
        TimePoint now) = 0;
    /// The same where the connection broke; `reached`: some of the operation's bytes had been sent, so that
    /// one more attempt is one more command for the server.
    [[nodiscard]] virtual std::optional<std::chrono::milliseconds> retry_lost(
        engine::OperationNode& operation, const Outcome& outcome, bool reached) = 0;
    /// Not of `Kind::shared`, on any thread: the operation is about to be finished.
    virtual void ending(const engine::OperationNode&) noexcept {}
    /// After `wake`.
    virtual void woken(AsyncConnection& connection) = 0;
    /// Operations were completed after everything had stopped: somebody has to run their handlers. On every
    /// thread.
    virtual void flush() noexcept = 0;

    /// The error of an operation that gets no reply: counted, with all that a message must say. `code`,
    /// `effect` and `text` of the outcome are set. Also for cancelled ones (`Errc::cancelled`).
    [[nodiscard]] virtual Error failed(const engine::OperationNode& operation, const Outcome& outcome) = 0;
    [[nodiscard]] virtual const engine::Origin& origin() const noexcept = 0;

   protected:
    Owner() = default;
    Owner(const Owner&) = default;
    Owner& operator=(const Owner&) = default;
    ~Owner() = default;
  };

  enum class Kind : std::uint8_t {
    shared,     ///< What is cancelled or late after it was sent leaves a tombstone.
    exclusive,  ///< …closes the connection.
  };

  /// True when a ticket is that of a probe, every end of which has to be told.
  [[nodiscard]] static constexpr bool is_probe(std::uint64_t ticket) noexcept {
    return ticket != 0 && (ticket & 1) == 0;
  }

  /// What it holds at the moment; a little old when read on another thread.
  struct Load {
    std::size_t operations = 0;
    std::size_t bytes = 0;
    /// Operations that were given up after they had been sent, and whose replies are still to come.
    std::size_t given_up = 0;
  };

  /// `config` and `client_name` must outlive the connection (the owner holds them). `preparer`: null for a
  /// plain connection that shares its questions with no other.
  [[nodiscard]] static std::shared_ptr<AsyncConnection> make(Loop loop, const DatabaseConfig& config,
                                                             const std::string& client_name,
                                                             std::shared_ptr<Owner> owner, Kind kind,
                                                             std::shared_ptr<Preparer> preparer = nullptr);
  virtual ~AsyncConnection() = default;

  /// Takes an operation over, its `start` and `deadline` set.
  virtual void submit(engine::OperationNode& operation) noexcept = 0;
  virtual void cancel(std::uint64_t id, engine::Cancellation how) noexcept = 0;
  /// A cancellation of an operation that another connection handed over. `hops`: how many connections have
  /// passed it on.
  virtual void forward_cancel(std::uint64_t id, engine::Cancellation how, unsigned hops) noexcept = 0;
  [[nodiscard]] virtual Load load() const noexcept = 0;
  /// Grows with each turn: a loop whose connection has one is not stuck. On every thread.
  [[nodiscard]] virtual std::uint64_t turns() const noexcept = 0;
  /// True from a time-out of what was sent over it until that reply has come after all, or the connection is
  /// closed: what is sent now waits behind it. Shared ones only; on every thread.
  [[nodiscard]] virtual bool overdue() const noexcept = 0;

  /// Resolves, connects and shakes hands, for at most the connect timeout. Does nothing unless closed.
  virtual void open() noexcept = 0;
  /// Closes the socket once nothing is in flight; what is queued waits for the next `open`.
  virtual void retire(CloseReason reason) noexcept = 0;
  /// The owner wants to be told `idle` once. On the loop.
  virtual void notify_idle() noexcept = 0;
  /// Looks whether operations that were not admitted may be sent now, and tells the owner `woken`.
  virtual void wake() noexcept = 0;
  /// An exclusive connection that nobody has: the server is asked by PING before what is submitted next is
  /// sent; when it does not answer, the connection is closed and what is queued waits for the next `open`.
  /// Shared ones do that by themselves.
  virtual void check_next() noexcept = 0;
  /// Takes no more operations (they end with `Errc::closed`); those it has may end until `deadline`, then
  /// they end with `Errc::closed`. Then `stopped`.
  virtual void stop(TimePoint deadline) noexcept = 0;
  /// The loop's context is being destroyed: gives everything back that belongs to it, without a completion.
  virtual void abandon() noexcept = 0;

  // On the loop only.
  /// Ends all operations in the queue: `outcome` says why.
  virtual void fail_queued(const Outcome& outcome) = 0;
  /// Gives all operations in the queue, in their order, to another shared connection, which is open.
  virtual void hand_over(AsyncConnection& to) = 0;
  /// The same as `fail_queued` for those that were started at `latest` or before; returns when the first of
  /// the others was.
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
