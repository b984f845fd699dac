// SPDX-License-Identifier: Apache-2.0
// managers.hpp: managers, waits and event recorders for tests.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <redstart/redstart.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "error_of.hpp"
#include "redis_server.hpp"

namespace redstart::test {

/// Returns a configuration whose databases are all on this port of 127.0.0.1, without background activity and
/// without output to standard error.
[[nodiscard]] inline RedisConfig config_at(std::uint16_t port) {
  RedisConfig config;
  config.service = "test";
  config.defaults.endpoint = {"127.0.0.1", port, {}};
  config.cleanup_interval = std::chrono::milliseconds(0);
  config.listener = nullptr;
  return config;
}
[[nodiscard]] inline RedisConfig config_at(const RedisServer& server) { return config_at(server.port()); }

/// A started manager.
class StartedManager {
 public:
  explicit StartedManager(RedisConfig config) { manager_.start(std::move(config)); }
  RedisConnectionManager& operator*() noexcept { return manager_; }
  RedisConnectionManager* operator->() noexcept { return &manager_; }

 private:
  RedisConnectionManager manager_{};
};

/// Waits until the condition holds. Returns false after 30 s.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// Waits until the steady clock has advanced by this much.
inline void let_pass(std::chrono::nanoseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  static_cast<void>(eventually([until] { return std::chrono::steady_clock::now() >= until; }));
}

[[nodiscard]] inline std::size_t entries_in(const char* directory) {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) ++n;
  return n;
}
/// The number of open file descriptors of this process.
[[nodiscard]] inline std::size_t open_descriptors() { return entries_in("/proc/self/fd"); }
/// The number of threads of this process. A joined thread may still be counted briefly, so compare with `<=`
/// and retry.
[[nodiscard]] inline std::size_t running_threads() {
  // ThreadSanitizer adds its own thread when the first thread starts.
  [[maybe_unused]] static const bool first = (std::thread([] {}).join(), true);
  return entries_in("/proc/self/task");
}

/// Records every event as `kind detail`, and as JSON.
class EventLog final : public EventListener {
 public:
  void on_event(const Event& event) noexcept override {
    const std::scoped_lock lock(mutex_);
    lines_.push_back(std::string(to_string(event.kind)) + " " + std::string(event.detail));
    objects_.push_back(nlohmann::json::parse(to_json(event)));
  }
  /// The events of a kind as the structured log shows them.
  [[nodiscard]] std::vector<nlohmann::json> objects(EventKind kind) const {
    const std::scoped_lock lock(mutex_);
    std::vector<nlohmann::json> found;
    for (const nlohmann::json& object : objects_)
      if (object["event"] == to_string(kind)) found.push_back(object);
    return found;
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }
  [[nodiscard]] std::size_t count(std::string_view beginning) const {
    std::size_t n = 0;
    for (const std::string& line : lines()) n += line.starts_with(beginning) ? 1U : 0U;
    return n;
  }

 private:
  mutable std::mutex mutex_{};
  std::vector<std::string> lines_{};
  std::vector<nlohmann::json> objects_{};
};

}  // namespace redstart::test
