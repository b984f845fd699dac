// SPDX-License-Identifier: Apache-2.0
// reachability.cpp: attempts and what came of them.
#include "reachability.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace redstart::pool {

Reachability::Reachability(std::shared_ptr<Database> database)
    : database_(std::move(database)),
      reconnect_(database_->config().reconnect, database_->config().startup),
      random_(random_seed()) {}

Result<Reachability::Attempt> Reachability::begin(Time now) {
  const std::scoped_lock lock(mutex_);
  if (!loading_.may_begin(now)) return waiting(now);
  if (!reconnect_.may_attempt(now)) return repeated();
  return Attempt{reconnect_.begin(), loading_.begin(), now};
}

protocol::Reconnect::Attempt Reachability::succeeded(const Attempt& attempt) {
  bool first = false;
  bool waited = false;
  std::uint64_t failures = 0;
  protocol::Reconnect::Attempt connection;
  {
    const std::scoped_lock lock(mutex_);
    first = created_++ == 0;
    connection = reconnect_.succeeded();
    unproven_.store(true, std::memory_order_relaxed);
    last_failure_.reset();
    failing_.store(false, std::memory_order_relaxed);
    hurried_ = 0;
    waited = end_wait(attempt, protocol::LoadingWatch::End::ready, Clock::now());
    failures = failures_.over();
  }
  if (waited) database_->emit(EventKind::loading, "over: the server is ready");
  database_->emit(EventKind::connected,
                  failures == 0 ? std::string() : "after " + std::to_string(failures) + " failed attempts");
  if (first) database_->emit(EventKind::initialized, {});
  database_->breaker().connection_ready();
  return connection;
}

void Reachability::lost(protocol::Reconnect::Attempt connection, Time now) {
  if (!unproven_.load(std::memory_order_relaxed)) return;
  const net::OpenFailure failure{Errc::connect_failed,
                                 Remedy::retry,
                                 "the server closed a new connection before it answered any command",
                                 {}};
  Error error = database_->unreachable(failure, {});
  {
    const std::scoped_lock lock(mutex_);
    if (++losses_ == 1) return;  // bad luck; the next attempt will tell
    reconnect_.lost(connection, now, random_.unit());
    if (reconnect_.state() != State::backing_off || last_failure_) return;
    ++connect_failures_;
    last_failure_ = error;
    failing_.store(true, std::memory_order_relaxed);
  }
  database_->emit(EventKind::connect_failed, error.what());
}

void Reachability::met(const Attempt& attempt, const protocol::Greeting& greeting) {
  std::string change;
  {
    const std::scoped_lock lock(mutex_);
    change = identity_.met(greeting, attempt.began, Clock::now());
  }
  if (!change.empty()) database_->emit(EventKind::server_changed, change);
}

bool Reachability::not_ready(const Attempt& attempt, const protocol::NotReady& state) {
  protocol::LoadingWatch::Told told;
  {
    const std::scoped_lock lock(mutex_);
    told = loading_.not_ready(attempt.number, state, Clock::now());
    waiting_.store(true, std::memory_order_relaxed);
    // It can be reached.
    last_failure_.reset();
    failing_.store(false, std::memory_order_relaxed);
  }
  if (told.news) database_->emit(EventKind::loading, protocol::describe(state));
  return told.goes_on;
}

// Preconditions: the lock is held.
bool Reachability::end_wait(const Attempt& attempt, protocol::LoadingWatch::End end, Time now) noexcept {
  const bool over = loading_.ended(attempt.number, end, now);
  waiting_.store(loading_.waiting(), std::memory_order_relaxed);
  turn_.notify_all();
  return over;
}

bool Reachability::await_turn(Time deadline) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const Time now = Clock::now();
    if (stopped_ || loading_.may_begin(now)) return true;
    if (now >= deadline) return false;
    turn_.wait_until(lock, std::min(deadline, loading_.next().value_or(deadline)));
  }
}

void Reachability::stop() noexcept {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  turn_.notify_all();
}

void Reachability::prove() noexcept {
  const std::scoped_lock lock(mutex_);
  reconnect_.answered();
  losses_ = 0;
  unproven_.store(false, std::memory_order_relaxed);
}

