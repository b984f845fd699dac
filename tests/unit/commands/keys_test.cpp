// SPDX-License-Identifier: Apache-2.0
// keys_test.cpp: bytes and retry categories of commands on keys.
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <string>
#include <type_traits>
#include <vector>

#include "capture.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

TEST(KeyCommandsEncoding, AcceptsKeysAsArgumentsContainersOrBracedLists) {
  const std::vector<std::string> keys{"a", "b"};
  const std::deque<std::string_view> views{"a", "b"};
  expect(capture.del("a"), {"DEL", "a"}, kLastWins);
  expect(capture.del("a", std::string("b"), std::string_view("c")), {"DEL", "a", "b", "c"}, kLastWins);
  expect(capture.del(keys), {"DEL", "a", "b"});
  expect(capture.del(views), {"DEL", "a", "b"});
  expect(capture.del({"a"}), {"DEL", "a"});
  expect(capture.del({"a", "b"}), {"DEL", "a", "b"});
  expect(capture.del({"a", "b", "c"}), {"DEL", "a", "b", "c"});
  expect(capture.exists("a", "b"), {"EXISTS", "a", "b"}, kRead);
  expect(capture.exists(keys), {"EXISTS", "a", "b"});
  expect(capture.touch("a", "b"), {"TOUCH", "a", "b"}, kRead);
  expect(capture.touch(keys), {"TOUCH", "a", "b"});
  expect(capture.unlink("a", "b"), {"UNLINK", "a", "b"}, kLastWins);
  expect(capture.unlink(keys), {"UNLINK", "a", "b"});
}

TEST(KeyCommandsEncoding, AcceptsAnyBytesInKeys) {
  const std::string_view odd("a\r\n\0 $-1", 9);
  expect(capture.del(odd, ""), {"DEL", odd, ""});
  expect(capture.rename(odd, "b"), {"RENAME", odd, "b"}, kAccumulates);
}

TEST(KeyCommandsEncoding, WritesCopy) {
  expect(capture.copy("a", "b"), {"COPY", "a", "b"}, kAccumulates);
  expect(capture.copy("a", "b", {.replace = true}), {"COPY", "a", "b", "REPLACE"}, kLastWins);
  expect(capture.copy("a", "b", {.database = 3, .replace = true}), {"COPY", "a", "b", "DB", "3", "REPLACE"});
}

TEST(KeyCommandsEncoding, WritesExpiry) {
  const TimeSeconds at(1700000000s);
  const TimeMilliseconds at_ms(1700000000123ms);
  expect(capture.expire("k", 5s), {"EXPIRE", "k", "5"}, kLastWins);
  expect(capture.expire("k", 2min, ExpireIf::persistent), {"EXPIRE", "k", "120", "NX"}, kAccumulates);
  expect(capture.expireat("k", at), {"EXPIREAT", "k", "1700000000"}, kLastWins);
  expect(capture.expireat("k", at, ExpireIf::expiring), {"EXPIREAT", "k", "1700000000", "XX"}, kAccumulates);
  expect(capture.pexpire("k", 250ms), {"PEXPIRE", "k", "250"}, kLastWins);
  expect(capture.pexpire("k", 250ms, ExpireIf::later), {"PEXPIRE", "k", "250", "GT"}, kAccumulates);
  expect(capture.pexpireat("k", at_ms), {"PEXPIREAT", "k", "1700000000123"}, kLastWins);
  expect(capture.pexpireat("k", at, ExpireIf::sooner), {"PEXPIREAT", "k", "1700000000000", "LT"},
         kAccumulates);
  expect(capture.expiretime("k"), {"EXPIRETIME", "k"}, kRead);
  expect(capture.pexpiretime("k"), {"PEXPIRETIME", "k"}, kRead);
  expect(capture.ttl("k"), {"TTL", "k"}, kRead);
  expect(capture.pttl("k"), {"PTTL", "k"}, kRead);
  expect(capture.persist("k"), {"PERSIST", "k"}, kLastWins);
}

template <class Duration>
concept ExpiresAfter = requires(Duration after) {
  capture.expire("k", after);
};

TEST(KeyCommandsEncoding, RejectsExpireInFractionsOfASecond) {
  static_assert(ExpiresAfter<std::chrono::hours>);
  static_assert(!ExpiresAfter<std::chrono::milliseconds>, "it would be cut off");
}

