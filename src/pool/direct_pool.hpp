// SPDX-License-Identifier: Apache-2.0
// direct_pool.hpp: the direct connections to one server, lent in FIFO order.
#pragma once

#include "../net/direct_connection.hpp"
#include "server.hpp"

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

/// Somebody in line for a connection, or for the right to open one. Guarded by the pool's lock while in line.
struct Waiter : boost::intrusive::list_base_hook<> {
  enum class Grant : std::uint8_t { nothing, connection, capacity, shutdown };

  /// The line has decided: `got` says how. Called with the pool's lock held; must not call the pool. One that
  /// takes connections is also called to look again, `got` being nothing.
  virtual void decided() noexcept = 0;

  Grant grant = Grant::nothing;
  bool takes_connections = true;  ///< False: wants a slot only.
  std::unique_ptr<net::DirectConnection> connection{};

 protected:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() = default;
};

/// A connection on loan. Whatever happens, an exception included, it goes back: as given back, or else to be
/// closed.
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
  /// False where there was none, or once it was given back.
  explicit operator bool() const noexcept { return connection_ != nullptr; }

  /// For the next caller.
  void give_back() noexcept;
  /// To be closed.
  void discard(CloseReason reason) noexcept;
  /// In the child of a fork: leaves it alone. The parent's pool, which lives on, knows it still.
  void leave_to_parent() noexcept { static_cast<void>(connection_.release()); }
  /// Tells the pool what an exchange says about the server.
  void note(const net::Outcome& outcome) noexcept;
  /// Notes it, then the one or the other, as the exchange left it.
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

/// Lends direct connections and opens them on the thread of the caller that needs one. Keeps the count of all
/// connections of the database: never more than `max_connections` at a time, those being opened and
/// asynchronous ones included; who comes beyond that waits in line, first come, first served.
///
/// Thread safety: full.
class DirectPool : public std::enable_shared_from_this<DirectPool> {
 public:
  using Connection = DirectLease::Connection;

  explicit DirectPool(std::shared_ptr<Server> server);
  DirectPool(const DirectPool&) = delete;
  DirectPool& operator=(const DirectPool&) = delete;
  ~DirectPool();

  /// An idle connection, if there is one and nobody waits for it; else what holds nothing.
  [[nodiscard]] DirectLease take_idle(TimePoint& now, TimePoint deadline);
  /// Lends a connection, at most until `deadline`; for a free one it waits for `timeouts.acquire` at most,
  /// for a server that is loading for as long as the caller can. `now` spares a reading of the clock, and is
  /// renewed when it came to waiting. While the server is loading, one caller waits at the server, the others
  /// for him. While growth is paused, callers queue for the connections that work.
  ///
  /// `paused`, unless null: set where the caller would have to queue because no further connection can be
  /// opened at present. It then gets the reason at once, and may look for another way.
  [[nodiscard]] Result<DirectLease> acquire(TimePoint& now, TimePoint deadline, bool* paused = nullptr);

  /// One attempt, unless the last one succeeded, or failed so lately that the next is not due.
  [[nodiscard]] std::optional<Error> ensure_reachable(TimePoint now, TimePoint deadline);
  /// Opens connections, on a helper thread, until there are `min_idle`, lent ones included, or one can't be
  /// opened. Closes idle ones first that the server has closed. Does nothing where there are enough.
  void refill() noexcept;
  /// Opens connections until `count` are open.
  [[nodiscard]] std::optional<Error> warm_up(std::size_t count, TimePoint deadline);
  /// Sleeps; false when the pool was stopped meanwhile. Not on an engine thread.
  [[nodiscard]] bool pause(TimePoint until);
  /// `reply` shows that the server has another role now: closes idle connections at once and others when they
  /// are returned, at most once a second. Emits an event if `reply` names the primary. Returns true if this
  /// closes a connection that was opened at `opened`.
  bool role_changed(TimePoint now, std::string_view reply, TimePoint opened = TimePoint::max()) noexcept;

  /// The right to open a connection of another kind: true at once, or `waiter` stands in line and is told.
  /// Closes an idle direct connection if that is what it takes. `return_grant` ends it.
  [[nodiscard]] bool acquire_grant(Waiter& waiter) noexcept;
  /// Leaves the line; false when it has been decided already.
  [[nodiscard]] bool dequeue(Waiter& waiter) noexcept;
  void return_grant() noexcept;
  /// True while who wanted a slot would have to wait for it.
  [[nodiscard]] bool exhausted() const;
  /// True while somebody waits in line, and another connection that closes would make room for it.
  [[nodiscard]] bool shortage() const;
  /// After an attempt of another kind has ended, or its connection was closed: grants what can be granted
  /// now, and starts the attempts that are due.
  void reconsider() noexcept;
  /// Closes idle connections that the server has closed. After a failed attempt, before it is judged.
  void close_dead() noexcept;
  /// An attempt that began at `since` got no answer, although other connections seem to work. Sends PING over
  /// those that nobody has used since then; does not wait for the answers.
  void ping_unused(TimePoint since) noexcept;
  /// Server or process has no room for one more connection that `waiter` needs: closes one that is idle.
  void make_room(const Waiter& waiter) noexcept;
  /// `reclaim` is called, with no lock held, when somebody has begun to wait: it may close idle connections
  /// of other kinds, and ask those to give way that will get a slot before him. Set before the first use.
  void on_shortage(std::function<void(const Waiter& waiter)> reclaim) { reclaim_ = std::move(reclaim); }
  /// `ping` does what `ping_unused` does, for connections of other kinds. Set before the first use.
  void on_ping_unused(std::function<void(TimePoint since)> ping) { ping_others_ = std::move(ping); }

