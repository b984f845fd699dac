// SPDX-License-Identifier: Apache-2.0
// sorted_sets_test.cpp: bytes and retry categories of commands on sorted sets.
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "capture.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

TEST(SortedSetCommandsEncoding, WritesZadd) {
  const std::map<std::string, double> scores{{"a", 1}, {"b", -0.5}};
  expect(capture.zadd("k", 1.5, "m"), {"ZADD", "k", "1.5", "m"}, kLastWins);
  expect(capture.zadd("k", 1, 42), {"ZADD", "k", "1", "42"});
  expect(capture.zadd("k", std::numeric_limits<double>::infinity(), "m"), {"ZADD", "k", "inf", "m"});
  expect(capture.zadd("k", scores), {"ZADD", "k", "1", "a", "-0.5", "b"}, kLastWins);
  expect(capture.zadd("k", {{"a", 1}, {"b", 2}}), {"ZADD", "k", "1", "a", "2", "b"});
  expect(capture.zadd("k", 1, "m", {.only_if = OnlyIf::absent, .count_changed = true}),
         {"ZADD", "k", "NX", "CH", "1", "m"}, kAccumulates);
  expect(capture.zadd("k", scores, {.only_if = OnlyIf::present, .score_if = ScoreIf::greater}),
         {"ZADD", "k", "XX", "GT", "1", "a", "-0.5", "b"}, kAccumulates);
  expect(capture.zadd("k", 1, "m", {.score_if = ScoreIf::less}), {"ZADD", "k", "LT", "1", "m"}, kLastWins);
  expect(capture.zadd_incr("k", 2, "m"), {"ZADD", "k", "INCR", "2", "m"}, kAccumulates);
  expect(capture.zadd_incr("k", 2, "m", {.only_if = OnlyIf::present, .score_if = ScoreIf::greater}),
         {"ZADD", "k", "XX", "GT", "INCR", "2", "m"}, kAccumulates);
}

TEST(SortedSetCommandsEncoding, WritesMemberCommands) {
  const std::vector<std::string> members{"a", "b"};
  expect(capture.zcard("k"), {"ZCARD", "k"}, kRead);
  expect(capture.zincrby("k", -2, "m"), {"ZINCRBY", "k", "-2", "m"}, kAccumulates);
  expect(capture.zmscore("k", "a", "b"), {"ZMSCORE", "k", "a", "b"}, kRead);
  expect(capture.zmscore("k", members), {"ZMSCORE", "k", "a", "b"}, kRead);
  expect(capture.zrandmember("k"), {"ZRANDMEMBER", "k"}, kRead);
  expect(capture.zrandmember("k", 2), {"ZRANDMEMBER", "k", "2"}, kRead);
  expect(capture.zrandmember_with_scores("k", 2), {"ZRANDMEMBER", "k", "2", "WITHSCORES"}, kRead);
  expect(capture.zrank("k", "m"), {"ZRANK", "k", "m"}, kRead);
  expect(capture.zrevrank("k", 5), {"ZREVRANK", "k", "5"}, kRead);
  expect(capture.zrem("k", "a", "b"), {"ZREM", "k", "a", "b"}, kLastWins);
  expect(capture.zrem("k", members), {"ZREM", "k", "a", "b"}, kLastWins);
  expect(capture.zscan("k", 0, {.count = 5}), {"ZSCAN", "k", "0", "COUNT", "5"}, kRead);
  expect(capture.zscore("k", "m"), {"ZSCORE", "k", "m"}, kRead);
}

TEST(SortedSetCommandsEncoding, WritesPops) {
  const std::vector<std::string> keys{"a", "b"};
  const BlockFor block{100ms};
  expect(capture.zpopmax("k"), {"ZPOPMAX", "k", "1"}, kAccumulates);
  expect(capture.zpopmin("k", 5), {"ZPOPMIN", "k", "5"}, kAccumulates);
  expect(capture.zmpop(keys, ScoreEnd::min), {"ZMPOP", "2", "a", "b", "MIN", "COUNT", "1"}, kAccumulates);
  expect(capture.bzmpop({"a"}, ScoreEnd::max, block, 3), {"BZMPOP", "0.1", "1", "a", "MAX", "COUNT", "3"},
         kAccumulates);
  expect(capture.bzpopmax("k", block), {"BZPOPMAX", "k", "0.1"}, kAccumulates);
  expect(capture.bzpopmax(keys, block), {"BZPOPMAX", "a", "b", "0.1"}, kAccumulates);
  expect(capture.bzpopmin("k", block), {"BZPOPMIN", "k", "0.1"}, kAccumulates);
  expect(capture.bzpopmin({"a", "b"}, block), {"BZPOPMIN", "a", "b", "0.1"}, kAccumulates);
  EXPECT_EQ(capture.bzpopmin("k", block).blocks_for, 100ms);
  EXPECT_EQ(capture.bzmpop(keys, ScoreEnd::min, block).blocks_for, 100ms);
}

TEST(SortedSetCommandsEncoding, WritesRangesByRank) {
  expect(capture.zrange("k", 0, -1), {"ZRANGE", "k", "0", "-1"}, kRead);
  expect(capture.zrange("k", ByRank{}), {"ZRANGE", "k", "0", "-1"}, kRead);
  expect(capture.zrange("k", ByRank{1, 2}, {.reverse = true}), {"ZRANGE", "k", "1", "2", "REV"});
  expect(capture.zrange_with_scores("k", 0, 9), {"ZRANGE", "k", "0", "9", "WITHSCORES"});
  expect(capture.zrange_with_scores("k", ByRank{0, 9}, {.reverse = true}),
         {"ZRANGE", "k", "0", "9", "REV", "WITHSCORES"});
  expect(capture.zrevrange("k", 0, 9), {"ZREVRANGE", "k", "0", "9"}, kRead);
  expect(capture.zrevrange_with_scores("k", 0, 9), {"ZREVRANGE", "k", "0", "9", "WITHSCORES"}, kRead);
  expect(capture.zremrangebyrank("k", 0, 9), {"ZREMRANGEBYRANK", "k", "0", "9"}, kAccumulates);
}

