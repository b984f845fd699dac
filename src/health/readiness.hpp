// SPDX-License-Identifier: Apache-2.0
// readiness.hpp: damps the results of probes into readiness, and remembers the start.
#pragma once

#include <redstart/health/health_policy.hpp>
#include <redstart/health/health_report.hpp>

#include <string>
#include <vector>

namespace redstart::inline v0::health {

/// The damped readiness of one database. Its first result counts at once. Later it changes after several
/// consecutive results that contradict it, so that one slow or lost reply doesn't drain a fleet.
class Damper {
 public:
  /// Takes the result of a probe.
  void update(bool serves, const HealthPolicy& policy) noexcept {
    if (serves == ready_) {
      against_ = 0;
      first_ = false;
      return;
    }
    ++against_;
    const bool at_once = first_ || !was_ready_;
    first_ = false;
    if (!at_once && against_ < (ready_ ? policy.failures : policy.successes)) return;
    ready_ = serves;
    was_ready_ = was_ready_ || ready_;
    against_ = 0;
  }
  [[nodiscard]] bool ready() const noexcept { return ready_; }
  /// Consecutive results that contradict `ready`.
  [[nodiscard]] unsigned against() const noexcept { return against_; }

 private:
  bool first_ = true;
  bool ready_ = false;
  bool was_ready_ = false;
  unsigned against_ = 0;
};

/// The readiness of all databases of a manager, and whether it has started. Pure.
///
/// Lifetimes: `policy` must outlive it. Thread safety: one thread at a time.
class Readiness {
 public:
  explicit Readiness(const HealthPolicy& policy) noexcept : policy_(policy) {}

  /// Takes the result of a check. A probe that failed itself (`HealthStatus::error`) changes nothing.
  void update(const HealthReport& report);
  /// Every required database is ready. False before the first check.
  [[nodiscard]] bool ready() const noexcept { return ready_; }
  /// `ready` has been true once.
  [[nodiscard]] bool started() const noexcept { return started_; }
  [[nodiscard]] std::vector<ServiceReadiness> services() const;

 private:
  struct Entry {
    ServiceReadiness service{};
    Damper damper{};
  };
  [[nodiscard]] Entry entry_of(const DatabaseHealth& database);

  const HealthPolicy& policy_;
  std::vector<Entry> entries_{};
  bool ready_ = false;
  bool started_ = false;
};

}  // namespace redstart::inline v0::health
