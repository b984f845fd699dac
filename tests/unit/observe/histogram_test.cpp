// SPDX-License-Identifier: Apache-2.0
// histogram_test.cpp: accuracy and merging of latency histograms.
#include <redstart/observe/histogram.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

namespace redstart {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr double fractions[] = {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0};

// The exact percentile: the latency that this fraction of values did not exceed.
std::int64_t exact(const std::vector<std::int64_t>& sorted, double fraction) {
  const auto rank = static_cast<std::size_t>(fraction * static_cast<double>(sorted.size()));
  return sorted[std::min(rank, sorted.size() - 1)];
}

void expect_close(const LatencyHistogram& histogram, std::vector<std::int64_t> values) {
  std::sort(values.begin(), values.end());
  for (const double fraction : fractions) {
    const auto truth = static_cast<double>(exact(values, fraction));
    const auto measured = static_cast<double>(histogram.percentile(fraction).count());
    EXPECT_LE(std::abs(measured - truth), truth / 64.0) << "at " << fraction;
  }
}

TEST(LatencyBuckets, CoverRangeWithoutGapOrOverlap) {
  using Buckets = detail::LatencyBuckets;
  for (std::size_t i = 0; i < Buckets::count; ++i) {
    const std::uint64_t from = Buckets::lower(i);
    const std::uint64_t to = Buckets::lower(i + 1);
    ASSERT_LT(from, to);
    ASSERT_LE((to - from) * 32, from) << "a bucket is at most 1/32 as wide as its values";
    ASSERT_EQ(Buckets::index(from), i);
    ASSERT_EQ(Buckets::index(to - 1), i);
  }
  EXPECT_EQ(Buckets::index(0), 0U);
  EXPECT_EQ(Buckets::index(255), 0U);
  EXPECT_EQ(Buckets::index(Buckets::lower(Buckets::count)), Buckets::count - 1);
  EXPECT_EQ(Buckets::index(UINT64_MAX), Buckets::count - 1);
}

TEST(LatencyBuckets, MiddleIsWithinTwoPercentOfEachValue) {
  using Buckets = detail::LatencyBuckets;
  for (std::size_t i = 0; i < Buckets::count; ++i) {
    const auto middle = static_cast<double>(Buckets::middle(i));
    for (const std::uint64_t end : {Buckets::lower(i), Buckets::lower(i + 1) - 1}) {
      const auto value = static_cast<double>(end);
      ASSERT_LE(std::abs(middle - value), value * 0.02) << "bucket " << i;
      ASSERT_LE(std::abs(middle - value), value / 64.0) << "bucket " << i;
    }
  }
}

TEST(LatencyBuckets, FitIntoTheStatedMemory) {
  EXPECT_LE(sizeof(LatencyHistogram), 8'750U);
  EXPECT_LE(sizeof(AtomicLatencyHistogram), 8'750U);
}

TEST(LatencyHistogram, IsZeroWhileEmpty) {
  const LatencyHistogram empty;
  EXPECT_EQ(empty.count(), 0U);
  EXPECT_EQ(empty.sum(), 0ns);
  EXPECT_EQ(empty.mean(), 0ns);
  for (const double fraction : fractions) EXPECT_EQ(empty.percentile(fraction), 0ns);
}

TEST(LatencyHistogram, ReportsPercentilesWithinTwoPercent) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(std::log(300.0), std::log(3e12));
  for (int round = 0; round < 50; ++round) {
    LatencyHistogram histogram;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 1 + round * 20; ++i) {
      values.push_back(static_cast<std::int64_t>(std::exp(exponent(random))));
      histogram.add(nanoseconds(values.back()));
    }
    expect_close(histogram, values);
  }
}

TEST(LatencyHistogram, ReportsSingleValueForEveryFraction) {
  for (const std::int64_t value : {300LL, 1'000LL, 65'536LL, 5'000'000'000LL}) {
    LatencyHistogram histogram;
    histogram.add(nanoseconds(value));
    expect_close(histogram, {value});
    EXPECT_EQ(histogram.mean(), nanoseconds(value));
    EXPECT_EQ(histogram.sum(), nanoseconds(value));
  }
}

TEST(LatencyHistogram, CountsExtremeValues) {
  LatencyHistogram histogram;
  histogram.add(0ns);
  histogram.add(-5ns);
  histogram.add(nanoseconds::max());
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_LT(histogram.percentile(0.0), 300ns);
  EXPECT_GE(histogram.percentile(1.0), 70min);
}

TEST(LatencyHistogram, ClampsFractionsOutOfRange) {
  LatencyHistogram histogram;
  histogram.add(1ms);
  histogram.add(1s);
  EXPECT_EQ(histogram.percentile(-1), histogram.percentile(0));
  EXPECT_EQ(histogram.percentile(2), histogram.percentile(1));
  EXPECT_LT(histogram.percentile(0), histogram.percentile(1));
}

TEST(LatencyHistogram, MergesToSumOfBoth) {
  LatencyHistogram first;
  LatencyHistogram second;
  LatencyHistogram both;
  for (int i = 1; i <= 1000; ++i) {
    const auto latency = std::chrono::microseconds(i * i);
    (i % 3 == 0 ? first : second).add(latency);
    both.add(latency);
  }
  first.merge(second);
  EXPECT_EQ(first.count(), both.count());
  EXPECT_EQ(first.mean(), both.mean());
  for (const double fraction : fractions) EXPECT_EQ(first.percentile(fraction), both.percentile(fraction));
}

TEST(AtomicLatencyHistogram, LosesNothingWhenManyThreadsAdd) {
  AtomicLatencyHistogram shared;
  constexpr int threads = 8;
  constexpr int each = 20'000;
  std::vector<std::jthread> adders;
  for (int t = 0; t < threads; ++t) {
    adders.emplace_back([&shared, t] {
      for (int i = 0; i < each; ++i) shared.add(std::chrono::microseconds(1 << t));
    });
  }
  adders.clear();  // joins
  LatencyHistogram sum;
  shared.collect(sum);
  EXPECT_EQ(sum.count(), static_cast<std::uint64_t>(threads) * each);
  EXPECT_EQ(sum.mean(), std::chrono::nanoseconds(255'000 / threads));
  shared.collect(sum);
  EXPECT_EQ(sum.count(), 2U * threads * each) << "collect adds to what is there";
}

TEST(LatencyHistogram, SinceReturnsWhatWasAdded) {
  LatencyHistogram earlier;
  for (int i = 0; i < 100; ++i) earlier.add(1ms);
  LatencyHistogram later = earlier;
  EXPECT_EQ(later.since(earlier).count(), 0U);
  EXPECT_EQ(later.since(earlier).percentile(0.5), 0ns);
  for (int i = 0; i < 10; ++i) later.add(1s);
  const LatencyHistogram added = later.since(earlier);
  EXPECT_EQ(added.count(), 10U);
  EXPECT_EQ(added.sum(), 10s);
  expect_close(added, std::vector<std::int64_t>(10, nanoseconds(1s).count()));
  EXPECT_EQ(earlier.since(later).count(), 0U) << "the other way round: nothing";
}

}  // namespace
}  // namespace redstart
