// SPDX-License-Identifier: Apache-2.0
// direct_pool_queue.cpp: queues callers and grants capacity.
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
        lock.unlock();
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
    waiters_.push_front(self);
  }
}

// Waits until `self` has a grant, or until `last`; then `self` has left the queue. While growth is paused,
// the first waiter starts the attempts that are due. Preconditions: `lock` is held.
void DirectPool::wait_for_grant(Lock& lock, Caller& self, TimePoint last) {
  while (self.grant == Waiter::Grant::nothing) {
    TimePoint until = last;
    if (&waiters_.front() == &self && open_ < server_->config().max_connections) {
      const TimePoint now = Clock::now();
      if (reachability_->growth_due() <= now) start_fill_thread();
      until = std::min<TimePoint>(last, now + front_poll_interval);
    }
    if (self.wakeup.wait_until(lock, until) == std::cv_status::no_timeout) continue;
    if (self.grant != Waiter::Grant::nothing) return;
    if (Clock::now() >= last) waiters_.erase(waiters_.iterator_to(self));
    serve_queue();
    if (!self.is_linked()) return;
  }
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
  waiters_.push_back(waiter);
  if (!reclaim_ || !room_wanted()) return;
  lock.unlock();
  reclaim_(waiter);
  lock.lock();
}

// Returns the first waiter that can use a connection, usually the first of all. Preconditions: the lock is
// held.
Waiter* DirectPool::next_for_connection() noexcept {
  const auto found = std::find_if(waiters_.begin(), waiters_.end(),
                                  [](const Waiter& waiter) { return waiter.takes_connections; });
  return found == waiters_.end() ? nullptr : &*found;
}

// A queued caller does not repeat an attempt that has just failed while other connections work. An
// asynchronous connection has its own timer for that.
bool DirectPool::front_may_open() const {
  return !waiters_.front().takes_connections || !reachability_->growth_paused();
}

// True if closing a connection would give the first waiter a grant.
bool DirectPool::room_wanted() const {
  return !waiters_.empty() && (open_ == server_->config().max_connections || reachability_->full());
}

// Ends one grant and serves the queue. Preconditions: the lock is held.
void DirectPool::release_grant() noexcept {
  --open_;
  serve_queue();
  if (draining_ && in_use_.empty()) drained_.notify_all();
}

// Gives a free grant to the first waiter, which then opens a connection itself.
void DirectPool::admit_next() noexcept {
  Waiter& next = waiters_.front();
  waiters_.pop_front();
  if (!next.takes_connections) ++granted_;
  next.grant = Waiter::Grant::capacity;
  next.notify();
}

// Gives out free grants. If growth is paused, wakes the first waiter instead: it starts the attempts that
// are due and keeps waiting.
void DirectPool::serve_queue() noexcept {
  while (!waiters_.empty() && open_ < server_->config().max_connections) {
    if (!front_may_open()) return waiters_.front().notify();
    ++open_;
    admit_next();
  }
}

void DirectPool::reconsider() noexcept {
  const Lock lock(mutex_);
  serve_queue();
}

void DirectPool::make_room(const Waiter& waiter) noexcept {
  Connection given_up;
  Lock lock(mutex_);
  if (waiters_.empty() && !idle_.empty()) {
    given_up = std::move(idle_.front());
    idle_.erase(idle_.begin());
    count_closed(CloseReason::idle);
    release_grant();
  }
  lock.unlock();
  if (!given_up) {
    if (reclaim_) reclaim_(waiter);
    return;
  }
  given_up.reset();
  server_->emit(EventKind::disconnected, to_string(CloseReason::idle));
}

bool DirectPool::acquire_grant(Waiter& waiter) noexcept {
  Connection given_up;
  Lock lock(mutex_);
  waiter.grant = Waiter::Grant::nothing;
  waiter.takes_connections = false;
  used_ = true;
  if (waiters_.empty() && open_ < server_->config().max_connections) {
    ++open_;
  } else if (waiters_.empty() && !idle_.empty()) {
    given_up = std::move(idle_.front());
    idle_.erase(idle_.begin());
    count_closed(CloseReason::idle);
  } else {
    enqueue(lock, waiter);
    return false;
  }
  ++granted_;
  waiter.grant = Waiter::Grant::capacity;
  lock.unlock();
  if (!given_up) return true;
  given_up.reset();
  server_->emit(EventKind::disconnected, to_string(CloseReason::idle));
  return true;
}

bool DirectPool::dequeue(Waiter& waiter) noexcept {
  const Lock lock(mutex_);
  if (waiter.grant != Waiter::Grant::nothing) return false;
  waiters_.erase(waiters_.iterator_to(waiter));
  serve_queue();
  return true;
}

void DirectPool::return_grant() noexcept {
  const Lock lock(mutex_);
  --granted_;
  release_grant();
}

bool DirectPool::exhausted() const {
  const Lock lock(mutex_);
  return !waiters_.empty() || (open_ == server_->config().max_connections && idle_.empty()) ||
         reachability_->growth_paused();
}

bool DirectPool::shortage() const {
  const Lock lock(mutex_);
  return room_wanted();
}

}  // namespace redstart::inline v0::pool
