// SPDX-License-Identifier: Apache-2.0
// reconnect.hpp: decides when a database that could not be reached may be tried again.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/resilience/backoff.hpp>

#include <chrono>
#include <cstdint>

namespace redstart::protocol {

/// The reconnect policy of one database as a state machine: while attempts succeed, anybody may open a
/// connection; from the first failure on, one attempt at a time and not before its time has come, all others
/// fail fast. Delays grow until a connection was ready *and* a command was answered: a server that greets and
/// then drops everybody is not back.
///
/// Thread safety: none, the pool's lock guards it.
class Reconnect {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class State : std::uint8_t {
    fresh,        ///< Nothing was tried yet.
    up,           ///< The last attempt succeeded.
    backing_off,  ///< The last attempt failed; nobody may try before `next_attempt()`.
    probing,      ///< Its time had come: one attempt is under way.
  };

  /// An attempt under way, or the connection that came of it. Its generation keeps a straggler from moving a
  /// later state.
  struct Attempt {
    std::uint64_t generation = 0;
  };

  explicit Reconnect(BackoffPolicy policy = {}) noexcept : Reconnect(policy, {policy, 0}) {}
  Reconnect(BackoffPolicy policy, StartupPolicy startup) noexcept
      : backoff_(policy), startup_(startup.backoff), startups_left_(startup.attempts) {}

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] Time next_attempt() const noexcept { return next_attempt_; }

  /// True when a connection may be opened now; the caller then must report how it went.
  [[nodiscard]] bool may_attempt(Time now) const noexcept {
    switch (state_) {
      case State::fresh:
      case State::up: return true;
      case State::backing_off: return now >= next_attempt_;
      case State::probing: return false;
    }
    return false;
  }
  /// Preconditions: `may_attempt(now)`.
  Attempt begin() noexcept {
    if (state_ == State::backing_off) state_ = State::probing;
    return {generation_};
  }

  /// A connection is ready. Returns what `lost` takes, should it be lost before anything was answered.
  Attempt succeeded() noexcept {
    if (state_ != State::up) {
      ++generation_;
      answered_ = false;
    }
    startups_left_ = 0;
    state_ = State::up;
    return {generation_};
  }
  /// A command was answered, on whichever connection: the next outage starts with the first delay again.
  /// Cheap enough for every command; only the first after an outage matters.
  void answered() noexcept {
    if (answered_ || state_ != State::up) return;
    answered_ = true;
    backoff_.reset();
  }
  /// The connection that `succeeded` spoke of was lost. Means nothing once a command was answered; before, it
  /// is a failed attempt. `random` in [0, 1).
  void lost(Attempt connection, Time now, double random) noexcept {
    if (state_ == State::up && !answered_) failed(connection, now, random);
  }
  /// `random` in [0, 1).
  void failed(Attempt attempt, Time now, double random) noexcept {
    if (attempt.generation != generation_) return;  // others reported this outage, or its end, before
    ++generation_;
    state_ = State::backing_off;
    next_attempt_ = deadline_after(now, next_delay(random));
  }
  /// The attempt ended without telling anything about the server (the caller's own deadline, shutdown).
  void abandoned(Attempt attempt, Time now) noexcept {
    if (attempt.generation != generation_ || state_ != State::probing) return;
    state_ = State::backing_off;
    next_attempt_ = now;
  }

 private:
  std::chrono::milliseconds next_delay(double random) noexcept {
    if (startups_left_ == 0) return backoff_.next(random);
    --startups_left_;
    return startup_.next(random);
  }

  Backoff backoff_;
  Backoff startup_;
  unsigned startups_left_;
  State state_ = State::fresh;
  bool answered_ = false;  // since a connection became ready after the last outage
  Time next_attempt_{};
  std::uint64_t generation_ = 0;
};

}  // namespace redstart::protocol
