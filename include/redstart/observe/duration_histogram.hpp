// SPDX-License-Identifier: Apache-2.0
// duration_histogram.hpp: counts durations in a few fixed buckets.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace redstart::inline v0 {

/// A snapshot of the durations of one kind of operation: plain data of 136 bytes. The buckets are those that
/// Prometheus gets, so bounds are part of their bucket.
struct DurationHistogram {
  /// Upper bounds: 0.1 ms to 10 s. The last bucket has all that is longer.
  static constexpr std::array<std::chrono::nanoseconds, 15> bounds = {
      std::chrono::nanoseconds(100'000),       std::chrono::nanoseconds(250'000),
      std::chrono::nanoseconds(500'000),       std::chrono::nanoseconds(1'000'000),
      std::chrono::nanoseconds(2'500'000),     std::chrono::nanoseconds(5'000'000),
      std::chrono::nanoseconds(10'000'000),    std::chrono::nanoseconds(25'000'000),
      std::chrono::nanoseconds(50'000'000),    std::chrono::nanoseconds(100'000'000),
      std::chrono::nanoseconds(250'000'000),   std::chrono::nanoseconds(500'000'000),
      std::chrono::nanoseconds(1'000'000'000), std::chrono::nanoseconds(5'000'000'000),
      std::chrono::nanoseconds(10'000'000'000)};

  std::array<std::uint64_t, bounds.size() + 1> buckets{};  ///< Not cumulative.
  std::chrono::nanoseconds sum{0};                         ///< Of all durations.

  /// The bucket of a duration. Short durations, which are frequent, cost the least.
  [[nodiscard]] static constexpr std::size_t index(std::chrono::nanoseconds duration) noexcept {
    std::size_t i = 0;
    while (i != bounds.size() && duration > bounds[i]) ++i;
    return i;
  }
  void add(std::chrono::nanoseconds duration, std::uint64_t operations = 1) noexcept {
    buckets[index(duration)] += operations;
    sum += duration * static_cast<std::int64_t>(operations);
  }
  void merge(const DurationHistogram& other) noexcept {
    for (std::size_t i = 0; i != buckets.size(); ++i) buckets[i] += other.buckets[i];
    sum += other.sum;
  }
  [[nodiscard]] std::uint64_t count() const noexcept {
    std::uint64_t all = 0;
    for (const std::uint64_t bucket : buckets) all += bucket;
    return all;
  }
};

}  // namespace redstart::inline v0
