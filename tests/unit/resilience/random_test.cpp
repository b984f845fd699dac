// SPDX-License-Identifier: Apache-2.0
// random_test.cpp: range, distribution and seeds of random numbers.
#include <redstart/resilience/random.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <set>

namespace redstart {
namespace {

TEST(Random, SpreadsUnitNumbersEvenly) {
  Random random(42);
  std::array<int, 10> tenths{};
  for (int i = 0; i < 100'000; ++i) {
    const double unit = random.unit();
    ASSERT_GE(unit, 0.0);
    ASSERT_LT(unit, 1.0);
    ++tenths.at(static_cast<std::size_t>(unit * 10));
  }
  for (const int count : tenths) EXPECT_NEAR(count, 10'000, 500);
}

TEST(Random, MatchesReferenceSplitMix) {
  Random random(1234567);  // the published test vectors
  EXPECT_EQ(random.next(), 6457827717110365317U);
  EXPECT_EQ(random.next(), 3203168211198807973U);
  EXPECT_EQ(random.next(), 9817491932198370423U);
}

TEST(Random, CreatesDifferentSeeds) {
  std::set<std::uint64_t> seeds;
  for (int i = 0; i < 1000; ++i) seeds.insert(random_seed());
  EXPECT_EQ(seeds.size(), 1000U);
}

}  // namespace
}  // namespace redstart
