// SPDX-License-Identifier: Apache-2.0
// latencies.hpp: a histogram of durations for one thread, exact to 1/64.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace redstart::bench {

/// Counts nanoseconds in buckets that are at most 1/64 as wide as their values.
class Latencies {
 public:
  void add(std::uint64_t nanoseconds) {
    ++buckets_[index(nanoseconds)];
    ++count_;
  }
  void merge(const Latencies& other) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
  }
  /// The nanoseconds that `fraction` of all values stay below; 0 if there are none.
  [[nodiscard]] double quantile(double fraction) const {
    const auto rank = static_cast<std::uint64_t>(fraction * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > rank) return lower(i);
    }
    return 0;
  }

 private:
  static constexpr unsigned bits = 6;
  static constexpr std::uint64_t linear = std::uint64_t{1} << bits;  // below, each value has its own bucket

  static std::size_t index(std::uint64_t value) {
    if (value < linear) return static_cast<std::size_t>(value);
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - bits;
    return static_cast<std::size_t>((std::uint64_t{shift + 1} << bits) + ((value >> shift) & (linear - 1)));
  }
  static double lower(std::size_t i) {
    if (i < linear) return static_cast<double>(i);
    const std::size_t shift = (i >> bits) - 1;
    return static_cast<double>((linear + (i & (linear - 1))) << shift);
  }

  std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(std::size_t{59} << bits);
  std::uint64_t count_ = 0;
};

}  // namespace redstart::bench
