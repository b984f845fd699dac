// SPDX-License-Identifier: Apache-2.0
// direct_pool.cpp: lending, opening and closing direct connections.
#include "direct_pool.hpp"

#include "../net/loop.hpp"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace redstart::pool {

namespace {

using namespace std::chrono_literals;

ErrorInfo pool_timeout(std::size_t maximum, std::chrono::nanoseconds waited) {
  ErrorInfo info;
  info.code = Errc::pool_timeout;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::retry;
  info.what = "all " + std::to_string(maximum) + " connections were in use";
  info.elapsed = waited;
  return info;
}

ErrorInfo would_deadlock() {
  ErrorInfo info;
  info.code = Errc::would_deadlock;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::never;
  info.what = "no connection is free, and this thread must not wait for one: it serves the others";
  info.advice = "Use async_client() in handlers and coroutines, or call from another thread";
  return info;
}

// Hands on what is heard while a connection is being opened.
class Report final : public net::OpenWatcher {
 public:
  Report(Reachability& reachability, const Reachability::Attempt& attempt) noexcept
      : reachability_(reachability), attempt_(attempt) {}

  bool not_ready(const protocol::NotReady& state) override {
    return reachability_.not_ready(attempt_, state);
  }
  void ready(const protocol::HandshakeFsm& handshake) override {
    reachability_.met(attempt_, handshake.greeting());
  }

 private:
  Reachability& reachability_;
  const Reachability::Attempt& attempt_;
};

}  // namespace

DirectPool::DirectPool(std::shared_ptr<Database> database, std::shared_ptr<Reachability> reachability)
    : database_(std::move(database)), reachability_(std::move(reachability)) {}

DirectPool::~DirectPool() = default;

Borrowed::~Borrowed() {
  if (connection_) discard(CloseReason::lost);
}

void Borrowed::give_back() noexcept { pool_->release(std::move(connection_)); }

void Borrowed::discard(CloseReason reason) noexcept { pool_->discard(std::move(connection_), reason); }

void Borrowed::note(const net::Outcome& outcome) noexcept {
  if (outcome.kind != net::Outcome::Kind::broken) pool_->reachability_->answered();
}

Result<Borrowed> DirectPool::acquire(Time& now, Time deadline) {
  std::optional<Error> not_ready;
  for (;;) {
    Result<Borrowed> lent = try_acquire(now, deadline);
    // There was no time left to ask again: what the server said last says more.
    if (!lent && not_ready && lent.error().code() == Errc::connect_timeout && now >= deadline)
      return *std::move(not_ready);
    if (lent || lent.error().code() != Errc::loading || net::on_engine_thread()) return lent;
    not_ready = lent.error();
    const bool in_time = reachability_->await_turn(deadline);
    now = Clock::now();
    if (!in_time || now >= deadline) {
      auto latest = reachability_->must_wait(now);  // with what the server said since
      if (latest) return *std::move(latest);
      return lent;
    }
  }
}

Borrowed DirectPool::take_idle(Time now) {
  Lock lock(mutex_);
  used_ = true;
  return take_idle(lock, now);
}

// Preconditions: `lock` is held; it is still when nothing was found.
Borrowed DirectPool::take_idle(Lock& lock, Time now) {
  while (!draining_ && waiters_.empty() && !idle_.empty()) {
    Borrowed connection(*this, std::move(idle_.back()));
    idle_.pop_back();
    in_use_.push_back(*connection);
    lock.unlock();
    if (connection->fresh(now)) return connection;
    connection.discard(CloseReason::stale);
    lock.lock();
  }
  return {*this, nullptr};
}

Result<Borrowed> DirectPool::try_acquire(Time& now, Time deadline) {
  Lock lock(mutex_);
  used_ = true;
  if (Borrowed connection = take_idle(lock, now)) return connection;
  if (!draining_ && waiters_.empty()) {
    if (auto error = reachability_->must_wait(now)) return *std::move(error);
    if (open_ != database_->config().max_connections) {
      ++open_;
      return open(lock, now, deadline);
    }
  }
  if (draining_) return refused(Database::closed());
  if (net::on_engine_thread()) return refused(would_deadlock());
  if (reclaim_ && slots_ != 0) {
    lock.unlock();
    reclaim_();
    lock.lock();
    if (draining_) return refused(Database::closed());
  }
  return wait_in_line(lock, now, deadline);
}

