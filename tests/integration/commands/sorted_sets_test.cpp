// SPDX-License-Identifier: Apache-2.0
// sorted_sets_test.cpp: each sorted set command once against a real server.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "support/client_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;
using Scored = std::vector<std::pair<std::string, double>>;
using KeyScored = std::pair<std::string, Scored>;
using KeyMemberScore = std::tuple<std::string, std::string, double>;

class SortedSetCommandsLive : public ClientTest {
 protected:
  void SetUp() override {
    ClientTest::SetUp();
    if (!IsSkipped()) redis().zadd("z", {{"a", 1}, {"b", 2.5}, {"c", 3}});
  }
};
INSTANTIATE_TEST_SUITE_P(Protocols, SortedSetCommandsLive, both_protocols(), protocol_name);

TEST_P(SortedSetCommandsLive, AddWithOptions) {
  REDSTART_NEEDS_SINCE(6, 2);  // GT and LT of ZADD
  const Client client = redis();
  EXPECT_EQ(client.zadd("z", 9, "a", {.only_if = OnlyIf::absent}), 0);
  EXPECT_EQ(client.zadd("z", 9, "x", {.only_if = OnlyIf::present}), 0);
  EXPECT_EQ(client.zadd("z", 0, "a", {.score_if = ScoreIf::greater, .count_changed = true}), 0);
  EXPECT_EQ(client.zadd("z", 0, "a", {.score_if = ScoreIf::less, .count_changed = true}), 1);
  EXPECT_EQ(client.zadd("z", std::map<std::string, double>{{"d", 4}, {"e", 5}}), 2);
  EXPECT_EQ(client.zadd_incr("z", 2, "a"), 2.0);
  EXPECT_EQ(client.zadd_incr("z", 2, "a", {.only_if = OnlyIf::absent}), std::nullopt);
  EXPECT_EQ(client.zincrby("z", 0.5, "a"), 2.5);
  EXPECT_EQ(client.zcard("z"), 5);
}

TEST_P(SortedSetCommandsLive, ReadScoresAndRanks) {
  REDSTART_NEEDS_SINCE(6, 2);  // ZMSCORE
  const Client client = redis();
  EXPECT_EQ(client.zscore("z", "b"), 2.5);
  EXPECT_EQ(client.zscore("z", "x"), std::nullopt);
  const std::vector<std::optional<double>> scores{1.0, std::nullopt};
  EXPECT_EQ(client.zmscore("z", "a", "x"), scores);
  EXPECT_EQ(client.zmscore("z", {"a", "x"}), scores);
  EXPECT_EQ(client.zrank("z", "b"), 1);
  EXPECT_EQ(client.zrevrank("z", "a"), 2);
  EXPECT_EQ(client.zrank("z", "x"), std::nullopt);
  client.zadd("inf", std::numeric_limits<double>::infinity(), "m");
  EXPECT_EQ(client.zscore("inf", "m"), std::numeric_limits<double>::infinity());
}

TEST_P(SortedSetCommandsLive, RemoveMembers) {
  const Client client = redis();
  EXPECT_EQ(client.zrem("z", "a", "x"), 1);
  EXPECT_EQ(client.zrem("z", {"b"}), 1);
  client.zadd("r", {{"a", 0}, {"b", 0}, {"c", 0}, {"d", 0}});
  EXPECT_EQ(client.zremrangebylex("r", {"a", LexBound::exclusive("b")}), 1);
  EXPECT_EQ(client.zremrangebyrank("r", 0, 0), 1);
  EXPECT_EQ(client.zremrangebyscore("r", {0, 0}), 2);
}

TEST_P(SortedSetCommandsLive, PopMembers) {
  REDSTART_NEEDS_SINCE(7, 0);  // ZMPOP, BZMPOP
  const Client client = redis();
  const BlockFor block{5s};
  EXPECT_EQ(client.zpopmax("z"), (Scored{{"c", 3}}));
  EXPECT_EQ(client.zpopmin("z", 5), (Scored{{"a", 1}, {"b", 2.5}}));
  EXPECT_TRUE(client.zpopmin("z").empty());
  client.zadd("z", {{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}, {"f", 6}});
  EXPECT_EQ(client.zmpop({"missing", "z"}, ScoreEnd::max), (KeyScored{"z", {{"f", 6}}}));
  EXPECT_EQ(client.zmpop({"missing"}, ScoreEnd::max), std::nullopt);
  EXPECT_EQ(client.bzmpop({"missing", "z"}, ScoreEnd::min, block, 2), (KeyScored{"z", {{"a", 1}, {"b", 2}}}));
  EXPECT_EQ(client.bzpopmin("z", block), (KeyMemberScore{"z", "c", 3}));
  EXPECT_EQ(client.bzpopmax({"missing", "z"}, block), (KeyMemberScore{"z", "e", 5}));
  EXPECT_EQ(client.bzpopmax("missing", {1ms}), std::nullopt);
  EXPECT_EQ(client.bzmpop({"missing"}, ScoreEnd::min, {1ms}), std::nullopt);
}

TEST_P(SortedSetCommandsLive, PickRandomMembers) {
  REDSTART_NEEDS_SINCE(6, 2);  // ZRANDMEMBER
  const Client client = redis();
  EXPECT_TRUE(client.zrandmember("z"));
  EXPECT_EQ(client.zrandmember("missing"), std::nullopt);
  EXPECT_EQ(client.zrandmember("z", -7).size(), 7U);
  EXPECT_EQ((client.zrandmember_with_scores<std::map<std::string, double>>("z", 9)),
            (std::map<std::string, double>{{"a", 1}, {"b", 2.5}, {"c", 3}}));
}

