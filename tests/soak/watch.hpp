// SPDX-License-Identifier: Apache-2.0
// watch.hpp: watches events, statistics and memory while the soak runs (I9–I11, I15–I17).
#pragma once

#include "checker/breaker_check.hpp"
#include "checker/breaker_watch.hpp"
#include "report.hpp"
#include "run.hpp"
#include "stage.hpp"

#include <redstart/manager/redis_connection_manager.hpp>
#include <redstart/observe/event.hpp>

#include <memory>
#include <mutex>
#include <set>
#include <thread>

namespace redstart::soak {

/// Counts events and scans their texts.
class EventWatch final : public EventListener {
 public:
  EventWatch(Run& run, BreakerWatch& breakers) : run_(run), breakers_(breakers) {}
  void on_event(const Event& event) noexcept override;
  [[nodiscard]] std::map<std::string, std::size_t> counts() const;

 private:
  Run& run_;
  BreakerWatch& breakers_;
  mutable std::mutex mutex_{};
  std::map<std::string, std::size_t> counts_{};
};

/// Reads the statistics twenty times a second, and in quiet periods the server's list of connections.
class StatsWatch {
 public:
  StatsWatch(Run& run, const RedisConnectionManager& redis, const Stage& stage);

  /// Ends the watch and returns its results.
  [[nodiscard]] Watched finish();

 private:
  void look();
  void look_at_server();

  Run& run_;
  const RedisConnectionManager& redis_;
  const Stage& stage_;
  AttemptWatch attempts_;
  std::set<std::string> above_before_{};  // databases with too many connections at the last look
  Watched seen_{};
  std::jthread thread_;
};

/// Resources of a process that could leak.
struct Resources {
  std::size_t descriptors = 0;
  std::size_t threads = 0;
};
[[nodiscard]] Resources resources();
/// I16: waits a few seconds until the process has no more than `before`.
void check_resources(Run& run, const Resources& before);

/// The memory of this process that is in use, in bytes.
[[nodiscard]] std::size_t resident_memory();

}  // namespace redstart::soak