Result<Borrowed> DirectPool::wait_in_line(Lock& lock, Time& now, Time deadline) {
  const Time began = Clock::now();
  Caller self;
  waiters_.push_back(self);
  if (open_ < database_->config().max_connections) {  // given back a moment ago
    ++open_;
    admit_next();
  }
  while (self.got == Waiter::Got::nothing) {
    if (self.turn.wait_until(lock, deadline) == std::cv_status::timeout && self.got == Waiter::Got::nothing) {
      waiters_.erase(waiters_.iterator_to(self));
      return refused(pool_timeout(database_->config().max_connections, Clock::now() - began));
    }
  }
  now = Clock::now();
  switch (self.got) {
    case Waiter::Got::connection:
      // A scoped handle may have kept it idle for long. Its slot stays with the first in line.
      if (self.connection->fresh(now)) return Borrowed(*this, std::move(self.connection));
      forget(lock, std::move(self.connection), CloseReason::stale);
      [[fallthrough]];
    case Waiter::Got::slot: return open(lock, now, deadline);
    case Waiter::Got::nothing:
    case Waiter::Got::shutdown: break;
  }
  return refused(Database::closed());
}

// Opens a connection in a slot that is counted already. Preconditions: `lock` is held.
Result<Borrowed> DirectPool::open(Lock& lock, Time& now, Time deadline) {
  if (draining_) {
    give_back_slot();
    return refused(Database::closed());
  }
  const Result<Reachability::Attempt> attempt = reachability_->begin(now);
  if (!attempt) {
    give_back_slot();
    return attempt.error();
  }
  Connection connection;
  std::optional<net::OpenFailure> failure;
  const Time began = now;
  const Time connect_deadline = began + database_->config().timeouts.connect;
  try {
    connection = std::make_unique<net::DirectConnection>(database_->config(), database_->client_name(),
                                                         opened_++, database_->tls().get());
    in_use_.push_back(*connection);
    lock.unlock();
    Report report(*reachability_, *attempt);
    failure = connection->open(std::min(deadline, connect_deadline), report);
  } catch (const std::exception& error) {  // no memory, no thread: nothing that the server is to blame for
    failure = net::OpenFailure{Errc::resource_exhausted, Remedy::retry, error.what(), {}};
  }
  const Time end = now = Clock::now();
  if (lock.owns_lock()) lock.unlock();
  if (!failure) {
    connection->retire_at(retirement(*database_, end, reachability_->random()));
    connection->tag(reachability_->succeeded(*attempt).generation);
    return Borrowed(*this, std::move(connection));
  }
  // A caller in a hurry, or a server that is loading, says nothing about whether the server can be reached.
  const bool hurried = deadline + database_->config().timeouts.connect / 10 < connect_deadline;
  const bool inconclusive = failure->code == Errc::loading || failure->code == Errc::closed ||
                            (failure->code == Errc::connect_timeout && hurried);
  // Before the slot goes to the next in line, so that he does not try in vain.
  Error error = inconclusive ? reachability_->inconclusive(*attempt, *failure, end, end - began)
                             : reachability_->failed(*attempt, *failure, end, end - began);
  lock.lock();
  if (connection) in_use_.erase(in_use_.iterator_to(*connection));
  give_back_slot();
  lock.unlock();
  return error;
}

void DirectPool::release(Connection connection) noexcept {
  if (connection->last_used() >= connection->retires())
    return discard(std::move(connection), CloseReason::lifetime);
  const Lock lock(mutex_);
  pushes_dropped_ += connection->take_pushes();
  if (!waiters_.empty()) {
    if (!waiters_.front().takes_connections) {
      in_use_.erase(in_use_.iterator_to(*connection));
      ++closed_by_[static_cast<std::size_t>(CloseReason::idle)];
      give_back_slot();
      return;  // closes it
    }
    Waiter& next = waiters_.front();
    waiters_.pop_front();
    next.connection = std::move(connection);
    next.got = Waiter::Got::connection;
    next.decided();
    return;
  }
  in_use_.erase(in_use_.iterator_to(*connection));
  if (draining_) {
    ++closed_by_[static_cast<std::size_t>(CloseReason::shutdown)];
    give_back_slot();
    return;  // closes it
  }
  try {
    idle_.push_back(std::move(connection));
  } catch (const std::bad_alloc&) {
    ++closed_by_[static_cast<std::size_t>(CloseReason::idle)];
    give_back_slot();
  }
}

