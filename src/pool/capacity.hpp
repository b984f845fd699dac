// SPDX-License-Identifier: Apache-2.0
// capacity.hpp: the grants of one server, and the queue for them.
#pragma once

#include <redstart/core/clock.hpp>

#include <boost/intrusive/list.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace redstart::inline v0::pool {

/// Numbers the elements of arrays.
enum class ConnectionKind : std::uint8_t { direct, shared, exclusive };

/// A caller or an asynchronous connection in the queue for a connection, or for a grant to open one. The
/// lock of its capacity guards it while it is queued.
struct Waiter : boost::intrusive::list_base_hook<> {
  enum class Grant : std::uint8_t { nothing, connection, capacity, shutdown };
  enum class Takes : std::uint8_t {
    connections,  ///< Open connections of that kind, and grants.
    grants,       ///< Grants only, because it is a connection itself.
  };

  /// Called when `grant` was set. The lock is held, so it must not call the pool. A waiter that takes
  /// connections is also called with `grant` still `nothing`: it must then check whether an attempt is due.
  virtual void notify() noexcept = 0;

  const ConnectionKind kind;
  const Takes takes;
  Grant grant = Grant::nothing;

  // These belong to `Capacity`.
  TimePoint queued_at{};     ///< When it was queued.
  std::uint64_t place = 0;   ///< Lower ones are served first.
  std::uint32_t passed = 0;  ///< Connections that passed it over while it was first.

 protected:
  Waiter(ConnectionKind of, Takes what) noexcept : kind(of), takes(what) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() = default;
};

/// Counts the grants of one server and decides who gets the next one. A grant is the right to have one
/// connection, from before the connect attempt until the connection is closed.
///
/// * A free grant goes to the first waiter, of any kind.
/// * A returned connection goes to the first waiter that takes connections of that kind. It may pass over a
///   waiter of another kind that is first in the queue.
/// * If the first waiter has been passed over by `maximum` connections, and has waited for `patience`, the
///   next returned connection is closed and its grant goes to the first waiter. A waiter that takes only
///   grants is never passed over: many callers may wait for its connection.
/// * `allow` limits how many grants waiters of one kind get. While none is left, the others are served as if
///   that kind were not queued.
///
/// Pure: the caller has the lock, reads the clock, and notifies the waiters.
class Capacity {
 public:
  static constexpr std::size_t unlimited = (std::numeric_limits<std::size_t>::max)();

  Capacity(std::size_t maximum, Clock::duration patience) noexcept : maximum_(maximum), patience_(patience) {}
  Capacity(const Capacity&) = delete;
  Capacity& operator=(const Capacity&) = delete;

  [[nodiscard]] std::size_t maximum() const noexcept { return maximum_; }
  /// Changes the limit. Above a lower one, `returned` closes connections until it holds. After a rise, serve
  /// the queue.
  void resize(std::size_t maximum) noexcept {
    maximum_ = maximum;
    surplus_ = granted() - std::min(granted(), maximum);
  }
  /// False if `returned` must decide about a returned connection; true: it would decide to keep it.
  [[nodiscard]] bool keeps_returned() const noexcept { return (waiting_ | surplus_) == 0; }
  /// The number of grants that are out.
  [[nodiscard]] std::size_t granted() const noexcept { return granted_[0] + granted_[1] + granted_[2]; }
  [[nodiscard]] std::size_t granted(ConnectionKind kind) const noexcept { return granted_[index(kind)]; }
  /// True if no grant is free.
  [[nodiscard]] bool full() const noexcept { return granted() >= maximum_; }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }

  /// Takes a free grant without queuing. Returns false if there is none.
  [[nodiscard]] bool try_grant(ConnectionKind kind) noexcept;
  /// Ends a grant. Serve the first waiter afterwards.
  void release(ConnectionKind kind) noexcept {
    --granted_[index(kind)];
    if (surplus_ != 0) --surplus_;
  }

  void enqueue(Waiter& waiter, TimePoint now) noexcept;
  /// Queues a waiter again at the place that it had before.
  void requeue(Waiter& waiter) noexcept;
  /// Preconditions: it is queued.
  void dequeue(Waiter& waiter) noexcept;
  /// Returns the waiter that gets the next grant; null if there is none.
  [[nodiscard]] Waiter* first() const noexcept { return waiting_ == 0 ? nullptr : find_first(); }
  /// Returns the first waiter that takes connections of this kind; null if there is none.
  [[nodiscard]] Waiter* first(ConnectionKind kind) const noexcept;
  /// Like `first`, but null while no grant is free.
  [[nodiscard]] Waiter* next() const noexcept { return full() ? nullptr : first(); }
  /// Gives `waiter` a free grant: it leaves the queue. Preconditions: `next` returned it.
  void grant(Waiter& waiter) noexcept;
  /// Limits the further grants of waiters that take connections of this kind.
  void allow(ConnectionKind kind, std::size_t grants) noexcept { allowed_[index(kind)] = grants; }

  /// True if a waiter like this one may get a grant.
  [[nodiscard]] bool allows(const Waiter& waiter) const noexcept { return allowed_[index(waiter)] != 0; }

  /// True if closing a connection would give the first waiter a grant. `server_full`: the server itself has
  /// no room for another connection.
  [[nodiscard]] bool wants_room(bool server_full) const noexcept {
    return first() != nullptr && (full() || server_full);
  }

  enum class Use : std::uint8_t { keep, hand_over, close };
  struct Decision {
    Use use = Use::keep;
    Waiter* to = nullptr;  ///< With `hand_over`: has left the queue.
  };
  /// Decides about a returned connection. `now`: is read only if a waiter of another kind is first.
  [[nodiscard]] Decision returned(ConnectionKind kind, TimePoint now, bool server_full) noexcept;
  /// True if `returned` needs the time.
  [[nodiscard]] bool is_contended(ConnectionKind kind) const noexcept {
    return waiting_ != 0 && first() != first(kind);
  }

 private:
  using Queue = boost::intrusive::list<Waiter, boost::intrusive::constant_time_size<false>>;

  [[nodiscard]] static constexpr std::size_t index(ConnectionKind kind) noexcept {
    return static_cast<std::size_t>(kind);
  }
  // Waiters that take only grants have one queue: that of shared connections, which are never handed over.
  [[nodiscard]] static std::size_t index(const Waiter& waiter) noexcept {
    return index(waiter.takes == Waiter::Takes::grants ? ConnectionKind::shared : waiter.kind);
  }
  [[nodiscard]] Waiter* find_first() const noexcept;
  [[nodiscard]] bool may_pass(const Waiter& waiter, TimePoint now) const noexcept;

  std::size_t maximum_;
  std::size_t surplus_ = 0;  // grants above a limit that was lowered
  const Clock::duration patience_;
  std::array<std::size_t, 3> granted_{};
  std::array<std::size_t, 3> allowed_{unlimited, unlimited, unlimited};
  mutable std::array<Queue, 3> queues_{};
  std::size_t waiting_ = 0;
  std::uint64_t places_ = 0;
};

}  // namespace redstart::inline v0::pool
