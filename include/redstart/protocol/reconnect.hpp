// SPDX-License-Identifier: Apache-2.0
// reconnect.hpp: decides when a database that could not be reached may be tried again.
#pragma once

#include <redstart/resilience/backoff.hpp>

#include <chrono>
#include <cstdint>

namespace redstart::protocol {

/// The reconnect policy of one database as a state machine: while attempts succeed, anybody may open a
/// connection; from the first failure on, one attempt at a time and not before its time has come, all others
/// fail fast.
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

  /// An attempt under way. Its generation keeps a straggler from moving a later state.
  struct Attempt {
    std::uint64_t generation = 0;
  };

  explicit Reconnect(BackoffPolicy policy = {}) noexcept : backoff_(policy) {}

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

  void succeeded() noexcept {
    if (state_ != State::up) ++generation_;
    state_ = State::up;
    backoff_.reset();
  }
  /// `random` in [0, 1).
  void failed(Attempt attempt, Time now, double random) noexcept {
    if (attempt.generation != generation_) return;  // others reported this outage, or its end, before
    ++generation_;
    state_ = State::backing_off;
    next_attempt_ = now + backoff_.next(random);
  }
  /// The attempt ended without telling anything about the server (the caller's own deadline, shutdown).
  void abandoned(Attempt attempt, Time now) noexcept {
    if (attempt.generation != generation_ || state_ != State::probing) return;
    state_ = State::backing_off;
    next_attempt_ = now;
  }

 private:
  Backoff backoff_;
  State state_ = State::fresh;
  Time next_attempt_{};
  std::uint64_t generation_ = 0;
};

}  // namespace redstart::protocol
