// SPDX-License-Identifier: Apache-2.0
// recovery.hpp: how long it takes from the end of a fault to the first success of every kind of caller.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace redstart::soak {

/// Who calls: each has ways of its own to the server, and each has to come back.
enum class Caller : std::uint8_t { sync, async, scoped, checked };
inline constexpr std::size_t callers = 4;

/// Measures recoveries. One at a time: a fault that begins before everybody is back ends the measurement.
///
/// Thread safety: full; `succeeded` costs one relaxed load while nothing is measured.
class Recovery {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// One recovery.
  struct Case {
    std::chrono::nanoseconds took{0};
    std::string after{};  ///< The fault.
  };

  /// The last fault under way has ended.
  void healed(Time now, std::string after = {}) {
    const std::scoped_lock lock(mutex_);
    healed_at_ = now;
    after_ = std::move(after);
    back_ = {};
    waiting_.store(true, std::memory_order_relaxed);
  }
  /// A fault begins.
  void disturbed() {
    const std::scoped_lock lock(mutex_);
    if (waiting_.exchange(false)) ++cut_short_;
  }
  /// An operation that was issued at `issued` succeeded at `now`.
  void succeeded(Caller caller, Time issued, Time now) {
    if (!waiting_.load(std::memory_order_relaxed)) return;
    const std::scoped_lock lock(mutex_);
    if (!waiting_.load(std::memory_order_relaxed) || issued < healed_at_) return;
    back_[static_cast<std::size_t>(caller)] = true;
    if (!std::all_of(back_.begin(), back_.end(), [](bool b) { return b; })) return;
    waiting_.store(false, std::memory_order_relaxed);
    cases_.push_back({now - healed_at_, after_});
  }

  /// For how long somebody has been waited for; empty when nobody is.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> waiting(Time now) const {
    const std::scoped_lock lock(mutex_);
    if (!waiting_.load(std::memory_order_relaxed)) return std::nullopt;
    return now - healed_at_;
  }
  /// The time that `fraction` of the recoveries did not exceed; 0 when there were none.
  [[nodiscard]] std::chrono::nanoseconds percentile(double fraction) const {
    std::vector<std::chrono::nanoseconds> sorted = times();
    if (sorted.empty()) return {};
    std::sort(sorted.begin(), sorted.end());
    const auto rank = static_cast<std::size_t>(fraction * static_cast<double>(sorted.size()));
    return sorted[std::min(rank, sorted.size() - 1)];
  }
  [[nodiscard]] std::vector<std::chrono::nanoseconds> times() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::chrono::nanoseconds> all;
    for (const Case& one : cases_) all.push_back(one.took);
    return all;
  }
  /// The slowest of them, slowest first.
  [[nodiscard]] std::vector<Case> slowest(std::size_t most) const {
    std::vector<Case> sorted = cases();
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Case& a, const Case& b) { return a.took > b.took; });
    sorted.resize(std::min(sorted.size(), most));
    return sorted;
  }
  [[nodiscard]] std::size_t cut_short() const {
    const std::scoped_lock lock(mutex_);
    return cut_short_;
  }

 private:
  [[nodiscard]] std::vector<Case> cases() const {
    const std::scoped_lock lock(mutex_);
    return cases_;
  }

  mutable std::mutex mutex_{};
  std::atomic<bool> waiting_{false};
  Time healed_at_{};
  std::array<bool, callers> back_{};
  std::string after_{};
  std::vector<Case> cases_{};
  std::size_t cut_short_ = 0;
};

}  // namespace redstart::soak
