// SPDX-License-Identifier: Apache-2.0
// line_budget_test.cpp: how many log lines are admitted.
#include <redstart/observe/line_budget.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace redstart {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint begin_of_lines{1h};

TEST(LineBudget, SuppressesLinesBeyondTheLimitUntilTheNextSecond) {
  LineBudget budget(2);
  EXPECT_EQ(budget.admit(begin_of_lines), std::optional<std::uint64_t>(0));
  EXPECT_EQ(budget.admit(begin_of_lines + 1ms), std::optional<std::uint64_t>(0));
  for (int i = 0; i != 5; ++i) EXPECT_EQ(budget.admit(begin_of_lines + 999ms), std::nullopt);
  EXPECT_EQ(budget.admit(begin_of_lines + 1s), std::optional<std::uint64_t>(5));
  EXPECT_EQ(budget.admit(begin_of_lines + 1s), std::optional<std::uint64_t>(0));
}

TEST(LineBudget, HasNoLimitWithZero) {
  LineBudget budget(0);
  for (int i = 0; i != 1000; ++i) EXPECT_EQ(budget.admit(begin_of_lines), std::optional<std::uint64_t>(0));
}

}  // namespace
}  // namespace redstart
