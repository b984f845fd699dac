// SPDX-License-Identifier: Apache-2.0
// judge.hpp: decides how healthy a database is, from facts alone.
#pragma once

#include "probe_facts.hpp"
#include "windows.hpp"

#include <redstart/core/clock.hpp>
#include <redstart/health/health_policy.hpp>
#include <redstart/health/health_report.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace redstart::inline v0::health {

/// The facts about a database that do not come from its server.
struct DatabaseFacts {
  DatabaseStats stats{};
  std::string impact{};
  int number = 0;                         ///< Whose keys are counted.
  std::size_t connections_on_server = 0;  ///< `max_connections` of all databases with its endpoint.
  std::chrono::nanoseconds uptime{0};     ///< Of the manager.
};

/// Judges the probes of one database, one after the other. Pure: no I/O, no clock.
///
/// Lifetimes: `policy` must outlive it. Thread safety: one thread at a time.
class HealthJudge {
 public:
  explicit HealthJudge(const HealthPolicy& policy) noexcept : policy_(policy) {}

  [[nodiscard]] DatabaseHealth judge(const ProbeFacts& facts, DatabaseFacts about, TimePoint now);

 private:
  std::uint64_t take_server(DatabaseHealth& health, const ProbeFacts& facts, int number);
  void take_performance(DatabaseHealth& health, const ProbeFacts& facts, const DatabaseFacts& about,
                        TimePoint now);

  const HealthPolicy& policy_;
  RoundTrips round_trips_{};
  HitRatio hit_ratio_{};
  Growth evictions_{};
  OperationsWindow operations_{};
};

/// The status of a manager with these databases: see `HealthStatus`.
[[nodiscard]] HealthStatus status_of(const std::vector<DatabaseHealth>& databases) noexcept;

}  // namespace redstart::inline v0::health