TEST(SortedSetCommandsEncoding, WritesRangesByScore) {
  const ByScore range{1, ScoreBound::exclusive(2.5)};
  expect(capture.zcount("k", {}), {"ZCOUNT", "k", "-inf", "inf"}, kRead);
  expect(capture.zcount("k", range), {"ZCOUNT", "k", "1", "(2.5"}, kRead);
  expect(capture.zrange("k", range), {"ZRANGE", "k", "1", "(2.5", "BYSCORE"}, kRead);
  expect(capture.zrange("k", range, {.reverse = true, .limit = Limit{0, 5}}),
         {"ZRANGE", "k", "(2.5", "1", "BYSCORE", "REV", "LIMIT", "0", "5"});
  expect(capture.zrange_with_scores("k", range, {.limit = Limit{2}}),
         {"ZRANGE", "k", "1", "(2.5", "BYSCORE", "LIMIT", "2", "-1", "WITHSCORES"});
  expect(capture.zrangebyscore("k", range), {"ZRANGEBYSCORE", "k", "1", "(2.5"}, kRead);
  expect(capture.zrangebyscore("k", range, Limit{1, 2}),
         {"ZRANGEBYSCORE", "k", "1", "(2.5", "LIMIT", "1", "2"});
  expect(capture.zrangebyscore_with_scores("k", range, Limit{1, 2}),
         {"ZRANGEBYSCORE", "k", "1", "(2.5", "WITHSCORES", "LIMIT", "1", "2"});
  expect(capture.zrevrangebyscore("k", range), {"ZREVRANGEBYSCORE", "k", "(2.5", "1"}, kRead);
  expect(capture.zrevrangebyscore_with_scores("k", range),
         {"ZREVRANGEBYSCORE", "k", "(2.5", "1", "WITHSCORES"});
  expect(capture.zremrangebyscore("k", range), {"ZREMRANGEBYSCORE", "k", "1", "(2.5"}, kLastWins);
  expect(capture.zrangestore("to", "k", range), {"ZRANGESTORE", "to", "k", "1", "(2.5", "BYSCORE"},
         kAccumulates);
}

TEST(SortedSetCommandsEncoding, WritesRangesByMember) {
  const ByLex range{"a", LexBound::exclusive("c")};
  expect(capture.zlexcount("k", {}), {"ZLEXCOUNT", "k", "-", "+"}, kRead);
  expect(capture.zrange("k", range), {"ZRANGE", "k", "[a", "(c", "BYLEX"}, kRead);
  expect(capture.zrange("k", ByLex{.min = std::string("b")}, {.reverse = true}),
         {"ZRANGE", "k", "+", "[b", "BYLEX", "REV"});
  expect(capture.zrangebylex("k", range, Limit{0, 1}), {"ZRANGEBYLEX", "k", "[a", "(c", "LIMIT", "0", "1"},
         kRead);
  expect(capture.zrevrangebylex("k", range), {"ZREVRANGEBYLEX", "k", "(c", "[a"}, kRead);
  expect(capture.zremrangebylex("k", range), {"ZREMRANGEBYLEX", "k", "[a", "(c"}, kLastWins);
}

TEST(SortedSetCommandsEncoding, WritesCombinations) {
  const std::vector<std::string> keys{"a", "b"};
  const ZcombineOptions options{.weights = {1, 0.5}, .aggregate = Aggregate::max};
  expect(capture.zdiff("a", "b"), {"ZDIFF", "2", "a", "b"}, kRead);
  expect(capture.zdiff(keys), {"ZDIFF", "2", "a", "b"}, kRead);
  expect(capture.zdiff_with_scores(keys), {"ZDIFF", "2", "a", "b", "WITHSCORES"}, kRead);
  expect(capture.zdiffstore("to", keys), {"ZDIFFSTORE", "to", "2", "a", "b"}, kLastWins);
  expect(capture.zinter("a"), {"ZINTER", "1", "a"}, kRead);
  expect(capture.zinter(keys, options), {"ZINTER", "2", "a", "b", "WEIGHTS", "1", "0.5", "AGGREGATE", "MAX"},
         kRead);
  expect(capture.zinter_with_scores({"a", "b"}, {.aggregate = Aggregate::min}),
         {"ZINTER", "2", "a", "b", "AGGREGATE", "MIN", "WITHSCORES"}, kRead);
  expect(capture.zintercard(keys, 7), {"ZINTERCARD", "2", "a", "b", "LIMIT", "7"}, kRead);
  expect(capture.zinterstore("to", keys, options),
         {"ZINTERSTORE", "to", "2", "a", "b", "WEIGHTS", "1", "0.5", "AGGREGATE", "MAX"}, kAccumulates);
  expect(capture.zunion("a", "b", "c"), {"ZUNION", "3", "a", "b", "c"}, kRead);
  expect(capture.zunion({"a", "b"}, {.weights = {2, 3}}), {"ZUNION", "2", "a", "b", "WEIGHTS", "2", "3"},
         kRead);
  expect(capture.zunion_with_scores(keys), {"ZUNION", "2", "a", "b", "WITHSCORES"}, kRead);
  expect(capture.zunionstore("to", keys), {"ZUNIONSTORE", "to", "2", "a", "b"}, kAccumulates);
}

}  // namespace
}  // namespace redstart::test
