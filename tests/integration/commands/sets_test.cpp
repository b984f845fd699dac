// SPDX-License-Identifier: Apache-2.0
// sets_test.cpp: each set command once against a real server.
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "support/client_test.hpp"

namespace redstart::test {
namespace {

using Set = std::set<std::string>;

class SetCommandsLive : public ClientTest {};
INSTANTIATE_TEST_SUITE_P(Protocols, SetCommandsLive, both_protocols(), protocol_name);

TEST_P(SetCommandsLive, AddAndRemoveMembers) {
  REDSTART_NEEDS_SINCE(6, 2);  // SMISMEMBER
  const Client client = redis();
  EXPECT_EQ(client.sadd("s", "a", 2, "c"), 3);
  EXPECT_EQ(client.sadd("s", std::vector<int>{2, 3}), 1);
  EXPECT_EQ(client.scard("s"), 4);
  EXPECT_TRUE(client.sismember("s", 2));
  EXPECT_FALSE(client.sismember("s", "x"));
  EXPECT_EQ(client.smismember("s", "a", "x", 3), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(client.smismember("s", {"x"}), (std::vector<bool>{false}));
  EXPECT_EQ(client.smembers<Set>("s"), (Set{"2", "3", "a", "c"}));
  EXPECT_EQ(client.smembers<std::unordered_set<std::string>>("s").size(), 4U);
  EXPECT_EQ(client.smembers("s").size(), 4U);
  EXPECT_TRUE(client.smembers("missing").empty());
  EXPECT_TRUE(client.smove("s", "t", "a"));
  EXPECT_FALSE(client.smove("s", "t", "a"));
  EXPECT_EQ(client.srem("s", 2, "x"), 1);
  EXPECT_EQ(client.srem("s", {"3"}), 1);
  EXPECT_EQ(client.smembers("s"), (std::vector<std::string>{"c"}));
}

TEST_P(SetCommandsLive, PickRandomMembers) {
  const Client client = redis();
  client.sadd("s", 1, 2, 3);
  EXPECT_TRUE(client.srandmember<int>("s"));
  EXPECT_EQ(client.srandmember("s", -5).size(), 5U);
  EXPECT_EQ(client.srandmember<Set>("s", 5), (Set{"1", "2", "3"}));
  EXPECT_TRUE(client.spop("s"));
  EXPECT_EQ(client.spop<Set>("s", 9).size(), 2U);
  EXPECT_EQ(client.spop("s"), std::nullopt);
  EXPECT_EQ(client.srandmember("s"), std::nullopt);
  EXPECT_TRUE(client.spop("s", 3).empty());
}

TEST_P(SetCommandsLive, CombineSets) {
  REDSTART_NEEDS_SINCE(7, 0);  // SINTERCARD
  const Client client = redis();
  client.sadd("a", 1, 2, 3);
  client.sadd("b", 2, 3, 4);
  EXPECT_EQ(client.sdiff("a", "b"), (std::vector<std::string>{"1"}));
  EXPECT_EQ(client.sinter<Set>({"a", "b"}), (Set{"2", "3"}));
  EXPECT_EQ(client.sunion<std::set<int>>("a", "b"), (std::set<int>{1, 2, 3, 4}));
  EXPECT_EQ(client.sintercard({"a", "b"}), 2);
  EXPECT_EQ(client.sintercard({"a", "b"}, 1), 1);
  EXPECT_EQ(client.sdiffstore("to", "a", "b"), 1);
  EXPECT_EQ(client.sinterstore("to", "a", "b"), 2);
  EXPECT_EQ(client.sunionstore("to", {"a", "b"}), 4);
}

TEST_P(SetCommandsLive, ScanVisitsEveryMember) {
  const Client client = redis();
  Set written;
  for (int i = 0; i < 1000; ++i) written.insert("m" + std::to_string(i));
  client.sadd("s", written);
  Set seen;
  std::uint64_t cursor = 0;
  do {
    const auto page = client.sscan("s", cursor, {.count = 100});
    seen.insert(page.elements.begin(), page.elements.end());
    cursor = page.cursor;
  } while (cursor != 0);
  EXPECT_EQ(seen, written);
  seen.clear();
  for (const std::string& member : client.sscan("s", {.match = "m*"})) seen.insert(member);
  EXPECT_EQ(seen, written);
}

}  // namespace
}  // namespace redstart::test
