// SPDX-License-Identifier: Apache-2.0
// checker.hpp: checks all databases of a manager once, with what earlier checks have shown.
#pragma once

#include "judge.hpp"
#include "round.hpp"

#include <redstart/core/clock.hpp>
#include <redstart/health/health_policy.hpp>
#include <redstart/health/health_report.hpp>
#include <redstart/manager/redis_connection_manager.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <string>

namespace redstart::inline v0::health {

/// A report that says only why nothing is known.
[[nodiscard]] HealthReport unknown_health(std::string why);

/// Makes the checks of a monitor, and keeps the history of each database.
///
/// Lifetimes: `policy` must outlive it. Thread safety: one check at a time.
class Checker {
 public:
  explicit Checker(const HealthPolicy& policy) noexcept : policy_(policy) {}

  /// Probes all databases and returns the report, at the end of the budget at the latest.
  [[nodiscard]] HealthReport check(const RedisConnectionManager& manager, TimePoint began);

 private:
  struct History {
    explicit History(const HealthPolicy& policy) : judge(policy) {}

    HealthJudge judge;
    std::shared_ptr<std::atomic<bool>> busy = std::make_shared<std::atomic<bool>>(false);
  };

  [[nodiscard]] History& history_of(const std::string& database);
  [[nodiscard]] ProbeTask task_for(const std::shared_ptr<pool::Server>& server, TimePoint began);

  const HealthPolicy& policy_;
  std::map<std::string, std::unique_ptr<History>> histories_{};
};

}  // namespace redstart::inline v0::health