void DirectPool::discard(Connection connection, CloseReason reason) noexcept {
  if (reason == CloseReason::lost || reason == CloseReason::protocol)
    reachability_->lost({connection->tag()}, connection->last_used());
  Lock lock(mutex_);
  pushes_dropped_ += connection->take_pushes();
  in_use_.erase(in_use_.iterator_to(*connection));
  ++closed_by_[static_cast<std::size_t>(reason)];
  give_back_slot();
  lock.unlock();
  connection.reset();
  database_->emit(EventKind::disconnected, to_string(reason));
}

// Closes a connection whose slot stays the caller's. Preconditions: `lock` is held, and is again in the end.
void DirectPool::forget(Lock& lock, Connection connection, CloseReason reason) noexcept {
  pushes_dropped_ += connection->take_pushes();
  in_use_.erase(in_use_.iterator_to(*connection));
  ++closed_by_[static_cast<std::size_t>(reason)];
  lock.unlock();
  connection.reset();
  database_->emit(EventKind::disconnected, to_string(reason));
  lock.lock();
}

// Preconditions: the lock is held, one connection less is open than `open_` says.
void DirectPool::give_back_slot() noexcept {
  if (waiters_.empty())
    --open_;
  else
    admit_next();
  if (draining_ && in_use_.empty()) drained_.notify_all();
}

// Hands the free slot to the first in line, who opens a connection himself.
void DirectPool::admit_next() noexcept {
  Waiter& next = waiters_.front();
  waiters_.pop_front();
  if (!next.takes_connections) ++slots_;
  next.got = Waiter::Got::slot;
  next.decided();
}

bool DirectPool::take_slot(Waiter& waiter) noexcept {
  Connection given_up;
  Lock lock(mutex_);
  waiter.got = Waiter::Got::nothing;
  waiter.takes_connections = false;
  used_ = true;
  if (waiters_.empty() && open_ < database_->config().max_connections) {
    ++open_;
  } else if (waiters_.empty() && !idle_.empty()) {
    given_up = std::move(idle_.front());
    idle_.erase(idle_.begin());
    ++closed_by_[static_cast<std::size_t>(CloseReason::idle)];
  } else {
    waiters_.push_back(waiter);
    return false;
  }
  ++slots_;
  waiter.got = Waiter::Got::slot;
  lock.unlock();
  given_up.reset();
  return true;
}

bool DirectPool::leave_line(Waiter& waiter) noexcept {
  const Lock lock(mutex_);
  if (waiter.got != Waiter::Got::nothing) return false;
  waiters_.erase(waiters_.iterator_to(waiter));
  return true;
}

void DirectPool::return_slot() noexcept {
  const Lock lock(mutex_);
  --slots_;
  give_back_slot();
}

bool DirectPool::shortage() const {
  const Lock lock(mutex_);
  return !waiters_.empty();
}

std::optional<Error> DirectPool::ensure_reachable(Time now, Time deadline) {
  Lock lock(mutex_);
  // One of those who come at the same time tries, the others wait for what he finds.
  const auto decided = [this] { return draining_ || reachability_->up() || !somebody_tries_; };
  if (!net::on_engine_thread()) tried_.wait_until(lock, deadline, decided);
  if (!draining_ && reachability_->up()) return std::nullopt;
  struct Trying {  // over, also when there is no memory for the attempt
    DirectPool& pool;
    Lock& held;
    ~Trying() {
      if (!held.owns_lock()) held.lock();
      pool.somebody_tries_ = false;
      pool.tried_.notify_all();
    }
  };
  somebody_tries_ = true;
  const Trying trying{*this, lock};
  lock.unlock();
  auto connection = acquire(now, deadline);
  if (connection) connection->give_back();
  return connection ? std::nullopt : std::optional(connection.error());
}

