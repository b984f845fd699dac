// SPDX-License-Identifier: Apache-2.0
// connection_times_test.cpp: durations of connections, each in its histogram.
#include "observe/connection_times.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace redstart {
namespace {

using namespace std::chrono_literals;

TEST(ConnectionTimes, CountEachDurationInItsHistogram) {
  ConnectionTimes times;
  times.created(3ms);
  times.waited(40ms);
  times.waited(41ms);
  times.used(2s);
  ConnectionDurations durations;
  durations.use.add(1s);
  times.collect(durations);
  EXPECT_EQ(durations.create.count(), 1U);
  EXPECT_EQ(durations.create.sum, 3ms);
  EXPECT_EQ(durations.wait.count(), 2U);
  EXPECT_EQ(durations.wait.buckets[DurationHistogram::index(40ms)], 2U);
  EXPECT_EQ(durations.use.count(), 2U);
  EXPECT_EQ(durations.use.sum, 3s);
}

TEST(ConnectionTimes, CountDurationsBelowZeroAsZero) {
  ConnectionTimes times;
  times.used(-5us);
  ConnectionDurations durations;
  times.collect(durations);
  EXPECT_EQ(durations.use.count(), 1U);
  EXPECT_EQ(durations.use.sum, 0ns);
}

}  // namespace
}  // namespace redstart
