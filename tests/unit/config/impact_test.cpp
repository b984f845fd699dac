// SPDX-License-Identifier: Apache-2.0
// impact_test.cpp: the usual effects of missing databases.
#include <redstart/config/impact.hpp>
#include <redstart/config/redis_database.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace redstart {
namespace {

TEST(DefaultImpact, IsOneSentenceForEachName) {
  std::set<std::string_view> texts;
  for (const std::string_view name : database_names) {
    const std::string_view text = default_impact(name);
    EXPECT_TRUE(text.ends_with('.')) << name;
    texts.insert(text);
  }
  EXPECT_EQ(texts.size(), 12U) << "eleven names, and one text for db11 to db15";
}

TEST(DefaultImpact, HasTextsForCommonOtherNames) {
  EXPECT_NE(default_impact("users"), default_impact("anything"));
  EXPECT_NE(default_impact("chat"), default_impact("anything"));
  EXPECT_EQ(default_impact("anything"), default_impact(""));
}

}  // namespace
}  // namespace redstart
