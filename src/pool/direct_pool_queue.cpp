// SPDX-License-Identifier: Apache-2.0
// direct_pool_queue.cpp: queues callers and gives out grants.
#include "../core/failures.hpp"
#include "direct_pool.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

// How often the first waiter checks whether the attempt that it needs is due.
constexpr auto front_poll_interval = std::chrono::milliseconds(10);

}  // namespace

// `began`: when the caller asked for a connection. Preconditions: `lock` is held.
Result<DirectLease> DirectPool::queue(Lock& lock, TimePoint& now, TimePoint deadline, TimePoint began) {
  const TimePoint last = std::min(deadline, deadline_after(Clock::now(), server_->config().timeouts.acquire));
  Caller self;
  enqueue(lock, self);
  serve_queue();  // a grant may have become free before `self` was queued
  for (;;) {
    wait_for_grant(lock, self, last);
    now = Clock::now();
    std::optional<CloseReason> reason;
    switch (self.grant) {
      case Waiter::Grant::connection:
        // A scoped handle may have kept the connection idle for long. If it is dead, `self` keeps its grant.
        if (lock.owns_lock()) lock.unlock();
        reason = close_reason_of(*self.connection, now, deadline);
        if (!reason) return DirectLease(*this, std::move(self.connection));
        lock.lock();
        close_keeping_grant(lock, std::move(self.connection), *reason);
        [[fallthrough]];
      case Waiter::Grant::capacity: {
        Result<DirectLease> opened = open(lock, now, deadline);
        if (opened || !queues_after(opened.error(), now, last)) return opened;
        if (!lock.owns_lock()) lock.lock();
        // A connection may have been returned while `self` was not queued.
        if (DirectLease connection = take_idle(lock, now, deadline)) return connection;
        break;
      }
      case Waiter::Grant::nothing: return timed_out(now - began);
      case Waiter::Grant::shutdown: return make_error(failure::closed());
    }
    if (draining_) return make_error(failure::closed());
    // Other connections work: wait for one of them, at the same place in the queue.
    self.grant = Waiter::Grant::nothing;
    self.has_connection = false;
    capacity_.requeue(self);
  }
}

// Waits until `self` has a grant, or until `last`; then `self` has left the queue. While growth is paused,
// the first waiter starts the attempts that are due. Preconditions: `lock` is held. On return it is held too,
// except if `self` got a connection.
void DirectPool::wait_for_grant(Lock& lock, Caller& self, TimePoint last) {
  while (self.grant == Waiter::Grant::nothing) {
    TimePoint until = last;
    if (capacity_.next() == &self) {
      const TimePoint now = Clock::now();
      if (reachability_->growth_due() <= now) start_fill_thread();
      until = std::min<TimePoint>(last, now + front_poll_interval);
    }
    lock.unlock();
    const bool woken = self.wakeup.take_until(until);
    self.taken += woken ? 1U : 0U;
    if (self.has_connection.load(std::memory_order_acquire)) return self.take_posts();
    lock.lock();
    if (woken || self.grant != Waiter::Grant::nothing) continue;
    if (Clock::now() >= last) capacity_.dequeue(self);
    serve_queue();
    if (!self.is_linked()) break;
  }
  self.take_posts();
}

Error DirectPool::timed_out(std::chrono::nanoseconds waited) const {
  ErrorInfo info = reachability_->no_connection();
  info.elapsed = waited;
  return make_error(std::move(info));
}

// Queues `waiter` first and then calls `reclaim_`, so that a connection that is returned at the same time
// finds the waiter. Also called if all grants belong to direct connections: an asynchronous waiter further
// ahead may get the next one and keep it. Preconditions: `lock` is held. It is released for a while and held
// on return.
void DirectPool::enqueue(Lock& lock, Waiter& waiter) noexcept {
  capacity_.enqueue(waiter, Clock::now());
  if (!reclaim_ || !room_wanted()) return;
  lock.unlock();
  reclaim_(waiter.kind);
  lock.lock();
}

// A queued caller does not repeat an attempt that has just failed while other connections work. An
// asynchronous connection has its own timer for that.
bool DirectPool::may_open(const Waiter& waiter) const {
  return waiter.kind != ConnectionKind::direct || !reachability_->growth_paused();
}

// True if closing a connection would give the first waiter a grant.
bool DirectPool::room_wanted() const { return capacity_.wants_room(reachability_->full()); }

// Ends one grant and serves the queue. Preconditions: the lock is held.
void DirectPool::release_grant(ConnectionKind kind) noexcept {
  capacity_.release(kind);
  serve_queue();
  if (draining_ && in_use_.empty()) drained_.notify_all();
}

