// SPDX-License-Identifier: Apache-2.0
// retries.hpp: the retry policy, budget and randomness of a database.
#pragma once

#include "../config/live_settings.hpp"
#include "../resilience/attempt_series.hpp"
#include "operation_totals.hpp"

#include <redstart/resilience/random.hpp>
#include <redstart/resilience/retry_policy.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string_view>
#include <utility>

namespace redstart::inline v0::pool {

/// Asks `AttemptSeries` on failures, with the policy and the budget of a database, and counts the retries.
///
/// Thread safety: full.
class Retries {
 public:
  /// Is notified that `command` will be repeated after `delay`, because `attempt` failed with the text `why`.
  using Note = std::function<void(std::string_view command, const FailedAttempt& attempt,
                                  std::string_view why, std::chrono::milliseconds delay)>;

  Retries(const LiveSettings& settings, OperationTotals& totals, Note note)
      : settings_(settings),
        totals_(totals),
        note_(std::move(note)),
        budget_(settings.now().retry_budget),
        random_(random_seed()) {}
  Retries(const Retries&) = delete;
  Retries& operator=(const Retries&) = delete;

  /// Replaces the policy of the budget.
  void use(const RetryBudgetPolicy& budget);
  /// Returns what follows a failed attempt, and counts the retry. `command` and `why` are for the
  /// notification.
  [[nodiscard]] Next next(const AttemptRules& rules, const FailedAttempt& attempt, std::string_view command,
                          std::string_view why);
  /// Returns whether a call waits for its database despite `failure`.
  [[nodiscard]] Next while_away(const AttemptRules& rules, const Failure& failure, TimePoint now) const {
    return AttemptSeries(settings_.now().retry, rules).while_away(failure, now);
  }
  /// Sets `retry_tokens`; the counters are those of the totals.
  void collect(RedisStats& into, TimePoint now);
  /// True if a command was answered with LOADING within the last two seconds.
  [[nodiscard]] bool loading_lately(TimePoint now) const noexcept;

 private:
  const LiveSettings& settings_;
  OperationTotals& totals_;
  const Note note_;
  std::mutex mutex_{};
  RetryBudget budget_;
  Random random_;
  std::atomic<Clock::rep> loading_{0};  // when a command was last answered with LOADING; 0: never
};

}  // namespace redstart::inline v0::pool
