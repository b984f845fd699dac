// SPDX-License-Identifier: Apache-2.0
// backoff.hpp: delays between attempts, exponential and with jitter.
#pragma once

#include <redstart/core/clock.hpp>

#include <chrono>
#include <cstdint>

namespace redstart::inline v0 {

/// How the delays of a series vary, so that clients that failed together don't retry together. The ceiling of
/// the n-th delay, n from 0, is `initial * factor^n`, at most `maximum`.
enum class Jitter : std::uint8_t {
  none,          ///< Exactly the ceiling.
  full,          ///< From 0 to the ceiling: varies most, but two attempts may have no delay between.
  equal,         ///< From half of the ceiling to the ceiling.
  decorrelated,  ///< From `initial` to three times the last delay, at most `maximum`; no factor.
  floored,       ///< From `initial` to the next ceiling: never below `initial`, varies from the first on.
};

/// Delays between attempts. Ranges: 0 < initial <= maximum, factor >= 1.
struct BackoffPolicy {
  std::chrono::milliseconds initial{50};
  std::chrono::milliseconds maximum{500};
  double factor = 2.0;
  Jitter jitter = Jitter::floored;
};

/// Delays between connect attempts until the first one succeeds. After that, the reconnect policy applies.
struct StartupPolicy {
  BackoffPolicy backoff{std::chrono::seconds{2}, std::chrono::seconds{30}, 2.0, Jitter::equal};
  unsigned attempts = 5;  ///< Number of failed attempts that these delays follow; 0: none.
};

/// The state of one series of attempts.
class Backoff {
 public:
  explicit constexpr Backoff(BackoffPolicy policy = {}) noexcept
      : policy_(policy), reach_(count(policy.initial)) {}

  /// Returns the delay before the next attempt. `random` is in [0, 1).
  [[nodiscard]] constexpr std::chrono::milliseconds next(double random) noexcept {
    const double ceiling = reach_;
    const double grown = capped(ceiling * policy_.factor);
    double delay = ceiling;
    switch (policy_.jitter) {
      case Jitter::none: break;
      case Jitter::full: delay = random * ceiling; break;
      case Jitter::equal: delay = between(ceiling / 2, ceiling, random); break;
      case Jitter::floored: delay = between(count(policy_.initial), grown, random); break;
      case Jitter::decorrelated:
        delay = between(count(policy_.initial), capped(ceiling * 3), random);
        reach_ = delay;
        return truncated(delay);
    }
    reach_ = grown;
    return truncated(delay);
  }

  /// Restarts with the first delay, after an attempt that fully succeeded.
  constexpr void reset() noexcept { reach_ = count(policy_.initial); }

  [[nodiscard]] constexpr const BackoffPolicy& policy() const noexcept { return policy_; }

 private:
  static constexpr double count(std::chrono::milliseconds time) noexcept {
    return static_cast<double>(time.count());
  }
  static constexpr double between(double low, double high, double random) noexcept {
    return low + random * (high - low);
  }
  // From zero to `no_limit`, whatever the policy says.
  static constexpr std::chrono::milliseconds truncated(double delay) noexcept {
    if (!(delay < count(no_limit))) return no_limit;
    return std::chrono::milliseconds(delay > 0 ? static_cast<std::chrono::milliseconds::rep>(delay) : 0);
  }
  [[nodiscard]] constexpr double capped(double delay) const noexcept {
    return delay < count(policy_.maximum) ? delay : count(policy_.maximum);
  }

  BackoffPolicy policy_;
  double reach_;  // in milliseconds: the ceiling of the next delay; decorrelated: the last delay
};

}  // namespace redstart::inline v0
