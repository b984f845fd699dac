// SPDX-License-Identifier: Apache-2.0
// lag.hpp: measures how late this machine runs threads.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace redstart::soak {

/// Time limits hold only as well as the machine runs threads, so its lag is not counted against the library.
/// A canary thread sleeps for 2 ms again and again and records how late it wakes up. The kernel reports for
/// each thread how long it was ready to run without a processor.
///
/// Thread safety: full.
class Lag {
 public:
  using Clock = std::chrono::steady_clock;

  Lag() : thread_([this](const std::stop_token& stop) { watch(stop); }) {}

  /// The worst lag in that period, as far as it lies within the last six minutes.
  [[nodiscard]] std::chrono::nanoseconds worst(Clock::time_point from, Clock::time_point to) {
    if (Clock::now() - looked_at_.load() > std::chrono::milliseconds(5)) look_at_threads();
    const std::scoped_lock lock(mutex_);
    std::chrono::nanoseconds most{0};
    for (auto number = number_of(from) - 1; number <= number_of(to) + 1; ++number) {
      const Bucket& bucket = bucket_of(number);
      if (bucket.number == number) most = std::max(most, bucket.worst);
    }
    return most;
  }

 private:
  static constexpr auto interval = std::chrono::milliseconds(100);
  static constexpr std::size_t count = 3600;
  struct Bucket {
    std::int64_t number = -1;
    std::chrono::nanoseconds worst{0};
  };

  static std::int64_t number_of(Clock::time_point at) noexcept { return at.time_since_epoch() / interval; }
  Bucket& bucket_of(std::int64_t number) noexcept {
    return buckets_[static_cast<std::size_t>(number) % count];
  }

  void note(Clock::time_point from, Clock::time_point to, std::chrono::nanoseconds late) {
    const std::scoped_lock lock(mutex_);
    for (auto number = number_of(from); number <= number_of(to); ++number) {
      Bucket& bucket = bucket_of(number);
      if (bucket.number != number) bucket = {number, {}};
      bucket.worst = std::max(bucket.worst, late);
    }
  }

  void watch(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto due = Clock::now() + std::chrono::milliseconds(2);
      std::this_thread::sleep_until(due);
      const auto now = Clock::now();
      note(due, now, now - due);
      if (now - looked_at_.load() >= interval) look_at_threads();
    }
  }

  // The second number in a thread's `schedstat` is the time in a run queue, in nanoseconds.
  void look_at_threads() {
    const std::scoped_lock lock(threads_mutex_);
    std::map<std::string, std::int64_t> now_waited;
    std::int64_t most = 0;
    std::error_code ignored;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
      std::ifstream file(task.path() / "schedstat");
      std::int64_t ran = 0;
      std::int64_t waited = 0;
      if (!(file >> ran >> waited)) continue;  // the thread has just ended, or the kernel does not count
      const std::string name = task.path().filename().string();
      const auto before = waited_.find(name);
      if (before != waited_.end()) most = std::max(most, waited - before->second);
      now_waited[name] = waited;
    }
    waited_ = std::move(now_waited);
    const auto now = Clock::now();
    note(looked_at_.exchange(now), now, std::chrono::nanoseconds(most));
  }

  std::mutex mutex_{};
  std::array<Bucket, count> buckets_{};
  std::mutex threads_mutex_{};
  std::map<std::string, std::int64_t> waited_{};
  std::atomic<Clock::time_point> looked_at_{Clock::now()};
  std::jthread thread_;
};

}  // namespace redstart::soak
