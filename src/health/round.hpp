// SPDX-License-Identifier: Apache-2.0
// round.hpp: probes several databases at the same time.
#pragma once

#include "probe.hpp"
#include "probe_facts.hpp"

#include <redstart/core/clock.hpp>

#include <atomic>
#include <memory>
#include <vector>

namespace redstart::inline v0::health {

/// One database to probe.
struct ProbeTask {
  std::shared_ptr<pool::Server> server{};
  TemporaryKey key{};
  TimePoint deadline{};                       ///< Of the probe.
  std::shared_ptr<std::atomic<bool>> busy{};  ///< True while a probe of this database runs.
};

/// Probes each database on a thread of its own and returns the facts, in the order of the tasks. Returns at
/// `until` at the latest. A probe that has not ended then counts as failed. Its thread ends by itself, and
/// the database is not probed again before.
[[nodiscard]] std::vector<ProbeFacts> probe_all(std::vector<ProbeTask> tasks, TimePoint until);

}  // namespace redstart::inline v0::health
