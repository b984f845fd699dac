// SPDX-License-Identifier: Apache-2.0
// attempt_series.hpp: decides what follows a failed attempt of a call.
#pragma once

#include "server_condition.hpp"

#include <redstart/commands/command_info.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/core/failure.hpp>
#include <redstart/resilience/retry_budget.hpp>
#include <redstart/resilience/retry_policy.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace redstart::inline v0 {

/// How often a call that waits for its database checks whether the database is back.
inline constexpr std::chrono::milliseconds away_poll{20};
/// The least delay between two attempts at a server that answers PING, but commands with LOADING.
inline constexpr std::chrono::milliseconds loading_poll{20};

/// The decision after a failed attempt.
struct Next {
  enum class Kind : std::uint8_t {
    answer,     ///< Nothing: the caller gets the error.
    again,      ///< Another attempt at this server after `delay`.
    elsewhere,  ///< Another attempt may help, but only at the server that the reply names.
  };
  Kind kind = Kind::answer;
  std::chrono::milliseconds delay{0};
  bool counted = false;  ///< The attempt is one of those that `RetryPolicy::attempts` limits.

  [[nodiscard]] constexpr bool again() const noexcept { return kind == Kind::again; }
};

/// The kind of caller that makes the attempts of a call.
enum class AttemptSide : std::uint8_t {
  direct,  ///< The caller, one attempt after the other, each on a connection that it acquires.
  queued,  ///< A connection with a queue: the command waits there until the connection is open again.
};

/// The facts that all attempts of a call have in common.
struct AttemptRules {
  AttemptSide side = AttemptSide::direct;
  Retry category = Retry::accumulating;
  std::optional<RetryMode> mode{};                        ///< Empty: that of the policy.
  TimePoint deadline = TimePoint::max();                  ///< When the call must have ended.
  std::optional<std::chrono::milliseconds> blocks_for{};  ///< As in `engine::RequestTraits`.
  bool batch = false;       ///< Several commands: those before the failure may have run.
  bool internal = false;    ///< A command of the pool.
  bool session = false;     ///< The connection has state that another one lacks.
  bool may_sleep = true;    ///< False on a thread that serves connections.
  bool while_away = false;  ///< The call waits while its database is away (`WhenAway::wait`).
};

/// One failed attempt.
struct FailedAttempt {
  Failure failure{};
  bool refused = false;  ///< The server replied with an error. False: there was no usable reply.
  ServerCondition condition = ServerCondition::serving;  ///< As the reply shows.
  bool reached = true;  ///< Some bytes were sent, so that a retry is a further command for the server.
  bool reused = false;  ///< The connection had carried commands before.
  unsigned made = 1;    ///< The number of counted attempts, including this one.
  TimePoint now{};
};

/// The one place that decides on repeating a call, for synchronous and asynchronous calls. Pure: no lock, no
/// clock. The caller makes the attempts, counts them and keeps the time.
class AttemptSeries {
 public:
  AttemptSeries(const RetryPolicy& policy, const AttemptRules& rules) noexcept
      : policy_(policy), rules_(rules) {}

  /// False if `next` would return `answer` whatever time, attempts and budget are left.
  [[nodiscard]] bool repeatable(const FailedAttempt& attempt) const noexcept;
  /// Decides after an attempt that failed. `random` in [0, 1). Takes a token of `budget` only if everything
  /// else allows the attempt.
  [[nodiscard]] Next next(const FailedAttempt& attempt, double random, RetryBudget& budget) const noexcept;

  /// Decides after `failure` prevented an attempt: the database is away, and `WhenAway` applies.
  [[nodiscard]] Next while_away(const Failure& failure, TimePoint now) const noexcept;

 private:
  [[nodiscard]] RetryMode mode() const noexcept { return rules_.mode.value_or(policy_.mode); }
  [[nodiscard]] bool replaces_connection(const FailedAttempt& attempt) const noexcept;
  [[nodiscard]] Next after_loading(const FailedAttempt& attempt, RetryBudget& budget) const noexcept;

  RetryPolicy policy_;
  AttemptRules rules_;
};

/// Returns the time before which an attempt must begin, so that a command that blocks for `blocks_for` in the
/// server can still end before `deadline`. Without a limit of the blocking time, any time before the deadline
/// will do.
[[nodiscard]] constexpr TimePoint latest_start(
    TimePoint deadline, const std::optional<std::chrono::milliseconds>& blocks_for) noexcept {
  if (!blocks_for || deadline == TimePoint::max()) return deadline;
  return deadline - bounded<Clock::duration>(*blocks_for);
}

/// True if a call that waits for its database waits despite `failure`. Time can't cure the others: a wrong
/// password, a pool that is exhausted or was stopped. A breaker that was forced open may be released. LOADING
/// has rules of its own.
[[nodiscard]] constexpr bool may_pass(const Failure& failure) noexcept {
  switch (failure.code) {
    case Errc::loading:
    case Errc::pool_timeout:
    case Errc::closed: return false;
    case Errc::circuit_open: return true;
    default: return is_unavailable(failure.code) && failure.remedy != Remedy::never;
  }
}

}  // namespace redstart::inline v0
