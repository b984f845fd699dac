// SPDX-License-Identifier: Apache-2.0
// direct_pool_queue.cpp: queues callers and grants capacity.
#include "../core/failures.hpp"
#include "direct_pool.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

// How often the first in line looks whether the attempt that it needs is under way.
constexpr auto front_poll_interval = std::chrono::milliseconds(10);

}  // namespace

// `began`: when the caller asked for a connection. Preconditions: `lock` is held.
Result<DirectLease> DirectPool::queue(Lock& lock, TimePoint& now, TimePoint deadline, TimePoint began) {
  const TimePoint last = std::min(deadline, deadline_after(Clock::now(), server_->config().timeouts.acquire));
  Caller self;
  enqueue(lock, self);
  serve_queue();  // what was in the way may have ended before it was in the line
  for (;;) {
    wait_for_turn(lock, self, last);
    now = Clock::now();
    std::optional<CloseReason> reason;
    switch (self.grant) {
      case Waiter::Grant::connection:
        // A scoped handle may have kept it idle for long. Its slot stays with the first in line.
        lock.unlock();
        reason = close_reason_of(*self.connection, now, deadline);
        if (!reason) return DirectLease(*this, std::move(self.connection));
        lock.lock();
        forget(lock, std::move(self.connection), *reason);
        [[fallthrough]];
      case Waiter::Grant::capacity: {
        Result<DirectLease> opened = open(lock, now, deadline);
        if (opened || !queues_after(opened.error(), now, last)) return opened;
        if (!lock.owns_lock()) lock.lock();
        // One may have come back while it was not in line.
        if (DirectLease connection = take_idle(lock, now, deadline)) return connection;
        break;
      }
      case Waiter::Grant::nothing: return timed_out(now - began);
      case Waiter::Grant::shutdown: return make_error(failure::closed());
    }
    if (draining_) return make_error(failure::closed());
    // The others work: it goes on waiting for one of them, where it was in the line.
    self.grant = Waiter::Grant::nothing;
    waiters_.push_front(self);
  }
}

// Until the line has decided, or `last`; then it has left the line. While growth is paused, the first in line
// starts the attempts that are due. Preconditions: `lock` is held.
void DirectPool::wait_for_turn(Lock& lock, Caller& self, TimePoint last) {
  while (self.grant == Waiter::Grant::nothing) {
    TimePoint until = last;
    if (&waiters_.front() == &self && open_ < server_->config().max_connections) {
      const TimePoint now = Clock::now();
      if (reachability_->growth_due() <= now) start_fill_thread();
      until = std::min<TimePoint>(last, now + front_poll_interval);
    }
    if (self.turn.wait_until(lock, until) == std::cv_status::no_timeout) continue;
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

// First in line, then the search for what is idle: whoever gives a connection back now sees that it is
// wanted. Also while connections of other kinds hold no slot: one that stands further ahead may get the next,
// and keep it. Preconditions: `lock` is held, and is again in the end.
void DirectPool::enqueue(Lock& lock, Waiter& waiter) noexcept {
  waiters_.push_back(waiter);
  if (!reclaim_ || !room_wanted()) return;
  lock.unlock();
  reclaim_(waiter);
  lock.lock();
}

// The first in line that can use a connection; usually the first of all. Preconditions: the lock is held.
Waiter* DirectPool::next_for_connection() noexcept {
  const auto found = std::find_if(waiters_.begin(), waiters_.end(),
                                  [](const Waiter& waiter) { return waiter.takes_connections; });
  return found == waiters_.end() ? nullptr : &*found;
}

// A caller in line does not try again what has just failed while other connections work. One of another kind
// waits in its own way.
bool DirectPool::front_may_open() const {
  return !waiters_.front().takes_connections || !reachability_->growth_paused();
}

// True where closing a connection makes room for the first in line.
bool DirectPool::room_wanted() const {
  return !waiters_.empty() && (open_ == server_->config().max_connections || reachability_->full());
}

// Preconditions: one connection less is open than `open_` says.
void DirectPool::release_grant() noexcept {
  --open_;
  serve_queue();
  if (draining_ && in_use_.empty()) drained_.notify_all();
}

// Hands the free slot to the first in line, who opens a connection himself.
void DirectPool::admit_next() noexcept {
  Waiter& next = waiters_.front();
  waiters_.pop_front();
  if (!next.takes_connections) ++granted_;
  next.grant = Waiter::Grant::capacity;
  next.decided();
}

// Something has changed for those in line: grants free slots, or wakes the first, which starts the attempts
// that are due, and waits on.
void DirectPool::serve_queue() noexcept {
  while (!waiters_.empty() && open_ < server_->config().max_connections) {
    if (!front_may_open()) return waiters_.front().decided();
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
