// SPDX-License-Identifier: Apache-2.0
// breaker_policy.hpp: when a circuit breaker opens, and how it recovers.
#pragma once

#include <redstart/resilience/backoff.hpp>

#include <chrono>

namespace redstart::inline v0 {

/// When a breaker opens, and how it recovers. A closed breaker opens when one of two rules holds:
///
/// * `consecutive_failures` calls failed without a success between them, at least one of them began after the
///   first had failed, and the calls of the latest one to two seconds failed to at least `failure_share`;
/// * at least `minimum_calls` calls ended in the last 10 s, and they failed to at least `failure_share`.
struct BreakerPolicy {
  /// Number of failures without a success between them that open it; 1 … Failures of concurrent calls alone
  /// don't open it: many callers that wait for one lost reply each time out one after the other, although
  /// most calls are answered.
  unsigned consecutive_failures = 5;
  double failure_share = 0.5;   ///< Share of failed calls that opens it, in both rules; 0 … 1.
  unsigned minimum_calls = 20;  ///< Number of calls in 10 s from which their share counts; 1 …
  BackoffPolicy recovery{std::chrono::milliseconds{500}, std::chrono::seconds{5},
                         2.0};  ///< How long it is open.
  unsigned probes = 3;          ///< Concurrent calls while half open, and the successes that close it; 1 …
};

}  // namespace redstart::inline v0