TEST(KeyCommandsEncoding, WritesDumpAndRestore) {
  expect(capture.dump("k"), {"DUMP", "k"}, kRead);
  expect(capture.restore("k", "bytes"), {"RESTORE", "k", "0", "bytes"}, kAccumulates);
  expect(capture.restore("k", "bytes", {.expire = 5s, .replace = true}),
         {"RESTORE", "k", "5000", "bytes", "REPLACE"}, kLastWins);
  expect(capture.restore("k", "bytes", {.expire_at = TimeMilliseconds(7ms), .idle = 3s}),
         {"RESTORE", "k", "7", "bytes", "ABSTTL", "IDLETIME", "3"});
  expect(capture.restore("k", "bytes", {.frequency = 9}), {"RESTORE", "k", "0", "bytes", "FREQ", "9"});
}

TEST(KeyCommandsEncoding, WritesMigrate) {
  expect(capture.migrate("host", 6379, "k", 0, 1s), {"MIGRATE", "host", "6379", "k", "0", "1000"},
         kAccumulates);
  expect(capture.migrate("host", 6379, {"a", "b"}, 2, 1s, {.copy = true, .replace = true, .password = "pw"}),
         {"MIGRATE", "host", "6379", "", "2", "1000", "COPY", "REPLACE", "AUTH", "pw", "KEYS", "a", "b"});
  expect(capture.migrate("host", 6379, "k", 0, 1s, {.username = "me", .password = "pw"}),
         {"MIGRATE", "host", "6379", "k", "0", "1000", "AUTH2", "me", "pw"});
}

TEST(KeyCommandsEncoding, WritesScan) {
  expect(capture.scan(0), {"SCAN", "0"}, kRead);
  expect(capture.scan(17, {.match = "a*", .count = 100, .type = KeyType::zset}),
         {"SCAN", "17", "MATCH", "a*", "COUNT", "100", "TYPE", "zset"});
  expect(capture.scan(18446744073709551615ULL), {"SCAN", "18446744073709551615"});
}

TEST(KeyCommandsEncoding, WritesSort) {
  expect(capture.sort("k"), {"SORT", "k"}, kRead);
  expect(capture.sort("k", {.by = "w_*",
                            .limit = Limit{0, 5},
                            .get = {"#", "v_*"},
                            .order = Order::descending,
                            .alpha = true}),
         {"SORT", "k", "BY", "w_*", "LIMIT", "0", "5", "GET", "#", "GET", "v_*", "DESC", "ALPHA"});
  expect(capture.sort_store("k", "to", {.alpha = true}), {"SORT", "k", "ALPHA", "STORE", "to"}, kAccumulates);
  expect(capture.sort_ro("k", {.limit = Limit{2, 1}}), {"SORT_RO", "k", "LIMIT", "2", "1"}, kRead);
}

TEST(KeyCommandsEncoding, ReportsTheBlockingTimeOfWait) {
  const auto wait = capture.wait(2, BlockFor{1500ms});
  expect(wait, {"WAIT", "2", "1500"}, kRead);
  EXPECT_EQ(wait.blocks_for, 1500ms);
}

TEST(KeyCommandsEncoding, WritesOtherCommands) {
  expect(capture.keys("a*"), {"KEYS", "a*"}, kRead);
  expect(capture.move("k", 1), {"MOVE", "k", "1"}, kAccumulates);
  expect(capture.object_encoding("k"), {"OBJECT", "ENCODING", "k"}, kRead);
  expect(capture.object_freq("k"), {"OBJECT", "FREQ", "k"}, kRead);
  expect(capture.object_idletime("k"), {"OBJECT", "IDLETIME", "k"}, kRead);
  expect(capture.object_refcount("k"), {"OBJECT", "REFCOUNT", "k"}, kRead);
  expect(capture.randomkey(), {"RANDOMKEY"}, kRead);
  expect(capture.renamenx("a", "b"), {"RENAMENX", "a", "b"}, kAccumulates);
  expect(capture.type("k"), {"TYPE", "k"}, kRead);
}

TEST(KeyCommandsEncoding, LetsTheCallerChooseTheContainerOfAReply) {
  static_assert(
      std::is_same_v<decltype(capture.keys<std::deque<std::string>>("*"))::Reply, std::deque<std::string>>);
  static_assert(std::is_same_v<decltype(capture.scan<std::deque<std::string>>(0))::Reply,
                               ScanPage<std::deque<std::string>>>);
}

}  // namespace
}  // namespace redstart::test
