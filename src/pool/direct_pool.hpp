// SPDX-License-Identifier: Apache-2.0
// direct_pool.hpp: the direct connections to one server, and the lock of its capacity.
#pragma once

#include "../net/direct_connection.hpp"
#include "capacity.hpp"
#include "server.hpp"
#include "wakeup.hpp"

#include <redstart/core/result.hpp>

#include <boost/intrusive/list.hpp>

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
#include <vector>

namespace redstart::inline v0::pool {

class DirectPool;

/// A direct connection while one caller has it. The destructor closes the connection unless `give_back` was
/// called.
class DirectLease {
 public:
  using Connection = std::unique_ptr<net::DirectConnection>;

  /// `connection`: may be null.
  DirectLease(DirectPool& pool, Connection connection) noexcept
      : pool_(&pool), connection_(std::move(connection)) {}
  DirectLease(DirectLease&&) noexcept = default;
  /// Preconditions: holds nothing.
  DirectLease& operator=(DirectLease&& other) noexcept {
    pool_ = other.pool_;
    connection_ = std::move(other.connection_);
    return *this;
  }
  ~DirectLease();

  [[nodiscard]] net::DirectConnection* operator->() const noexcept { return connection_.get(); }
  [[nodiscard]] net::DirectConnection& operator*() const noexcept { return *connection_; }
  /// False if it never held a connection, or has returned it.
  explicit operator bool() const noexcept { return connection_ != nullptr; }

  /// Returns the connection to the pool, for the next caller.
  void give_back() noexcept;
  /// Closes the connection.
  void discard(CloseReason reason) noexcept;
  /// In a forked child: drops the connection without closing it. The pool of the parent still uses it.
  void leave_to_parent() noexcept { static_cast<void>(connection_.release()); }
  /// Reports an exchange to the server's reachability: a reply proves that the server works.
  void note(const net::Outcome& outcome) noexcept;
  /// Calls `note`, then `give_back` if the connection can be used again, else `discard`.
  void return_to_pool(const net::Outcome& outcome) noexcept {
    note(outcome);
    if (outcome.reusable)
      give_back();
    else
      discard(outcome.reason);
  }

 private:
  DirectPool* pool_;
  Connection connection_;
};

/// Gives one direct connection at a time to each caller, and opens it on that caller's thread. Callers beyond
/// the capacity of the server queue. Its lock guards that capacity, for connections of all kinds.
///
/// The direct grants of the capacity are:
///
/// |   direct connections that are idle, in use or being opened
/// | + grants that a direct waiter has received and not used yet
///
/// A direct connection is in one of these places:
///
/// * `in_use_`: being opened, used by a caller, handed to a waiter, or being checked. It leaves by
///   `release`, by `discard`, or if `open` fails.
/// * `idle_`: ready and unused, the most recently used at the end. It leaves when a caller takes it, or to
///   be closed: because it is dead, idle for too long or no longer wanted.
///
/// Locking: `mutex_` guards all members that are not atomic, except those set before the first use. Sockets
/// are opened, used, pinged and closed without the lock, and events emitted. Functions with a parameter
/// `Lock& lock` are called with the lock held. On return:
///
/// * `take_idle`: held if nothing was found, else released.
/// * `open`, `queue`: either. The caller tests `lock.owns_lock()`.
/// * `enqueue`, `close_keeping_grant`: held, but released for a while.
///
/// `release_grant`, `serve_queue` and `Waiter::notify` run with the lock held.
///
/// The members are in three files: direct_pool.cpp (acquire, open, return), direct_pool_queue.cpp (waiters
/// and grants) and direct_pool_upkeep.cpp (warm-up, checks, shutdown, statistics).
///
/// Thread safety: full.
class DirectPool : public std::enable_shared_from_this<DirectPool> {
 public:
  using Connection = DirectLease::Connection;

  explicit DirectPool(std::shared_ptr<Server> server);
  DirectPool(const DirectPool&) = delete;
  DirectPool& operator=(const DirectPool&) = delete;
  ~DirectPool();

