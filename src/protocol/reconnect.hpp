// SPDX-License-Identifier: Apache-2.0
// reconnect.hpp: decides when the next connect attempt may start.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/resilience/backoff.hpp>

#include <chrono>
#include <cstdint>

namespace redstart::inline v0::protocol {

/// The reconnect policy of one server as a state machine. While attempts succeed, any caller may open a
/// connection. After a failure there is one attempt at a time, not before its delay has passed, and all other
/// callers fail fast.
///
/// A connection that is ready proves nothing yet: a proxy whose server is away may complete the handshake and
/// then close. Such a loss counts as a failed attempt, unless one of these is true:
///
/// * This connection, or one that became ready later, has answered a user's command.
/// * It was open for `stability`.
///
/// After such a loss the server is suspect: delays keep growing, and attempts keep their distance even while
/// a connection is ready. That ends once a command was answered, or `stability` has passed without a loss.
///
/// Thread safety: none, the pool's lock guards it.
class Reconnect {
 public:
  enum class State : std::uint8_t {
    fresh,        ///< No attempt was made yet.
    up,           ///< The last attempt succeeded.
    backing_off,  ///< The last attempt failed; none may start before `next_attempt()`.
    probing,      ///< One attempt is under way after a failure.
  };

  /// An attempt under way. Its generation prevents a late result from changing a newer state.
  struct ConnectAttempt {
    std::uint64_t generation = 0;
  };
  /// A connection that became ready. The first is number 1.
  struct Connection {
    std::uint64_t number = 0;
    TimePoint ready{};
  };

  /// A connection that was open for this long proves the server, even if it carried no command.
  static constexpr std::chrono::seconds stability{5};

  explicit Reconnect(BackoffPolicy policy = {}) noexcept : Reconnect(policy, {policy, 0}) {}
  Reconnect(BackoffPolicy policy, StartupPolicy startup) noexcept
      : backoff_(policy), startup_(startup.backoff), startups_left_(startup.attempts) {}

  /// Replaces the delays; they start over. A delay that runs stays as it is.
  void use(const BackoffPolicy& policy, const BackoffPolicy& startup) noexcept {
    backoff_ = Backoff(policy);
    startup_ = Backoff(startup);
  }

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] TimePoint next_attempt() const noexcept { return next_attempt_; }

  /// True if a connection may be opened now. The caller must then report the result.
  [[nodiscard]] bool may_attempt(TimePoint now) const noexcept {
    switch (state_) {
      case State::fresh: return true;
      case State::up: return !suspect_ || settled(now) || now >= next_attempt_;
      case State::backing_off: return now >= next_attempt_;
      case State::probing: return false;
    }
    return false;
  }
  /// Preconditions: `may_attempt(now)`.
  ConnectAttempt begin(TimePoint now) noexcept {
    if (state_ == State::backing_off)
      state_ = State::probing;
    else if (suspect_)
      next_attempt_ = deadline_after(now, backoff_.policy().maximum);
    return {generation_};
  }

  /// A connection is ready. `random` in [0, 1). Returns what `lost` takes.
  Connection succeeded(TimePoint now, double random) noexcept {
    if (state_ != State::up) {
      ++generation_;
      up_since_ = now;
    }
    startups_left_ = 0;
    state_ = State::up;
    if (suspect_) next_attempt_ = deadline_after(now, backoff_.next(random));
    return {++ready_, now};
  }
  /// A user's command was answered over that connection: the next outage starts with the first delay again.
  /// No effect if the connection is from before the outage.
  void answered(const Connection& connection) noexcept {
    if (state_ != State::up || connection.number <= lost_) return;
    if (connection.number > proven_) proven_ = connection.number;
    suspect_ = false;
    backoff_.reset();
  }
  /// True while the loss of that connection would count as a failed attempt.
  [[nodiscard]] bool unproven(const Connection& connection, TimePoint now) const noexcept {
    return state_ == State::up && connection.number > proven_ && connection.number > lost_ &&
           now - connection.ready < stability;
  }
  /// The connection was lost. While it is `unproven`, that counts as one failed attempt for all connections
  /// that are ready by now. `random` in [0, 1).
  void lost(const Connection& connection, TimePoint now, double random) noexcept {
    if (!unproven(connection, now)) return;
    suspect_ = true;
    fail(now, random);
  }
  /// True from the loss of an unproven connection until the server is proven.
  [[nodiscard]] bool suspect(TimePoint now) const noexcept { return suspect_ && !settled(now); }
  /// `random` in [0, 1).
  void failed(ConnectAttempt attempt, TimePoint now, double random) noexcept {
    if (attempt.generation != generation_) return;  // others reported this outage, or its end, before
    if (settled(now)) {
      suspect_ = false;
      backoff_.reset();
    }
    fail(now, random);
  }
  /// The attempt ended without a result that concerns the server (the caller's deadline, shutdown).
  void abandoned(ConnectAttempt attempt, TimePoint now) noexcept {
    if (attempt.generation != generation_ || state_ != State::probing) return;
    state_ = State::backing_off;
    next_attempt_ = now;
  }

 private:
  // The last connections have been open for long enough, although no command was sent.
  [[nodiscard]] bool settled(TimePoint now) const noexcept {
    return state_ == State::up && now - up_since_ >= stability;
  }
  void fail(TimePoint now, double random) noexcept {
    ++generation_;
    lost_ = ready_;
    state_ = State::backing_off;
    next_attempt_ = deadline_after(now, next_delay(random));
  }
  std::chrono::milliseconds next_delay(double random) noexcept {
    if (startups_left_ == 0) return backoff_.next(random);
    --startups_left_;
    return startup_.next(random);
  }

  Backoff backoff_;
  Backoff startup_;
  unsigned startups_left_;
  State state_ = State::fresh;
  bool suspect_ = false;      // an unproven connection was lost
  std::uint64_t ready_ = 0;   // connections that became ready
  std::uint64_t proven_ = 0;  // the last of them that has answered a command
  std::uint64_t lost_ = 0;    // up to this number they were ready before the latest outage
  TimePoint up_since_{};
  TimePoint next_attempt_{};
  std::uint64_t generation_ = 0;
};

}  // namespace redstart::inline v0::protocol
