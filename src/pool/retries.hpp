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

/// One failed attempt, and what its call allows.
struct FailedAttempt {
  Failure failure;
  std::string_view command{};
  std::string_view why{};
  Retry category = Retry::accumulating;
  std::optional<RetryMode> mode{};  ///< Empty: that of the database.
  unsigned made = 1;                ///< Number of attempts, including this one.
  TimePoint now{};
  TimePoint deadline{};
};

/// Applies the retry policy and the budget of a database, on failures only.
///
/// Thread safety: full.
class Retries {
 public:
  using Delay = std::optional<std::chrono::milliseconds>;
  /// Is notified of an attempt that will be made after `delay`.
  using Note = std::function<void(const FailedAttempt&, std::chrono::milliseconds delay)>;

  Retries(const RetryPolicy& policy, const RetryBudgetPolicy& budget, OperationTotals& totals, Note note)
      : policy_(policy), totals_(totals), note_(std::move(note)), budget_(budget), random_(random_seed()) {}
  Retries(const Retries&) = delete;
  Retries& operator=(const Retries&) = delete;

  /// Returns the delay before the next attempt and counts it; empty if there must be none.
  [[nodiscard]] Delay next(const FailedAttempt& attempt);
  /// Decides like `next` after the loss of a connection: the next attempt is made at once, on another one.
  /// `charged` false: the command had not been sent, so the server gets no additional command.
  [[nodiscard]] bool at_once(const FailedAttempt& attempt, bool charged);
  /// Decides like `next` after LOADING, without a limit of attempts, because LOADING ends by itself. Each
  /// attempt takes a token of the budget or waits for one. If none comes in time, the delay ends at the
  /// deadline.
  [[nodiscard]] Delay after_loading(const FailedAttempt& attempt);
  /// True if a command was answered with LOADING within the last two seconds.
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
