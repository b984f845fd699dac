// SPDX-License-Identifier: Apache-2.0
// windows.hpp: figures over the latest probes: latency, hit ratio, evictions, operations.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/health/health_policy.hpp>
#include <redstart/health/health_report.hpp>
#include <redstart/observe/histogram.hpp>
#include <redstart/observe/stats.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace redstart::inline v0::health {

/// The round trips of the latest probes.
class RoundTrips {
 public:
  static constexpr std::size_t most = 256;

  void add(std::chrono::nanoseconds duration) noexcept {
    ring_[next_] = duration;
    next_ = (next_ + 1) % most;
    size_ = std::min(size_ + 1, most);
  }
  /// The round trip that 95 % did not exceed; empty without any.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> p95() const {
    if (size_ == 0) return std::nullopt;
    auto sorted = ring_;
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(size_);
    const std::size_t rank = (size_ * 95 + 99) / 100 - 1;
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(rank);
    std::nth_element(sorted.begin(), at, end);
    return *at;
  }

 private:
  std::array<std::chrono::nanoseconds, most> ring_{};
  std::size_t next_ = 0;
  std::size_t size_ = 0;
};

/// The class of a latency.
[[nodiscard]] inline LatencyClass classify(std::chrono::nanoseconds latency,
                                           const HealthPolicy& policy) noexcept {
  std::size_t n = 0;
  while (n != policy.latency_bounds.size() && latency >= policy.latency_bounds[n]) ++n;
  return static_cast<LatencyClass>(n);
}

/// The hit ratio of the server's look-ups: first those since its start, then those since a look-up count that
/// is at least `minimum` ago.
class HitRatio {
 public:
  /// Takes the server's counters. Returns the ratio of the last complete window; empty before the first.
  std::optional<double> update(std::uint64_t hits, std::uint64_t misses, std::uint64_t minimum) noexcept {
    if (hits < hits_ || misses < misses_) {  // the server was restarted, or CONFIG RESETSTAT
      hits_ = misses_ = 0;
      ratio_.reset();
    }
    const std::uint64_t found = hits - hits_;
    const std::uint64_t all = found + (misses - misses_);
    if (all >= minimum && all != 0) {
      ratio_ = static_cast<double>(found) / static_cast<double>(all);
      hits_ = hits;
      misses_ = misses;
    }
    return ratio_;
  }

 private:
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::optional<double> ratio_{};
};

/// How much a counter of the server has grown since the last probe. A lower value means that it was reset.
class Growth {
 public:
  std::uint64_t update(std::uint64_t value) noexcept {
    const std::uint64_t grown = last_ && value >= *last_ ? value - *last_ : 0;
    last_ = value;
    return grown;
  }

 private:
  std::optional<std::uint64_t> last_{};
};

/// The service's own operations between two checks.
class OperationsWindow {
 public:
  /// Fills in the figures of operations. `uptime`: of the manager, for the first check.
  void update(PerformanceHealth& into, const RedisStats& stats, std::chrono::nanoseconds uptime,
              TimePoint now) {
    const bool restarted = stats.ok < ok_ || stats.failed < failed_ || stats.server_errors < errors_;
    if (restarted) *this = OperationsWindow();
    const LatencyHistogram latency = stats.latency.since(latency_);
    if (latency.count() != 0) {
      into.operations_p50 = latency.percentile(0.5);
      into.operations_p95 = latency.percentile(0.95);
      into.operations_p99 = latency.percentile(0.99);
    }
    const std::uint64_t ok = stats.ok - ok_;
    const std::uint64_t failed = stats.failed - failed_;
    const std::uint64_t all = ok + failed + (stats.server_errors - errors_);
    const std::chrono::duration<double> time = last_ ? now - *last_ : uptime;
    if (time.count() > 0) into.operations_per_second = static_cast<double>(all) / time.count();
    if (ok + failed != 0) into.success_rate = static_cast<double>(ok) / static_cast<double>(ok + failed);
    latency_ = stats.latency;
    ok_ = stats.ok;
    failed_ = stats.failed;
    errors_ = stats.server_errors;
    last_ = now;
  }

 private:
  LatencyHistogram latency_{};
  std::uint64_t ok_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t errors_ = 0;
  std::optional<TimePoint> last_{};
};

}  // namespace redstart::inline v0::health
