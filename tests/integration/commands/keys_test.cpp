// SPDX-License-Identifier: Apache-2.0
// keys_test.cpp: each key command once against a real server.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/client_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

class KeyCommandsLive : public ClientTest {};
INSTANTIATE_TEST_SUITE_P(Protocols, KeyCommandsLive, both_protocols(), protocol_name);

TEST_P(KeyCommandsLive, CheckAndDeleteKeys) {
  const Client client = redis();
  client.mset({{"a", "1"}, {"b", "2"}, {"c", "3"}});
  EXPECT_EQ(client.exists("a", "b", "a", "missing"), 3);
  EXPECT_EQ(client.touch({"a", "missing"}), 1);
  EXPECT_EQ(client.del("a", "missing"), 1);
  EXPECT_EQ(client.unlink(std::vector<std::string>{"b", "c"}), 2);
  EXPECT_EQ(client.exists("a"), 0);
}

TEST_P(KeyCommandsLive, ListAndRenameKeys) {
  const Client client = redis();
  client.set("a", 1);
  EXPECT_EQ(client.randomkey(), "a");
  EXPECT_EQ(client.rename("a", "b"), Ok{});
  client.set("c", 1);
  EXPECT_FALSE(client.renamenx("b", "c"));
  EXPECT_TRUE(client.renamenx("b", "d"));
  EXPECT_EQ(client.keys<std::set<std::string>>("*"), (std::set<std::string>{"c", "d"}));
  EXPECT_THROW(client.rename("missing", "x"), ServerError);
  client.flushdb();
  EXPECT_EQ(client.randomkey(), std::nullopt);
}

TEST_P(KeyCommandsLive, CopyAndMoveKeys) {
  REDSTART_NEEDS_SINCE(6, 2);  // COPY
  const Client client = redis();
  client.set("a", 1);
  EXPECT_TRUE(client.copy("a", "b"));
  EXPECT_FALSE(client.copy("a", "b"));
  EXPECT_TRUE(client.copy("a", "b", {.replace = true}));
  EXPECT_TRUE(client.copy("a", "a", {.database = 3}));
  EXPECT_FALSE(client.move("a", 3)) << "the key exists in that database";
  EXPECT_TRUE(client.move("b", 3));
}

TEST_P(KeyCommandsLive, SetAndReadExpiry) {
  REDSTART_NEEDS_SINCE(7, 0);  // options of EXPIRE, EXPIRETIME
  const Client client = redis();
  client.set("k", 1);
  EXPECT_FALSE(client.ttl("missing").key_exists());
  EXPECT_TRUE(client.ttl("k").persistent());
  EXPECT_TRUE(client.expire("k", 100s));
  EXPECT_FALSE(client.expire("k", 50s, ExpireIf::persistent));
  EXPECT_FALSE(client.pexpire("k", 50s, ExpireIf::later));
  EXPECT_TRUE(client.pexpire("k", 90s, ExpireIf::sooner));
  EXPECT_LE(client.ttl("k").time(), 90s);
  EXPECT_GT(client.pttl("k").time(), 60s);
  EXPECT_TRUE(client.persist("k"));
  EXPECT_FALSE(client.persist("k"));
  const TimeSeconds at(4102444800s);
  EXPECT_TRUE(client.expireat("k", at));
  EXPECT_EQ(client.expiretime("k").time(), at);
  EXPECT_TRUE(client.pexpireat("k", at + 123ms));
  EXPECT_EQ(client.pexpiretime("k").time(), at + 123ms);
  EXPECT_FALSE(client.expire("missing", 1s));
}

TEST_P(KeyCommandsLive, DumpAndRestoreKeys) {
  REDSTART_NEEDS_SINCE(7, 0);  // EXPIRETIME
  const Client client = redis();
  client.rpush("k", "a", "b");
  const std::optional<std::string> dumped = client.dump("k");
  ASSERT_TRUE(dumped);
  EXPECT_EQ(client.dump("missing"), std::nullopt);
  EXPECT_EQ(client.restore("copy", *dumped, {.expire = 100s}), Ok{});
  EXPECT_EQ(client.lrange("copy", 0, -1), (Texts{"a", "b"}));
  EXPECT_GT(client.ttl("copy").time(), 50s);
  EXPECT_THROW(client.restore("copy", *dumped), ServerError);
  EXPECT_EQ(
      client.restore("copy", *dumped, {.expire_at = TimeMilliseconds(4102444800000ms), .replace = true}),
      Ok{});
  EXPECT_EQ(client.expiretime("copy").time(), TimeSeconds(4102444800s));
}

