// SPDX-License-Identifier: Apache-2.0
// retry_policy.hpp: whether what failed may be tried again, and after which delay.
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

/// What may be tried again; each allows what the ones before it allow, and more. Whatever the mode, nothing
/// is repeated where that can't help (`Remedy::never`, a cancelled or wrong call, a manager that was shut
/// down).
enum class RetryMode : std::uint8_t {
  off,              ///< Nothing.
  not_sent,         ///< What provably had no effect.
  reads,            ///< And reads whose outcome is unknown: the default.
  last_write_wins,  ///< And writes like SET whose outcome is unknown; may undo another's write in between.
  at_least_once,  ///< And everything else whose outcome is unknown: INCR may count twice, scripts run twice.
};

/// How often, how far apart and what is tried again.
struct RetryPolicy {
  unsigned attempts = 3;  ///< The first included; 1 …
  BackoffPolicy backoff{std::chrono::milliseconds{20}, std::chrono::seconds{1}, 2.0, Jitter::full};
  RetryMode mode = RetryMode::reads;
  /// Try again also what failed because the database can't be reached, or is taken by too many; false: that
  /// fails at once, as is right for callers who can go on without an answer.
  bool while_away = true;
};

/// True where the database can't be reached or is taken, which callers may want to be told at once. Loading
/// is not among them: that ends by itself, and soon.
[[nodiscard]] constexpr bool is_away(Errc code) noexcept {
  return code == Errc::overloaded || (is_unavailable(code) && code != Errc::loading);
}

/// True when a command of that category which failed so may be sent again: never where that could do what the
/// mode does not allow. Says nothing about how often and how soon.
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
  /// A series that goes on: `made` attempts were made already, the one under way included; 1 …
  RetrySeries(const RetryPolicy& policy, Retry category, unsigned made, double random) noexcept
      : RetrySeries(policy, category) {
    for (made_ = made; made > 1; --made) static_cast<void>(backoff_.next(random));
  }

  /// How long to wait before the next attempt, after one that failed at `now`; empty when there must be none,
  /// and the failure is the caller's answer. An attempt that could begin only at or after the deadline is
  /// none. `random` in [0, 1). `budget` may be null; it is asked last, and only where all else allows the
  /// attempt.
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

  /// Attempts made, the one under way included.
  [[nodiscard]] unsigned attempts() const noexcept { return made_; }

 private:
  RetryPolicy policy_;
  Retry category_;
  Backoff backoff_;
  unsigned made_ = 1;
};

}  // namespace redstart::inline v0
