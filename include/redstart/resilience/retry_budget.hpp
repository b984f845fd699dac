// SPDX-License-Identifier: Apache-2.0
// retry_budget.hpp: limits retries to a share of calls.
#pragma once

#include <redstart/core/clock.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace redstart::inline v0 {

/// Limits how many commands are retried, whatever the cause, so that retries don't overload a slow server. In
/// any period there are at most `capacity + share * calls + trickle * seconds` retries.
struct RetryBudgetPolicy {
  double share = 0.1;       ///< Retries per call, 0 … 1.
  double trickle = 1.0;     ///< Retries per second without calls, so that an idle client may retry too.
  double capacity = 100.0;  ///< Maximum number of saved tokens, and the initial one; >= 1.
};

/// A token bucket: calls and time fill it, each retry takes one token.
///
/// Calls are added in bulk, from a count that only grows. Statistics count every call anyway, so a call has
/// no extra cost.
///
/// Thread safety: none, the pool's lock guards it; only retries use it.
class RetryBudget {
 public:
  using Time [[deprecated("use TimePoint")]] = TimePoint;

  explicit constexpr RetryBudget(RetryBudgetPolicy policy = {}) noexcept
      : policy_(policy), tokens_(policy.capacity) {}

  /// Replaces the policy; tokens above the new capacity are lost.
  constexpr void use(const RetryBudgetPolicy& policy) noexcept {
    policy_ = policy;
    if (tokens_ > policy.capacity) tokens_ = policy.capacity;
  }

  /// `total`: number of calls since the beginning. A smaller value than before is ignored.
  constexpr void calls(std::uint64_t total) noexcept {
    if (total <= calls_) return;
    add(policy_.share * static_cast<double>(total - calls_));
    calls_ = total;
  }

  /// True if a retry is allowed now; it is then counted.
  [[nodiscard]] constexpr bool take(TimePoint now) noexcept {
    fill(now);
    if (tokens_ < 1) {
      ++refused_;
      return false;
    }
    tokens_ -= 1;
    ++taken_;
    return true;
  }
  /// Returns how long a retry must wait for its token, which is counted and reserved; empty if that is longer
  /// than `longest`. Tokens from calls may arrive earlier and serve others.
  [[nodiscard]] constexpr std::optional<TimePoint::duration> reserve(TimePoint now,
                                                                     TimePoint::duration longest) noexcept {
    fill(now);
    TimePoint::duration wait{0};
    if (tokens_ < 1) {
      const std::chrono::duration<double> seconds((1 - tokens_) / policy_.trickle);
      if (policy_.trickle <= 0 || seconds > longest) {
        ++refused_;
        return std::nullopt;
      }
      wait = std::chrono::ceil<TimePoint::duration>(seconds);
    }
    tokens_ -= 1;
    ++taken_;
    return wait;
  }

  [[nodiscard]] constexpr double tokens() const noexcept { return tokens_; }
  /// The tokens at `now`, those included that time has added since the last retry.
  [[nodiscard]] constexpr double tokens(TimePoint now) const noexcept {
    RetryBudget then = *this;
    then.fill(now);
    return then.tokens_;
  }
  [[nodiscard]] constexpr std::uint64_t taken() const noexcept { return taken_; }
  [[nodiscard]] constexpr std::uint64_t refused() const noexcept { return refused_; }

 private:
  constexpr void fill(TimePoint now) noexcept {
    if (!started_) {
      started_ = true;
      filled_ = now;
    } else if (now > filled_) {
      add(policy_.trickle * std::chrono::duration<double>(now - filled_).count());
      filled_ = now;
    }
  }
  constexpr void add(double tokens) noexcept {
    tokens_ = tokens_ + tokens < policy_.capacity ? tokens_ + tokens : policy_.capacity;
  }

  RetryBudgetPolicy policy_;
  double tokens_;
  TimePoint filled_{};
  bool started_ = false;
  std::uint64_t calls_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace redstart::inline v0
