// SPDX-License-Identifier: Apache-2.0
// retry_policy.hpp: whether a failed command is retried, and after which delay.
#pragma once

#include <redstart/commands/command_info.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/core/errc.hpp>
#include <redstart/core/error.hpp>
#include <redstart/resilience/backoff.hpp>
#include <redstart/resilience/retry_budget.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace redstart::inline v0 {

/// The failures that may be retried; each mode includes the ones before it. No mode retries if that can't
/// help
/// (`Remedy::never`, a cancelled or wrong call, a manager that was shut down).
enum class RetryMode : std::uint8_t {
  off,              ///< Nothing.
  not_sent,         ///< Commands that provably had no effect.
  reads,            ///< Also reads whose outcome is unknown: the default.
  last_write_wins,  ///< Also writes like SET whose outcome is unknown; may undo a write of another client.
  at_least_once,    ///< Also all others whose outcome is unknown: INCR may count twice, scripts run twice.
};

/// How often, after which delays and what is retried.
struct RetryPolicy {
  unsigned attempts = 3;  ///< Including the first; 1 …
  BackoffPolicy backoff{std::chrono::milliseconds{20}, std::chrono::seconds{1}, 2.0, Jitter::full};
  RetryMode mode = RetryMode::reads;
  /// True: also retry if the database can't be reached or is overloaded. False: such calls fail at once, for
  /// callers that can continue without a reply.
  bool while_away = true;
};

/// True if the database can't be reached or is overloaded, for callers that prefer to fail at once. Not for
/// `loading`, which ends soon without action.
[[nodiscard]] constexpr bool is_away(Errc code) noexcept {
  return code == Errc::overloaded || (is_unavailable(code) && code != Errc::loading);
}

/// True if a command of `category` with this failure may be sent again: never if its effect could be one that
/// the mode does not allow. Number and delays of retries are not considered.
[[nodiscard]] constexpr bool may_repeat(const Failure& failure, Retry category, RetryMode mode) noexcept {
  if (mode == RetryMode::off || failure.remedy == Remedy::never || is_final(failure.code)) return false;
  switch (failure.effect) {
    case Effect::none:
    case Effect::server_error: return false;
    case Effect::not_sent: return true;
    case Effect::indeterminate: break;
  }
  switch (category) {
    case Retry::read: return mode >= RetryMode::reads;
    case Retry::last_write_wins: return mode >= RetryMode::last_write_wins;
    case Retry::accumulating: return mode >= RetryMode::at_least_once;
  }
  return false;
}

/// The attempts of one operation.
class RetrySeries {
 public:
  using Time [[deprecated("use TimePoint")]] = TimePoint;

  RetrySeries(const RetryPolicy& policy, Retry category) noexcept
      : policy_(policy), category_(category), backoff_(policy.backoff) {}
  /// Continues a series of which `made` attempts were made, including the current one; 1 …
  RetrySeries(const RetryPolicy& policy, Retry category, unsigned made, double random) noexcept
      : RetrySeries(policy, category) {
    for (made_ = made; made > 1; --made) static_cast<void>(backoff_.next(random));
  }

  /// Returns the delay before the next attempt, after one that failed at `now`; empty if the call must fail.
  /// There is no attempt that could begin only at or after the deadline. `random` in [0, 1). `budget` may be
  /// null; a token is taken from it only if everything else allows the attempt.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next(const Failure& failure, TimePoint now,
                                                              TimePoint deadline, double random,
                                                              RetryBudget* budget) noexcept {
    if (made_ >= policy_.attempts || !may_repeat(failure, category_, policy_.mode)) return std::nullopt;
    if (!policy_.while_away && is_away(failure.code)) return std::nullopt;
    const std::chrono::milliseconds delay = backoff_.next(random);
    if (deadline <= now || deadline - now <= delay) return std::nullopt;
    if (budget != nullptr && !budget->take(now)) return std::nullopt;
    ++made_;
    return delay;
  }

  /// Attempts made, including the current one.
  [[nodiscard]] unsigned attempts() const noexcept { return made_; }

 private:
  RetryPolicy policy_;
  Retry category_;
  Backoff backoff_;
  unsigned made_ = 1;
};

}  // namespace redstart::inline v0