Error Reachability::failed(Attempt attempt, const net::OpenFailure& failure, Time now,
                           std::chrono::nanoseconds elapsed) {
  Error error = database_->unreachable(failure, elapsed);
  const double draw = random();
  bool waited = false;
  std::uint64_t failures = 0;
  {
    const std::scoped_lock lock(mutex_);
    ++connect_failures_;
    failures = failures_.failed(failure.code, now);
    waited = end_wait(attempt, protocol::LoadingWatch::End::failed, now);
    reconnect_.failed(attempt.turn, now, draw);
    if (reconnect_.state() != State::up) {
      last_failure_ = error;
      failing_.store(true, std::memory_order_relaxed);
    }
  }
  if (waited) database_->emit(EventKind::loading, "over: the connection failed");
  if (failures == 1) database_->emit(EventKind::connect_failed, error.what());
  if (failures > 1) {
    database_->emit(EventKind::connect_failed, std::string(error.what()) + " (" + std::to_string(failures) +
                                                   " attempts since this was told last)");
  }
  return error;
}

Error Reachability::inconclusive(Attempt attempt, const net::OpenFailure& failure, Time now,
                                 std::chrono::nanoseconds elapsed) {
  if (failure.code == Errc::connect_timeout && too_many_in_a_hurry(attempt.began, now))
    return failed(attempt, failure, now, elapsed);
  Error error = database_->unreachable(failure, elapsed);
  given_up(attempt, now);
  if (failure.code != Errc::loading) database_->emit(EventKind::connect_failed, error.what());
  return error;
}

// A server that freezes under callers with short deadlines would keep each of them for all of its time.
bool Reachability::too_many_in_a_hurry(Time began, Time now) {
  constexpr unsigned enough = 3;
  constexpr auto long_enough = std::chrono::milliseconds(500);
  const std::scoped_lock lock(mutex_);
  if (hurried_++ == 0) hurried_since_ = began;
  return hurried_ >= enough && now - hurried_since_ >= long_enough;
}

void Reachability::given_up(const Attempt& attempt, Time now) noexcept {
  const std::scoped_lock lock(mutex_);
  reconnect_.abandoned(attempt.turn, now);
  end_wait(attempt, protocol::LoadingWatch::End::given_up, now);
}

// Preconditions: the lock is held.
Error Reachability::repeated() const {
  ErrorInfo info;
  info.code = Errc::unavailable;
  info.remedy = Remedy::retry;
  info.what = "the last attempt failed";
  if (last_failure_) info = last_failure_->info();
  info.effect = Effect::not_sent;
  info.elapsed = {};
  info.what += " (a moment ago; not tried again yet)";
  info.database = database_->name();
  info.endpoint = database_->origin().endpoint;
  return Error(std::move(info));
}

// The same.
Error Reachability::waiting(Time now) const {
  return database_->unreachable(net::still_not_ready(loading_.state(now)), {});
}

std::optional<protocol::NotReady> Reachability::not_ready_now(Time now) const {
  if (!waiting_.load(std::memory_order_relaxed)) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  if (!loading_.waiting()) return std::nullopt;
  return loading_.state(now);
}

std::optional<Error> Reachability::must_wait(Time now) const {
  if (!waiting_.load(std::memory_order_relaxed)) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  if (loading_.may_begin(now)) return std::nullopt;
  return waiting(now);
}

std::optional<Error> Reachability::known_failure() const {
  const std::scoped_lock lock(mutex_);
  if (!last_failure_) return std::nullopt;
  return repeated();
}

bool Reachability::up() const { return state() == State::up; }

Reachability::State Reachability::state() const {
  const std::scoped_lock lock(mutex_);
  return reconnect_.state();
}

Time Reachability::next_attempt() const {
  const std::scoped_lock lock(mutex_);
  return reconnect_.next_attempt();
}

bool Reachability::overdue(Time now) const {
  const std::scoped_lock lock(mutex_);
  return reconnect_.state() == State::backing_off && now >= reconnect_.next_attempt();
}

double Reachability::random() {
  const std::scoped_lock lock(mutex_);
  return random_.unit();
}

std::size_t Reachability::created() const {
  const std::scoped_lock lock(mutex_);
  return created_;
}

std::uint64_t Reachability::connect_failures() const {
  const std::scoped_lock lock(mutex_);
  return connect_failures_;
}

}  // namespace redstart::pool
