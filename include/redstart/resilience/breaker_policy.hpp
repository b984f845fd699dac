// SPDX-License-Identifier: Apache-2.0
// breaker_policy.hpp: when a circuit breaker opens, and how it recovers.
#pragma once

#include <redstart/resilience/backoff.hpp>

#include <chrono>

namespace redstart {

/// When a breaker opens, and how it recovers.
struct BreakerPolicy {
  unsigned consecutive_failures = 5;  ///< So many without a success between open it; 1 …
  double failure_share = 0.5;   ///< Of the calls of the last 10 s; so many failed, or more, open it; 0 … 1.
  unsigned minimum_calls = 20;  ///< Fewer calls than this in 10 s say nothing about the share; 1 …
  BackoffPolicy recovery{std::chrono::milliseconds{500}, std::chrono::seconds{5},
                         2.0};  ///< How long it is open.
  unsigned probes = 3;  ///< So many calls at once while half open, and so many successes close it; 1 …
};

}  // namespace redstart
