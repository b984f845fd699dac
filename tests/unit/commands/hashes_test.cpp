// SPDX-License-Identifier: Apache-2.0
// hashes_test.cpp: bytes and retry categories of commands on hashes.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "capture.hpp"

namespace redstart::test {
namespace {

TEST(HashCommandsEncoding, WritesReads) {
  const std::vector<std::string> fields{"f", "g"};
  expect(capture.hexists("k", "f"), {"HEXISTS", "k", "f"}, kRead);
  expect(capture.hget("k", "f"), {"HGET", "k", "f"}, kRead);
  expect(capture.hgetall("k"), {"HGETALL", "k"}, kRead);
  expect(capture.hkeys("k"), {"HKEYS", "k"}, kRead);
  expect(capture.hlen("k"), {"HLEN", "k"}, kRead);
  expect(capture.hmget("k", "f", "g"), {"HMGET", "k", "f", "g"}, kRead);
  expect(capture.hmget("k", fields), {"HMGET", "k", "f", "g"});
  expect(capture.hmget("k", {"f", "g"}), {"HMGET", "k", "f", "g"});
  expect(capture.hrandfield("k"), {"HRANDFIELD", "k"}, kRead);
  expect(capture.hrandfield("k", -3), {"HRANDFIELD", "k", "-3"}, kRead);
  expect(capture.hrandfield_with_values("k", 3), {"HRANDFIELD", "k", "3", "WITHVALUES"}, kRead);
  expect(capture.hscan("k", 0), {"HSCAN", "k", "0"}, kRead);
  expect(capture.hscan("k", 5, {.match = "f*", .count = 7}),
         {"HSCAN", "k", "5", "MATCH", "f*", "COUNT", "7"});
  expect(capture.hstrlen("k", "f"), {"HSTRLEN", "k", "f"}, kRead);
  expect(capture.hvals("k"), {"HVALS", "k"}, kRead);
  static_assert(std::is_same_v<decltype(capture.hgetall("k"))::Reply,
                               std::vector<std::pair<std::string, std::string>>>);
  static_assert(std::is_same_v<decltype(capture.hgetall<std::map<std::string, int>>("k"))::Reply,
                               std::map<std::string, int>>);
}

TEST(HashCommandsEncoding, WritesChanges) {
  const std::map<std::string, int> pairs{{"f", 1}, {"g", 2}};
  expect(capture.hdel("k", "f", "g"), {"HDEL", "k", "f", "g"}, kLastWins);
  expect(capture.hdel("k", {"f", "g"}), {"HDEL", "k", "f", "g"}, kLastWins);
  expect(capture.hincrby("k", "f", -1), {"HINCRBY", "k", "f", "-1"}, kAccumulates);
  expect(capture.hincrbyfloat("k", "f", 1.5), {"HINCRBYFLOAT", "k", "f", "1.5"}, kAccumulates);
  expect(capture.hset("k", "f", 1), {"HSET", "k", "f", "1"}, kLastWins);
  expect(capture.hset("k", "f", 1, "g", "two"), {"HSET", "k", "f", "1", "g", "two"});
  expect(capture.hset("k", pairs), {"HSET", "k", "f", "1", "g", "2"});
  expect(capture.hset("k", {{"f", "x"}, {"g", "y"}}), {"HSET", "k", "f", "x", "g", "y"});
  expect(capture.hsetnx("k", "f", 1), {"HSETNX", "k", "f", "1"}, kAccumulates);
}

template <class... More>
concept Hsettable = requires(const More&... more) {
  capture.hset("k", "f", 1, more...);
};

TEST(HashCommandsEncoding, RejectsHsetWithoutAValueForEachField) {
  static_assert(Hsettable<> && Hsettable<std::string, int>);
  static_assert(!Hsettable<std::string>);
}

}  // namespace
}  // namespace redstart::test
