// SPDX-License-Identifier: Apache-2.0
// reachability.cpp: tracks connect attempts and their results.
#include "reachability.hpp"
#include "../core/failures.hpp"
#include "server.hpp"

#include <redstart/core/server_reply.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace redstart::inline v0::pool {

Reachability::Reachability(Server& server)
    : server_(server),
      away_{protocol::Reconnect(server_.config().reconnect, server_.config().startup)},
      growth_{protocol::Reconnect(server_.config().reconnect)},
      random_(random_seed()) {}

void Reachability::use(const BackoffPolicy& reconnect, const StartupPolicy& startup) {
  const std::scoped_lock lock(mutex_);
  away_.reconnect.use(reconnect, startup.backoff);
  growth_.reconnect.use(reconnect, reconnect);
}

// Preconditions of these: the lock is held.
bool Reachability::others_hopeful() const noexcept {
  return working_ != 0 || room_made_ || (opening_ != 0 && !failing());
}

bool Reachability::paused() const noexcept {
  if (!others_hopeful() || !growth_.failure || growth_.reconnect.state() == State::fresh) return false;
  return growth_.reconnect.state() != State::up || growth_.reconnect.suspect(Clock::now());
}

bool Reachability::no_room() const noexcept {
  return paused() && (growth_.failure->code() == Errc::resource_exhausted ||
                      growth_.failure->info().server == no_room_for_clients);
}

bool Reachability::due(TimePoint now) const noexcept {
  if (others_hopeful() && !growth_.reconnect.may_attempt(now)) return false;
  return (working_ != 0 && !away_.reconnect.suspect(now)) || away_.reconnect.may_attempt(now);
}

bool Reachability::may_begin(TimePoint now) const {
  const std::scoped_lock lock(mutex_);
  return loading_.may_begin(now) && due(now);
}

Result<Reachability::ConnectAttempt> Reachability::begin(TimePoint now) {
  const std::scoped_lock lock(mutex_);
  if (!loading_.may_begin(now)) return waiting(now);
  if (!due(now)) return repeated(others_hopeful() ? growth_.failure : away_.failure);
  ++opening_;
  return ConnectAttempt{away_.reconnect.begin(now), growth_.reconnect.begin(now), loading_.begin(), now};
}

protocol::Reconnect::Connection Reachability::succeeded(const ConnectAttempt& attempt) {
  const TimePoint now = Clock::now();
  bool first = false;
  bool waited = false;
  bool proves = false;
  std::uint64_t failures = 0;
  protocol::Reconnect::Connection connection;
  {
    const std::scoped_lock lock(mutex_);
    first = created_++ == 0;
    --opening_;
    ++working_;
    room_made_ = false;
    const double draw = random_.unit();
    connection = away_.reconnect.succeeded(now, draw);
    static_cast<void>(growth_.reconnect.succeeded(now, draw));  // assigns the same number
    const bool suspect = away_.reconnect.suspect(now);
    proves = !suspect && !growth_.reconnect.suspect(now);
    if (!growth_.reconnect.suspect(now)) growth_.failure.reset();
    failing_.store(false, std::memory_order_relaxed);
    hurried_.succeeded();
    waited = end_wait(attempt, protocol::LoadingWatch::End::ready, now);
    if (!suspect) {
      away_.failure.reset();
      failures = failures_.over();
    }
  }
  if (waited)
    server_.emit({.kind = EventKind::loading, .detail = "over: the server is ready", .to = "ready"});
  server_.database().connection_times().created(now - attempt.began);
  server_.connection_ready(failures, now - attempt.began, first);
  if (proves) server_.breaker().connection_ready();
  return connection;
}

void Reachability::lost(const protocol::Reconnect::Connection& connection, CloseReason reason,
                        TimePoint now) {
  if (connection.number <= proven_.load(std::memory_order_relaxed)) return;
  switch (reason) {
    case CloseReason::lost:
    case CloseReason::stale:
    case CloseReason::protocol:
    case CloseReason::desync:
    case CloseReason::role: break;
    case CloseReason::idle:
    case CloseReason::lifetime:
    case CloseReason::timeout:
    case CloseReason::dirty:
    case CloseReason::credentials:
    case CloseReason::shutdown: return;  // not the server's fault, or a matter of the breaker
  }
  const Cause failure =
      reason == CloseReason::role ? failure::session_dropped() : failure::closed_before_first_answer();
  Error error = server_.unreachable(failure, {});
  std::uint64_t failures = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (!away_.reconnect.unproven(connection, now)) return;
    if (losses_.ignores(connection.number, created_)) return;
    const bool away = working_ == 0;
    if (!away && !growth_.reconnect.unproven(connection, now))
      return;  // one loss counts for all connections ready then
    const double draw = random_.unit();
    growth_.reconnect.lost(connection, now, draw);
    growth_.failure = error;
    ++connect_failures_;
    failures = failures_.failed(failure.code, now);
    if (away) {
      away_.reconnect.lost(connection, now, draw);
      away_.failure = error;
      failing_.store(true, std::memory_order_relaxed);
    }
  }
  server_.connect_failed(error, failures);
}

