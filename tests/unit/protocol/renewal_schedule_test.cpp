// SPDX-License-Identifier: Apache-2.0
// renewal_schedule_test.cpp: tests when a credentials provider is asked again.
#include "protocol/renewal_schedule.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace redstart::inline v0::protocol {
namespace {

using namespace std::chrono_literals;
using Ask = RenewalSchedule::Step;

constexpr TimePoint given_at{1h};

RenewalSchedule given(std::chrono::milliseconds lifetime) {
  RenewalSchedule schedule;
  schedule.given({1, given_at, lifetime}, 0.5);
  return schedule;
}

TEST(RenewalSchedule, AsksNothingWithoutCredentialsThatExpire) {
  RenewalSchedule schedule;
  EXPECT_EQ(schedule.next(given_at), Ask::none);
  EXPECT_EQ(given(0ms).next(given_at + 1000h), Ask::none);
}

TEST(RenewalSchedule, AsksOnceAheadOfTime) {
  RenewalSchedule schedule = given(100s);
  EXPECT_EQ(schedule.next(given_at + 64s), Ask::none);
  EXPECT_EQ(schedule.next(given_at + 65s), Ask::ask);
  EXPECT_EQ(schedule.next(given_at + 65s), Ask::none) << "while the provider is being asked";
  schedule.given({2, given_at + 65s, 100s}, 0.0);
  EXPECT_EQ(schedule.next(given_at + 124s), Ask::none);
  EXPECT_EQ(schedule.next(given_at + 125s), Ask::ask);
}

TEST(RenewalSchedule, RepeatsFailedCallsWithGrowingDelays) {
  RenewalSchedule schedule = given(100s);
  TimePoint now = given_at + 65s;
  for (const auto delay : {750ms, 1500ms, 3000ms, 3750ms, 3750ms}) {
    ASSERT_EQ(schedule.next(now), Ask::ask);
    schedule.failed(now, 0.5);
    EXPECT_EQ(schedule.next(now + delay - 1ms), Ask::none);
    now += delay;
  }
  EXPECT_EQ(schedule.next(now), Ask::ask);
}

TEST(RenewalSchedule, StopsWhenCredentialsHaveExpired) {
  RenewalSchedule schedule = given(100s);
  EXPECT_EQ(schedule.next(given_at + 99s), Ask::ask);
  schedule.failed(given_at + 99s, 0.5);
  EXPECT_EQ(schedule.next(given_at + 100s), Ask::none);
  schedule.given({2, given_at + 200s, 100s}, 0.5);
  EXPECT_EQ(schedule.next(given_at + 265s), Ask::ask) << "a new connection has asked";
}

TEST(RenewalSchedule, AsksOnceIfCalledLate) {
  RenewalSchedule schedule = given(100s);
  EXPECT_EQ(schedule.next(given_at + 1h), Ask::ask);
  EXPECT_EQ(schedule.next(given_at + 2h), Ask::none);
  schedule.failed(given_at + 2h, 0.5);
  EXPECT_EQ(schedule.next(given_at + 3h), Ask::none);
}

TEST(RenewalSchedule, AsksAgainWhileProviderHangs) {
  RenewalSchedule schedule = given(100s);
  const TimePoint first = given_at + 65s;
  EXPECT_EQ(schedule.next(first), Ask::ask);
  EXPECT_EQ(schedule.next(first + 999ms), Ask::none);
  EXPECT_EQ(schedule.next(first + 1s), Ask::ask_again);
  EXPECT_EQ(schedule.next(first + 2999ms), Ask::none) << "the limit doubles";
  EXPECT_EQ(schedule.next(first + 3s), Ask::ask_again);
}

TEST(RenewalSchedule, AsksSoonAfterRefusal) {
  RenewalSchedule schedule = given(100s);
  schedule.refused(given_at + 10s, 0.5);
  EXPECT_EQ(schedule.next(given_at + 10s), Ask::none);
  EXPECT_EQ(schedule.next(given_at + 11s), Ask::ask);
}

}  // namespace
}  // namespace redstart::inline v0::protocol
