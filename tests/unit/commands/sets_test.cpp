// SPDX-License-Identifier: Apache-2.0
// sets_test.cpp: bytes and retry categories of commands on sets.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "capture.hpp"

namespace redstart::test {
namespace {

TEST(SetCommandsEncoding, WritesMemberCommands) {
  const std::set<int> numbers{1, 2};
  expect(capture.sadd("k", "a", 2), {"SADD", "k", "a", "2"}, kLastWins);
  expect(capture.sadd("k", numbers), {"SADD", "k", "1", "2"}, kLastWins);
  expect(capture.sadd("k", {"a", "b"}), {"SADD", "k", "a", "b"});
  expect(capture.srem("k", "a", 2), {"SREM", "k", "a", "2"}, kLastWins);
  expect(capture.srem("k", numbers), {"SREM", "k", "1", "2"}, kLastWins);
  expect(capture.scard("k"), {"SCARD", "k"}, kRead);
  expect(capture.sismember("k", 5), {"SISMEMBER", "k", "5"}, kRead);
  expect(capture.smembers("k"), {"SMEMBERS", "k"}, kRead);
  expect(capture.smismember("k", "a", "b"), {"SMISMEMBER", "k", "a", "b"}, kRead);
  expect(capture.smismember("k", numbers), {"SMISMEMBER", "k", "1", "2"}, kRead);
  expect(capture.smove("a", "b", "m"), {"SMOVE", "a", "b", "m"}, kLastWins);
  expect(capture.spop("k"), {"SPOP", "k"}, kAccumulates);
  expect(capture.spop("k", 2), {"SPOP", "k", "2"}, kAccumulates);
  expect(capture.srandmember("k"), {"SRANDMEMBER", "k"}, kRead);
  expect(capture.srandmember("k", -2), {"SRANDMEMBER", "k", "-2"}, kRead);
  expect(capture.sscan("k", 3, {.match = "a*"}), {"SSCAN", "k", "3", "MATCH", "a*"}, kRead);
  static_assert(std::is_same_v<decltype(capture.smembers<std::set<int>>("k"))::Reply, std::set<int>>);
}

TEST(SetCommandsEncoding, WritesCombinations) {
  const std::vector<std::string> keys{"a", "b"};
  expect(capture.sdiff("a", "b"), {"SDIFF", "a", "b"}, kRead);
  expect(capture.sdiff(keys), {"SDIFF", "a", "b"}, kRead);
  expect(capture.sdiffstore("to", "a", "b"), {"SDIFFSTORE", "to", "a", "b"}, kLastWins);
  expect(capture.sdiffstore("to", keys), {"SDIFFSTORE", "to", "a", "b"}, kLastWins);
  expect(capture.sinter("a", "b"), {"SINTER", "a", "b"}, kRead);
  expect(capture.sinter<std::set<std::string>>({"a", "b"}), {"SINTER", "a", "b"}, kRead);
  expect(capture.sintercard(keys), {"SINTERCARD", "2", "a", "b", "LIMIT", "0"}, kRead);
  expect(capture.sintercard({"a", "b", "c"}, 9), {"SINTERCARD", "3", "a", "b", "c", "LIMIT", "9"}, kRead);
  expect(capture.sinterstore("to", "a", "b"), {"SINTERSTORE", "to", "a", "b"}, kLastWins);
  expect(capture.sinterstore("to", {"a", "b"}), {"SINTERSTORE", "to", "a", "b"}, kLastWins);
  expect(capture.sunion("a"), {"SUNION", "a"}, kRead);
  expect(capture.sunion(keys), {"SUNION", "a", "b"}, kRead);
  expect(capture.sunionstore("to", "a", "b"), {"SUNIONSTORE", "to", "a", "b"}, kLastWins);
  expect(capture.sunionstore("to", keys), {"SUNIONSTORE", "to", "a", "b"}, kLastWins);
}

}  // namespace
}  // namespace redstart::test