TEST_P(SortedSetCommandsLive, ReadRangesByRank) {
  REDSTART_NEEDS_SINCE(6, 2);  // REV of ZRANGE
  const Client client = redis();
  EXPECT_EQ(client.zrange("z", 0, 1), (Texts{"a", "b"}));
  EXPECT_EQ(client.zrange("z", ByRank{0, 0}, {.reverse = true}), (Texts{"c"}));
  EXPECT_EQ(client.zrange_with_scores("z", 0, -1), (Scored{{"a", 1}, {"b", 2.5}, {"c", 3}}));
  EXPECT_EQ(client.zrange_with_scores("z", ByRank{0, 1}, {.reverse = true}), (Scored{{"c", 3}, {"b", 2.5}}));
  EXPECT_EQ(client.zrevrange("z", 0, 0), (Texts{"c"}));
  EXPECT_EQ(client.zrevrange_with_scores("z", 0, 0), (Scored{{"c", 3}}));
  EXPECT_TRUE(client.zrange("missing", 0, -1).empty());
}

TEST_P(SortedSetCommandsLive, ReadRangesByScore) {
  REDSTART_NEEDS_SINCE(6, 2);  // BYSCORE of ZRANGE, ZRANGESTORE
  const Client client = redis();
  const ByScore range{1, ScoreBound::exclusive(3)};
  EXPECT_EQ(client.zcount("z", range), 2);
  EXPECT_EQ(client.zcount("z", {}), 3);
  EXPECT_EQ(client.zrange("z", range), (Texts{"a", "b"}));
  EXPECT_EQ(client.zrange("z", range, {.reverse = true, .limit = Limit{0, 1}}), (Texts{"b"}));
  EXPECT_EQ(client.zrange_with_scores("z", ByScore{.min = ScoreBound::exclusive(1)}, {.limit = Limit{1}}),
            (Scored{{"c", 3}}));
  EXPECT_EQ(client.zrangebyscore("z", range, Limit{1, 1}), (Texts{"b"}));
  EXPECT_EQ(client.zrangebyscore_with_scores("z", range), (Scored{{"a", 1}, {"b", 2.5}}));
  EXPECT_EQ(client.zrevrangebyscore("z", range), (Texts{"b", "a"}));
  EXPECT_EQ(client.zrevrangebyscore_with_scores("z", range, Limit{0, 1}), (Scored{{"b", 2.5}}));
  EXPECT_EQ(client.zrangestore("to", "z", range), 2);
}

TEST_P(SortedSetCommandsLive, ReadRangesByMember) {
  REDSTART_NEEDS_SINCE(6, 2);  // BYLEX of ZRANGE
  const Client client = redis();
  client.zadd("l", {{"a", 0}, {"b", 0}, {"c", 0}, {"d", 0}});
  const ByLex range{"b", LexBound::exclusive("d")};
  EXPECT_EQ(client.zlexcount("l", range), 2);
  EXPECT_EQ(client.zlexcount("l", {}), 4);
  EXPECT_EQ(client.zrange("l", range), (Texts{"b", "c"}));
  EXPECT_EQ(client.zrange("l", range, {.reverse = true}), (Texts{"c", "b"}));
  EXPECT_EQ(client.zrangebylex("l", {}, Limit{0, 1}), (Texts{"a"}));
  EXPECT_EQ(client.zrevrangebylex("l", range), (Texts{"c", "b"}));
}

TEST_P(SortedSetCommandsLive, CombineSets) {
  REDSTART_NEEDS_SINCE(7, 0);  // ZINTERCARD; ZDIFF, ZINTER, ZUNION since 6.2
  const Client client = redis();
  client.zadd("y", {{"b", 10}, {"c", 1}});
  EXPECT_EQ(client.zdiff("z", "y"), (Texts{"a"}));
  EXPECT_EQ(client.zdiff_with_scores({"z", "y"}), (Scored{{"a", 1}}));
  EXPECT_EQ(client.zdiffstore("to", {"z", "y"}), 1);
  EXPECT_EQ(client.zinter({"z", "y"}, {.aggregate = Aggregate::min}), (Texts{"c", "b"}));
  EXPECT_EQ(client.zinter_with_scores({"z", "y"}), (Scored{{"c", 4}, {"b", 12.5}}));
  EXPECT_EQ(client.zinter("z", "y"), (Texts{"c", "b"}));
  EXPECT_EQ(client.zintercard({"z", "y"}), 2);
  EXPECT_EQ(client.zinterstore("to", {"z", "y"}, {.aggregate = Aggregate::max}), 2);
  EXPECT_EQ(client.zscore("to", "b"), 10.0);
  EXPECT_EQ(client.zunion("z", "y"), (Texts{"a", "c", "b"}));
  EXPECT_EQ(client.zunion_with_scores({"z", "y"}, {.weights = {2, 0.5}}),
            (Scored{{"a", 2}, {"c", 6.5}, {"b", 10}}));
  EXPECT_EQ(client.zunionstore("to", {"z", "y"}), 3);
}

TEST_P(SortedSetCommandsLive, ScanVisitsEveryMember) {
  const Client client = redis();
  std::map<std::string, double> written;
  for (int i = 0; i < 1000; ++i) written["m" + std::to_string(i)] = i / 4.0;
  client.zadd("big", written);
  std::map<std::string, double> seen;
  std::uint64_t cursor = 0;
  do {
    const auto page = client.zscan("big", cursor, {.count = 100});
    seen.insert(page.elements.begin(), page.elements.end());
    cursor = page.cursor;
  } while (cursor != 0);
  EXPECT_EQ(seen, written);
  seen.clear();
  for (const auto& member : client.zscan("big")) seen.insert(member);
  EXPECT_EQ(seen, written);
}

}  // namespace
}  // namespace redstart::test
