// SPDX-License-Identifier: Apache-2.0
// retry_budget_test.cpp: limits retries to a share of calls.
#include <redstart/resilience/retry_budget.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "support/start_time.hpp"

namespace redstart {
namespace {

using test::start;
using namespace std::chrono_literals;

int take_all(RetryBudget& budget, TimePoint now) {
  int taken = 0;
  while (budget.take(now)) ++taken;
  return taken;
}

TEST(RetryBudget, StartsFull) {
  RetryBudget budget({0.1, 1.0, 10.0});
  EXPECT_EQ(take_all(budget, start), 10);
  EXPECT_EQ(budget.taken(), 10U);
  EXPECT_EQ(budget.refused(), 1U);
}

TEST(RetryBudget, LosesTokensAboveReplacedCapacity) {
  RetryBudget budget({0.1, 0.0, 10.0});
  budget.use({0.1, 0.0, 4.0});
  EXPECT_EQ(take_all(budget, start), 4);
  budget.use({0.5, 0.0, 20.0});
  budget.calls(10);
  EXPECT_EQ(take_all(budget, start), 5) << "a larger capacity brings no tokens, a larger share does";
}

TEST(RetryBudget, ShowsTokensThatTimeHasAdded) {
  RetryBudget budget({0.0, 2.0, 10.0});
  static_cast<void>(take_all(budget, start));
  EXPECT_EQ(budget.tokens(start), 0.0);
  EXPECT_EQ(budget.tokens(start + 3s), 6.0);
  EXPECT_EQ(budget.tokens(start + 60s), 10.0);
  EXPECT_EQ(take_all(budget, start + 3s), 6) << "to look takes nothing and adds nothing";
}

TEST(RetryBudget, GrowsByShareOfEachCall) {
  RetryBudget budget({0.1, 0.0, 10.0});
  static_cast<void>(take_all(budget, start));
  budget.calls(9);
  EXPECT_EQ(take_all(budget, start), 0);
  budget.calls(50);
  EXPECT_EQ(take_all(budget, start), 5);
  budget.calls(50);
  EXPECT_EQ(take_all(budget, start), 0) << "the same calls don't count twice";
  budget.calls(40);
  EXPECT_EQ(take_all(budget, start), 0) << "nor does a count read before by a slower thread";
  budget.calls(60);
  EXPECT_EQ(take_all(budget, start), 1);
}

TEST(RetryBudget, GrowsWithTimeForRareCallers) {
  RetryBudget budget({0.0, 2.0, 10.0});
  static_cast<void>(take_all(budget, start));
  EXPECT_FALSE(budget.take(start + 499ms));
  EXPECT_TRUE(budget.take(start + 500ms));
  EXPECT_FALSE(budget.take(start + 500ms));
  EXPECT_FALSE(budget.take(start)) << "a time before is no time";
  EXPECT_EQ(take_all(budget, start + 2500ms), 4);
}

TEST(RetryBudget, DelaysReservationUntilTokenIsAvailable) {
  RetryBudget budget({0.0, 2.0, 2.0});
  EXPECT_EQ(budget.reserve(start, 10s), 0s);
  EXPECT_EQ(budget.reserve(start, 10s), 0s);
  EXPECT_EQ(budget.reserve(start, 10s), 500ms);
  EXPECT_EQ(budget.reserve(start, 10s), 1s) << "behind the one before";
  EXPECT_EQ(budget.reserve(start, 1s), std::nullopt) << "not yet";
  EXPECT_EQ(budget.taken(), 4U);
  EXPECT_EQ(budget.refused(), 1U);
  EXPECT_FALSE(budget.take(start + 1s)) << "these tokens are reserved";
  EXPECT_TRUE(budget.take(start + 1500ms));
  RetryBudget without({0.0, 0.0, 1.0});
  EXPECT_EQ(without.reserve(start, 24h), 0s);
  EXPECT_EQ(without.reserve(start, 24h), std::nullopt) << "time brings none";
}

TEST(RetryBudget, NeverExceedsCapacity) {
  RetryBudget budget({0.1, 1.0, 10.0});
  budget.calls(1'000'000'000);
  EXPECT_EQ(take_all(budget, start + 24h), 10);
}

TEST(RetryBudget, KeepsRetriesBelowTheirShareOfCalls) {
  const RetryBudgetPolicy policy{0.1, 1.0, 20.0};
  RetryBudget budget(policy);
  std::uint64_t calls = 0;
  TimePoint now = start;
  for (int i = 0; i < 100'000; ++i) {  // every call fails and requests two retries
    now += 100us;
    budget.calls(++calls);
    static_cast<void>(budget.take(now));
    static_cast<void>(budget.take(now));
    const double seconds = std::chrono::duration<double>(now - start).count();
    ASSERT_LE(static_cast<double>(budget.taken()),
              policy.capacity + policy.share * static_cast<double>(calls) + policy.trickle * seconds + 1e-6);
  }
  EXPECT_GE(budget.taken(), 10'000U) << "and the share can be used";
}

}  // namespace
}  // namespace redstart
