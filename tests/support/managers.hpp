// SPDX-License-Identifier: Apache-2.0
// managers.hpp: managers for tests, and what tests wait for.
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

#include "error_of.hpp"
#include "redis_server.hpp"

namespace redstart::test {

/// A configuration whose databases all live at that port of this machine; nothing happens by itself, and
/// nothing goes to standard error.
[[nodiscard]] inline RedisConfig config_at(std::uint16_t port) {
  RedisConfig config;
  config.service = "test";
  config.defaults.endpoint = {"127.0.0.1", port, {}};
  config.cleanup_interval = std::chrono::milliseconds(0);
  config.listener = nullptr;
  return config;
}
[[nodiscard]] inline RedisConfig config_at(const RedisServer& server) { return config_at(server.port()); }

/// A manager that has been started.
class StartedManager {
 public:
  explicit StartedManager(RedisConfig config) { manager_.start(std::move(config)); }
  RedisConnectionManager& operator*() noexcept { return manager_; }
  RedisConnectionManager* operator->() noexcept { return &manager_; }

 private:
  RedisConnectionManager manager_{};
};

/// Waits until the condition holds; false after 30 s.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// Waits until the steady clock has moved on that far.
inline void let_pass(std::chrono::nanoseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  static_cast<void>(eventually([until] { return std::chrono::steady_clock::now() >= until; }));
}

/// What this process holds open.
[[nodiscard]] inline std::size_t entries_in(const char* directory) {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) ++n;
  return n;
}
[[nodiscard]] inline std::size_t open_descriptors() { return entries_in("/proc/self/fd"); }
/// Also those that have ended, for a moment after they were joined: compare with `<=`, and eventually.
[[nodiscard]] inline std::size_t running_threads() {
  // ThreadSanitizer has a thread of its own, from the first that is started on.
  [[maybe_unused]] static const bool first = (std::thread([] {}).join(), true);
  return entries_in("/proc/self/task");
}

/// Keeps every event, as `kind detail`.
class EventLog final : public EventListener {
 public:
  void on_event(const Event& event) noexcept override {
    const std::scoped_lock lock(mutex_);
    lines_.push_back(std::string(to_string(event.kind)) + " " + std::string(event.detail));
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
};

}  // namespace redstart::test
