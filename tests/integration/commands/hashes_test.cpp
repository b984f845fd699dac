// SPDX-License-Identifier: Apache-2.0
// hashes_test.cpp: each hash command once against a real server.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "support/client_test.hpp"

namespace redstart::test {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

class HashCommandsLive : public ClientTest {};
INSTANTIATE_TEST_SUITE_P(Protocols, HashCommandsLive, both_protocols(), protocol_name);

TEST_P(HashCommandsLive, SetGetAndDeleteFields) {
  const Client client = redis();
  EXPECT_EQ(client.hset("h", "a", 1, "b", "two"), 2);
  EXPECT_EQ(client.hset("h", std::map<std::string, int>{{"a", 5}, {"c", 3}}), 1);
  EXPECT_FALSE(client.hsetnx("h", "a", 9));
  EXPECT_TRUE(client.hsetnx("h", "d", 4));
  EXPECT_EQ(client.hget<int>("h", "a"), 5);
  EXPECT_EQ(client.hget("h", "missing"), std::nullopt);
  EXPECT_EQ(client.hget("missing", "a"), std::nullopt);
  EXPECT_TRUE(client.hexists("h", "b"));
  EXPECT_FALSE(client.hexists("h", "x"));
  EXPECT_EQ(client.hlen("h"), 4);
  EXPECT_EQ(client.hstrlen("h", "b"), 3);
  EXPECT_EQ(client.hdel("h", "a", "x"), 1);
  EXPECT_EQ(client.hdel("h", {"c", "d"}), 2);
  EXPECT_EQ(client.hgetall("h"), (Pairs{{"b", "two"}}));
}

TEST_P(HashCommandsLive, ReadWholeHashes) {
  const Client client = redis();
  client.hset("h", {{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(client.hgetall("h"), (Pairs{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ((client.hgetall<std::map<std::string, int>>("h")),
            (std::map<std::string, int>{{"a", 1}, {"b", 2}}));
  EXPECT_EQ((client.hgetall<std::unordered_map<std::string, std::string>>("h").at("b")), "2");
  EXPECT_TRUE(client.hgetall("missing").empty());
  EXPECT_EQ(client.hkeys("h"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(client.hvals<std::vector<int>>("h"), (std::vector<int>{1, 2}));
  EXPECT_EQ(client.hmget<int>("h", "b", "x"), (std::vector<std::optional<int>>{2, std::nullopt}));
  EXPECT_EQ(client.hmget("h", {"a"}), (std::vector<std::optional<std::string>>{"1"}));
}

TEST_P(HashCommandsLive, IncrementFields) {
  const Client client = redis();
  EXPECT_EQ(client.hincrby("h", "n", 5), 5);
  EXPECT_DOUBLE_EQ(client.hincrbyfloat("h", "n", -0.5), 4.5);
}

TEST_P(HashCommandsLive, PickRandomFields) {
  REDSTART_NEEDS_SINCE(6, 2);  // HRANDFIELD
  const Client client = redis();
  client.hset("h", "a", 1);
  EXPECT_EQ(client.hrandfield("h"), "a");
  EXPECT_EQ(client.hrandfield("missing"), std::nullopt);
  EXPECT_EQ(client.hrandfield("h", -3), (std::vector<std::string>{"a", "a", "a"}));
  EXPECT_TRUE(client.hrandfield("missing", 3).empty());
  EXPECT_EQ(client.hrandfield_with_values("h", 3), (Pairs{{"a", "1"}}));
  EXPECT_EQ(client.hrandfield_with_values("h", -2), (Pairs{{"a", "1"}, {"a", "1"}}));
}

TEST_P(HashCommandsLive, ScanVisitsEveryField) {
  const Client client = redis();
  std::map<std::string, std::string> written;
  for (int i = 0; i < 1000; ++i) written["f" + std::to_string(i)] = std::to_string(i);
  client.hset("h", written);
  std::map<std::string, std::string> seen;
  std::uint64_t cursor = 0;
  do {
    auto page = client.hscan("h", cursor, {.match = "f*", .count = 100});
    seen.insert(page.elements.begin(), page.elements.end());
    cursor = page.cursor;
  } while (cursor != 0);
  EXPECT_EQ(seen, written);
  seen.clear();
  for (const auto& field : client.hscan("h")) seen.insert(field);
  EXPECT_EQ(seen, written);
}

}  // namespace
}  // namespace redstart::test
