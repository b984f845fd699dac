// SPDX-License-Identifier: Apache-2.0
// retries.cpp: asks the retry policy, then the budget.
#include "retries.hpp"

#include <algorithm>

namespace redstart::inline v0::pool {

namespace {

using namespace std::chrono_literals;

// Delay between two attempts at a server that answers PING, but commands with LOADING.
constexpr std::chrono::milliseconds loading_pause{20};

}  // namespace

RetryPolicy Retries::policy_for(const FailedAttempt& attempt) const noexcept {
  RetryPolicy policy = policy_;
  if (attempt.mode) policy.mode = *attempt.mode;
  policy.while_away = false;  // `CallRetries` and `PooledConnection` decide about waiting
  return policy;
}

Retries::Delay Retries::decide(const RetryPolicy& policy, const FailedAttempt& attempt, bool charged) {
  const std::scoped_lock lock(mutex_);
  budget_.calls(totals_.all_ended());
  const auto refused = budget_.refused();
  RetrySeries series(policy, attempt.category, attempt.made, random_.unit());
  const Delay delay = series.next(attempt.failure, attempt.now, attempt.deadline, random_.unit(),
                                  charged ? &budget_ : nullptr);
  if (budget_.refused() != refused) totals_.database().retry_refused();
  return delay;
}

Retries::Delay Retries::next(const FailedAttempt& attempt) {
  const Delay delay = decide(policy_for(attempt), attempt, true);
  if (!delay) return delay;
  totals_.database().retried();
  note_(attempt, *delay);
  return delay;
}

bool Retries::at_once(const FailedAttempt& attempt, bool charged) {
  RetryPolicy policy = policy_for(attempt);
  policy.backoff = {0ms, 0ms, 1.0, Jitter::none};
  if (!decide(policy, attempt, charged)) return false;
  totals_.database().retried();
  note_(attempt, 0ms);
  return true;
}

Retries::Delay Retries::after_loading(const FailedAttempt& attempt) {
  loading_.store(attempt.now.time_since_epoch().count(), std::memory_order_relaxed);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(attempt.deadline - attempt.now);
  if (attempt.mode.value_or(policy_.mode) == RetryMode::off || attempt.failure.effect != Effect::not_sent ||
      left <= loading_pause)
    return std::nullopt;
  std::optional<Clock::duration> wait;
  {
    const std::scoped_lock lock(mutex_);
    budget_.calls(totals_.all_ended());
    wait = budget_.reserve(attempt.now, left - loading_pause);
  }
  if (!wait) {
    totals_.database().retry_refused();
    return left;
  }
  const auto delay = std::max(loading_pause, std::chrono::ceil<std::chrono::milliseconds>(*wait));
  totals_.database().retried();
  note_(attempt, delay);
  return delay;
}

bool Retries::loading_lately(TimePoint now) const noexcept {
  const Clock::rep last = loading_.load(std::memory_order_relaxed);
  return last != 0 && now - TimePoint(Clock::duration(last)) < 2s;
}

}  // namespace redstart::inline v0::pool
