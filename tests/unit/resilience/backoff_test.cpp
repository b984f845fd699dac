// SPDX-License-Identifier: Apache-2.0
// backoff_test.cpp: delays grow, stay in bounds, and start over.
#include <redstart/resilience/backoff.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace redstart {
namespace {

using namespace std::chrono_literals;
constexpr double almost_one = 0.999'999'999;

TEST(Backoff, TheNthDelayLiesBetweenInitialAndItsExponentialCeiling) {
  for (const BackoffPolicy policy :
       {BackoffPolicy{}, BackoffPolicy{10ms, 10s, 3.0}, BackoffPolicy{7ms, 7ms, 2.0},
        BackoffPolicy{50ms, 60ms, 10.0}, BackoffPolicy{50ms, 500ms, 1.0}}) {
    for (const double random : {0.0, 0.25, 0.5, almost_one}) {
      Backoff backoff(policy);
      for (int n = 0; n < 60; ++n) {
        const double ceiling =
            std::min(static_cast<double>(policy.initial.count()) * std::pow(policy.factor, n),
                     static_cast<double>(policy.maximum.count()));
        const auto delay = backoff.next(random);
        ASSERT_GE(delay, policy.initial) << n;
        ASSERT_LE(static_cast<double>(delay.count()), ceiling) << n;
      }
    }
  }
}

TEST(Backoff, ReachesTheMaximumAndStaysThere) {
  Backoff backoff(BackoffPolicy{50ms, 500ms, 2.0});
  for (int n = 0; n < 10; ++n) static_cast<void>(backoff.next(0.5));
  EXPECT_EQ(backoff.next(0.0), 50ms);
  EXPECT_GE(backoff.next(almost_one), 499ms);
}

TEST(Backoff, SpreadsByTheRandomNumber) {
  Backoff low;
  Backoff high;
  for (int n = 0; n < 3; ++n) {
    static_cast<void>(low.next(0.5));
    static_cast<void>(high.next(0.5));
  }
  EXPECT_LT(low.next(0.1), high.next(0.9));
}

TEST(Backoff, StartsOverWhenReset) {
  Backoff backoff;
  for (int n = 0; n < 5; ++n) static_cast<void>(backoff.next(almost_one));
  backoff.reset();
  EXPECT_EQ(backoff.next(almost_one), BackoffPolicy{}.initial);
}

static_assert(Backoff(BackoffPolicy{5ms, 50ms, 2.0}).next(0.9) == 5ms, "usable while compiling");

}  // namespace
}  // namespace redstart