void Reachability::left(std::size_t connections, bool idle) noexcept {
  const std::scoped_lock lock(mutex_);
  if (connections != 0 && idle && no_room()) room_made_ = true;
  working_ -= connections;
}

void Reachability::greeted(const ConnectAttempt& attempt, const protocol::Greeting& greeting) {
  std::string change;
  std::string role;
  {
    const std::scoped_lock lock(mutex_);
    role = identity_.known().role;
    change = identity_.greeted(greeting, attempt.began, Clock::now());
  }
  if (change.empty()) return;
  Event event{.kind = EventKind::server_changed, .detail = change};
  if (!role.empty() && role != greeting.server.role) {
    event.from = role;
    event.to = greeting.server.role;
  }
  server_.emit(event);
}

bool Reachability::not_ready(const ConnectAttempt& attempt, const protocol::NotReady& state) {
  protocol::LoadingWatch::Report report;
  {
    const std::scoped_lock lock(mutex_);
    report = loading_.not_ready(attempt.loading, state, Clock::now());
    waiting_.store(true, std::memory_order_relaxed);
    // The server can be reached.
    away_.failure.reset();
    failing_.store(false, std::memory_order_relaxed);
  }
  if (report.changed) {
    server_.emit({.kind = EventKind::loading,
                  .detail = protocol::describe(state),
                  .to = to_string(state.why),
                  .left = state.left,
                  .percent = state.percent});
  }
  return report.polls;
}

// Preconditions: the lock is held.
bool Reachability::end_wait(const ConnectAttempt& attempt, protocol::LoadingWatch::End end,
                            TimePoint now) noexcept {
  const bool over = loading_.ended(attempt.loading, end, now);
  waiting_.store(loading_.waiting(), std::memory_order_relaxed);
  attempt_due_.notify_all();
  return over;
}

bool Reachability::await_attempt(TimePoint deadline) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const TimePoint now = Clock::now();
    if (stopped_ || loading_.may_begin(now)) return true;
    if (now >= deadline) return false;
    attempt_due_.wait_until(lock, std::min(deadline, loading_.next().value_or(deadline)));
  }
}

void Reachability::stop() noexcept {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  attempt_due_.notify_all();
}

void Reachability::prove(std::uint64_t connection) noexcept {
  const std::scoped_lock lock(mutex_);
  if (connection <= proven_.load(std::memory_order_relaxed)) return;
  proven_.store(connection, std::memory_order_relaxed);
  away_.reconnect.answered({connection, {}});
  growth_.reconnect.answered({connection, {}});
  if (growth_.reconnect.state() == State::up && !growth_.reconnect.suspect(Clock::now()))
    growth_.failure.reset();
  losses_.answered();
  if (failing_.load(std::memory_order_relaxed)) return;
  away_.failure.reset();
  static_cast<void>(failures_.over());
}

Error Reachability::failed(ConnectAttempt attempt, const Cause& failure, TimePoint now,
                           std::chrono::nanoseconds elapsed) {
  Error error = server_.unreachable(failure, elapsed);
  const double draw = random();
  bool waited = false;
  std::uint64_t failures = 0;
  {
    const std::scoped_lock lock(mutex_);
    ++connect_failures_;
    failures = failures_.failed(failure.code, now);
    waited = end_wait(attempt, protocol::LoadingWatch::End::failed, now);
    --opening_;
    const bool hopeful = others_hopeful();
    room_made_ = false;
    if (hopeful) {
      growth_.reconnect.failed(attempt.growth, now, draw);
      growth_.failure = error;
      away_.reconnect.abandoned(attempt.reconnect, now);
    } else {
      growth_.reconnect.abandoned(attempt.growth, now);
      away_.reconnect.failed(attempt.reconnect, now, draw);
      if (away_.reconnect.state() != State::up) {
        away_.failure = error;
        failing_.store(true, std::memory_order_relaxed);
      }
    }
  }
  if (waited)
    server_.emit({.kind = EventKind::loading, .detail = "over: the connection failed", .to = "unreachable"});
  server_.connect_failed(error, failures);
  return error;
}

