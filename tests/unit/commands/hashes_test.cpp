// SPDX-License-Identifier: Apache-2.0
// hashes_test.cpp: bytes and retry categories of commands on hashes.
#include <gtest/gtest.h>

#include <chrono>
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

TEST(HashExpiryCommandsEncoding, WritesFieldsAndTimes) {
  using namespace std::chrono_literals;
  expect(capture.hexpire("k", 5s, {"a", "b"}), {"HEXPIRE", "k", "5", "FIELDS", "2", "a", "b"}, kLastWins);
  expect(capture.hpexpire("k", 5s, {"a"}, ExpireIf::later),
         {"HPEXPIRE", "k", "5000", "GT", "FIELDS", "1", "a"}, kAccumulates);
  expect(capture.hexpireat("k", TimeSeconds(7s), {"a"}), {"HEXPIREAT", "k", "7", "FIELDS", "1", "a"},
         kLastWins);
  expect(capture.hpexpireat("k", TimeMilliseconds(7ms), {"a"}), {"HPEXPIREAT", "k", "7", "FIELDS", "1", "a"});
  expect(capture.httl("k", {"a"}), {"HTTL", "k", "FIELDS", "1", "a"}, kRead);
  expect(capture.hpttl("k", {"a"}), {"HPTTL", "k", "FIELDS", "1", "a"}, kRead);
  expect(capture.hexpiretime("k", {"a"}), {"HEXPIRETIME", "k", "FIELDS", "1", "a"}, kRead);
  expect(capture.hpexpiretime("k", {"a"}), {"HPEXPIRETIME", "k", "FIELDS", "1", "a"}, kRead);
  expect(capture.hpersist("k", {"a"}), {"HPERSIST", "k", "FIELDS", "1", "a"}, kLastWins);
  EXPECT_TRUE(capture.httl("k", std::vector<std::string>{}).lacks_arguments);
}

TEST(HashExpiryCommandsEncoding, WritesValues) {
  using namespace std::chrono_literals;
  expect(capture.hgetex("k", 5s, {"a", "b"}), {"HGETEX", "k", "EX", "5", "FIELDS", "2", "a", "b"}, kLastWins);
  expect(capture.hgetex("k", Expiry::persist(), {"a"}), {"HGETEX", "k", "PERSIST", "FIELDS", "1", "a"});
  expect(capture.hgetdel("k", {"a"}), {"HGETDEL", "k", "FIELDS", "1", "a"}, kAccumulates);
  expect(capture.hsetex("k", {{"a", "1"}, {"b", "2"}}, {.expire = 1500ms}),
         {"HSETEX", "k", "PX", "1500", "FIELDS", "2", "a", "1", "b", "2"}, kLastWins);
  const std::map<std::string, int> fields{{"a", 1}};
  expect(capture.hsetex("k", fields, {.expire = Expiry::keep_ttl(), .only_if = OnlyIf::absent}),
         {"HSETEX", "k", "FNX", "KEEPTTL", "FIELDS", "1", "a", "1"}, kAccumulates);
}

}  // namespace
}  // namespace redstart::test
