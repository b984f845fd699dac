// SPDX-License-Identifier: Apache-2.0
// watch.hpp: looks at events, statistics and memory while the soak runs (I9, I15, I17).
#pragma once

#include "report.hpp"
#include "run.hpp"

#include <redstart/manager/redis_connection_manager.hpp>
#include <redstart/observe/event.hpp>

#include <memory>
#include <mutex>
#include <thread>

namespace redstart::soak {

/// Counts events and reads all that they say.
class EventWatch final : public EventListener {
 public:
  explicit EventWatch(Run& run) : run_(run) {}
  void on_event(const Event& event) noexcept override;
  [[nodiscard]] std::map<std::string, std::size_t> counts() const;

 private:
  Run& run_;
  mutable std::mutex mutex_{};
  std::map<std::string, std::size_t> counts_{};
};

/// Takes the statistics twenty times a second.
class StatsWatch {
 public:
  StatsWatch(Run& run, const RedisConnectionManager& redis);

  /// Ends it; what it has seen.
  [[nodiscard]] Watched finish();

 private:
  void look();

  Run& run_;
  const RedisConnectionManager& redis_;
  Watched seen_{};
  std::jthread thread_;
};

/// The memory of this process that is in use, in bytes.
[[nodiscard]] std::size_t resident_memory();

}  // namespace redstart::soak