  /// Returns an idle connection. Returns an empty lease if there is none or if callers are queued. Updates
  /// `now` if it had to check the connection.
  [[nodiscard]] DirectLease take_idle(TimePoint& now, TimePoint deadline);
  /// Returns an idle or new connection, or waits for one, at most until `deadline`. Waits in the queue for
  /// at most `timeouts.acquire`, and for a server that is loading until `deadline`. While the server is
  /// loading, one caller polls it and the others wait for that caller. While growth is paused, callers queue
  /// for the connections that work.
  ///
  /// `now`: the current time, to spare a clock reading; updated if the call waited.
  ///
  /// `paused`, unless null: if growth is paused and the caller would have to queue, sets `*paused` and
  /// returns the reason at once. The caller may then use a shared connection.
  [[nodiscard]] Result<DirectLease> acquire(TimePoint& now, TimePoint deadline, bool* paused = nullptr);

  /// Makes one connect attempt, unless the last one succeeded, or failed and the next is not due. Returns
  /// the error if the server can't be reached.
  [[nodiscard]] std::optional<Error> ensure_reachable(TimePoint now, TimePoint deadline);
  /// Opens connections on a helper thread until `min_idle` exist, those in use included, or an attempt
  /// fails. First closes idle connections that the server has closed. Does nothing if there are enough.
  void refill() noexcept;
  /// Opens connections until `count` are open. Returns the error of the first failed attempt.
  [[nodiscard]] std::optional<Error> warm_up(std::size_t count, TimePoint deadline);
  /// Sleeps until `until`. Returns false if the pool was stopped. Not on an loop thread.
  [[nodiscard]] bool pause(TimePoint until);
  /// `reply` shows that the server has another role now: closes idle connections at once and others when they
  /// are returned, at most once a second. Emits an event if `reply` names the primary. Returns true if this
  /// closes a connection that was opened at `opened`.
  bool role_changed(TimePoint now, std::string_view reply, TimePoint opened = TimePoint::max()) noexcept;

  /// Requests a grant for a connection of the waiter's kind. Returns true if it was granted at once, perhaps
  /// by closing an idle direct connection. Otherwise queues `waiter`, which is called later. `return_grant`
  /// ends the grant.
  [[nodiscard]] bool acquire_grant(Waiter& waiter) noexcept;
  /// Takes a free grant for a connection of this kind. Returns false if there is none, or if callers wait.
  [[nodiscard]] bool try_grant(ConnectionKind kind) noexcept;
  /// The first part of `acquire_grant`, for callers that hold a lock of their own. The second part is
  /// `finish_request`, without that lock.
  [[nodiscard]] bool request_grant(Waiter& waiter, Connection& superfluous) noexcept;
  void finish_request(ConnectionKind kind, bool granted, Connection superfluous) noexcept;
  /// Queues a waiter again whose grant was returned, at the place that it had.
  void requeue(Waiter& waiter) noexcept;
  /// Limits the grants of waiters of this kind; see Capacity.
  void allow(ConnectionKind kind, std::size_t grants) noexcept;
  /// Closes connections that nobody uses as long as the first waiter gets their grants.
  void free_room() noexcept;
  /// Decides about an exclusive connection that was returned or is new. `first`: the operation that waits
  /// longest, or null. If it has just received a grant, it gets the connection and its grant is free.
  [[nodiscard]] Capacity::Decision exclusive_returned(Waiter* first) noexcept;
  /// Removes `waiter` from the queue. Returns false if it has left the queue with a grant already.
  [[nodiscard]] bool dequeue(Waiter& waiter) noexcept;
  void return_grant(ConnectionKind kind) noexcept;
  /// True if a request for a grant would have to queue.
  [[nodiscard]] bool exhausted() const;
  /// True if somebody is queued and closing a connection would give the first waiter a grant.
  [[nodiscard]] bool shortage() const;
  /// Called after an attempt of another kind has ended or its connection was closed. Serves the queue: gives
  /// out free grants and starts attempts that are due.
  void reconsider() noexcept;
  /// Closes idle connections that the server has closed. Call it after a failed attempt, before
  /// `Reachability::failed`, so that dead connections do not count as working.
  void close_dead() noexcept;
  void interrupt_calls() noexcept;
  /// An attempt that began at `since` timed out although other connections seem to work. Sends PING over all
  /// connections that were not used since then. Does not wait for the replies.
  void ping_unused(TimePoint since) noexcept;
  /// Server or process has no room for one more connection of this kind: closes an idle connection.
  void make_room(ConnectionKind kind) noexcept;
  /// Sets `reclaim`, which is called without a lock when a waiter was queued. It may close idle connections
  /// of other kinds, and ask shared connections to yield their grants. Call before the first use.
  void on_shortage(std::function<void(ConnectionKind waiting)> reclaim) { reclaim_ = std::move(reclaim); }
  /// Sets `ping`, which does the work of `ping_unused` for connections of other kinds. Call before the first
  /// use.
  void on_ping_unused(std::function<void(TimePoint since)> ping) { ping_others_ = std::move(ping); }

