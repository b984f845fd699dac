// SPDX-License-Identifier: Apache-2.0
// direct_pool.cpp: who gets a connection next: lending, opening, taking back, the line.
#include "direct_pool.hpp"

#include "../net/loop.hpp"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace redstart::pool {

namespace {

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

Borrowed DirectPool::take_idle(Time& now, Time deadline) {
  Lock lock(mutex_);
  used_ = true;
  return take_idle(lock, now, deadline);
}

// Preconditions: `lock` is held; it is still when nothing was found.
Borrowed DirectPool::take_idle(Lock& lock, Time& now, Time deadline) {
  while (!draining_ && waiters_.empty() && !idle_.empty()) {
    Borrowed connection(*this, std::move(idle_.back()));
    idle_.pop_back();
    in_use_.push_back(*connection);
    lock.unlock();
    if (connection->just_used(now)) [[likely]]
      return connection;
    const auto fault = fault_of(*connection, now, deadline);
    if (!fault) return connection;
    connection.discard(*fault);
    lock.lock();
  }
  return {*this, nullptr};
}

Result<Borrowed> DirectPool::try_acquire(Time& now, Time deadline) {
  Lock lock(mutex_);
  used_ = true;
  if (Borrowed connection = take_idle(lock, now, deadline)) return connection;
  if (!draining_ && waiters_.empty()) {
    if (auto error = reachability_->must_wait(now)) return *std::move(error);
    if (open_ != database_->config().max_connections) {
      ++open_;
      return open(lock, now, deadline);
    }
  }
  if (draining_) return refused(Database::closed());
  if (net::on_engine_thread()) return refused(would_deadlock());
  return wait_in_line(lock, now, deadline);
}

// Why a connection that was idle is not to be lent. One that was unused for long is asked, and `now` renewed;
// it may have been cut without a word.
std::optional<CloseReason> DirectPool::fault_of(net::DirectConnection& connection, Time& now,
                                                Time deadline) noexcept {
  const DatabaseConfig& config = database_->config();
  if (const auto fault = connection.fault(now)) return fault;
  const auto limit = config.check_after_idle;
  if (limit.count() == 0 || now - connection.last_used() <= limit) return std::nullopt;
  // Half of the time is left for another connection.
  const Time until = std::min(deadline_after(now, config.timeouts.health), now + (deadline - now) / 2);
  std::vector<Connection> others;
  try {
    const net::Outcome outcome = connection.ping(now, until);
    now = Clock::now();
    if (outcome.kind != net::Outcome::Kind::broken && outcome.reusable) return std::nullopt;
    if (outcome.kind != net::Outcome::Kind::broken || outcome.code == Errc::protocol_error)
      return outcome.reason;
    if (outcome.code != Errc::timeout) return CloseReason::stale;
    close_idle(now, limit, 0, CloseReason::timeout, others);  // they fare no better
  } catch (const std::bad_alloc&) {
    return CloseReason::lost;
  }
  return CloseReason::timeout;
}

Result<Borrowed> DirectPool::wait_in_line(Lock& lock, Time& now, Time deadline) {
  const Time began = Clock::now();
  const Time last = std::min(deadline, deadline_after(began, database_->config().timeouts.acquire));
  Caller self;
  stand_in_line(lock, self);
  while (self.got == Waiter::Got::nothing) {
    if (self.turn.wait_until(lock, last) == std::cv_status::timeout && self.got == Waiter::Got::nothing) {
      waiters_.erase(waiters_.iterator_to(self));
      return refused(pool_timeout(database_->config().max_connections, Clock::now() - began));
    }
  }
  now = Clock::now();
  std::optional<CloseReason> fault;
  switch (self.got) {
    case Waiter::Got::connection:
      // A scoped handle may have kept it idle for long. Its slot stays with the first in line.
      lock.unlock();
      fault = fault_of(*self.connection, now, deadline);
      if (!fault) return Borrowed(*this, std::move(self.connection));
      lock.lock();
      forget(lock, std::move(self.connection), *fault);
      [[fallthrough]];
    case Waiter::Got::slot: return open(lock, now, deadline);
    case Waiter::Got::nothing:
    case Waiter::Got::shutdown: break;
  }
  return refused(Database::closed());
}

// First in line, then the search for what is idle: whoever gives a connection back now sees that it is
// wanted. Also while connections of other kinds hold no slot: one that stands further ahead may get the next,
// and keep it. Preconditions: `lock` is held, and is again in the end.
void DirectPool::stand_in_line(Lock& lock, Waiter& waiter) noexcept {
  waiters_.push_back(waiter);
  if (!reclaim_) return;
  lock.unlock();
  reclaim_(waiter);
  lock.lock();
}

// Opens a connection in a slot that is counted already. Preconditions: `lock` is held.
Result<Borrowed> DirectPool::open(Lock& lock, Time& now, Time deadline, bool ahead) {
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
  const Time connect_deadline = deadline_after(began, database_->config().timeouts.connect);
  try {
    connection = std::make_unique<net::DirectConnection>(database_->config(), database_->client_name(),
                                                         opened_++, database_->preparer());
    in_use_.push_back(*connection);
    if (ahead) ahead_ = connection.get();
    lock.unlock();
    Report report(*reachability_, *attempt);
    failure = connection->open(std::min(deadline, connect_deadline), report);
  } catch (const std::exception& error) {  // no memory, no thread: nothing that the server is to blame for
    failure = net::OpenFailure{Errc::resource_exhausted, Remedy::retry, error.what(), {}};
  }
  const Time end = now = Clock::now();
  if (lock.owns_lock()) lock.unlock();
  if (ahead) {
    lock.lock();
    ahead_ = nullptr;
    lock.unlock();
  }
  if (!failure) {
    connection->retire_at(retirement(*database_, end, reachability_->random()));
    connection->tag(reachability_->succeeded(*attempt).generation);
    refill();  // the first after an outage
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
  connection->watch_closely(false);
  if (const std::uint64_t pushes = connection->take_pushes(); pushes != 0) [[unlikely]]
    pushed(pushes);
  const std::optional<CloseReason> superfluous = take_back(connection);
  if (!superfluous) [[likely]]
    return;
  connection.reset();
  database_->emit(EventKind::disconnected, to_string(*superfluous));
}

// Hands it to the next in line, or keeps it. Where it does neither it says why, and the caller closes it: it
// is counted already.
std::optional<CloseReason> DirectPool::take_back(Connection& connection) noexcept {
  const auto close = [this](CloseReason reason) {
    ++closed_by_[static_cast<std::size_t>(reason)];
    give_back_slot();
    return reason;
  };
  const Lock lock(mutex_);
  if (!waiters_.empty()) {
    if (!waiters_.front().takes_connections) {
      in_use_.erase(in_use_.iterator_to(*connection));
      return close(CloseReason::idle);
    }
    Waiter& next = waiters_.front();
    waiters_.pop_front();
    next.connection = std::move(connection);
    next.got = Waiter::Got::connection;
    next.decided();
    return std::nullopt;
  }
  in_use_.erase(in_use_.iterator_to(*connection));
  if (draining_) return close(CloseReason::shutdown);
  try {
    idle_.push_back(std::move(connection));
  } catch (const std::bad_alloc&) {
    return close(CloseReason::idle);
  }
  return std::nullopt;
}

// Counts messages of the server's that nobody asked for, and says so. Preconditions: the lock is not held.
void DirectPool::pushed(std::uint64_t messages) noexcept {
  if (messages == 0) return;
  pushes_dropped_.fetch_add(messages, std::memory_order_relaxed);
  database_->pushes_dropped(messages);
}

void DirectPool::discard(Connection connection, CloseReason reason) noexcept {
  if (reason == CloseReason::lost || reason == CloseReason::protocol)
    reachability_->lost({connection->tag()}, connection->last_used());
  pushed(connection->take_pushes());
  Lock lock(mutex_);
  in_use_.erase(in_use_.iterator_to(*connection));
  ++closed_by_[static_cast<std::size_t>(reason)];
  give_back_slot();
  lock.unlock();
  connection.reset();
  database_->emit(EventKind::disconnected, to_string(reason));
}

// Closes a connection whose slot stays the caller's. Preconditions: `lock` is held, and is again in the end.
void DirectPool::forget(Lock& lock, Connection connection, CloseReason reason) noexcept {
  in_use_.erase(in_use_.iterator_to(*connection));
  ++closed_by_[static_cast<std::size_t>(reason)];
  lock.unlock();
  pushed(connection->take_pushes());
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
    stand_in_line(lock, waiter);
    return false;
  }
  ++slots_;
  waiter.got = Waiter::Got::slot;
  lock.unlock();
  if (!given_up) return true;
  given_up.reset();
  database_->emit(EventKind::disconnected, to_string(CloseReason::idle));
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

bool DirectPool::exhausted() const {
  const Lock lock(mutex_);
  return !waiters_.empty() || (open_ == database_->config().max_connections && idle_.empty());
}

bool DirectPool::shortage() const {
  const Lock lock(mutex_);
  return !waiters_.empty();
}

Error DirectPool::refused(ErrorInfo info) const {
  info.database = database_->name();
  info.endpoint = database_->origin().endpoint;
  return Error(std::move(info));
}

}  // namespace redstart::pool
