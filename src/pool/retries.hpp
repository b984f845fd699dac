// SPDX-License-Identifier: Apache-2.0
// retries.hpp: decides whether and when a call is retried.
#pragma once

#include "operation_totals.hpp"

#include <redstart/resilience/random.hpp>
#include <redstart/resilience/retry_policy.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>

namespace redstart::inline v0::pool {

/// One attempt that failed, and what is allowed to its call.
struct FailedAttempt {
  Failure failure;
  std::string_view command{};
  std::string_view why{};
  Retry category = Retry::accumulating;
  std::optional<RetryMode> mode{};  ///< Empty: the database's.
  unsigned made = 1;                ///< CallRetries, this one included.
  TimePoint now{};
  TimePoint deadline{};
};

/// Decides by the database's retry policy and budget; both are asked on failures only.
///
/// Thread safety: full.
class Retries {
 public:
  using Delay = std::optional<std::chrono::milliseconds>;
  /// Takes note of an attempt that will be made after `delay`.
  using Note = std::function<void(const FailedAttempt&, std::chrono::milliseconds delay)>;

  Retries(const RetryPolicy& policy, const RetryBudgetPolicy& budget, OperationTotals& totals, Note note)
      : policy_(policy), totals_(totals), note_(std::move(note)), budget_(budget), random_(random_seed()) {}
  Retries(const Retries&) = delete;
  Retries& operator=(const Retries&) = delete;

  /// The delay before the next attempt, which is counted then; empty: there must be none.
  [[nodiscard]] Delay next(const FailedAttempt& attempt);
  /// The same where the connection was lost: it is made at once, on another. `charged` false: nothing of the
  /// command had been sent, so the server does not see one command more.
  [[nodiscard]] bool at_once(const FailedAttempt& attempt, bool charged);
  /// After LOADING: that ends by itself, so the number of attempts does not limit it. Each takes its token,
  /// or waits for the next one; where none comes in time the delay ends at the deadline.
  [[nodiscard]] Delay after_loading(const FailedAttempt& attempt);
  /// True when a command was answered with LOADING within the last two seconds.
  [[nodiscard]] bool loading_lately(TimePoint now) const noexcept;

 private:
  [[nodiscard]] RetryPolicy policy_for(const FailedAttempt& attempt) const noexcept;
  [[nodiscard]] Delay decide(const RetryPolicy& policy, const FailedAttempt& attempt, bool charged);

  const RetryPolicy policy_;
  OperationTotals& totals_;
  const Note note_;
  std::mutex mutex_{};
  RetryBudget budget_;
  Random random_;
  std::atomic<Clock::rep> loading_{0};  // when a command was last answered with LOADING; 0: never
};

}  // namespace redstart::inline v0::pool
