// SPDX-License-Identifier: Apache-2.0
// strings_test.cpp: bytes and retry categories of commands on strings.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "capture.hpp"

namespace redstart::test {
namespace {

struct Point {
  int x = 0;
  int y = 0;
};

}  // namespace
}  // namespace redstart::test

template <>
struct redstart::codec<redstart::test::Point> {
  static std::string encode(const redstart::test::Point& point) {
    return std::to_string(point.x) + "," + std::to_string(point.y);
  }
  static redstart::test::Point decode(std::string_view) { return {}; }
};

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

TEST(StringCommandsEncoding, AcceptsTextNumbersAndUserTypesInSet) {
  expect(capture.set("k", "v"), {"SET", "k", "v"}, kLastWins);
  expect(capture.set("k", std::string("a\0b", 3)), {"SET", "k", std::string_view("a\0b", 3)});
  expect(capture.set("k", ""), {"SET", "k", ""});
  expect(capture.set("k", -42), {"SET", "k", "-42"});
  expect(capture.set("k", 18446744073709551615ULL), {"SET", "k", "18446744073709551615"});
  expect(capture.set("k", 0.1), {"SET", "k", "0.1"});
  expect(capture.set("k", Point{3, -4}), {"SET", "k", "3,-4"});
}

template <class V>
concept Settable = requires(const V& value) {
  capture.set("k", value);
};

TEST(StringCommandsEncoding, RejectsSetOfOtherThanOneArgument) {
  static_assert(Settable<std::string> && Settable<int> && Settable<Point>);
  static_assert(!Settable<bool> && !Settable<char>, "neither has one obvious text");
  static_assert(!Settable<std::vector<std::string>> && !Settable<std::pair<int, int>>,
                "more than one argument");
}

TEST(StringCommandsEncoding, WritesSetOptions) {
  const std::chrono::system_clock::time_point at(1700000000s);
  expect(capture.set("k", "v", {.expire = 300s}), {"SET", "k", "v", "EX", "300"}, kLastWins);
  expect(capture.set("k", "v", {.expire = 1500ms}), {"SET", "k", "v", "PX", "1500"});
  expect(capture.set("k", "v", {.expire = 1us}), {"SET", "k", "v", "PX", "1"});
  expect(capture.set("k", "v", {.expire = at}), {"SET", "k", "v", "EXAT", "1700000000"});
  expect(capture.set("k", "v", {.expire = at + 5ms}), {"SET", "k", "v", "PXAT", "1700000000005"});
  expect(capture.set("k", "v", {.expire = Expiry::keep_ttl()}), {"SET", "k", "v", "KEEPTTL"}, kLastWins);
  expect(capture.set("k", "v", {.only_if = OnlyIf::absent}), {"SET", "k", "v", "NX"}, kAccumulates);
  expect(capture.set("k", "v", {.expire = 5s, .only_if = OnlyIf::present}),
         {"SET", "k", "v", "EX", "5", "XX"}, kAccumulates);
  expect(capture.set_get("k", "v"), {"SET", "k", "v", "GET"}, kAccumulates);
  expect(capture.set_get<int>("k", 5, {.expire = 5s}), {"SET", "k", "5", "EX", "5", "GET"}, kAccumulates);
  static_assert(std::is_same_v<decltype(capture.set_get<int>("k", 5))::Reply, std::optional<int>>);
}

TEST(StringCommandsEncoding, WritesReads) {
  expect(capture.get("k"), {"GET", "k"}, kRead);
  expect(capture.getrange("k", 0, -1), {"GETRANGE", "k", "0", "-1"}, kRead);
  expect(capture.strlen("k"), {"STRLEN", "k"}, kRead);
  expect(capture.lcs("a", "b"), {"LCS", "a", "b"}, kRead);
  expect(capture.lcs_len("a", "b"), {"LCS", "a", "b", "LEN"}, kRead);
  expect(capture.lcs_matches("a", "b", 4), {"LCS", "a", "b", "IDX", "MINMATCHLEN", "4", "WITHMATCHLEN"},
         kRead);
  expect(capture.mget("a", "b"), {"MGET", "a", "b"}, kRead);
  expect(capture.mget({"a", "b"}), {"MGET", "a", "b"});
  expect(capture.mget<Point>(std::vector<std::string>{"a"}), {"MGET", "a"});
  static_assert(std::is_same_v<decltype(capture.get<Point>("k"))::Reply, std::optional<Point>>);
  static_assert(std::is_same_v<decltype(capture.mget<int>("k"))::Reply, std::vector<std::optional<int>>>);
}

