// SPDX-License-Identifier: Apache-2.0
// breaker.cpp: calls of the circuit breaker that take its lock.
#include "breaker.hpp"

#include <algorithm>
#include <optional>

namespace redstart::inline v0::pool {

namespace {

using namespace std::chrono_literals;

bool passes(BreakerState state) noexcept {
  return state == BreakerState::closed || state == BreakerState::forced_closed;
}

}  // namespace

template <class Action>
void Breaker::change(Action action, std::string_view why) {
  Change change;
  {
    const std::scoped_lock lock(mutex_);
    change.from = machine_.state();
    const std::uint64_t generation = machine_.generation();
    const unsigned probing = machine_.probing();
    action();
    change.to = machine_.state();
    const bool moved = machine_.generation() != generation;
    word_.store(of({machine_.generation(), machine_.row()}, passes(change.to)), std::memory_order_relaxed);
    if (moved) {
      ++changes_;
      since_ = Clock::now();
    } else if (change.to != BreakerState::half_open || machine_.probing() >= probing) {
      return;
    }
    if (change.to == BreakerState::open)
      change.why = last_failure_;
    else
      change.why = why;
  }
  if (listener_) listener_(change);
}

void Breaker::use(const BreakerPolicy& policy) {
  const std::scoped_lock lock(mutex_);
  machine_.use(policy);
}

// Preconditions of `take_successes`, `answered_by` and `others_answer`: the lock is held. `at`: the latest
// time at which the answers that were not read yet can have arrived.
void Breaker::take_successes(TimePoint now, TimePoint at) noexcept {
  const std::uint64_t answered = counters_.all_answered();
  answered_between_ = answered - std::min(answered, answered_);
  if (answered_between_ != 0) {
    if (machine_.state() == BreakerState::closed)
      machine_.succeeded({machine_.generation()}, at, answered_between_);
    answered_from_ = looked_;
    answered_until_ = at;
  }
  answered_ = answered;
  looked_ = now;
  looks_.fetch_add(1, std::memory_order_relaxed);
}

// The statistics are read once a second while commands are answered. If that second has passed, their
// answers are older: a server that froze five seconds ago has answered nothing since.
TimePoint Breaker::answered_by(TimePoint now) const noexcept {
  const Clock::rep next = next_look_.load(std::memory_order_relaxed);
  return next == 0 ? now : std::min(now, TimePoint(Clock::duration(next)));
}

bool Breaker::others_answer(Silence& silence, TimePoint now) noexcept {
  const std::uint64_t looks = looks_.load(std::memory_order_relaxed);
  const TimePoint at = answered_by(now);
  // The answers of this connection are among those counted between two readings.
  if (silence.looks + 1 == looks && answered_between_ > silence.own && answered_until_ > silence.since)
    silence.others_until = answered_until_;
  const std::uint64_t own = silence.looks == looks ? silence.own : 0;
  if (counters_.all_answered() > answered_ + own) silence.others_until = at;
  take_successes(now, at);
  return now - silence.others_until <= 1s || (answered_from_ > silence.since && now - answered_until_ <= 1s);
}

void Breaker::look(TimePoint now) {
  // Only the first call in each second reads the statistics.
  Clock::rep seen = next_look_.load(std::memory_order_relaxed);
  const Clock::rep next =
      TimePoint(std::chrono::floor<std::chrono::seconds>(now) + 1s).time_since_epoch().count();
  if (now.time_since_epoch().count() < seen ||
      !next_look_.compare_exchange_strong(seen, next, std::memory_order_relaxed))
    return;
  const std::scoped_lock lock(mutex_);
  take_successes(now, seen == 0 ? now : std::min(now, TimePoint(Clock::duration(seen))));
}

Breaker::Ticket Breaker::admit_probe(TimePoint now) {
  std::optional<BreakerTicket> ticket;
  bool passes_again = false;
  change(
      [&] {
        ticket = machine_.admit(now);
        passes_again = passes(machine_.state());
      },
      "the recovery time is over");
  return ticket ? of(*ticket, passes_again) : 0;
}

bool Breaker::refuses(TimePoint now) const {
  if (common_ticket() != 0) return false;
  const std::scoped_lock lock(mutex_);
  return !CircuitBreaker(machine_).admit(now).has_value();
}

void Breaker::probe_succeeded(Ticket ticket, TimePoint now) {
  // This makes no room for another probe: the success counts towards their number.
  change([&] { machine_.succeeded(of(ticket), now); }, "the probes were answered");
}

void Breaker::failed(Ticket ticket, TimePoint now, std::string_view why) {
  if (ticket == 0) return;
  change(
      [&] {
        take_successes(now, answered_by(now));
        if (of(ticket).generation == machine_.generation()) last_failure_ = why;
        machine_.failed(of(ticket), now, random_.unit());
      },
      why);
}

void Breaker::failed(Ticket ticket, TimePoint now, std::string_view why, Silence& silence, bool behind) {
  if (ticket == 0) return;
  bool others = false;
  {
    const std::scoped_lock lock(mutex_);
    others = others_answer(silence, now);
  }
  if (others && behind) return dropped(ticket);
  failed(ticket, now, why);
}

void Breaker::probe_dropped(Ticket ticket) {
  change([&] { machine_.dropped(of(ticket)); }, "a probe was abandoned");
}

void Breaker::connection_ready() {
  if (common_ticket() != 0) return;
  change([&] { machine_.connection_ready(); }, "a connection is ready");
}

BreakerState Breaker::state() const {
  const std::scoped_lock lock(mutex_);
  return machine_.state();
}

Breaker::Status Breaker::status() const {
  const std::scoped_lock lock(mutex_);
  return {machine_.state(), since_, machine_.open_until(), last_failure_, changes_};
}

void Breaker::forced(void (CircuitBreaker::*command)() noexcept, std::string_view why) {
  change(
      [&] {
        (machine_.*command)();
        answered_ = counters_.all_answered();
      },
      why);
}

}  // namespace redstart::inline v0::pool
