// SPDX-License-Identifier: Apache-2.0
// argument_forms_test.cpp: accepted forms of keys, fields, elements, times and bounds.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <ranges>
#include <redstart/resp/buffer.hpp>
#include <redstart/resp/value.hpp>
#include <redstart/resp/writer.hpp>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "capture.hpp"

namespace redstart::test {

struct Colour {
  int number = 0;
};

}  // namespace redstart::test

template <>
struct redstart::codec<redstart::test::Colour> {
  static std::string encode(const redstart::test::Colour& colour) {
    return "colour " + std::to_string(colour.number);
  }
  static redstart::test::Colour decode(std::string_view) { return {}; }
};

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

TEST(ArgumentForms, AcceptDurationsAsBlockingTimes) {
  expect(capture.blpop("k", 1s), {"BLPOP", "k", "1"});
  expect(capture.blpop("k", {1s}), {"BLPOP", "k", "1"});
  expect(capture.blpop("k", {}), {"BLPOP", "k", "0"});
  expect(capture.blpop({"a", "b"}, 1500ms), {"BLPOP", "a", "b", "1.5"});
  expect(capture.brpop("k", 1min), {"BRPOP", "k", "60"});
  expect(capture.bzpopmin("k", 1s), {"BZPOPMIN", "k", "1"});
  expect(capture.bzpopmax("k", 1s), {"BZPOPMAX", "k", "1"});
  expect(capture.brpoplpush("a", "b", 2s), {"BRPOPLPUSH", "a", "b", "2"});
  expect(capture.wait(1, 100ms), {"WAIT", "1", "100"});
  EXPECT_EQ(capture.blpop("k", 100us).blocks_for, 1ms) << "never rounded down to waiting without limit";
  EXPECT_EQ(capture.wait(1, 2s).blocks_for, 2s);
}