  /// Takes over `max_connections` after a reload. Above a lower limit, idle connections are closed at once,
  /// and others when they are returned. Errors: std::bad_alloc, with which the limit stays.
  void resize();
  /// Closes connections that have been idle for longer than `idle_timeout`, then refills. Returns how many
  /// it closed.
  std::size_t cleanup_idle(TimePoint now);
  /// Accepts no more calls, fails queued callers and closes idle connections. Connections of other kinds
  /// still receive grants, because they have operations from before.
  void stop() noexcept;
  /// Waits until the calls under way have ended or `deadline` has passed. Then interrupts the rest and gives
  /// them until `last` to end. Preconditions: `stop` was called.
  void drain(TimePoint deadline, TimePoint last) noexcept;
  /// Like `drain`, without waiting: returns true if no call is under way. `interrupt`: interrupts those that
  /// are.
  [[nodiscard]] bool drained(bool interrupt) noexcept;

  void lease_began() noexcept { counts_.leased.fetch_add(1, std::memory_order_relaxed); }
  void lease_ended() noexcept { counts_.leased.fetch_sub(1, std::memory_order_relaxed); }
  void collect(PoolStats& into) const;
  [[nodiscard]] ConnectionState state() const;
  /// While the server is loading: the remaining time, if the server reported it.
  [[nodiscard]] std::optional<std::chrono::seconds> loading_eta() const;
  /// True from `stop` on.
  [[nodiscard]] bool draining() const;

 private:
  // A synchronous caller in the queue. Lives on its stack until it has taken every post that was announced.
  struct Caller final : Waiter {
    Caller() noexcept : Waiter(ConnectionKind::direct, Takes::connections) {}
    void notify() noexcept override {
      ++announced;
      wakeup.post();
    }
    // Takes the posts that are still to come.
    void take_posts() noexcept {
      for (; taken != announced; ++taken) wakeup.take();
    }
    Wakeup wakeup{};
    std::size_t announced = 0;  // posts; guarded by the lock, final once `has_connection` is set
    std::size_t taken = 0;
    std::atomic<bool> has_connection{false};  // read without the lock; `grant` and `connection` are set
    Connection connection{};
  };
  // The work of helper threads.
  struct Upkeep {
    net::DirectConnection* ahead = nullptr;   // being opened for no caller
    net::DirectConnection* pinged = nullptr;  // carries a PING of the pool
    bool filling = false;                     // a thread opens connections for no caller
    bool pinging = false;                     // a thread runs `ping_each`
    bool interrupted = false;                 // the shutdown has interrupted the calls under way
  };
  struct Counts {
    std::atomic<std::size_t> leased{0};
    std::size_t opened = 0;
    std::atomic<std::uint64_t> pushes_dropped{0};
    std::array<std::uint64_t, close_reasons> closed_by{};
  };
  friend class DirectLease;
  using Lock = std::unique_lock<std::mutex>;

