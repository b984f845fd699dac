// SPDX-License-Identifier: Apache-2.0
// windows_test.cpp: round trips, hit ratio and growth over several probes.
#include "health/windows.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace redstart::health {
namespace {

using namespace std::chrono_literals;

TEST(RoundTrips, HasNoPercentileWithoutRoundTrips) { EXPECT_EQ(RoundTrips().p95(), std::nullopt); }

TEST(RoundTrips, ReturnsTheRoundTripThat95PercentDidNotExceed) {
  RoundTrips trips;
  trips.add(7ms);
  EXPECT_EQ(trips.p95(), 7ms);
  RoundTrips hundred;
  for (int i = 100; i >= 1; --i) hundred.add(std::chrono::milliseconds(i));
  EXPECT_EQ(hundred.p95(), 95ms);
}

TEST(RoundTrips, ForgetsTheOldest) {
  RoundTrips trips;
  for (std::size_t i = 0; i < RoundTrips::most; ++i) trips.add(1s);
  for (std::size_t i = 0; i < RoundTrips::most; ++i) trips.add(1ms);
  EXPECT_EQ(trips.p95(), 1ms);
}

TEST(LatencyClass, HasBoundsOfThePolicy) {
  const HealthPolicy policy;
  EXPECT_EQ(classify(0ms, policy), LatencyClass::excellent);
  EXPECT_EQ(classify(1ms - 1ns, policy), LatencyClass::excellent);
  EXPECT_EQ(classify(1ms, policy), LatencyClass::good);
  EXPECT_EQ(classify(5ms, policy), LatencyClass::acceptable);
  EXPECT_EQ(classify(20ms, policy), LatencyClass::poor);
  EXPECT_EQ(classify(100ms, policy), LatencyClass::critical);
}

TEST(HitRatio, CountsFromTheStartThenByWindow) {
  HitRatio ratio;
  EXPECT_EQ(ratio.update(500, 499, 1000), std::nullopt) << "too few look-ups";
  EXPECT_EQ(ratio.update(500, 500, 1000), 0.5);
  EXPECT_EQ(ratio.update(1000, 500, 1000), 0.5) << "the next window is not complete";
  EXPECT_EQ(ratio.update(1400, 600, 1000), 0.9);
}

TEST(HitRatio, StartsOverWithRestartedServer) {
  HitRatio ratio;
  EXPECT_EQ(ratio.update(1000, 1000, 1000), 0.5);
  EXPECT_EQ(ratio.update(10, 10, 1000), std::nullopt);
  EXPECT_EQ(ratio.update(900, 100, 1000), 0.9);
}

TEST(GrowthOfCounter, IsZeroAtFirstAndAfterReset) {
  Growth growth;
  EXPECT_EQ(growth.update(10), 0U);
  EXPECT_EQ(growth.update(15), 5U);
  EXPECT_EQ(growth.update(3), 0U);
  EXPECT_EQ(growth.update(4), 1U);
}

}  // namespace
}  // namespace redstart::health
