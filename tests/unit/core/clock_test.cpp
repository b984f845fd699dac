// SPDX-License-Identifier: Apache-2.0
// clock_test.cpp: conversion of durations to deadlines without overflow.
#include <redstart/core/clock.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>

namespace redstart {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr TimePoint now{std::chrono::hours(1000)};

// Every type of duration that a caller may pass, at its limits.
template <class Duration>
class DurationsOfType : public testing::Test {};
using Durations =
    testing::Types<nanoseconds, std::chrono::microseconds, milliseconds, std::chrono::seconds,
                   std::chrono::minutes, std::chrono::hours, std::chrono::days, std::chrono::years,
                   std::chrono::duration<std::int8_t>, std::chrono::duration<std::int32_t, std::milli>,
                   std::chrono::duration<std::uint64_t, std::milli>, std::chrono::duration<double>,
                   std::chrono::duration<float, std::nano>>;
TYPED_TEST_SUITE(DurationsOfType, Durations);

TYPED_TEST(DurationsOfType, NeverWrap) {
  for (const TypeParam duration : {TypeParam::min(), TypeParam::max(), TypeParam::zero(), TypeParam(1)}) {
    SCOPED_TRACE(static_cast<double>(duration.count()));
    const TimePoint deadline = deadline_after(now, duration);
    EXPECT_GE(deadline, now);
    EXPECT_LE(deadline, now + no_limit);
    EXPECT_EQ(deadline == now, duration <= TypeParam::zero());
    EXPECT_EQ(TimeLimit(duration).expired(), duration <= TypeParam::zero());
    EXPECT_TRUE(TimeLimit(duration).is_set());
  }
}

TEST(DeadlineAfter, AddsDuration) {
  EXPECT_EQ(deadline_after(now, 5ms), now + 5ms);
  EXPECT_EQ(deadline_after(now, 5ns), now + 5ns);
  EXPECT_EQ(deadline_after(now, 24h), now + 24h);
  EXPECT_EQ(deadline_after(now, std::chrono::duration<double>(0.5)), now + 500ms);
}

TEST(DeadlineAfter, HasExpiredForZeroOrLess) {
  for (const milliseconds expired : {milliseconds::min(), -1ms, 0ms})
    EXPECT_EQ(deadline_after(now, expired), now) << expired.count();
  EXPECT_EQ(deadline_after(now, nanoseconds::min()), now);
}

TEST(DeadlineAfter, SaturatesAtNoLimitForLongestDurations) {
  EXPECT_EQ(deadline_after(now, milliseconds::max()), now + no_limit);
  EXPECT_EQ(deadline_after(now, nanoseconds::max()), now + no_limit);
  EXPECT_EQ(deadline_after(now, std::chrono::hours::max()), now + no_limit);
  EXPECT_EQ(deadline_after(now, std::chrono::duration<double>(std::numeric_limits<double>::infinity())),
            now + no_limit);
}

TEST(DeadlineAfter, DoesNotOverflowWhenAddedTo) {
  const TimePoint last = deadline_after(now, milliseconds::max());
  EXPECT_GT(deadline_after(last, milliseconds::max()), last);
  EXPECT_EQ(deadline_after(TimePoint::max(), 1ms), TimePoint::max());
}

TEST(DeadlineAfter, TreatsNotANumberAsZero) {
  EXPECT_EQ(deadline_after(now, std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())),
            now);
}

TEST(TimeLimit, IsUnsetByDefault) {
  constexpr TimeLimit unset;
  EXPECT_FALSE(unset.is_set());
  EXPECT_FALSE(unset.expired());
  EXPECT_FALSE(unset.exceeds(0ms));
  EXPECT_FALSE(unset.exceeds(milliseconds::min()));
  EXPECT_EQ(unset.value_or(7ms), 7ms);
}

TEST(TimeLimit, HasExpiredForZeroOrLess) {
  for (const milliseconds expired : {milliseconds::min(), -1ms, 0ms}) {
    EXPECT_TRUE(TimeLimit(expired).expired());
    EXPECT_EQ(TimeLimit(expired).value_or(7ms), 0ms);
  }
  EXPECT_TRUE(TimeLimit(-1ns).expired());
}

TEST(TimeLimit, RoundsUpToMilliseconds) {
  EXPECT_EQ(TimeLimit(1ns).value_or(7ms), 1ms);
  EXPECT_EQ(TimeLimit(1001us).value_or(7ms), 2ms);
  EXPECT_EQ(TimeLimit(2s).value_or(7ms), 2000ms);
  EXPECT_TRUE(TimeLimit(2s).exceeds(1999ms));
  EXPECT_FALSE(TimeLimit(2s).exceeds(2000ms));
}

TEST(TimeLimit, SaturatesAtNoLimit) {
  EXPECT_EQ(TimeLimit(milliseconds::max()), TimeLimit(no_limit));
  EXPECT_EQ(TimeLimit(std::chrono::seconds::max()), TimeLimit(no_limit));
}

}  // namespace
}  // namespace redstart