  /// Closes connections that have been idle for longer than `idle_timeout`, and refills; returns how many it
  /// closed.
  std::size_t cleanup_idle(TimePoint now);
  /// Takes no more calls, sends callers in line away, closes what is idle. Connections of other kinds still
  /// get slots: they have operations from before.
  void stop() noexcept;
  /// Waits until the calls under way have ended or `deadline` has passed, interrupts the rest and gives them
  /// until `last` to notice. Preconditions: `stop` was called.
  void drain(TimePoint deadline, TimePoint last) noexcept;
  /// The same without waiting: true when no call is under way any more; `interrupt`: sees to that.
  [[nodiscard]] bool drained(bool interrupt) noexcept;

  void lease_began() noexcept { leased_.fetch_add(1, std::memory_order_relaxed); }
  void lease_ended() noexcept { leased_.fetch_sub(1, std::memory_order_relaxed); }
  void collect(PoolStats& into) const;
  [[nodiscard]] ConnectionState state() const;
  /// While the server is loading its data set: how much longer, as far as it said.
  [[nodiscard]] std::optional<std::chrono::seconds> loading_eta() const;
  /// True from `stop` on.
  [[nodiscard]] bool draining() const;

 private:
  // A caller in line; lives on its stack.
  struct Caller final : Waiter {
    void decided() noexcept override { turn.notify_one(); }  // under the lock: once awake, it may be gone
    std::condition_variable turn{};
  };
  friend class DirectLease;
  using Lock = std::unique_lock<std::mutex>;

  DirectLease take_idle(Lock& lock, TimePoint& now, TimePoint deadline);
  Result<DirectLease> try_acquire(TimePoint& now, TimePoint deadline, bool* paused);
  Result<DirectLease> queue(Lock& lock, TimePoint& now, TimePoint deadline, TimePoint began);
  [[nodiscard]] bool queues_after(const Error& error, TimePoint now, TimePoint deadline) const;
  void release(Connection connection) noexcept;
  [[nodiscard]] std::optional<CloseReason> take_back(Connection& connection) noexcept;
  void pushed(std::uint64_t messages) noexcept;
  void note_redirect(std::string_view reply) const noexcept;
  void closed(std::vector<Connection>& connections, CloseReason reason) noexcept;
  void discard(Connection connection, CloseReason reason) noexcept;
  void forget(Lock& lock, Connection connection, CloseReason reason) noexcept;
  [[nodiscard]] std::optional<CloseReason> close_reason_of(net::DirectConnection& connection, TimePoint& now,
                                                           TimePoint deadline) noexcept;
  [[nodiscard]] std::optional<CloseReason> ping(net::DirectConnection& connection, TimePoint& now,
                                                TimePoint until) noexcept;
  void ping_each(TimePoint since) noexcept;
  void close_unused(TimePoint since) noexcept;
  void close_idle(TimePoint now, std::chrono::milliseconds unused, std::size_t keep, CloseReason reason,
                  std::vector<Connection>& into);
  class FillGuard;
  [[nodiscard]] bool lacks() const noexcept;
  void start_fill_thread() noexcept;
  struct Dead {
    Connection connection;
    CloseReason reason;
  };
  void take_dead(TimePoint now, std::vector<Dead>& into);
  void fill() noexcept;
  void wait_for_turn(Lock& lock, Caller& self, TimePoint last);
  void enqueue(Lock& lock, Waiter& waiter) noexcept;
  [[nodiscard]] bool room_wanted() const;
  [[nodiscard]] bool front_may_open() const;
  void serve_queue() noexcept;
  [[nodiscard]] Waiter* next_for_connection() noexcept;
  void count_closed(CloseReason reason, std::size_t connections = 1) noexcept;
  [[nodiscard]] Error timed_out(std::chrono::nanoseconds waited) const;
  /// `ahead`: for no caller; `stop` interrupts it.
  Result<DirectLease> open(Lock& lock, TimePoint& now, TimePoint deadline, bool ahead = false);
  void release_grant() noexcept;
  void admit_next() noexcept;
  [[nodiscard]] Error make_error(ErrorInfo info) const;

  const std::shared_ptr<Server> server_;
  Reachability* const reachability_;  // of the server
  std::function<void(const Waiter&)> reclaim_{};
  std::function<void(TimePoint)> ping_others_{};

  mutable std::mutex mutex_{};
  std::condition_variable drained_{};
  std::condition_variable tried_{};
  TimePoint role_changed_{};        // connections that were opened before are closed for it
  bool attempt_running_ = false;    // whether the database can be reached
  std::vector<Connection> idle_{};  // the most recently used last
  boost::intrusive::list<net::DirectConnection> in_use_{};
  boost::intrusive::list<Waiter> waiters_{};
  net::DirectConnection* ahead_ = nullptr;   // that is being opened for no caller
  net::DirectConnection* pinged_ = nullptr;  // over which a PING of the pool is under way
  std::size_t open_ = 0;     // idle, in use, being opened, reserved for a waiter, and slots taken
  std::size_t granted_ = 0;  // taken by connections of other kinds
  bool filling_ = false;     // somebody opens connections ahead
  bool pinging_ = false;     // a helper thread sends PING over idle connections
  bool draining_ = false;
  bool closed_ = false;
  bool used_ = false;
  std::atomic<std::size_t> leased_{0};
  std::size_t opened_ = 0;
  std::atomic<std::uint64_t> pushes_dropped_{0};
  std::array<std::uint64_t, close_reasons> closed_by_{};
};

}  // namespace redstart::inline v0::pool