TEST(ArgumentForms, AcceptDurationsAndTimesAsExpiries) {
  const std::chrono::sys_seconds at{1'700'000'000s};
  expect(capture.set("k", "v", 10s), {"SET", "k", "v", "EX", "10"});
  expect(capture.set("k", "v", {10s}), {"SET", "k", "v", "EX", "10"});
  expect(capture.set("k", "v", {.expire = 10s}), {"SET", "k", "v", "EX", "10"});
  expect(capture.set("k", "v", {10s, OnlyIf::absent}), {"SET", "k", "v", "EX", "10", "NX"});
  expect(capture.set("k", "v", {}), {"SET", "k", "v"});
  expect(capture.set("k", 5, 250ms), {"SET", "k", "5", "PX", "250"});
  expect(capture.set("k", "v", at), {"SET", "k", "v", "EXAT", "1700000000"});
  expect(capture.set("k", "v", Expiry::keep_ttl()), {"SET", "k", "v", "KEEPTTL"});
  expect(capture.set_get("k", "v", 10s), {"SET", "k", "v", "EX", "10", "GET"}, Retry::accumulating);
  expect(capture.restore("k", "dump", 10s), {"RESTORE", "k", "10000", "dump"});
  expect(capture.restore("k", "dump", {10s}), {"RESTORE", "k", "10000", "dump"});
  expect(capture.getex("k", 10s), {"GETEX", "k", "EX", "10"});
}

TEST(ArgumentForms, AcceptTwoIterators) {
  const std::vector<std::string> texts{"a", "b"};
  const std::map<std::string, int> pairs{{"f", 1}, {"g", 2}};
  const std::vector<std::pair<std::string, double>> scored{{"m", 1.5}};
  const int numbers[] = {1, 2};
  expect(capture.del(texts.begin(), texts.end()), {"DEL", "a", "b"});
  expect(capture.unlink(texts.data(), texts.data() + 1), {"UNLINK", "a"});
  expect(capture.exists(texts.rbegin(), texts.rend()), {"EXISTS", "b", "a"});
  expect(capture.mget<int>(texts.begin(), texts.end()), {"MGET", "a", "b"});
  static_assert(std::is_same_v<decltype(capture.mget<int>(texts.begin(), texts.end()))::Reply,
                               std::vector<std::optional<int>>>);
  expect(capture.mset(pairs.begin(), pairs.end()), {"MSET", "f", "1", "g", "2"});
  expect(capture.msetnx(pairs.begin(), pairs.end()), {"MSETNX", "f", "1", "g", "2"});
  expect(capture.hset("h", pairs.begin(), pairs.end()), {"HSET", "h", "f", "1", "g", "2"});
  expect(capture.hdel("h", texts.begin(), texts.end()), {"HDEL", "h", "a", "b"});
  expect(capture.hmget("h", texts.begin(), texts.end()), {"HMGET", "h", "a", "b"});
  expect(capture.lpush("l", std::begin(numbers), std::end(numbers)), {"LPUSH", "l", "1", "2"});
  expect(capture.rpush("l", texts.begin(), texts.end()), {"RPUSH", "l", "a", "b"});
  expect(capture.sadd("s", texts.begin(), texts.end()), {"SADD", "s", "a", "b"});
  expect(capture.srem("s", texts.begin(), texts.end()), {"SREM", "s", "a", "b"});
  expect(capture.sunion<std::set<std::string>>(texts.begin(), texts.end()), {"SUNION", "a", "b"});
  expect(capture.zadd("z", scored.begin(), scored.end()), {"ZADD", "z", "1.5", "m"});
  expect(capture.zadd("z", scored.begin(), scored.end(), {.count_changed = true}),
         {"ZADD", "z", "CH", "1.5", "m"});
  expect(capture.zrem("z", texts.begin(), texts.end()), {"ZREM", "z", "a", "b"});
  expect(capture.zmscore("z", texts.begin(), texts.end()), {"ZMSCORE", "z", "a", "b"});
}

TEST(ArgumentForms, TreatTwoTextsAsArguments) {
  const char* const first = "a";
  const char* const second = "b";
  expect(capture.del(first, second), {"DEL", "a", "b"});
  expect(capture.mget("a", "b"), {"MGET", "a", "b"});
  expect(capture.mset(first, second), {"MSET", "a", "b"});
  expect(capture.hset("h", first, second), {"HSET", "h", "a", "b"});
  expect(capture.lpush("l", first, second), {"LPUSH", "l", "a", "b"});
}

TEST(ArgumentForms, AcceptBracedLists) {
  expect(capture.lpush("l", {1, 2}), {"LPUSH", "l", "1", "2"});
  expect(capture.rpush("l", {1.5}), {"RPUSH", "l", "1.5"});
  expect(capture.sadd("s", {1, 2}), {"SADD", "s", "1", "2"});
  expect(capture.sadd("s", {"a", "b"}), {"SADD", "s", "a", "b"});
  expect(capture.sadd("s", {std::string("a"), std::string("b")}), {"SADD", "s", "a", "b"});
  expect(capture.del({"a", "b"}), {"DEL", "a", "b"});
  expect(capture.hdel("h", {1, 2}), {"HDEL", "h", "1", "2"});
  expect(capture.hset("h", {{"f", "v"}, {"g", "w"}}), {"HSET", "h", "f", "v", "g", "w"});
  expect(capture.mset({std::pair{"k", 1}, std::pair{"l", 2}}), {"MSET", "k", "1", "l", "2"});
  expect(capture.mset({{"k", "v"}}), {"MSET", "k", "v"});
  expect(capture.zadd("z", {{"m", 1.0}, {"n", 2.0}}), {"ZADD", "z", "1", "m", "2", "n"});
}

#if !defined(__clang__) || __clang_major__ >= 16  // older ones can't compile the views of libstdc++
TEST(ArgumentForms, AcceptViewsThatIterationChanges) {
  const std::vector<std::string> texts{"a", "", "b"};
  const std::map<std::string, int> pairs{{"f", 1}, {"g", 2}};
  auto filled = texts | std::views::filter([](const std::string& text) { return !text.empty(); });
  const auto large = pairs | std::views::filter([](const auto& pair) { return pair.second > 1; });
  const auto lengths = filled | std::views::transform([](const std::string& text) { return text.size(); });
  expect(capture.del(filled), {"DEL", "a", "b"});
  expect(capture.mget(filled), {"MGET", "a", "b"});
  expect(capture.hset("h", large), {"HSET", "h", "g", "2"});
  expect(capture.zadd("z", large), {"ZADD", "z", "2", "g"});
  expect(capture.rpush("l", lengths), {"RPUSH", "l", "1", "1"});
  expect(capture.zdiff(filled), {"ZDIFF", "2", "a", "b"});
  expect(capture.command<Value>("DEL", filled), {"DEL", "a", "b"});
  expect(capture.sadd("s", pairs | std::views::keys), {"SADD", "s", "f", "g"});
}

TEST(ArgumentForms, CopyTemporaryElements) {
  const std::vector<int> sizes{70'000, 1};
  const auto texts = sizes | std::views::transform(
                                 [](int size) { return std::string(static_cast<std::size_t>(size), 'x'); });
  resp::Buffer buffer;
  std::vector<resp::External> externals;
  resp::Writer writer(buffer, externals, 16 * 1024);
  using Texts = std::remove_const_t<decltype(texts)>;
  argument<Texts>::write(writer, texts);
  EXPECT_TRUE(externals.empty());
  EXPECT_EQ(buffer.view(), "$70000\r\n" + std::string(70'000, 'x') + "\r\n$1\r\nx\r\n");
  const std::vector<std::string> kept{std::string(70'000, 'x')};
  argument<std::vector<std::string>>::write(writer, kept);
  EXPECT_EQ(externals.size(), 1U) << "only the lasting element is sent without a copy";
}

TEST(ArgumentForms, DetectEmptyViews) {
  const std::vector<std::string> none;
  const auto filtered = none | std::views::filter([](const std::string&) { return true; });
  EXPECT_TRUE(capture.del(filtered).lacks_arguments);
}
#endif

TEST(ArgumentForms, AcceptAnyArgumentAsAFieldOfAHash) {
  const Colour red{1};
  expect(capture.hget("h", 3), {"HGET", "h", "3"});
  expect(capture.hget<int>("h", red), {"HGET", "h", "colour 1"});
  expect(capture.hset("h", 3, "v"), {"HSET", "h", "3", "v"});
  expect(capture.hset("h", red, 1, 2.5, "v"), {"HSET", "h", "colour 1", "1", "2.5", "v"});
  expect(capture.hset("h", std::map<int, Colour>{{7, red}}), {"HSET", "h", "7", "colour 1"});
  expect(capture.hsetnx("h", 3, "v"), {"HSETNX", "h", "3", "v"});
  expect(capture.hdel("h", 3, red, "f"), {"HDEL", "h", "3", "colour 1", "f"});
  expect(capture.hmget("h", 3, "f"), {"HMGET", "h", "3", "f"});
  expect(capture.hexists("h", 3), {"HEXISTS", "h", "3"});
  expect(capture.hstrlen("h", red), {"HSTRLEN", "h", "colour 1"});
  expect(capture.hincrby("h", 3, 1), {"HINCRBY", "h", "3", "1"});
  expect(capture.hincrbyfloat("h", 3, 0.5), {"HINCRBYFLOAT", "h", "3", "0.5"});
}

TEST(ArgumentForms, AcceptPairsAndTuples) {
  const std::vector<std::tuple<double, double, std::string>> places{{13.4, 52.5, "Berlin"}};
  expect(capture.hset("h", std::make_pair("f", "v")), {"HSET", "h", "f", "v"});
  expect(capture.hset("h", std::pair(3, Colour{1})), {"HSET", "h", "3", "colour 1"});
  expect(capture.command<Value>("GEOADD", "g", places), {"GEOADD", "g", "13.4", "52.5", "Berlin"});
  expect(capture.command<Value>("SET", std::tuple("k", 1)), {"SET", "k", "1"});
}

TEST(ArgumentForms, AcceptScoresBeforeOrAfterTheirMembers) {
  const std::vector<std::pair<double, std::string>> score_first{{1.5, "m"}, {2, "n"}};
  const std::vector<std::pair<std::string, int>> member_first{{"m", 1}};
  const std::vector<std::pair<int, int>> numbers{{7, 1}};
  expect(capture.zadd("z", score_first), {"ZADD", "z", "1.5", "m", "2", "n"});
  expect(capture.zadd("z", member_first), {"ZADD", "z", "1", "m"});
  expect(capture.zadd("z", numbers), {"ZADD", "z", "1", "7"});
  expect(capture.zadd("z", {std::pair{1.5, "m"}}), {"ZADD", "z", "1.5", "m"});
}

TEST(ArgumentForms, AcceptOptionsWithRanks) {
  expect(capture.zrange("z", 0, 9), {"ZRANGE", "z", "0", "9"});
  expect(capture.zrange("z", 0, 9, {.reverse = true}), {"ZRANGE", "z", "0", "9", "REV"});
  expect(capture.zrange_with_scores("z", 0, 9), {"ZRANGE", "z", "0", "9", "WITHSCORES"});
  expect(capture.zrange_with_scores("z", 0, 9, {.reverse = true}),
         {"ZRANGE", "z", "0", "9", "REV", "WITHSCORES"});
}

TEST(ArgumentForms, KeepTheTextsOfOptions) {
  const std::string prefix = "a prefix that does not fit into a small string ";
  const ByLex range{.min = prefix + "a", .max = LexBound::exclusive(prefix + "b")};
  const ScanOptions scan{.match = prefix + "*"};
  const ScanKeysOptions scan_keys{.match = prefix + "*", .type = KeyType::string};
  const SortOptions sort{.by = prefix + "*", .get = {prefix + "#"}};
  const std::string reused(100, '#');  // where the temporaries were
  expect(capture.zrange("z", range), {"ZRANGE", "z", "[" + prefix + "a", "(" + prefix + "b", "BYLEX"});
  expect(capture.hscan("h", 0, scan), {"HSCAN", "h", "0", "MATCH", prefix + "*"});
  expect(capture.scan(0, scan_keys), {"SCAN", "0", "MATCH", prefix + "*", "TYPE", "string"});
  expect(capture.sort("l", sort), {"SORT", "l", "BY", prefix + "*", "GET", prefix + "#"});
  expect(capture.zlexcount("z", {}), {"ZLEXCOUNT", "z", "-", "+"});
}

TEST(ArgumentForms, ReturnAValueForCommandsByNameByDefault) {
  const auto got = capture.command("GET", "k");
  expect(got, {"GET", "k"}, Retry::read);
  static_assert(std::is_same_v<decltype(got)::Reply, Value>);
}

TEST(ArgumentForms, DetectEmptyContainers) {
  const std::vector<std::string> none;
  const std::vector<std::pair<std::string, double>> no_pairs;
  EXPECT_TRUE(capture.del(none).lacks_arguments);
  EXPECT_TRUE(capture.del(none.begin(), none.end()).lacks_arguments);
  EXPECT_TRUE(capture.mget(none).lacks_arguments);
  EXPECT_TRUE(capture.hset("h", no_pairs).lacks_arguments);
  EXPECT_TRUE(capture.zadd("z", no_pairs).lacks_arguments);
  EXPECT_TRUE(capture.zdiff(none).lacks_arguments);
  EXPECT_TRUE(capture.blpop(none, 1s).lacks_arguments);
  EXPECT_FALSE(capture.del("").lacks_arguments);
  EXPECT_FALSE(capture.del({"a"}).lacks_arguments);
  EXPECT_FALSE(capture.command<Value>("PING", none).lacks_arguments)
      << "whether PING needs arguments is not known";
}

}  // namespace
}  // namespace redstart::test
