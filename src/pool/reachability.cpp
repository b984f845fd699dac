// SPDX-License-Identifier: Apache-2.0
// reachability.cpp: attempts and what came of them.
#include "reachability.hpp"

#include <string>
#include <utility>

namespace redstart::pool {

Reachability::Reachability(std::shared_ptr<Database> database)
    : database_(std::move(database)), random_(std::random_device{}()) {}

Result<Reachability::Attempt> Reachability::begin(Time now) {
  const std::scoped_lock lock(mutex_);
  if (!reconnect_.may_attempt(now)) return repeated();
  return reconnect_.begin();
}

void Reachability::succeeded() {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    first = created_++ == 0;
    reconnect_.succeeded();
    unproven_.store(true, std::memory_order_relaxed);
    last_failure_.reset();
    failing_.store(false, std::memory_order_relaxed);
  }
  database_->emit(EventKind::connected, {});
  if (first) database_->emit(EventKind::initialized, {});
}

void Reachability::prove() noexcept {
  const std::scoped_lock lock(mutex_);
  reconnect_.answered();
  unproven_.store(false, std::memory_order_relaxed);
}

Error Reachability::failed(Attempt attempt, const net::OpenFailure& failure, Time now,
                           std::chrono::nanoseconds elapsed) {
  Error error = database_->unreachable(failure, elapsed);
  const double draw = random();
  {
    const std::scoped_lock lock(mutex_);
    ++connect_failures_;
    reconnect_.failed(attempt, now, draw);
    if (reconnect_.state() != State::up) {
      last_failure_ = error;
      failing_.store(true, std::memory_order_relaxed);
    }
  }
  database_->emit(EventKind::connect_failed, error.what());
  return error;
}

Error Reachability::inconclusive(Attempt attempt, const net::OpenFailure& failure, Time now,
                                 std::chrono::nanoseconds elapsed) {
  Error error = database_->unreachable(failure, elapsed);
  {
    const std::scoped_lock lock(mutex_);
    reconnect_.abandoned(attempt, now);
  }
  database_->emit(EventKind::connect_failed, error.what());
  return error;
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

double Reachability::random() {
  const std::scoped_lock lock(mutex_);
  return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
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
