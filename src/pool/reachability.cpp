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
      reconnect_(server_.config().reconnect, server_.config().startup),
      growth_(server_.config().reconnect),
      random_(random_seed()) {}

// Preconditions of these: the lock is held.
bool Reachability::others_hopeful() const noexcept {
  return working_ != 0 || room_made_ || (opening_ != 0 && !failing());
}

bool Reachability::paused() const noexcept {
  if (!others_hopeful() || !growth_failure_ || growth_.state() == State::fresh) return false;
  return growth_.state() != State::up || growth_.suspect(Clock::now());
}

bool Reachability::no_room() const noexcept {
  return paused() && (growth_failure_->code() == Errc::resource_exhausted ||
                      growth_failure_->info().server == no_room_for_clients);
}

bool Reachability::due(TimePoint now) const noexcept {
  if (others_hopeful() && !growth_.may_attempt(now)) return false;
  return (working_ != 0 && !reconnect_.suspect(now)) || reconnect_.may_attempt(now);
}

bool Reachability::may_begin(TimePoint now) const {
  const std::scoped_lock lock(mutex_);
  return loading_.may_begin(now) && due(now);
}

Result<Reachability::ConnectAttempt> Reachability::begin(TimePoint now) {
  const std::scoped_lock lock(mutex_);
  if (!loading_.may_begin(now)) return waiting(now);
  if (!due(now)) return repeated(others_hopeful() ? growth_failure_ : last_failure_);
  ++opening_;
  return ConnectAttempt{reconnect_.begin(now), growth_.begin(now), loading_.begin(), now};
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
    connection = reconnect_.succeeded(now, draw);
    static_cast<void>(growth_.succeeded(now, draw));  // assigns the same number
    const bool suspect = reconnect_.suspect(now);
    proves = !suspect && !growth_.suspect(now);
    if (!growth_.suspect(now)) growth_failure_.reset();
    failing_.store(false, std::memory_order_relaxed);
    hurried_ = 0;
    waited = end_wait(attempt, protocol::LoadingWatch::End::ready, now);
    if (!suspect) {
      last_failure_.reset();
      failures = failures_.over();
    }
  }
  if (waited) server_.emit(EventKind::loading, "over: the server is ready");
  server_.emit(EventKind::connected,
               failures == 0 ? std::string() : "after " + std::to_string(failures) + " failed attempts");
  if (first) server_.emit(EventKind::initialized, {});
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
    case CloseReason::shutdown: return;  // not the server's fault, or a matter of the breaker
  }
  const Cause failure =
      reason == CloseReason::role ? failure::session_dropped() : failure::closed_before_first_answer();
  Error error = server_.unreachable(failure, {});
  std::uint64_t failures = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (!reconnect_.unproven(connection, now)) return;
    if (connection.number <= spared_) return;  // was ready at the first loss
    if (++losses_ == 1) {                      // ignored
      spared_ = created_;
      return;
    }
    const bool away = working_ == 0;
    if (!away && !growth_.unproven(connection, now))
      return;  // one loss counts for all connections ready then
    const double draw = random_.unit();
    growth_.lost(connection, now, draw);
    growth_failure_ = error;
    ++connect_failures_;
    failures = failures_.failed(failure.code, now);
    if (away) {
      reconnect_.lost(connection, now, draw);
      last_failure_ = error;
      failing_.store(true, std::memory_order_relaxed);
    }
  }
  failed_again(error, failures);
}

void Reachability::failed_again(const Error& error, std::uint64_t failures) const {
  if (failures == 1) server_.emit(EventKind::connect_failed, error.what());
  if (failures > 1) {
    server_.emit(EventKind::connect_failed, std::string(error.what()) + " (" + std::to_string(failures) +
                                                " attempts since the last report)");
  }
}

void Reachability::left(std::size_t connections, bool idle) noexcept {
  const std::scoped_lock lock(mutex_);
  if (connections != 0 && idle && no_room()) room_made_ = true;
  working_ -= connections;
}

