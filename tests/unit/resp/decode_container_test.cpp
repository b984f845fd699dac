// SPDX-License-Identifier: Apache-2.0
// decode_container_test.cpp: decodes containers, pairs, tuples and arrays.
#include <redstart/resp/decode.hpp>

#include "support/heap_watch.hpp"
#include "unit/resp/decode.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <list>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace redstart::inline v0::resp {
namespace {

using test::decoded;
using test::issue_of;
using Strings = std::vector<std::string>;

TEST(DecodeSequence, AcceptsEveryAggregateAndContainer) {
  const Strings expected{"a", "1"};
  EXPECT_EQ(decoded<Strings>("*2\r\n$1\r\na\r\n:1\r\n"), expected);
  EXPECT_EQ(decoded<Strings>("~2\r\n$1\r\na\r\n:1\r\n"), expected);
  EXPECT_EQ(decoded<Strings>(">2\r\n$1\r\na\r\n:1\r\n"), expected);
  EXPECT_EQ(decoded<Strings>("%1\r\n$1\r\na\r\n:1\r\n"), expected);
  EXPECT_EQ(decoded<Strings>("*?\r\n$1\r\na\r\n:1\r\n.\r\n"), expected);
  EXPECT_EQ(decoded<Strings>("*2\r\n|1\r\n+x\r\n*1\r\n+y\r\n$1\r\na\r\n:1\r\n"), expected);
  EXPECT_EQ(decoded<Strings>("*0\r\n"), Strings{});
  EXPECT_EQ(decoded<std::list<int>>("*2\r\n:1\r\n:2\r\n"), (std::list<int>{1, 2}));
  EXPECT_EQ(decoded<std::deque<double>>("*2\r\n,1\r\n:2\r\n"), (std::deque<double>{1, 2}));
  EXPECT_EQ(decoded<std::vector<bool>>("*2\r\n#t\r\n:0\r\n"), (std::vector<bool>{true, false}));
  EXPECT_EQ(decoded<std::vector<std::optional<int>>>("*2\r\n:1\r\n$-1\r\n"),
            (std::vector<std::optional<int>>{1, std::nullopt}));
  EXPECT_EQ(decoded<std::vector<Strings>>("*2\r\n*1\r\n+a\r\n*0\r\n"), (std::vector<Strings>{{"a"}, {}}));
}

TEST(DecodeSequence, NamesElementThatDoesNotFit) {
  EXPECT_EQ(issue_of<std::vector<int>>("*2\r\n:1\r\n+x\r\n"),
            "expected an integer, got the simple string \"x\" at [1] (byte 8)");
  EXPECT_EQ(issue_of<std::vector<std::vector<int>>>("*2\r\n*1\r\n:1\r\n*2\r\n:1\r\n_\r\n"),
            "expected an integer, got null at [1][1] (byte 20)");
  EXPECT_EQ(issue_of<Strings>("*2\r\n+a\r\n$-1\r\n"), "expected a string, got null at [1] (byte 8)");
  EXPECT_EQ(issue_of<Strings>("*-1\r\n"), "expected an array, got null (byte 0)");
  EXPECT_EQ(issue_of<Strings>("+OK\r\n"), "expected an array, got the simple string \"OK\" (byte 0)");
}

TEST(DecodeSequence, ReplacesExistingElements) {
  std::vector<Strings> out{{"x", "y", "z"}, {"x"}, {"x"}};
  DecodeIssue issue;
  ASSERT_TRUE(decode_frame("*2\r\n*1\r\n+a\r\n*2\r\n+b\r\n+c\r\n", out, issue));
  EXPECT_EQ(out, (std::vector<Strings>{{"a"}, {"b", "c"}}));
}

TEST(DecodeSet, AcceptsSetsAndArrays) {
  EXPECT_EQ(decoded<std::set<int>>("~3\r\n:2\r\n:1\r\n:2\r\n"), (std::set<int>{1, 2}));
  EXPECT_EQ(decoded<std::multiset<int>>("*3\r\n:2\r\n:1\r\n:2\r\n"), (std::multiset<int>{1, 2, 2}));
  EXPECT_EQ(decoded<std::unordered_set<std::string>>("*1\r\n+a\r\n"), (std::unordered_set<std::string>{"a"}));
  EXPECT_EQ(issue_of<std::set<int>>("~2\r\n:1\r\n#t\r\n"), "no issue");
  EXPECT_EQ(issue_of<std::set<int>>("~2\r\n:1\r\n+t\r\n"),
            "expected an integer, got the simple string \"t\" at [1] (byte 8)");
}

TEST(DecodeMap, AcceptsMapsFlatArraysAndArraysOfPairs) {
  const std::map<std::string, int> expected{{"a", 1}, {"b", 2}};
  EXPECT_EQ((decoded<std::map<std::string, int>>("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n")), expected);
  EXPECT_EQ((decoded<std::map<std::string, int>>("*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n")),
            expected);
  EXPECT_EQ((decoded<std::map<std::string, int>>("*2\r\n*2\r\n+a\r\n:1\r\n*2\r\n+b\r\n:2\r\n")), expected);
  EXPECT_EQ((decoded<std::map<std::string, int>>("%?\r\n+a\r\n:1\r\n+b\r\n:2\r\n.\r\n")), expected);
  EXPECT_EQ((decoded<std::map<std::string, int>>("%0\r\n").value().size()), 0U);
  EXPECT_EQ((decoded<std::unordered_map<std::string, Strings>>("%1\r\n+a\r\n*1\r\n+b\r\n").value()["a"]),
            Strings{"b"});
  EXPECT_EQ((decoded<std::multimap<int, int>>("*4\r\n:1\r\n:2\r\n:1\r\n:3\r\n").value().count(1)), 2U);
}

TEST(DecodeMap, NamesPairThatDoesNotFit) {
  using Map = std::map<std::string, int>;
  EXPECT_EQ(issue_of<Map>("%2\r\n+a\r\n:1\r\n+b\r\n+c\r\n"),
            "expected an integer, got the simple string \"c\" at [1] (byte 16)");
  EXPECT_EQ(issue_of<Map>("*3\r\n+a\r\n:1\r\n+b\r\n"),
            "expected a value for each key, got the end of the array at [1] (byte 16)");
  EXPECT_EQ(issue_of<Map>("*1\r\n*3\r\n+a\r\n:1\r\n:2\r\n"),
            "expected an array of 2, got the array of 3 values at [0] (byte 4)");
  EXPECT_EQ(issue_of<Map>("*1\r\n*2\r\n+a\r\n+b\r\n"),
            "expected an integer, got the simple string \"b\" at [0][1] (byte 12)");
  EXPECT_EQ(issue_of<Map>(":1\r\n"), "expected a map, got the integer \"1\" (byte 0)");
}

TEST(DecodePairs, AcceptsFlatAndNestedPairsInSequences) {
  using Scores = std::vector<std::pair<std::string, double>>;
  const Scores expected{{"a", 1.5}, {"b", -2}};
  EXPECT_EQ(decoded<Scores>("*4\r\n$1\r\na\r\n$3\r\n1.5\r\n$1\r\nb\r\n$2\r\n-2\r\n"), expected);
  EXPECT_EQ(decoded<Scores>("*2\r\n*2\r\n$1\r\na\r\n,1.5\r\n*2\r\n$1\r\nb\r\n,-2\r\n"), expected);
  EXPECT_EQ(decoded<Scores>("%2\r\n$1\r\na\r\n,1.5\r\n$1\r\nb\r\n:-2\r\n"), expected);
  EXPECT_EQ(decoded<Scores>("*0\r\n"), Scores{});
  EXPECT_FALSE(decoded<Scores>("*3\r\n+a\r\n:1\r\n+b\r\n"));
}

TEST(DecodeFixed, AcceptsOnlyExactNumberOfValues) {
  EXPECT_EQ((decoded<std::pair<int, std::string>>("*2\r\n:1\r\n+a\r\n")),
            (std::pair<int, std::string>(1, "a")));
  EXPECT_EQ((decoded<std::tuple<int, bool, Strings>>("*3\r\n:1\r\n#t\r\n*1\r\n+a\r\n")),
            (std::tuple<int, bool, Strings>(1, true, {"a"})));
  EXPECT_EQ((decoded<std::array<int, 2>>("*?\r\n:1\r\n:2\r\n.\r\n")), (std::array<int, 2>{1, 2}));
  EXPECT_EQ((decoded<std::tuple<>>("*0\r\n")), std::tuple<>{});
  EXPECT_EQ((issue_of<std::array<int, 2>>("*1\r\n:1\r\n")),
            "expected an array of 2, got the array of 1 value (byte 0)");
  EXPECT_EQ((issue_of<std::tuple<int>>("*2\r\n:1\r\n:2\r\n")),
            "expected an array of 1, got the array of 2 values (byte 0)");
  EXPECT_EQ((issue_of<std::tuple<int, int>>("*2\r\n:1\r\n+b\r\n")),
            "expected an integer, got the simple string \"b\" at [1] (byte 8)");
  EXPECT_EQ((issue_of<std::pair<int, int>>("*1\r\n:1\r\n")),
            "expected an array of 2, got the array of 1 value (byte 0)");
}

TEST(DecodeContainers, ReservesOnceForAllElements) {
  std::string frame = "*1000\r\n";
  for (int i = 0; i != 1000; ++i) frame += "$32\r\n" + std::string(32, 'v') + "\r\n";
  std::vector<std::string_view> views;
  DecodeIssue issue;
  const redstart::test::HeapWatch watch;
  ASSERT_TRUE(decode_frame(frame, views, issue));
  EXPECT_EQ(views.size(), 1000U);
  EXPECT_EQ(watch.allocations(), 1U);
}

}  // namespace
}  // namespace redstart::inline v0::resp