Error Reachability::inconclusive(ConnectAttempt attempt, const Cause& failure, TimePoint now,
                                 std::chrono::nanoseconds elapsed) {
  if (failure.code == Errc::connect_timeout && (too_many_in_a_hurry(attempt.began, now) || beside_others()))
    return failed(attempt, failure, now, elapsed);
  Error error = server_.unreachable(failure, elapsed);
  given_up(attempt, now);
  if (failure.code != Errc::loading) server_.connect_failed(error, 1);
  return error;
}

bool Reachability::too_many_in_a_hurry(TimePoint began, TimePoint now) {
  const std::scoped_lock lock(mutex_);
  return hurried_.timed_out(began, now);
}

// For an attempt that has not ended yet: true if another connection works or is being opened.
bool Reachability::beside_others() const {
  const std::scoped_lock lock(mutex_);
  return working_ != 0 || opening_ > 1;
}

void Reachability::given_up(const ConnectAttempt& attempt, TimePoint now) noexcept {
  const std::scoped_lock lock(mutex_);
  --opening_;
  away_.reconnect.abandoned(attempt.reconnect, now);
  growth_.reconnect.abandoned(attempt.growth, now);
  end_wait(attempt, protocol::LoadingWatch::End::given_up, now);
}

// Preconditions: the lock is held.
Error Reachability::repeated(const std::optional<Error>& failure) const {
  ErrorInfo info = failure ? failure->info() : ErrorInfo(failure::unavailable());
  static_cast<Cause&>(info) = failure::failed_before(static_cast<const Cause&>(info));
  info.elapsed = {};
  info.database = server_.database().name();
  info.endpoint = server_.origin().endpoint;
  return Error(std::move(info));
}

// Preconditions: the lock is held.
Error Reachability::waiting(TimePoint now) const {
  return server_.unreachable(failure::not_ready(describe(loading_.state(now))), {});
}

std::optional<protocol::NotReady> Reachability::not_ready_now(TimePoint now) const {
  if (!waiting_.load(std::memory_order_relaxed)) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  if (!loading_.waiting()) return std::nullopt;
  return loading_.state(now);
}

std::optional<Error> Reachability::must_wait(TimePoint now) const {
  if (!waiting_.load(std::memory_order_relaxed)) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  if (loading_.may_begin(now)) return std::nullopt;
  return waiting(now);
}

std::optional<Error> Reachability::known_failure() const {
  const std::scoped_lock lock(mutex_);
  if (!away_.failure || !failing()) return std::nullopt;
  return repeated(away_.failure);
}

bool Reachability::up() const { return state() == State::up; }

Reachability::State Reachability::state() const {
  const std::scoped_lock lock(mutex_);
  return away_.reconnect.state();
}

TimePoint Reachability::next_attempt() const {
  const std::scoped_lock lock(mutex_);
  return others_hopeful() ? growth_.reconnect.next_attempt() : away_.reconnect.next_attempt();
}

bool Reachability::hopeful() const {
  const std::scoped_lock lock(mutex_);
  return others_hopeful();
}

bool Reachability::growth_paused() const {
  const std::scoped_lock lock(mutex_);
  return paused();
}

TimePoint Reachability::growth_due() const {
  const std::scoped_lock lock(mutex_);
  return paused() && growth_.reconnect.state() != State::probing ? growth_.reconnect.next_attempt()
                                                                 : TimePoint::max();
}

ErrorInfo Reachability::no_connection() const {
  const std::scoped_lock lock(mutex_);
  if (!paused()) return failure::all_connections_in_use(server_.config().max_connections);
  return failure::working_connections_in_use(working_, growth_.failure->info());
}

bool Reachability::full() const {
  const std::scoped_lock lock(mutex_);
  return no_room();
}

bool Reachability::attempt_overdue(TimePoint now) const {
  const std::scoped_lock lock(mutex_);
  return away_.reconnect.state() == State::backing_off && now >= away_.reconnect.next_attempt();
}

double Reachability::random() {
  const std::scoped_lock lock(mutex_);
  return random_.unit();
}

ServerIdentity Reachability::identity() const {
  const std::scoped_lock lock(mutex_);
  return identity_.known();
}

void Reachability::info_received(const ServerIdentity& info) {
  const std::scoped_lock lock(mutex_);
  identity_.info_received(info);
}

std::size_t Reachability::created() const {
  const std::scoped_lock lock(mutex_);
  return created_;
}

std::uint64_t Reachability::connect_failures() const {
  const std::scoped_lock lock(mutex_);
  return connect_failures_;
}

}  // namespace redstart::inline v0::pool
