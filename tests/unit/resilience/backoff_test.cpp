// SPDX-License-Identifier: Apache-2.0
// backoff_test.cpp: growth and bounds of delays for every jitter.
#include <redstart/resilience/backoff.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

#include "unit/resilience/almost_one.hpp"

namespace redstart {
namespace {

using test::almost_one;
using namespace std::chrono_literals;
constexpr Jitter kinds[] = {Jitter::none, Jitter::full, Jitter::equal, Jitter::decorrelated, Jitter::floored};

double count(std::chrono::milliseconds time) { return static_cast<double>(time.count()); }

struct Bounds {
  double low;
  double high;
};

// Returns the bounds of the nth delay, n from 0; `before` is the previous delay.
Bounds bounds_of(const BackoffPolicy& policy, int n, std::chrono::milliseconds before) {
  const auto ceiling = [&](int k) {
    return std::min(count(policy.initial) * std::pow(policy.factor, k), count(policy.maximum));
  };
  switch (policy.jitter) {
    case Jitter::none: return {std::floor(ceiling(n)), ceiling(n)};
    case Jitter::full: return {0, ceiling(n)};
    case Jitter::equal: return {std::floor(ceiling(n) / 2), ceiling(n)};
    case Jitter::floored: return {count(policy.initial), ceiling(n + 1)};
    case Jitter::decorrelated:
      return {count(policy.initial),
              std::min(n == 0 ? count(policy.initial) * 3 : (count(before) + 1) * 3, count(policy.maximum))};
  }
  return {};
}

TEST(Backoff, KeepsDelaysWithinBoundsForEveryJitter) {
  for (const Jitter jitter : kinds)
    for (BackoffPolicy policy : {BackoffPolicy{}, BackoffPolicy{10ms, 10s, 3.0}, BackoffPolicy{7ms, 7ms, 2.0},
                                 BackoffPolicy{50ms, 60ms, 10.0}, BackoffPolicy{50ms, 500ms, 1.0}})
      for (const double random : {0.0, 0.25, 0.5, almost_one}) {
        policy.jitter = jitter;
        Backoff backoff(policy);
        std::chrono::milliseconds before{0};
        for (int n = 0; n < 60; ++n) {
          const auto delay = backoff.next(random);
          const Bounds bounds = bounds_of(policy, n, before);
          ASSERT_GE(count(delay), bounds.low) << "jitter " << static_cast<int>(jitter) << ", n " << n;
          ASSERT_LE(count(delay), bounds.high) << "jitter " << static_cast<int>(jitter) << ", n " << n;
          before = delay;
        }
      }
}

TEST(Backoff, ReachesBothBoundsWithRandomDelays) {
  std::minstd_rand generator(11);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same sequence each time
  std::uniform_real_distribution<double> random(0.0, 1.0);
  for (const Jitter jitter : {Jitter::full, Jitter::equal, Jitter::floored}) {
    const BackoffPolicy policy{50ms, 500ms, 2.0, jitter};
    for (int n = 0; n < 6; ++n) {
      double least = 1e9;
      double most = 0;
      for (int i = 0; i < 2000; ++i) {
        Backoff backoff(policy);
        for (int k = 0; k < n; ++k) static_cast<void>(backoff.next(random(generator)));
        const double delay = count(backoff.next(random(generator)));
        least = std::min(least, delay);
        most = std::max(most, delay);
      }
      const Bounds bounds = bounds_of(policy, n, 0ms);
      const double tenth = (bounds.high - bounds.low) / 10;
      EXPECT_LE(least, bounds.low + tenth) << static_cast<int>(jitter) << " " << n;
      EXPECT_GE(most, bounds.high - tenth - 1) << static_cast<int>(jitter) << " " << n;
    }
  }
}

TEST(Backoff, DoublesDelaysUpToMaximumWithoutJitter) {
  Backoff backoff({50ms, 500ms, 2.0, Jitter::none});
  for (const auto expected : {50ms, 100ms, 200ms, 400ms, 500ms, 500ms})
    EXPECT_EQ(backoff.next(almost_one), expected);
}

TEST(Backoff, SpreadsDelaysAboveInitialDelayByDefault) {
  Backoff backoff;
  EXPECT_EQ(Backoff().next(0.0), 50ms);
  EXPECT_EQ(backoff.next(almost_one), 99ms) << "clients that fail together don't reconnect together";
  EXPECT_EQ(backoff.next(0.0), 50ms);
}

TEST(Backoff, StaysAtMaximum) {
  for (const Jitter jitter : kinds) {
    Backoff backoff({50ms, 500ms, 2.0, jitter});
    for (int n = 0; n < 1000; ++n) static_cast<void>(backoff.next(almost_one));
    EXPECT_GE(backoff.next(almost_one), 499ms);
    EXPECT_LE(backoff.next(almost_one), 500ms);
  }
}

TEST(Backoff, DerivesDecorrelatedDelayFromPreviousOne) {
  Backoff backoff({50ms, 500ms, 2.0, Jitter::decorrelated});
  EXPECT_EQ(backoff.next(0.5), 100ms) << "halfway from 50 to 150";
  EXPECT_EQ(backoff.next(0.5), 175ms) << "halfway from 50 to 300";
  EXPECT_EQ(backoff.next(0.0), 50ms);
  EXPECT_LE(backoff.next(almost_one), 150ms) << "shrinks again after a short one";
}

TEST(Backoff, RestartsWhenReset) {
  for (const Jitter jitter : kinds) {
    const BackoffPolicy policy{50ms, 500ms, 2.0, jitter};
    Backoff used(policy);
    for (int n = 0; n < 5; ++n) static_cast<void>(used.next(almost_one));
    used.reset();
    EXPECT_EQ(used.next(0.7), Backoff(policy).next(0.7));
  }
}

// Policies passed to `retry` are not validated.
TEST(Backoff, StaysBetweenZeroAndNoLimitForExtremePolicies) {
  constexpr auto least = std::chrono::milliseconds::min();
  constexpr auto most = std::chrono::milliseconds::max();
  for (const Jitter jitter : kinds) {
    for (const BackoffPolicy& policy :
         {BackoffPolicy{most, most, 2.0, jitter}, BackoffPolicy{least, most, 2.0, jitter},
          BackoffPolicy{least, least, 2.0, jitter}, BackoffPolicy{1ms, most, 1e300, jitter},
          BackoffPolicy{1ms, most, std::nan(""), jitter}}) {
      Backoff backoff(policy);
      for (int n = 0; n < 5; ++n) {
        const auto delay = backoff.next(almost_one);
        EXPECT_GE(delay, 0ms);
        EXPECT_LE(delay, no_limit);
      }
    }
  }
}

static_assert(Backoff(BackoffPolicy{5ms, 50ms, 2.0}).next(0.0) == 5ms, "usable while compiling");

}  // namespace
}  // namespace redstart
