// SPDX-License-Identifier: Apache-2.0
// limited_reports_test.cpp: which of many occurrences are reported.
#include "observe/limited_reports.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace redstart {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint begin_of_reports{1h};

TEST(LimitedReports, ReportsFirstThenOnePerInterval) {
  LimitedReports<int> reports;
  EXPECT_EQ(reports.add(1, 1, begin_of_reports), 1U);
  EXPECT_EQ(reports.add(1, 1, begin_of_reports + 1s), 0U);
  EXPECT_EQ(reports.add(1, 5, begin_of_reports + 9999ms), 0U);
  EXPECT_EQ(reports.add(1, 1, begin_of_reports + 10s), 7U);
  EXPECT_EQ(reports.add(1, 1, begin_of_reports + 11s), 0U);
}

TEST(LimitedReports, KeysDontDelayEachOther) {
  LimitedReports<int> reports;
  EXPECT_EQ(reports.add(1, 1, begin_of_reports), 1U);
  EXPECT_EQ(reports.add(2, 3, begin_of_reports), 3U);
}

TEST(LimitedReports, AlternatingKeysCauseNoMoreReports) {
  LimitedReports<int> reports;
  int due = 0;
  for (int i = 0; i != 1000; ++i) due += reports.add(i % 2, 1, begin_of_reports + i * 10ms) != 0 ? 1 : 0;
  EXPECT_EQ(due, 2);
}

}  // namespace
}  // namespace redstart
