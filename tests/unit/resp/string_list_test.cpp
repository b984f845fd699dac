// SPDX-License-Identifier: Apache-2.0
// string_list_test.cpp: StringList as container and as reply type.
#include <redstart/resp/string_list.hpp>

#include "unit/resp/decode.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace redstart {
namespace {

TEST(StringList, KeepsStringsNullsAndOrder) {
  StringList list;
  EXPECT_TRUE(list.empty());
  list.push_back("one");
  list.push_back_null();
  list.push_back("");
  list.push_back(std::string(1000, 'x'));
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list.front(), "one");
  EXPECT_TRUE(list.is_null(1));
  EXPECT_EQ(list[1], "");
  EXPECT_FALSE(list.is_null(2));
  EXPECT_EQ(list.back(), std::string(1000, 'x'));
  EXPECT_EQ(list.bytes(), 1003U);
}

TEST(StringList, SupportsRandomAccessIteration) {
  const StringList list{"c", "a", "b"};
  EXPECT_EQ(std::vector<std::string>(list.begin(), list.end()), (std::vector<std::string>{"c", "a", "b"}));
  EXPECT_EQ(list.end() - list.begin(), 3);
  EXPECT_EQ(list.begin()[2], "b");
  EXPECT_EQ(*(1 + list.begin()), "a");
  EXPECT_LT(list.begin(), list.end());
  EXPECT_EQ(std::find(list.begin(), list.end(), "b") - list.begin(), 2);
  auto at = list.end();
  EXPECT_EQ(*--at, "b");
  EXPECT_EQ(*at--, "b");
  EXPECT_EQ(*at++, "a");
}

TEST(StringList, ComparesEqualAfterCopyAndMove) {
  StringList list{"a", "bc"};
  const StringList copy = list;
  EXPECT_EQ(copy, list);
  list.push_back("d");
  EXPECT_NE(copy, list);
  StringList moved = std::move(list);
  EXPECT_EQ(moved[2], "d");
  StringList assigned;
  assigned = copy;
  EXPECT_EQ(assigned, copy);
  assigned = std::move(moved);
  EXPECT_EQ(assigned.size(), 3U);
  EXPECT_NE((StringList{"ab", "c"}), (StringList{"a", "bc"})) << "the same bytes, cut elsewhere";
  StringList null;
  null.push_back_null();
  EXPECT_NE(null, StringList{""});
  assigned.clear();
  EXPECT_EQ(assigned, StringList{});
}

TEST(StringList, DecodesReplies) {
  using resp::test::decoded;
  using resp::test::issue_of;
  const auto list =
      decoded<StringList>("*5\r\n$2\r\nab\r\n_\r\n:7\r\n$?\r\n;1\r\nx\r\n;0\r\n|1\r\n+a\r\n+b\r\n+s\r\n");
  ASSERT_TRUE(list);
  EXPECT_EQ(std::vector<std::string>(list->begin(), list->end()),
            (std::vector<std::string>{"ab", "", "7", "x", "s"}));
  EXPECT_TRUE(list->is_null(1));
  EXPECT_EQ(decoded<StringList>("*?\r\n+a\r\n.\r\n"), StringList{"a"});
  EXPECT_EQ(decoded<StringList>("*0\r\n"), StringList{});
  EXPECT_EQ(decoded<std::optional<StringList>>("*-1\r\n")->has_value(), false);
  EXPECT_EQ(issue_of<StringList>("*2\r\n+a\r\n*0\r\n"),
            "expected a string, got the array of 0 values at [1] (byte 8)");
}

}  // namespace
}  // namespace redstart
