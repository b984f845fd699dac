// SPDX-License-Identifier: Apache-2.0
// nearest_test.cpp: the names that misspelt ones probably mean.
#include "config/nearest.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace redstart::inline v0::detail {
namespace {

constexpr std::string_view names[] = {"main", "cache", "sessions", "knowledge", "db11"};

TEST(Nearest, FindsTheNameThatWasMisspelt) {
  EXPECT_EQ(nearest("cahce", names), "cache");
  EXPECT_EQ(nearest("cach", names), "cache");
  EXPECT_EQ(nearest("mian", names), "main");
  EXPECT_EQ(nearest("session", names), "sessions");
  EXPECT_EQ(nearest("sesions", names), "sessions");
  EXPECT_EQ(nearest("knowlegde", names), "knowledge");
  EXPECT_EQ(nearest("db12", names), "db11");
  EXPECT_EQ(nearest("main", names), "main");
}

TEST(Nearest, FindsNothingIfNoNameIsNear) {
  EXPECT_EQ(nearest("completely-different", names), "");
  EXPECT_EQ(nearest("xyzzy", names), "");
  EXPECT_EQ(nearest("main", {}), "");
  EXPECT_EQ(nearest(std::string(65, 'm'), names), "") << "the work is bounded";
}

TEST(Nearest, PrefersTheSmallerDistanceInAnyOrder) {
  constexpr std::string_view forward[] = {"cart", "card"};
  constexpr std::string_view backward[] = {"card", "cart"};
  EXPECT_EQ(nearest("cards", forward), "card");
  EXPECT_EQ(nearest("cards", backward), "card");
}

TEST(Nearest, ComparesNamesOfAnyLength) {
  const std::string name = std::string(30, 'a') + std::string(34, 'b');
  const std::string longer = std::string(40, 'a') + std::string(44, 'b');
  const std::string much_longer = std::string(100, 'a') + name;
  const std::string_view candidates[] = {much_longer, longer, "", "b"};
  EXPECT_EQ(nearest(name, candidates), longer) << "20 of 64 letters differ";
  EXPECT_EQ(nearest("", names), "");
  constexpr std::string_view empty[] = {""};
  EXPECT_EQ(nearest("ab", empty), "");
}

}  // namespace
}  // namespace redstart::inline v0::detail
