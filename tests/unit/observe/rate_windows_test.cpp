// SPDX-License-Identifier: Apache-2.0
// rate_windows_test.cpp: rates over windows from totals of the last minutes.
#include "observe/rate_windows.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include "support/start_time.hpp"

namespace redstart {
namespace {

using test::start;
using namespace std::chrono_literals;

// Adds the totals of `seconds` seconds with these rates, and returns the last ones.
OperationCount run(RateWindows& windows, TimePoint& now, OperationCount totals, int seconds,
                   std::uint64_t commands, std::uint64_t errors) {
  for (int i = 0; i != seconds; ++i) {
    now += 1s;
    totals.ended += commands;
    totals.failed += errors;
    if ((now - start) % RateWindows::spacing == 0s) windows.add(now, totals);
  }
  return totals;
}

TEST(RateWindows, AreZeroAtTheStart) {
  const RateWindows windows(start);
  const OperationRates rates = windows.over(10s, start, {});
  EXPECT_EQ(rates.window, 10s);
  EXPECT_EQ(rates.commands, 0.0);
  EXPECT_EQ(rates.errors, 0.0);
}

TEST(RateWindows, CoverTheTimeSinceAStartWithinTheWindow) {
  RateWindows windows(start);
  EXPECT_EQ(windows.over(10s, start + 2s, {100, 4}).commands, 50.0);
  EXPECT_EQ(windows.over(10s, start + 2s, {100, 4}).errors, 2.0);
}

TEST(RateWindows, ForgetWhatHappenedBeforeTheWindow) {
  RateWindows windows(start);
  TimePoint now = start;
  OperationCount totals = run(windows, now, {}, 600, 100, 10);
  totals = run(windows, now, totals, 15, 8, 2);
  EXPECT_EQ(windows.over(10s, now, totals).commands, 8.0);
  EXPECT_EQ(windows.over(10s, now, totals).errors, 2.0);
  EXPECT_NEAR(windows.over(60s, now, totals).commands, (45 * 100 + 15 * 8) / 60.0, 1e-9);
  EXPECT_NEAR(windows.over(300s, now, totals).errors, (285 * 10 + 15 * 2) / 300.0, 1e-9);
}

TEST(RateWindows, KeepTotalsForFiveMinutesWhateverTheNumberOfSnapshots) {
  RateWindows windows(start);
  for (int i = 1; i <= 3000; ++i) windows.add(start + i * 100ms, {static_cast<std::uint64_t>(i), 0});
  EXPECT_EQ(windows.over(300s, start + 300s, {3000, 0}).commands, 10.0);
}

TEST(RateWindows, CoverAtMostOneSpacingMoreThanTheWindow) {
  RateWindows windows(start);
  TimePoint now = start;
  OperationCount totals = run(windows, now, {}, 600, 0, 0);
  totals = run(windows, now, totals, 4, 140, 0);
  EXPECT_NEAR(windows.over(10s, now, totals).commands, 4 * 140 / 14.0, 1e-9) << "604 s: since 590 s";
}

TEST(RateWindows, StretchWhereTotalsAreMissing) {
  RateWindows windows(start);
  windows.add(start + 5s, {50, 0});
  windows.add(start + 65s, {50, 0});
  EXPECT_EQ(windows.over(10s, start + 70s, {180, 0}).commands, 130 / 65.0);
}

}  // namespace
}  // namespace redstart
