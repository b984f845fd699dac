// SPDX-License-Identifier: Apache-2.0
// repeats_test.cpp: reporting of repeated failures.
#include "observe/repeats.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace redstart {
namespace {

using namespace std::chrono_literals;

TEST(RepeatsTest, ReportsFirstFailureThenOnePerInterval) {
  Repeats repeats(10s);
  const TimePoint now{1h};
  EXPECT_EQ(repeats.failed(Errc::connect_refused, now), 1U);
  EXPECT_EQ(repeats.failed(Errc::connect_refused, now + 1s), 0U);
  EXPECT_EQ(repeats.failed(Errc::connect_refused, now + 9s), 0U);
  EXPECT_EQ(repeats.failed(Errc::connect_refused, now + 10s), 3U);
  EXPECT_EQ(repeats.failed(Errc::connect_refused, now + 11s), 0U);
  EXPECT_EQ(repeats.over(), 5U);
  EXPECT_EQ(repeats.over(), 0U);
  EXPECT_EQ(repeats.failed(Errc::connect_refused, now + 11s), 1U) << "a new outage";
}

TEST(RepeatsTest, ReportsAnotherKindAtOnce) {
  Repeats repeats(10s);
  const TimePoint now{1h};
  EXPECT_EQ(repeats.failed(Errc::connect_refused, now), 1U);
  EXPECT_EQ(repeats.failed(Errc::connect_refused, now), 0U);
  EXPECT_EQ(repeats.failed(Errc::connect_timeout, now), 2U);
}

}  // namespace
}  // namespace redstart
