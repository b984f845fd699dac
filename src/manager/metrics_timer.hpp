// SPDX-License-Identifier: Apache-2.0
// metrics_timer.hpp: passes statistics to the exporter of a service, periodically.
#pragma once

#include <redstart/config/redis_config.hpp>
#include <redstart/core/clock.hpp>
#include <redstart/observe/stats.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace redstart::inline v0::manager {

/// Calls `export_metrics` after each `metrics_interval`, and once more at the end, on a thread of its own: an
/// exporter may block. The thread ends by itself, so an exporter that hangs delays nothing longer than
/// `finish` waits.
///
/// Thread safety: full.
class MetricsTimer {
 public:
  /// Returns the statistics; empty: the manager is gone.
  using Source = std::function<std::optional<ManagerStats>()>;

  /// Null if the configuration has no exporter or no interval, or if there is no thread, which is then an
  /// event.
  [[nodiscard]] static std::unique_ptr<MetricsTimer> start(const RedisConfig& config, Source source);
  MetricsTimer(const MetricsTimer&) = delete;
  MetricsTimer& operator=(const MetricsTimer&) = delete;
  /// Ends without a last export unless `finish` was called. Does not wait.
  ~MetricsTimer();

  /// Exports `last` and ends. Waits for that until `until`, except on the thread of the timer. Further calls
  /// do nothing.
  void finish(ManagerStats last, TimePoint until);

 private:
  class State;
  explicit MetricsTimer(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

  const std::shared_ptr<State> state_;
};

}  // namespace redstart::inline v0::manager
