// SPDX-License-Identifier: Apache-2.0
// direct_pool_upkeep.cpp: warm-up, clean-up, shutdown and statistics of direct connections.
#include "direct_pool.hpp"

#include "../net/loop.hpp"
#include "../protocol/redirect.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace redstart::inline v0::pool {

using namespace std::chrono_literals;

std::optional<Error> DirectPool::ensure_reachable(TimePoint now, TimePoint deadline) {
  Lock lock(mutex_);
  // One caller makes the attempt; all others wait for its result.
  const auto known = [this] { return draining_ || reachability_->up() || !attempt_running_; };
  if (!net::on_loop_thread()) tried_.wait_until(lock, deadline, known);
  if (!draining_ && reachability_->up()) return std::nullopt;
  struct Trying {  // ends also if the attempt throws
    DirectPool& pool;
    Lock& held;
    ~Trying() {
      if (!held.owns_lock()) held.lock();
      pool.attempt_running_ = false;
      pool.tried_.notify_all();
    }
  };
  attempt_running_ = true;
  const Trying trying{*this, lock};
  lock.unlock();
  auto connection = acquire(now, deadline);
  if (connection) connection->give_back();
  return connection ? std::nullopt : std::optional(connection.error());
}

// While it exists, no other thread opens connections for no caller.
class DirectPool::FillGuard {
 public:
  explicit FillGuard(DirectPool& pool) noexcept : pool_(pool) { set(true); }
  FillGuard(const FillGuard&) = delete;
  FillGuard& operator=(const FillGuard&) = delete;
  ~FillGuard() { set(false); }

 private:
  void set(bool filling) noexcept {
    const Lock lock(pool_.mutex_);
    pool_.upkeep_.filling = filling;
  }
  DirectPool& pool_;
};

std::optional<Error> DirectPool::warm_up(std::size_t count, TimePoint deadline) {
  const FillGuard guard(*this);
  std::vector<DirectLease> opened;
  opened.reserve(count);
  std::optional<Error> error;
  while (opened.size() < count && !error) {
    TimePoint now = Clock::now();
    bool paused = false;  // fail at once if growth is paused: no connection would be returned
    if (auto connection = acquire(now, deadline, &paused))
      opened.push_back(std::move(*connection));
    else
      error = connection.error();
  }
  for (DirectLease& connection : opened) connection.give_back();
  return error;
}

// Preconditions: the lock is held.
bool DirectPool::needs_connection() const noexcept {
  const DatabaseConfig& config = server_->config();
  if (draining_ || capacity_.full()) return false;
  const Waiter* const first = capacity_.first();
  if (first == nullptr) return idle_.size() + in_use_.size() < config.min_idle;
  return first->kind == ConnectionKind::direct && reachability_->growth_paused();
}

// Preconditions: the lock is held.
void DirectPool::start_fill_thread() noexcept {
  if (upkeep_.filling || !needs_connection()) return;
  try {
    std::thread([self = shared_from_this()] { self->fill(); }).detach();
    upkeep_.filling = true;
  } catch (const std::exception&) {
    // No memory or no thread: retried at the next call.
  }
}

// May run on a thread that must not block, so the connections are opened on another one.
void DirectPool::refill() noexcept {
  if (server_->config().min_idle == 0 || reachability_->created() == 0) return;
  {
    const Lock lock(mutex_);
    if (upkeep_.filling) return;
  }
  close_dead();
  const Lock lock(mutex_);
  if (reachability_->may_begin(Clock::now())) start_fill_thread();
}

void DirectPool::close_dead() noexcept {
  std::vector<Dead> dead;
  try {
    const Lock lock(mutex_);
    remove_dead(Clock::now(), dead);
  } catch (const std::exception&) {
    // No memory: retried at the next call.
  }
  for (const Dead& one : dead) {
    reachability_->lost({one.connection->tag(), one.connection->opened_at()}, one.reason, Clock::now());
    server_->connection_closed(one.reason);
  }
}

void DirectPool::ping_unused(TimePoint since) noexcept {
  if (ping_others_) ping_others_(since);
  const Lock lock(mutex_);
  if (upkeep_.pinging || draining_ || idle_.empty() || idle_.front()->last_used() >= since) return;
  try {
    std::thread([self = shared_from_this(), since] { self->ping_each(since); }).detach();
    upkeep_.pinging = true;
  } catch (const std::exception&) {
    // No memory or no thread: retried at the next call.
  }
}