  [[nodiscard]] DirectLease next_idle();
  [[nodiscard]] bool works(DirectLease& connection, TimePoint& now, TimePoint deadline) noexcept;
  DirectLease take_idle(Lock& lock, TimePoint& now, TimePoint deadline);
  Result<DirectLease> acquire_when_ready(TimePoint& now, TimePoint deadline, bool* paused);
  Result<DirectLease> try_acquire(TimePoint& now, TimePoint deadline, bool* paused);
  Result<DirectLease> queue(Lock& lock, TimePoint& now, TimePoint deadline, TimePoint began);
  [[nodiscard]] bool queues_after(const Error& error, TimePoint now, TimePoint deadline) const;
  void release(Connection connection) noexcept;
  [[nodiscard]] std::optional<CloseReason> take_back(Connection& connection) noexcept;
  void pushed(std::uint64_t messages) noexcept;
  void note_redirect(std::string_view reply) const noexcept;
  void closed(std::vector<Connection>& connections, CloseReason reason) noexcept;
  void discard(Connection connection, CloseReason reason) noexcept;
  void close_keeping_grant(Lock& lock, Connection connection, CloseReason reason) noexcept;
  [[nodiscard]] std::optional<CloseReason> close_reason_of(net::DirectConnection& connection, TimePoint& now,
                                                           TimePoint deadline) noexcept;
  [[nodiscard]] std::optional<CloseReason> close_reason_of_credentials(net::DirectConnection& connection,
                                                                       TimePoint& now,
                                                                       TimePoint deadline) noexcept;
  [[nodiscard]] std::optional<CloseReason> ping(net::DirectConnection& connection, TimePoint& now,
                                                TimePoint until) noexcept;
  void ping_each(TimePoint since) noexcept;
  void close_unused(TimePoint since) noexcept;
  void close_idle(TimePoint now, std::chrono::milliseconds unused, std::size_t keep, CloseReason reason,
                  std::vector<Connection>& into);
  class FillGuard;
  [[nodiscard]] bool needs_connection() const noexcept;
  void start_fill_thread() noexcept;
  struct Dead {
    Connection connection;
    CloseReason reason;
  };
  void remove_dead(TimePoint now, std::vector<Dead>& into);
  void fill() noexcept;
  void wait_for_grant(Lock& lock, Caller& self, TimePoint last);
  void enqueue(Lock& lock, Waiter& waiter) noexcept;
  [[nodiscard]] bool room_wanted() const;
  [[nodiscard]] Connection give_up_idle() noexcept;
  void close_given_up(Connection connection) noexcept;
  [[nodiscard]] bool may_open(const Waiter& waiter) const;
  void serve_queue() noexcept;
  void count_closed(CloseReason reason, std::size_t connections = 1) noexcept;
  [[nodiscard]] Error timed_out(std::chrono::nanoseconds waited) const;
  /// `ahead`: opened for no caller, so `stop` interrupts it.
  Result<DirectLease> open(Lock& lock, TimePoint& now, TimePoint deadline, bool ahead = false);
  void not_opened(Lock& lock, net::DirectConnection* connection) noexcept;
  void release_grant(ConnectionKind kind = ConnectionKind::direct) noexcept;
  [[nodiscard]] Error make_error(ErrorInfo info) const;

  const std::shared_ptr<Server> server_;
  Reachability* const reachability_;  // of the server
  Capacity& capacity_;                // of the server, guarded by `mutex_`
  std::function<void(ConnectionKind)> reclaim_{};
  std::function<void(TimePoint)> ping_others_{};

  mutable std::mutex mutex_{};
  std::condition_variable drained_{};
  std::condition_variable tried_{};
  TimePoint role_changed_{};        // connections opened before are closed when returned
  bool attempt_running_ = false;    // by `ensure_reachable`; others wait for its result
  std::vector<Connection> idle_{};  // the most recently used last
  boost::intrusive::list<net::DirectConnection> in_use_{};
  Upkeep upkeep_{};
  bool draining_ = false;
  bool closed_ = false;
  bool used_ = false;
  Counts counts_{};
};

}  // namespace redstart::inline v0::pool
