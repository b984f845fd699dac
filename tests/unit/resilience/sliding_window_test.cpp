// SPDX-License-Identifier: Apache-2.0
// sliding_window_test.cpp: keeps exactly the last ten seconds.
#include "resilience/sliding_window.hpp"
#include "support/start_time.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <random>
#include <utility>

namespace redstart {
namespace {

using test::start;
using namespace std::chrono_literals;

TEST(SlidingWindow, IsInitiallyEmpty) {
  SlidingWindow window;
  EXPECT_EQ(window.counts(start).calls(), 0U);
}

TEST(SlidingWindow, CountsLastTenSeconds) {
  SlidingWindow window;
  window.add({3, 1}, start);
  window.add({0, 2}, start + 5s);
  EXPECT_EQ(window.counts(start + 5s).ok, 3U);
  EXPECT_EQ(window.counts(start + 5s).failed, 3U);
  EXPECT_EQ(window.counts(start + 10s - 1ns).calls(), 6U);
  EXPECT_EQ(window.counts(start + 10s).ok, 0U);
  EXPECT_EQ(window.counts(start + 10s).failed, 2U);
  EXPECT_EQ(window.counts(start + 15s).calls(), 0U);
}

TEST(SlidingWindow, ReportsLatestOneToTwoSeconds) {
  SlidingWindow window;
  window.add({3, 1}, start);
  window.add({5, 0}, start + 1900ms);
  EXPECT_EQ(window.latest(start + 1999ms).ok, 8U);
  EXPECT_EQ(window.latest(start + 1999ms).failed, 1U);
  EXPECT_EQ(window.latest(start + 2s).calls(), 5U);
  EXPECT_EQ(window.latest(start + 3s).calls(), 0U);
  EXPECT_EQ(window.counts(start + 3s).calls(), 9U) << "nothing is dropped for it";
}

TEST(SlidingWindow, IsEmptyAfterLongSilence) {
  SlidingWindow window;
  window.add({7, 7}, start);
  EXPECT_EQ(window.counts(start + 24h).calls(), 0U);
  window.add({1, 0}, start + 24h);
  EXPECT_EQ(window.counts(start + 24h).calls(), 1U);
}

TEST(SlidingWindow, CountsOldTimeOfSlowThreadAsNewest) {
  SlidingWindow window;
  window.add({1, 0}, start + 5s);
  window.add({0, 1}, start);
  EXPECT_EQ(window.counts(start + 14s).calls(), 2U);
  EXPECT_EQ(window.counts(start + 15s).calls(), 0U);
}

TEST(SlidingWindow, MatchesListOfAllOutcomes) {
  for (const TimePoint begin : {start, TimePoint{}, TimePoint{} - 25s}) {  // a clock may start at any value
    std::minstd_rand random(3);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same sequence each time
    SlidingWindow window;
    std::deque<std::pair<std::int64_t, SlidingWindow::Counts>> all;
    TimePoint now = begin;
    for (int i = 0; i < 20'000; ++i) {
      now += random() % 100 == 0 ? random() % 13'000 * 1ms : random() % 300 * 1ms;
      const SlidingWindow::Counts more{random() % 4, random() % 3};
      const auto second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
      window.add(more, now);
      all.emplace_back(second, more);
      while (all.front().first <= second - 10) all.pop_front();
      SlidingWindow::Counts expected;
      for (const auto& [when, counts] : all) {
        expected.ok += counts.ok;
        expected.failed += counts.failed;
      }
      ASSERT_EQ(window.counts(now).ok, expected.ok) << i;
      ASSERT_EQ(window.counts(now).failed, expected.failed) << i;
    }
  }
}

}  // namespace
}  // namespace redstart
