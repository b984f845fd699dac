// SPDX-License-Identifier: Apache-2.0
// strings_test.cpp: each string command once against a real server.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/client_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

class StringCommandsLive : public ClientTest {};
INSTANTIATE_TEST_SUITE_P(Protocols, StringCommandsLive, both_protocols(), protocol_name);

TEST_P(StringCommandsLive, SetAndGetValues) {
  REDSTART_NEEDS_SINCE(6, 2);  // GET of SET
  const Client client = redis();
  EXPECT_EQ(client.get("k"), std::nullopt);
  EXPECT_TRUE(client.set("k", "hello"));
  EXPECT_EQ(client.get("k"), "hello");
  EXPECT_FALSE(client.set("k", "x", {.only_if = OnlyIf::absent}));
  EXPECT_FALSE(client.set("missing", "x", {.only_if = OnlyIf::present}));
  EXPECT_TRUE(client.set("k", 42, {.expire = 100s}));
  EXPECT_EQ(client.get<int>("k"), 42);
  EXPECT_GT(client.ttl("k").time(), 50s);
  EXPECT_TRUE(client.set("k", "v", {.expire = Expiry::keep_ttl()}));
  EXPECT_GT(client.ttl("k").time(), 50s);
  EXPECT_EQ(client.set_get("k", "new"), "v");
  EXPECT_EQ(client.set_get("fresh", "x"), std::nullopt);
  EXPECT_EQ(client.getset("k", "newer"), "new");
  EXPECT_TRUE(client.setnx("unset", 1));
  EXPECT_FALSE(client.setnx("unset", 1));
}

TEST_P(StringCommandsLive, ValuesMayContainAnyBytes) {
  const Client client = redis();
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  bytes += "\r\n$-1\r\n";
  client.set(bytes, bytes);
  EXPECT_EQ(client.get(bytes), bytes);
  client.set("empty", "");
  EXPECT_EQ(client.get("empty"), "");
}

TEST_P(StringCommandsLive, SetExpiryInEveryForm) {
  REDSTART_NEEDS_SINCE(7, 0);  // EXPIRETIME; EXAT, GETEX, GETDEL since 6.2
  const Client client = redis();
  const std::chrono::system_clock::time_point at(4102444800s);
  client.set("k", 1, {.expire = at});
  EXPECT_EQ(client.expiretime("k").time(), TimeSeconds(4102444800s));
  client.set("k", 1, {.expire = at + 5ms});
  EXPECT_EQ(client.pexpiretime("k").time(), TimeMilliseconds(4102444800005ms));
  EXPECT_EQ(client.getex<int>("k", Expiry::persist()), 1);
  EXPECT_TRUE(client.ttl("k").persistent());
  EXPECT_EQ(client.getex("k", 100s), "1");
  EXPECT_GT(client.ttl("k").time(), 50s);
  EXPECT_EQ(client.setex("k", 200s, "v"), Ok{});
  EXPECT_GT(client.ttl("k").time(), 150s);
  EXPECT_EQ(client.psetex("k", 100500ms, "v"), Ok{});
  EXPECT_LE(client.pttl("k").time(), 100500ms);
  EXPECT_EQ(client.getdel("k"), "v");
  EXPECT_EQ(client.getdel("k"), std::nullopt);
}

TEST_P(StringCommandsLive, IncrementAndDecrement) {
  const Client client = redis();
  EXPECT_EQ(client.incr("n"), 1);
  EXPECT_EQ(client.incrby("n", 41), 42);
  EXPECT_EQ(client.decr("n"), 41);
  EXPECT_EQ(client.decrby("n", 50), -9);
  EXPECT_DOUBLE_EQ(client.incrbyfloat("n", 0.5), -8.5);
  client.set("text", "abc");
  EXPECT_THROW(client.incr("text"), ServerError);
}

TEST_P(StringCommandsLive, ReadAndWriteSubstrings) {
  const Client client = redis();
  EXPECT_EQ(client.append("k", "hello"), 5);
  EXPECT_EQ(client.append("k", " world"), 11);
  EXPECT_EQ(client.strlen("k"), 11);
  EXPECT_EQ(client.getrange("k", 0, 4), "hello");
  EXPECT_EQ(client.getrange("k", -5, -1), "world");
  EXPECT_EQ(client.setrange("k", 6, "there"), 11);
  EXPECT_EQ(client.get("k"), "hello there");
}

TEST_P(StringCommandsLive, SetAndGetSeveralKeys) {
  const Client client = redis();
  EXPECT_EQ(client.mset("a", 1, "b", "two"), Ok{});
  EXPECT_EQ(client.mset(std::map<std::string, int>{{"c", 3}}), Ok{});
  const std::vector<std::optional<std::string>> expected{"1", std::nullopt, "3"};
  EXPECT_EQ(client.mget("a", "missing", "c"), expected);
  EXPECT_EQ(client.mget<int>({"a", "c"}), (std::vector<std::optional<int>>{1, 3}));
  EXPECT_FALSE(client.msetnx("a", 1, "fresh", 1));
  EXPECT_TRUE(client.msetnx({{"fresh", "1"}, {"new", "2"}}));
}

TEST_P(StringCommandsLive, FindLongestCommonSubsequence) {
  REDSTART_NEEDS_SINCE(7, 0);  // LCS
  const Client client = redis();
  client.mset({{"a", "ohmytext"}, {"b", "mynewtext"}});
  EXPECT_EQ(client.lcs("a", "b"), "mytext");
  EXPECT_EQ(client.lcs_len("a", "b"), 6);
  const LcsMatches all = client.lcs_matches("a", "b");
  const std::vector<LcsMatches::Match> expected{{{4, 7}, {5, 8}, 4}, {{2, 3}, {0, 1}, 2}};
  EXPECT_EQ(all.matches, expected);
  EXPECT_EQ(all.length, 6);
  EXPECT_EQ(client.lcs_matches("a", "b", 4).matches.size(), 1U);
}

TEST_P(StringCommandsLive, WrongTypeIsAServerError) {
  const Client client = redis();
  client.rpush("list", 1);
  try {
    client.get("list");
    FAIL() << "no error";
  } catch (const ServerError& error) {
    EXPECT_EQ(error.server_code(), "WRONGTYPE");
    EXPECT_EQ(error.effect(), Effect::server_error);
  }
}

}  // namespace
}  // namespace redstart::test
