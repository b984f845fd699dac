// SPDX-License-Identifier: Apache-2.0
// direct_pool.hpp: the direct connections of one database: lent out one at a time, first come, first served.
#pragma once

#include "database.hpp"

#include <redstart/core/result.hpp>
#include <redstart/protocol/reconnect.hpp>

#include <boost/intrusive/list.hpp>

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <random>
#include <vector>

namespace redstart::pool {

class DirectPool;

/// A connection on loan. Whatever happens, an exception included, it goes back: as given back, or else to be
/// closed.
class Borrowed {
 public:
  using Connection = std::unique_ptr<net::DirectConnection>;

  Borrowed(DirectPool& pool, Connection connection) noexcept
      : pool_(&pool), connection_(std::move(connection)) {}
  Borrowed(Borrowed&&) noexcept = default;
  /// Preconditions: holds nothing.
  Borrowed& operator=(Borrowed&& other) noexcept {
    pool_ = other.pool_;
    connection_ = std::move(other.connection_);
    return *this;
  }
  ~Borrowed();

  [[nodiscard]] net::DirectConnection* operator->() const noexcept { return connection_.get(); }
  [[nodiscard]] net::DirectConnection& operator*() const noexcept { return *connection_; }
  /// False once it was given back.
  explicit operator bool() const noexcept { return connection_ != nullptr; }

  /// For the next caller.
  void give_back() noexcept;
  /// To be closed.
  void discard(CloseReason reason) noexcept;
  /// The one or the other, as the exchange left it.
  void settle(const net::Outcome& outcome) noexcept {
    if (outcome.reusable)
      give_back();
    else
      discard(outcome.reason);
  }

 private:
  DirectPool* pool_;
  Connection connection_;
};

/// Lends connections and opens them on the thread of the caller that needs one. Never more than
/// `max_connections` at a time, those being opened included; callers beyond that wait in line.
///
/// Thread safety: full.
class DirectPool {
 public:
  using Connection = Borrowed::Connection;

  explicit DirectPool(std::shared_ptr<Database> database);
  DirectPool(const DirectPool&) = delete;
  DirectPool& operator=(const DirectPool&) = delete;
  ~DirectPool();

  /// Lends a connection, at most until `deadline`. `now` spares a reading of the clock, and is renewed when
  /// it came to waiting.
  [[nodiscard]] Result<Borrowed> acquire(Time& now, Time deadline);

  /// One attempt, unless the last one succeeded, or failed so lately that the next is not due.
  [[nodiscard]] std::optional<Error> ensure_reachable(Time now, Time deadline);
  /// Opens connections until `count` are open.
  [[nodiscard]] std::optional<Error> warm_up(std::size_t count, Time deadline);

  std::size_t cleanup_idle(Time now);
  /// Takes no more calls, sends those in line away, closes what is idle.
  void stop() noexcept;
  /// Waits until the calls under way have ended or `deadline` has passed, interrupts the rest and gives them
  /// until `last` to notice. Preconditions: `stop` was called.
  void drain(Time deadline, Time last) noexcept;

  void lease_began() noexcept { leased_.fetch_add(1, std::memory_order_relaxed); }
  void lease_ended() noexcept { leased_.fetch_sub(1, std::memory_order_relaxed); }
  void collect(PoolStats& into) const;
  [[nodiscard]] ConnectionState state() const;
  /// True from `stop` on.
  [[nodiscard]] bool ended() const;

 private:
  // A caller in line; lives on its stack, guarded by the pool's lock.
  struct Waiter : boost::intrusive::list_base_hook<> {
    enum class Got : std::uint8_t { nothing, connection, slot, shutdown };
    std::condition_variable turn{};
    Got got = Got::nothing;
    Connection connection{};
  };
  friend class Borrowed;
  using Lock = std::unique_lock<std::mutex>;

  void release(Connection connection) noexcept;
  void discard(Connection connection, CloseReason reason) noexcept;
  void forget(Lock& lock, Connection connection, CloseReason reason) noexcept;
  Result<Borrowed> wait_in_line(Lock& lock, Time& now, Time deadline);
  Result<Borrowed> open(Lock& lock, Time& now, Time deadline);
  [[nodiscard]] Time retirement(Time opened) noexcept;
  void give_back_slot() noexcept;
  void admit_next() noexcept;
  [[nodiscard]] Error refused(ErrorInfo info) const;
  [[nodiscard]] double random() noexcept;

  const std::shared_ptr<Database> database_;

  mutable std::mutex mutex_{};
  std::condition_variable drained_{};
  std::vector<Connection> idle_{};  // the most recently used last
  boost::intrusive::list<net::DirectConnection> in_use_{};
  boost::intrusive::list<Waiter> waiters_{};
  std::size_t open_ = 0;  // idle, in use, being opened, and reserved for a waiter
  bool draining_ = false;
  bool closed_ = false;
  bool used_ = false;
  protocol::Reconnect reconnect_{};
  std::optional<Error> last_failure_{};
  std::minstd_rand random_;
  std::atomic<std::size_t> leased_{0};
  std::size_t created_ = 0;
  std::uint64_t connect_failures_ = 0;
  std::uint64_t pushes_dropped_ = 0;
  std::array<std::uint64_t, close_reasons> closed_by_{};
};

}  // namespace redstart::pool
