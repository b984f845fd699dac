// SPDX-License-Identifier: Apache-2.0
// retries.cpp: locks the budget for a decision and counts its result.
#include "retries.hpp"

#include <algorithm>

namespace redstart::inline v0::pool {

using namespace std::chrono_literals;

Next Retries::next(const AttemptRules& rules, const FailedAttempt& attempt, std::string_view command,
                   std::string_view why) {
  if (attempt.condition == ServerCondition::loading)
    loading_.store(attempt.now.time_since_epoch().count(), std::memory_order_relaxed);
  const AttemptSeries series(settings_.now().retry, rules);
  if (!series.repeatable(attempt)) return {};
  Next next;
  bool no_token = false;
  {
    const std::scoped_lock lock(mutex_);
    budget_.calls(totals_.all_ended());
    const auto refused = budget_.refused();
    next = series.next(attempt, random_.unit(), budget_);
    no_token = budget_.refused() != refused;
  }
  if (no_token) {
    totals_.database().retry_refused();
  } else if (next.again()) {
    totals_.database().retried();
    note_(command, attempt, why, next.delay);
  }
  return next;
}

void Retries::use(const RetryBudgetPolicy& budget) {
  const std::scoped_lock lock(mutex_);
  budget_.use(budget);
}

void Retries::collect(RedisStats& into, TimePoint now) {
  const std::scoped_lock lock(mutex_);
  budget_.calls(totals_.all_ended());
  into.retry_tokens = std::max(budget_.tokens(now), 0.0);  // below 0: retries that wait for their token
}

bool Retries::loading_lately(TimePoint now) const noexcept {
  const Clock::rep last = loading_.load(std::memory_order_relaxed);
  return last != 0 && now - TimePoint(Clock::duration(last)) < 2s;
}

}  // namespace redstart::inline v0::pool
