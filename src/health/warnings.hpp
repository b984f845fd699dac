// SPDX-License-Identifier: Apache-2.0
// warnings.hpp: compares the figures of a database with the thresholds of the policy.
#pragma once

#include <redstart/health/health_policy.hpp>
#include <redstart/health/health_report.hpp>

#include <cstddef>
#include <cstdint>

namespace redstart::inline v0::health {

/// Figures that warnings need and reports do not show.
struct WarningFacts {
  std::uint64_t evicted = 0;              ///< Keys evicted since the last probe.
  std::size_t connections_on_server = 0;  ///< As in `DatabaseFacts`.
};

/// Adds the warnings about breaker, pool and server.
void add_warnings(DatabaseHealth& health, const WarningFacts& facts, const HealthPolicy& policy);

}  // namespace redstart::inline v0::health