void DirectPool::ping_each(TimePoint since) noexcept {
  const auto patience = server_->config().timeouts.health;
  Lock lock(mutex_);
  while (!draining_ && !idle_.empty() && idle_.front()->last_used() < since) {
    DirectLease tested(*this, std::move(idle_.front()));
    idle_.erase(idle_.begin());
    in_use_.push_back(*tested);
    upkeep_.pinged = &*tested;
    lock.unlock();
    TimePoint now = Clock::now();
    auto reason = tested->close_reason(now);
    if (!reason) reason = ping(*tested, now, deadline_after(now, patience));
    lock.lock();
    upkeep_.pinged = nullptr;
    lock.unlock();
    if (reason)
      tested.discard(*reason);
    else
      tested.give_back();
    if (reason == CloseReason::timeout) close_unused(since);  // the server answers none of them
    lock.lock();
  }
  upkeep_.pinging = false;
  drained_.notify_all();
}

void DirectPool::close_unused(TimePoint since) noexcept {
  std::vector<Connection> unused;
  {
    const Lock lock(mutex_);
    const auto last = std::find_if(idle_.begin(), idle_.end(), [since](const Connection& connection) {
      return connection->last_used() >= since;
    });
    try {
      unused.assign(std::move_iterator(idle_.begin()), std::move_iterator(last));
    } catch (const std::bad_alloc&) {
      return;  // then `ping_each` checks each of them
    }
    idle_.erase(idle_.begin(), last);
    count_closed(CloseReason::timeout, unused.size());
    for (std::size_t i = 0; i < unused.size(); ++i) release_grant();
  }
  closed(unused, CloseReason::timeout);
}

// Closes connections that were removed from the pool and counted, and emits the events. Preconditions: the
// lock is not held.
void DirectPool::closed(std::vector<Connection>& connections, CloseReason reason) noexcept {
  for (Connection& connection : connections) {
    connection.reset();
    server_->connection_closed(reason);
  }
}

void DirectPool::fill() noexcept {
  const FillGuard guard(*this);
  try {
    // The number of attempts is limited, because the server may close new connections at once.
    for (std::size_t most = std::max<std::size_t>(server_->config().min_idle, 1); most != 0; --most) {
      TimePoint now = Clock::now();
      Lock lock(mutex_);
      if (!needs_connection() || reachability_->must_wait(now)) return;
      static_cast<void>(capacity_.try_grant(ConnectionKind::direct));
      auto connection = open(lock, now, deadline_after(now, server_->config().timeouts.connect), true);
      if (!connection) return;
      connection->give_back();
    }
  } catch (const std::exception&) {
    // No memory: retried at the next call.
  }
}

// Moves idle connections that can't be used any more to `into`, such as those that the server has closed.
// Preconditions: the lock is held.
void DirectPool::remove_dead(TimePoint now, std::vector<Dead>& into) {
  into.reserve(idle_.size());
  for (Connection& idle : idle_) {
    auto reason = idle->close_reason(now);
    if (!reason && idle->renewal().expired(now)) reason = CloseReason::credentials;
    if (!reason) continue;
    into.push_back({std::move(idle), *reason});
    count_closed(*reason);
  }
  std::erase(idle_, nullptr);
  for (std::size_t i = 0; i < into.size(); ++i) release_grant();
}

bool DirectPool::pause(TimePoint until) {
  Lock lock(mutex_);
  tried_.wait_until(lock, until, [this] { return draining_; });
  return !draining_;
}

bool DirectPool::role_changed(TimePoint now, std::string_view reply, TimePoint opened) noexcept {
  std::vector<Connection> old;
  {
    const Lock lock(mutex_);
    if (now - role_changed_ < 1s) return opened < role_changed_;
    role_changed_ = now;
    old.swap(idle_);
    count_closed(CloseReason::role, old.size());
    for (std::size_t i = 0; i < old.size(); ++i) release_grant();
  }
  closed(old, CloseReason::role);
  note_redirect(reply);
  return opened < now;
}

void DirectPool::note_redirect(std::string_view reply) const noexcept {
  const std::string_view primary = protocol::redirect_address(reply);
  if (primary.empty()) return;
  try {
    server_->emit({.kind = EventKind::server_changed,
                   .detail = "role master -> replica, its primary is " + std::string(primary),
                   .from = "master",
                   .to = "replica",
                   .primary = primary});
  } catch (const std::bad_alloc&) {
    // The event is lost; the connections are closed nevertheless.
  }
}

// Moves idle connections that were unused for longer than `unused` to `into`, but leaves `keep` of them.
void DirectPool::close_idle(TimePoint now, std::chrono::milliseconds unused, std::size_t keep,
                            CloseReason reason, std::vector<Connection>& into) {
  {
    const Lock lock(mutex_);
    into.reserve(into.size() + idle_.size());
    const std::size_t before = into.size();
    // The least recently used come first. Connections in use count towards `min_idle` only after their
    // return.
    auto last = idle_.begin();
    while (last != idle_.end() && static_cast<std::size_t>(idle_.end() - last) > keep &&
           now - (*last)->last_used() > unused) {
      into.push_back(std::move(*last));
      ++last;
    }
    idle_.erase(idle_.begin(), last);
    count_closed(reason, into.size() - before);
    for (std::size_t i = before; i < into.size(); ++i) release_grant();
  }
  for (std::size_t i = 0; i < into.size(); ++i) server_->connection_closed(reason);
}