void Reachability::greeted(const ConnectAttempt& attempt, const protocol::Greeting& greeting) {
  std::string change;
  {
    const std::scoped_lock lock(mutex_);
    change = identity_.greeted(greeting, attempt.began, Clock::now());
  }
  if (!change.empty()) server_.emit(EventKind::server_changed, change);
}

bool Reachability::not_ready(const ConnectAttempt& attempt, const protocol::NotReady& state) {
  protocol::LoadingWatch::Report report;
  {
    const std::scoped_lock lock(mutex_);
    report = loading_.not_ready(attempt.loading, state, Clock::now());
    waiting_.store(true, std::memory_order_relaxed);
    // The server can be reached.
    last_failure_.reset();
    failing_.store(false, std::memory_order_relaxed);
  }
  if (report.changed) server_.emit(EventKind::loading, protocol::describe(state));
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
  reconnect_.answered({connection, {}});
  growth_.answered({connection, {}});
  if (growth_.state() == State::up && !growth_.suspect(Clock::now())) growth_failure_.reset();
  losses_ = 0;
  if (failing_.load(std::memory_order_relaxed)) return;
  last_failure_.reset();
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
      growth_.failed(attempt.growth, now, draw);
      growth_failure_ = error;
      reconnect_.abandoned(attempt.reconnect, now);
    } else {
      growth_.abandoned(attempt.growth, now);
      reconnect_.failed(attempt.reconnect, now, draw);
      if (reconnect_.state() != State::up) {
        last_failure_ = error;
        failing_.store(true, std::memory_order_relaxed);
      }
    }
  }
  if (waited) server_.emit(EventKind::loading, "over: the connection failed");
  failed_again(error, failures);
  return error;
}

Error Reachability::inconclusive(ConnectAttempt attempt, const Cause& failure, TimePoint now,
                                 std::chrono::nanoseconds elapsed) {
  if (failure.code == Errc::connect_timeout && (too_many_in_a_hurry(attempt.began, now) || beside_others()))
    return failed(attempt, failure, now, elapsed);
  Error error = server_.unreachable(failure, elapsed);
  given_up(attempt, now);
  if (failure.code != Errc::loading) server_.emit(EventKind::connect_failed, error.what());
  return error;
}

// Otherwise each caller with a short deadline would spend all of its time at a server that is frozen.
bool Reachability::too_many_in_a_hurry(TimePoint began, TimePoint now) {
  constexpr unsigned enough = 3;
  constexpr auto long_enough = std::chrono::milliseconds(500);
  const std::scoped_lock lock(mutex_);
  if (hurried_++ == 0) hurried_since_ = began;
  return hurried_ >= enough && now - hurried_since_ >= long_enough;
}

// For an attempt that has not ended yet: true if another connection works or is being opened.
bool Reachability::beside_others() const {
  const std::scoped_lock lock(mutex_);
  return working_ != 0 || opening_ > 1;
}

void Reachability::given_up(const ConnectAttempt& attempt, TimePoint now) noexcept {
  const std::scoped_lock lock(mutex_);
  --opening_;
  reconnect_.abandoned(attempt.reconnect, now);
  growth_.abandoned(attempt.growth, now);
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
  if (!last_failure_ || !failing()) return std::nullopt;
  return repeated(last_failure_);
}

bool Reachability::up() const { return state() == State::up; }

Reachability::State Reachability::state() const {
  const std::scoped_lock lock(mutex_);
  return reconnect_.state();
}

TimePoint Reachability::next_attempt() const {
  const std::scoped_lock lock(mutex_);
  return others_hopeful() ? growth_.next_attempt() : reconnect_.next_attempt();
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
  return paused() && growth_.state() != State::probing ? growth_.next_attempt() : TimePoint::max();
}

ErrorInfo Reachability::no_connection() const {
  const std::scoped_lock lock(mutex_);
  if (!paused()) return failure::all_connections_in_use(server_.config().max_connections);
  return failure::working_connections_in_use(working_, growth_failure_->info());
}

bool Reachability::full() const {
  const std::scoped_lock lock(mutex_);
  return no_room();
}

bool Reachability::attempt_overdue(TimePoint now) const {
  const std::scoped_lock lock(mutex_);
  return reconnect_.state() == State::backing_off && now >= reconnect_.next_attempt();
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