TEST(StringCommandsEncoding, WritesReadsThatChangeKeys) {
  expect(capture.getdel("k"), {"GETDEL", "k"}, kAccumulates);
  expect(capture.getex("k", 5s), {"GETEX", "k", "EX", "5"}, kLastWins);
  // Too long for any server, which refuses it. It must not become a short or negative time.
  expect(capture.getex("k", std::chrono::hours::max()), {"GETEX", "k", "PX", "9223372036854775807"},
         kLastWins);
  expect(capture.getex("k", Expiry::persist()), {"GETEX", "k", "PERSIST"}, kLastWins);
  expect(capture.getset("k", 5), {"GETSET", "k", "5"}, kAccumulates);
}

TEST(StringCommandsEncoding, WritesCommandsOnSeveralKeys) {
  const std::map<std::string, int> numbers{{"a", 1}, {"b", 2}};
  expect(capture.mset("a", 1, "b", Point{1, 2}), {"MSET", "a", "1", "b", "1,2"}, kLastWins);
  expect(capture.mset(numbers), {"MSET", "a", "1", "b", "2"});
  expect(capture.mset({{"a", "x"}, {"b", "y"}}), {"MSET", "a", "x", "b", "y"});
  expect(capture.msetnx("a", 1), {"MSETNX", "a", "1"}, kAccumulates);
  expect(capture.msetnx(numbers), {"MSETNX", "a", "1", "b", "2"}, kAccumulates);
}

TEST(StringCommandsEncoding, WritesChanges) {
  expect(capture.append("k", "x"), {"APPEND", "k", "x"}, kAccumulates);
  expect(capture.incr("k"), {"INCR", "k"}, kAccumulates);
  expect(capture.incrby("k", -5), {"INCRBY", "k", "-5"}, kAccumulates);
  expect(capture.incrbyfloat("k", 0.5), {"INCRBYFLOAT", "k", "0.5"}, kAccumulates);
  expect(capture.decr("k"), {"DECR", "k"}, kAccumulates);
  expect(capture.decrby("k", 9223372036854775807), {"DECRBY", "k", "9223372036854775807"}, kAccumulates);
  expect(capture.setex("k", 1min, "v"), {"SETEX", "k", "60", "v"}, kLastWins);
  expect(capture.psetex("k", 5ms, "v"), {"PSETEX", "k", "5", "v"}, kLastWins);
  expect(capture.setnx("k", "v"), {"SETNX", "k", "v"}, kAccumulates);
  expect(capture.setrange("k", 3, "v"), {"SETRANGE", "k", "3", "v"}, kLastWins);
}

TEST(StringCommandsEncoding, CopiesALargeEncodedValue) {
  // A codec returns a temporary: the writer must not refer to it.
  resp::Buffer buffer;
  std::vector<resp::External> external;
  resp::Writer writer(buffer, external, 1);
  argument<Point>::write(writer, Point{1, 2});
  EXPECT_TRUE(external.empty());
  EXPECT_EQ(buffer.view(), "$3\r\n1,2\r\n");
}

TEST(ConditionalStringCommandsEncoding, WritesConditions) {
  using namespace std::chrono_literals;
  expect(capture.delex("k", ValueCondition::equals("v")), {"DELEX", "k", "IFEQ", "v"}, kLastWins);
  expect(capture.delex("k", ValueCondition::differs("v")), {"DELEX", "k", "IFNE", "v"});
  expect(capture.delifeq("k", 7), {"DELIFEQ", "k", "7"}, kLastWins);
  expect(capture.digest("k"), {"DIGEST", "k"}, kRead);
  expect(capture.set_if("k", 6, ValueCondition::has_digest("d"), 5s),
         {"SET", "k", "6", "IFDEQ", "d", "EX", "5"}, kAccumulates);
  expect(capture.set_if("k", "v", ValueCondition::has_other_digest("d")), {"SET", "k", "v", "IFDNE", "d"});
}

}  // namespace
}  // namespace redstart::test