// Gives out free grants, with which the waiters open connections themselves. If growth is paused, wakes the
// first caller instead: it starts the attempts that are due and keeps waiting.
void DirectPool::serve_queue() noexcept {
  while (Waiter* const next = capacity_.next()) {
    if (!may_open(*next)) return next->notify();
    capacity_.grant(*next);
    next->notify();
  }
}

void DirectPool::reconsider() noexcept {
  const Lock lock(mutex_);
  serve_queue();
}

// Takes the idle connection out of the pool that was unused for longest. It must be closed, and its grant
// ended. Preconditions: the lock is held.
DirectPool::Connection DirectPool::give_up_idle() noexcept {
  if (idle_.empty()) return nullptr;
  Connection connection = std::move(idle_.front());
  idle_.erase(idle_.begin());
  count_closed(CloseReason::idle);
  return connection;
}

// Preconditions: the lock is not held.
void DirectPool::close_given_up(Connection connection) noexcept {
  connection.reset();
  server_->connection_closed(CloseReason::idle);
}

void DirectPool::make_room(ConnectionKind kind) noexcept {
  Connection given_up;
  Lock lock(mutex_);
  if (capacity_.first() == nullptr) given_up = give_up_idle();
  if (given_up) release_grant();
  lock.unlock();
  if (given_up) return close_given_up(std::move(given_up));
  if (reclaim_) reclaim_(kind);
}

void DirectPool::free_room() noexcept {
  for (;;) {
    Lock lock(mutex_);
    if (!room_wanted()) return;
    const ConnectionKind waiting = capacity_.first()->kind;
    Connection given_up = give_up_idle();
    if (given_up) release_grant();
    lock.unlock();
    if (!given_up) {
      if (reclaim_) reclaim_(waiting);
      return;
    }
    close_given_up(std::move(given_up));
  }
}

bool DirectPool::acquire_grant(Waiter& waiter) noexcept {
  Connection superfluous;
  const ConnectionKind kind = waiter.kind;
  const bool granted = request_grant(waiter, superfluous);
  finish_request(kind, granted, std::move(superfluous));
  return granted;
}

bool DirectPool::try_grant(ConnectionKind kind) noexcept {
  const Lock lock(mutex_);
  return capacity_.first() == nullptr && capacity_.try_grant(kind);
}

bool DirectPool::request_grant(Waiter& waiter, Connection& superfluous) noexcept {
  const Lock lock(mutex_);
  used_ = true;
  waiter.grant = Waiter::Grant::nothing;
  if (capacity_.first() == nullptr && capacity_.allows(waiter)) {
    if (capacity_.full() && (superfluous = give_up_idle())) capacity_.release(ConnectionKind::direct);
    if (capacity_.try_grant(waiter.kind)) {
      waiter.grant = Waiter::Grant::capacity;
      return true;
    }
  }
  capacity_.enqueue(waiter, Clock::now());
  return false;
}

void DirectPool::finish_request(ConnectionKind kind, bool granted, Connection superfluous) noexcept {
  if (superfluous) close_given_up(std::move(superfluous));
  if (!granted && reclaim_ && shortage()) reclaim_(kind);
}

void DirectPool::requeue(Waiter& waiter) noexcept {
  const Lock lock(mutex_);
  waiter.grant = Waiter::Grant::nothing;
  capacity_.requeue(waiter);
  serve_queue();
}

void DirectPool::allow(ConnectionKind kind, std::size_t grants) noexcept {
  const Lock lock(mutex_);
  capacity_.allow(kind, grants);
  serve_queue();
}

Capacity::Decision DirectPool::exclusive_returned(Waiter* first) noexcept {
  constexpr auto kind = ConnectionKind::exclusive;
  const Lock lock(mutex_);
  if (first != nullptr && first->grant == Waiter::Grant::capacity) {
    first->grant = Waiter::Grant::connection;
    release_grant(kind);
    return {Capacity::Use::hand_over, first};
  }
  const TimePoint now = capacity_.is_contended(kind) ? Clock::now() : TimePoint{};
  return capacity_.returned(kind, now, reachability_->full());
}

bool DirectPool::dequeue(Waiter& waiter) noexcept {
  const Lock lock(mutex_);
  if (waiter.grant != Waiter::Grant::nothing) return false;
  capacity_.dequeue(waiter);
  serve_queue();
  return true;
}

void DirectPool::return_grant(ConnectionKind kind) noexcept {
  const Lock lock(mutex_);
  release_grant(kind);
}

bool DirectPool::exhausted() const {
  const Lock lock(mutex_);
  return capacity_.first() != nullptr || (capacity_.full() && idle_.empty()) ||
         reachability_->growth_paused();
}

bool DirectPool::shortage() const {
  const Lock lock(mutex_);
  return room_wanted();
}

}  // namespace redstart::inline v0::pool
