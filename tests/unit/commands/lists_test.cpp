// SPDX-License-Identifier: Apache-2.0
// lists_test.cpp: bytes and retry categories of commands on lists.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "capture.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
constexpr ListEnd kLeft = ListEnd::left;
constexpr ListEnd kRight = ListEnd::right;

TEST(ListCommandsEncoding, WritesReads) {
  expect(capture.lindex("k", -1), {"LINDEX", "k", "-1"}, kRead);
  expect(capture.llen("k"), {"LLEN", "k"}, kRead);
  expect(capture.lpos("k", "e"), {"LPOS", "k", "e"}, kRead);
  expect(capture.lpos("k", 5, {.rank = -1, .max_len = 100}),
         {"LPOS", "k", "5", "RANK", "-1", "MAXLEN", "100"});
  expect(capture.lpos_all("k", "e"), {"LPOS", "k", "e", "COUNT", "0"}, kRead);
  expect(capture.lpos_all("k", "e", 2, {.rank = 3}), {"LPOS", "k", "e", "COUNT", "2", "RANK", "3"});
  expect(capture.lrange("k", 0, -1), {"LRANGE", "k", "0", "-1"}, kRead);
}

TEST(ListCommandsEncoding, WritesPushes) {
  const std::vector<int> numbers{1, 2};
  expect(capture.lpush("k", "a", 2, 0.5), {"LPUSH", "k", "a", "2", "0.5"}, kAccumulates);
  expect(capture.lpush("k", numbers), {"LPUSH", "k", "1", "2"}, kAccumulates);
  expect(capture.lpush("k", {"a", "b"}), {"LPUSH", "k", "a", "b"});
  expect(capture.lpushx("k", "a"), {"LPUSHX", "k", "a"}, kAccumulates);
  expect(capture.lpushx("k", numbers), {"LPUSHX", "k", "1", "2"}, kAccumulates);
  expect(capture.rpush("k", "a", "b"), {"RPUSH", "k", "a", "b"}, kAccumulates);
  expect(capture.rpush("k", numbers), {"RPUSH", "k", "1", "2"}, kAccumulates);
  expect(capture.rpushx("k", "a"), {"RPUSHX", "k", "a"}, kAccumulates);
  expect(capture.rpushx("k", numbers), {"RPUSHX", "k", "1", "2"}, kAccumulates);
  expect(capture.linsert("k", Insert::before, "p", "e"), {"LINSERT", "k", "BEFORE", "p", "e"}, kAccumulates);
  expect(capture.linsert("k", Insert::after, "p", 5), {"LINSERT", "k", "AFTER", "p", "5"}, kAccumulates);
}

TEST(ListCommandsEncoding, WritesPops) {
  const std::vector<std::string> keys{"a", "b"};
  expect(capture.lpop("k"), {"LPOP", "k"}, kAccumulates);
  expect(capture.lpop("k", 3), {"LPOP", "k", "3"}, kAccumulates);
  expect(capture.rpop("k"), {"RPOP", "k"}, kAccumulates);
  expect(capture.rpop("k", 3), {"RPOP", "k", "3"}, kAccumulates);
  expect(capture.lmpop(keys, kRight), {"LMPOP", "2", "a", "b", "RIGHT", "COUNT", "1"}, kAccumulates);
  expect(capture.lmpop({"a"}, kLeft, 5), {"LMPOP", "1", "a", "LEFT", "COUNT", "5"}, kAccumulates);
}

TEST(ListCommandsEncoding, WritesMovesAndChanges) {
  expect(capture.lmove("a", "b", kLeft, kRight), {"LMOVE", "a", "b", "LEFT", "RIGHT"}, kAccumulates);
  expect(capture.rpoplpush("a", "b"), {"RPOPLPUSH", "a", "b"}, kAccumulates);
  expect(capture.lrem("k", 2, "e"), {"LREM", "k", "2", "e"}, kAccumulates);
  expect(capture.lrem("k", 0, "e"), {"LREM", "k", "0", "e"}, kLastWins);
  expect(capture.lset("k", 1, "e"), {"LSET", "k", "1", "e"}, kLastWins);
  expect(capture.ltrim("k", 0, 9), {"LTRIM", "k", "0", "9"}, kAccumulates);
}

TEST(ListCommandsEncoding, ReportsBlockingTimes) {
  const std::vector<std::string> keys{"a", "b"};
  const BlockFor block{2500ms};
  expect(capture.blpop("k", block), {"BLPOP", "k", "2.5"}, kAccumulates);
  expect(capture.blpop(keys, block), {"BLPOP", "a", "b", "2.5"}, kAccumulates);
  expect(capture.brpop("k", block), {"BRPOP", "k", "2.5"}, kAccumulates);
  expect(capture.brpop({"a", "b"}, {5s}), {"BRPOP", "a", "b", "5"}, kAccumulates);
  expect(capture.blmove("a", "b", kRight, kLeft, block), {"BLMOVE", "a", "b", "RIGHT", "LEFT", "2.5"},
         kAccumulates);
  expect(capture.brpoplpush("a", "b", block), {"BRPOPLPUSH", "a", "b", "2.5"}, kAccumulates);
  expect(capture.blmpop(keys, kLeft, block, 2), {"BLMPOP", "2.5", "2", "a", "b", "LEFT", "COUNT", "2"},
         kAccumulates);
  expect(capture.blpop("k", 1ms), {"BLPOP", "k", "0.002"}, kAccumulates);
  expect(capture.blpop("k", 2ms), {"BLPOP", "k", "0.002"}, kAccumulates);
  expect(capture.blpop("k", 0ms), {"BLPOP", "k", "0"}, kAccumulates);
  EXPECT_EQ(capture.blpop("k", block).blocks_for, 2500ms);
  EXPECT_EQ(capture.blpop("k", {}).blocks_for, 0ms) << "without limit";
  EXPECT_EQ(capture.lpop("k").blocks_for, std::nullopt);
}

}  // namespace
}  // namespace redstart::test