void DirectPool::resize() {
  std::vector<Connection> surplus;
  {
    const Lock lock(mutex_);
    surplus.reserve(idle_.size());
    capacity_.resize(server_->config().max_connections);
    auto last = idle_.begin();
    for (std::size_t open = capacity_.granted(); open > capacity_.maximum() && last != idle_.end(); --open)
      surplus.push_back(std::move(*last++));
    idle_.erase(idle_.begin(), last);
    count_closed(CloseReason::idle, surplus.size());
    for (std::size_t i = 0; i < surplus.size(); ++i) release_grant();
    serve_queue();
  }
  closed(surplus, CloseReason::idle);
}

std::size_t DirectPool::cleanup_idle(TimePoint now) {
  const DatabaseConfig& config = server_->config();
  std::vector<Connection> old;
  if (config.idle_timeout != 0ms)
    close_idle(now, config.idle_timeout, config.min_idle, CloseReason::idle, old);
  if (config.credentials) close_dead();  // those whose credentials have expired
  refill();
  return old.size();
}

void DirectPool::stop() noexcept {
  std::vector<Connection> idle;
  Lock lock(mutex_);
  draining_ = true;
  tried_.notify_all();
  reachability_->stop();
  if (upkeep_.ahead != nullptr) upkeep_.ahead->interrupt();
  if (upkeep_.pinged != nullptr) upkeep_.pinged->interrupt();
  while (Waiter* const caller = capacity_.first(ConnectionKind::direct)) {
    capacity_.dequeue(*caller);
    server_->database().events().interrupted(1);
    caller->grant = Waiter::Grant::shutdown;
    caller->notify();
  }
  idle.swap(idle_);
  count_closed(CloseReason::shutdown, idle.size());
  for (std::size_t i = 0; i < idle.size(); ++i) release_grant();
  lock.unlock();
  closed(idle, CloseReason::shutdown);
}

void DirectPool::drain(TimePoint deadline, TimePoint last) noexcept {
  Lock lock(mutex_);
  const auto drained = [this] { return in_use_.empty() && !upkeep_.pinging; };
  if (!drained_.wait_until(lock, deadline, drained)) {
    interrupt_calls();
    drained_.wait_until(lock, last, drained);
  }
  closed_ = true;
}

// Preconditions: the lock is held.
void DirectPool::interrupt_calls() noexcept {
  for (net::DirectConnection& connection : in_use_) connection.interrupt();
  if (!std::exchange(upkeep_.interrupted, true)) server_->database().events().interrupted(in_use_.size());
}

bool DirectPool::drained(bool interrupt) noexcept {
  const Lock lock(mutex_);
  if (interrupt) interrupt_calls();
  closed_ = in_use_.empty() && !upkeep_.pinging;
  return closed_;
}

void DirectPool::collect(PoolStats& into) const {
  const Lock lock(mutex_);
  into.created = reachability_->created();
  into.in_use = capacity_.granted(ConnectionKind::direct) - idle_.size();
  into.idle = idle_.size();
  into.waiting = capacity_.waiting();
  into.maximum = capacity_.maximum();
  into.leased = counts_.leased.load(std::memory_order_relaxed);
  into.connect_failures = reachability_->connect_failures();
  into.pushes_dropped = counts_.pushes_dropped.load(std::memory_order_relaxed);
  into.closed = counts_.closed_by;
}

ConnectionState DirectPool::state() const {
  const Lock lock(mutex_);
  if (closed_) return ConnectionState::closed;
  if (draining_) return ConnectionState::draining;
  if (reachability_->not_ready_now(Clock::now())) return ConnectionState::loading;
  const BreakerState breaker = server_->breaker().state();
  if (breaker == BreakerState::open || breaker == BreakerState::forced_open)
    return ConnectionState::circuit_open;
  switch (reachability_->state()) {
    case protocol::Reconnect::State::fresh:
      return used_ ? ConnectionState::connecting : ConnectionState::stopped;
    case protocol::Reconnect::State::up: return ConnectionState::ready;
    case protocol::Reconnect::State::backing_off:
    case protocol::Reconnect::State::probing: return ConnectionState::backing_off;
  }
  return ConnectionState::stopped;
}

std::optional<std::chrono::seconds> DirectPool::loading_eta() const {
  const auto state = reachability_->not_ready_now(Clock::now());
  return state ? state->left : std::nullopt;
}

bool DirectPool::draining() const {
  const Lock lock(mutex_);
  return draining_;
}

}  // namespace redstart::inline v0::pool