TEST_P(KeyCommandsLive, MigrateMovesKeysToAnotherServer) {
  const RedisServer other;
  RawRedis there(other.port());
  const Client client = redis();
  client.mset({{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(client.migrate("127.0.0.1", other.port(), "a", 0, 5s), Migration::done);
  EXPECT_EQ(client.migrate("127.0.0.1", other.port(), "a", 0, 5s), Migration::no_key);
  EXPECT_EQ(
      client.migrate("127.0.0.1", other.port(), {"b", "missing"}, 0, 5s, {.copy = true, .replace = true}),
      Migration::done);
  EXPECT_EQ(there.text({"GET", "a"}), "1");
  EXPECT_EQ(there.text({"GET", "b"}), "2");
  EXPECT_EQ(client.exists("a", "b"), 1) << "b must be copied, not moved";
}

TEST_P(KeyCommandsLive, InspectObjects) {
  const Client client = redis();
  client.set("k", 12345);
  EXPECT_EQ(client.object_encoding("k"), "int");
  EXPECT_EQ(client.object_encoding("missing"), std::nullopt);
  EXPECT_EQ(client.object_refcount("k"), 1);
  EXPECT_GE(client.object_idletime("k"), 0);
  client.config_set("maxmemory-policy", "allkeys-lfu");
  EXPECT_GE(client.object_freq("k"), 0);
  client.config_set("maxmemory-policy", "noeviction");
}

TEST_P(KeyCommandsLive, TypeReturnsEachKind) {
  const Client client = redis();
  client.set("s", 1);
  client.rpush("l", 1);
  client.sadd("set", 1);
  client.zadd("z", 1, "m");
  client.hset("h", "f", 1);
  raw().command({"XADD", "x", "*", "f", "v"});
  EXPECT_EQ(client.type("missing"), KeyType::none);
  EXPECT_EQ(client.type("s"), KeyType::string);
  EXPECT_EQ(client.type("l"), KeyType::list);
  EXPECT_EQ(client.type("set"), KeyType::set);
  EXPECT_EQ(client.type("z"), KeyType::zset);
  EXPECT_EQ(client.type("h"), KeyType::hash);
  EXPECT_EQ(client.type("x"), KeyType::stream);
}

TEST_P(KeyCommandsLive, ScanVisitsEveryKey) {
  const Client client = redis();
  std::set<std::string> written;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "k" + std::to_string(i);
    written.insert(key);
    client.set(key, i);
  }
  client.sadd("other", 1);
  std::set<std::string> seen;
  std::uint64_t cursor = 0;
  do {
    const auto page = client.scan(cursor, {.match = "k*", .count = 7, .type = KeyType::string});
    seen.insert(page.elements.begin(), page.elements.end());
    cursor = page.cursor;
  } while (cursor != 0);
  EXPECT_EQ(seen, written);
  seen.clear();
  for (const auto& key : client.scan({.match = "k*", .count = 7, .type = KeyType::string})) seen.insert(key);
  EXPECT_EQ(seen, written);
}

TEST_P(KeyCommandsLive, SortLists) {
  REDSTART_NEEDS_SINCE(7, 0);  // SORT_RO
  const Client client = redis();
  client.rpush("l", 3, 1, 2);
  client.mset({{"w_1", "30"}, {"w_2", "20"}, {"w_3", "10"}, {"v_1", "one"}});
  EXPECT_EQ(client.sort("l"), (Texts{"1", "2", "3"}));
  EXPECT_EQ(client.sort<std::vector<int>>("l", {.limit = Limit{0, 2}, .order = Order::descending}),
            (std::vector<int>{3, 2}));
  EXPECT_EQ(client.sort_ro("l", {.by = "w_*"}), (Texts{"3", "2", "1"}));
  const std::vector<std::optional<std::string>> named{"one", std::nullopt, std::nullopt};
  EXPECT_EQ(client.sort<std::vector<std::optional<std::string>>>("l", {.get = {"v_*"}}), named);
  EXPECT_EQ(client.sort_store("l", "sorted", {.alpha = true}), 3);
  EXPECT_EQ(client.lrange("sorted", 0, -1), (Texts{"1", "2", "3"}));
}

TEST_P(KeyCommandsLive, WaitReturnsNumberOfReplicas) { EXPECT_EQ(redis().wait(0, BlockFor{1ms}), 0); }

}  // namespace
}  // namespace redstart::test
