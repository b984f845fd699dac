// SPDX-License-Identifier: Apache-2.0
// connection_times.hpp: counts how long connections are opened, awaited and used.
#pragma once

#include "atomic_durations.hpp"

#include <redstart/observe/stats.hpp>

#include <algorithm>
#include <chrono>

namespace redstart::inline v0 {

/// The durations of `ConnectionDurations`, for one database. Commands over shared connections, and direct
/// calls that find an idle connection, count nothing here.
///
/// Thread safety: full.
class ConnectionTimes {
 public:
  void created(std::chrono::nanoseconds duration) noexcept { create_.add(at_least_zero(duration)); }
  void waited(std::chrono::nanoseconds duration) noexcept { wait_.add(at_least_zero(duration)); }
  void used(std::chrono::nanoseconds duration) noexcept { use_.add(at_least_zero(duration)); }
  /// Adds the durations so far.
  void collect(ConnectionDurations& into) const noexcept {
    create_.collect(into.create);
    wait_.collect(into.wait);
    use_.collect(into.use);
  }

 private:
  // The time of a turn of a loop may lag behind the clock.
  [[nodiscard]] static std::chrono::nanoseconds at_least_zero(std::chrono::nanoseconds duration) noexcept {
    return std::max(duration, std::chrono::nanoseconds::zero());
  }

  AtomicDurations create_{};
  AtomicDurations wait_{};
  AtomicDurations use_{};
};

}  // namespace redstart::inline v0