std::optional<Error> DirectPool::warm_up(std::size_t count, Time deadline) {
  std::vector<Borrowed> opened;
  opened.reserve(count);
  std::optional<Error> error;
  while (opened.size() < count && !error) {
    Time now = Clock::now();
    if (auto connection = acquire(now, deadline))
      opened.push_back(std::move(*connection));
    else
      error = connection.error();
  }
  for (Borrowed& connection : opened) connection.give_back();
  return error;
}

bool DirectPool::pause(Time until) {
  Lock lock(mutex_);
  tried_.wait_until(lock, until, [this] { return draining_; });
  return !draining_;
}

void DirectPool::role_changed(Time now) noexcept {
  std::vector<Connection> old;
  const Lock lock(mutex_);
  if (now - role_changed_ < 1s) return;
  role_changed_ = now;
  old.swap(idle_);
  closed_by_[static_cast<std::size_t>(CloseReason::role)] += old.size();
  for (std::size_t i = 0; i < old.size(); ++i) give_back_slot();
}

std::size_t DirectPool::cleanup_idle(Time now) {
  std::vector<Connection> old;
  const DatabaseConfig& config = database_->config();
  if (config.idle_timeout == 0ms) return 0;
  {
    const Lock lock(mutex_);
    // The least recently used stand first; what is lent out counts towards min_idle only once it is back.
    auto last = idle_.begin();
    while (last != idle_.end() && idle_.size() - old.size() > config.min_idle &&
           now - (*last)->last_used() > config.idle_timeout) {
      old.push_back(std::move(*last));
      ++last;
    }
    idle_.erase(idle_.begin(), last);
    closed_by_[static_cast<std::size_t>(CloseReason::idle)] += old.size();
    for (std::size_t i = 0; i < old.size(); ++i) give_back_slot();
  }
  for (std::size_t i = 0; i < old.size(); ++i)
    database_->emit(EventKind::disconnected, to_string(CloseReason::idle));
  return old.size();
}

void DirectPool::stop() noexcept {
  std::vector<Connection> idle;
  const Lock lock(mutex_);
  draining_ = true;
  tried_.notify_all();
  reachability_->stop();
  waiters_.remove_and_dispose_if([](const Waiter& waiter) { return waiter.takes_connections; },
                                 [](Waiter* waiter) {
                                   waiter->got = Waiter::Got::shutdown;
                                   waiter->decided();
                                 });
  idle.swap(idle_);
  closed_by_[static_cast<std::size_t>(CloseReason::shutdown)] += idle.size();
  for (std::size_t i = 0; i < idle.size(); ++i) give_back_slot();
}

void DirectPool::drain(Time deadline, Time last) noexcept {
  Lock lock(mutex_);
  const auto drained = [this] { return in_use_.empty(); };
  if (!drained_.wait_until(lock, deadline, drained)) {
    for (net::DirectConnection& connection : in_use_) connection.interrupt();
    drained_.wait_until(lock, last, drained);
  }
  closed_ = true;
}

bool DirectPool::drained(bool interrupt) noexcept {
  const Lock lock(mutex_);
  if (interrupt) {
    for (net::DirectConnection& connection : in_use_) connection.interrupt();
  }
  closed_ = in_use_.empty();
  return closed_;
}

void DirectPool::collect(PoolStats& into) const {
  const Lock lock(mutex_);
  into.created = reachability_->created();
  into.in_use = open_ - idle_.size() - slots_;
  into.idle = idle_.size();
  into.waiting = waiters_.size();
  into.maximum = database_->config().max_connections;
  into.leased = leased_.load(std::memory_order_relaxed);
  into.connect_failures = reachability_->connect_failures();
  into.pushes_dropped = pushes_dropped_;
  into.closed = closed_by_;
}

ConnectionState DirectPool::state() const {
  const Lock lock(mutex_);
  if (closed_) return ConnectionState::closed;
  if (draining_) return ConnectionState::draining;
  if (reachability_->not_ready_now(Clock::now())) return ConnectionState::loading;
  const BreakerState breaker = database_->breaker().state();
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

bool DirectPool::ended() const {
  const Lock lock(mutex_);
  return draining_;
}

Error DirectPool::refused(ErrorInfo info) const {
  info.database = database_->name();
  info.endpoint = database_->origin().endpoint;
  return Error(std::move(info));
}

}  // namespace redstart::pool
