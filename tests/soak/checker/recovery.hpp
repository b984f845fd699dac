// SPDX-License-Identifier: Apache-2.0
// recovery.hpp: measures recoveries after faults and checks their promise.
// A recovery lasts from the end of a fault to the first success of every kind of caller.
#pragma once

#include "violations.hpp"

#include <redstart/core/clock.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::soak {

/// Kinds of callers: each reaches the server in its own way and must recover.
enum class Caller : std::uint8_t { sync, async, strict_sync, strict_async, scoped, checked };
inline constexpr std::size_t callers = 6;

[[nodiscard]] constexpr std::string_view to_string(Caller caller) noexcept {
  constexpr std::array<std::string_view, callers> names{"sync",         "async",  "strict sync",
                                                        "strict async", "scoped", "checked"};
  return names[static_cast<std::size_t>(caller)];
}

/// Measures one recovery at a time: a fault that begins before every caller has recovered ends the
/// measurement. If that happens within the promise, it proves nothing. Later, the time until then counts.
///
/// Thread safety: full; `succeeded` costs one relaxed load while nothing is measured.
class Recovery {
 public:
  /// How late the machine ran threads in that period.
  using LagOf = std::function<std::chrono::nanoseconds(TimePoint from, TimePoint to)>;

  /// Every caller recovers within that time, unless the fault has its own promise.
  static constexpr std::chrono::milliseconds promised{1000};

  /// One recovery.
  struct Case {
    std::chrono::nanoseconds took{0};            ///< At least, if it was cut short.
    std::string after{};                         ///< The fault.
    std::string last{};                          ///< The caller that recovered last, or had not recovered.
    bool cut_short = false;                      ///< By the next fault, or by the end.
    std::chrono::nanoseconds excuse{0};          ///< The machine's lag; determined only beyond the promise.
    std::chrono::milliseconds within{promised};  ///< The promise.
  };

  explicit Recovery(LagOf lag = {}) : lag_(std::move(lag)) {}

  /// The last active fault has ended.
  void healed(TimePoint now, std::string after = {}, std::chrono::milliseconds within = promised) {
    const std::scoped_lock lock(mutex_);
    healed_at_ = now;
    after_ = std::move(after);
    within_ = within;
    back_ = {};
    waiting_.store(true, std::memory_order_relaxed);
  }
  /// A fault begins, or the run ends.
  void disturbed(TimePoint now) {
    const std::scoped_lock lock(mutex_);
    if (!waiting_.exchange(false)) return;
    ++cut_short_;
    if (now - healed_at_ <= within_) return;
    std::string away;
    for (std::size_t i = 0; i < callers; ++i)
      if (!back_[i]) away += (away.empty() ? "" : ", ") + std::string(to_string(static_cast<Caller>(i)));
    add(now, std::move(away), true);
  }
  /// An operation issued at `issued` succeeded at `now`.
  void succeeded(Caller caller, TimePoint issued, TimePoint now) {
    if (!waiting_.load(std::memory_order_relaxed)) return;
    const std::scoped_lock lock(mutex_);
    if (!waiting_.load(std::memory_order_relaxed) || issued < healed_at_) return;
    back_[static_cast<std::size_t>(caller)] = true;
    if (!std::all_of(back_.begin(), back_.end(), [](bool b) { return b; })) return;
    waiting_.store(false, std::memory_order_relaxed);
    add(now, std::string(to_string(caller)), false);
  }

  /// How long a caller has been missing; empty if none is.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> waiting(TimePoint now) const {
    const std::scoped_lock lock(mutex_);
    if (!waiting_.load(std::memory_order_relaxed)) return std::nullopt;
    return now - healed_at_;
  }
  /// The time that `fraction` of the recoveries did not exceed; 0 if there were none.
  [[nodiscard]] std::chrono::nanoseconds percentile(double fraction) const {
    std::vector<std::chrono::nanoseconds> sorted = times();
    if (sorted.empty()) return {};
    std::sort(sorted.begin(), sorted.end());
    const auto rank = static_cast<std::size_t>(fraction * static_cast<double>(sorted.size()));
    return sorted[std::min(rank, sorted.size() - 1)];
  }
  /// At most one in a hundred takes longer than `factor` times the promise, without the machine's lag.
  void check(int factor, Violations& into) const {
    std::vector<Case> late = cases();
    const std::size_t all = late.size();
    std::erase_if(late, [factor](const Case& one) { return one.took - one.excuse <= factor * one.within; });
    if (late.size() * 100 <= all) return;
    for (const Case& one : late)
      into.add("recovery", describe(one) + "; " + in_ms(factor * one.within) + " are allowed");
  }
  [[nodiscard]] static std::string describe(const Case& one) {
    return in_ms(one.took) + (one.cut_short ? " or more" : "") + " after " + one.after + ", last " +
           one.last + (one.excuse.count() == 0 ? "" : "; the machine's lag excuses " + in_ms(one.excuse));
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
  [[nodiscard]] static std::string in_ms(std::chrono::nanoseconds time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
  }
  // Precondition of the following: the lock is held.
  void add(TimePoint now, std::string last, bool cut_short) {
    Case one{now - healed_at_, after_, std::move(last), cut_short, {}, within_};
    if (one.took > within_ && lag_) one.excuse = 3 * lag_(healed_at_, now);
    cases_.push_back(std::move(one));
  }
  [[nodiscard]] std::vector<Case> cases() const {
    const std::scoped_lock lock(mutex_);
    return cases_;
  }

  const LagOf lag_;
  mutable std::mutex mutex_{};
  std::atomic<bool> waiting_{false};
  TimePoint healed_at_{};
  std::array<bool, callers> back_{};
  std::string after_{};
  std::chrono::milliseconds within_{promised};
  std::vector<Case> cases_{};
  std::size_t cut_short_ = 0;
};

}  // namespace redstart::soak
