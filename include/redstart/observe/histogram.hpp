// SPDX-License-Identifier: Apache-2.0
// histogram.hpp: counts latencies in buckets of constant relative width.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace redstart::inline v0 {

namespace detail {

/// 32 buckets per doubling, so the width of a bucket is at most 1/32 of its values. They range from 256 ns
/// (the first bucket also has all below) to about 73 minutes (the last bucket also has all above).
struct LatencyBuckets {
  static constexpr unsigned sub_bits = 5;
  static constexpr unsigned first_exponent = 8;
  static constexpr unsigned last_exponent = 42;
  static constexpr std::size_t count = std::size_t{last_exponent - first_exponent} << sub_bits;

  [[nodiscard]] static constexpr std::size_t index(std::uint64_t nanoseconds) noexcept {
    if (nanoseconds < (std::uint64_t{1} << first_exponent)) return 0;
    const auto exponent = static_cast<unsigned>(std::bit_width(nanoseconds) - 1);
    if (exponent >= last_exponent) return count - 1;
    const auto sub = (nanoseconds >> (exponent - sub_bits)) & ((1U << sub_bits) - 1);
    return (std::size_t{exponent - first_exponent} << sub_bits) + static_cast<std::size_t>(sub);
  }
  /// The lower bound of bucket `i`.
  [[nodiscard]] static constexpr std::uint64_t lower(std::size_t i) noexcept {
    const std::size_t exponent = first_exponent + (i >> sub_bits);
    const std::uint64_t sub = i & ((1U << sub_bits) - 1);
    return (std::uint64_t{1} << exponent) + (sub << (exponent - sub_bits));
  }
  /// The value that stands for bucket `i`: its middle, which differs from no value of the bucket by more than
  /// 1/64 of that value.
  [[nodiscard]] static constexpr std::uint64_t middle(std::size_t i) noexcept {
    const std::uint64_t from = lower(i);
    return from + (lower(i + 1) - from) / 2;
  }
};

}  // namespace detail

/// A snapshot of a histogram: plain data of about 8.5 KiB.
///
/// Accuracy: count, sum and mean are exact. A percentile differs from the true latency by at most 1/64 of it
/// (1.6 %) between 256 ns and 73 minutes. Latencies outside that range count as its ends.
class LatencyHistogram {
 public:
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// Sum of all latencies.
  [[nodiscard]] std::chrono::nanoseconds sum() const noexcept {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(sum_));
  }
  /// Mean of all latencies; 0 if there are none.
  [[nodiscard]] std::chrono::nanoseconds mean() const noexcept {
    return std::chrono::nanoseconds(count_ == 0 ? 0 : static_cast<std::int64_t>(sum_ / count_));
  }
  /// The latency that `fraction` (0 … 1) of the operations did not exceed; 0 if there are none.
  [[nodiscard]] std::chrono::nanoseconds percentile(double fraction) const noexcept {
    if (count_ == 0) return std::chrono::nanoseconds{0};
    const double clamped = fraction < 0 ? 0 : fraction > 1 ? 1 : fraction;
    auto rank = static_cast<std::uint64_t>(clamped * static_cast<double>(count_));
    if (rank >= count_) rank = count_ - 1;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      if (rank < buckets_[i])
        return std::chrono::nanoseconds(static_cast<std::int64_t>(detail::LatencyBuckets::middle(i)));
      rank -= buckets_[i];
    }
    return std::chrono::nanoseconds{0};
  }

  /// Adds the counts of another histogram.
  void merge(const LatencyHistogram& other) noexcept {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    sum_ += other.sum_;
  }
  /// Returns the counts that were added since `earlier`, a former snapshot of the same histogram.
  [[nodiscard]] LatencyHistogram since(const LatencyHistogram& earlier) const noexcept {
    const auto grown = [](std::uint64_t now, std::uint64_t then) { return now > then ? now - then : 0; };
    LatencyHistogram result;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      result.buckets_[i] = grown(buckets_[i], earlier.buckets_[i]);
      result.count_ += result.buckets_[i];
    }
    result.sum_ = grown(sum_, earlier.sum_);
    return result;
  }
  void add(std::chrono::nanoseconds latency) noexcept {
    const auto value = static_cast<std::uint64_t>(latency.count() < 0 ? 0 : latency.count());
    ++buckets_[detail::LatencyBuckets::index(value)];
    ++count_;
    sum_ += value;
  }

 private:
  friend class AtomicLatencyHistogram;

  std::array<std::uint64_t, detail::LatencyBuckets::count> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
};

/// A histogram that many threads add to. Each addition is two relaxed increments.
///
/// Thread safety: full. A snapshot may lack concurrent additions, but has none twice.
class AtomicLatencyHistogram {
 public:
  void add(std::chrono::nanoseconds latency) noexcept {
    const auto value = static_cast<std::uint64_t>(latency.count() < 0 ? 0 : latency.count());
    buckets_[detail::LatencyBuckets::index(value)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }
  /// Adds the counts so far to `into`.
  void collect(LatencyHistogram& into) const noexcept {
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      const std::uint64_t n = buckets_[i].load(std::memory_order_relaxed);
      into.buckets_[i] += n;
      into.count_ += n;
    }
    into.sum_ += sum_.load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, detail::LatencyBuckets::count> buckets_{};
  std::atomic<std::uint64_t> sum_{0};
};

}  // namespace redstart::inline v0
