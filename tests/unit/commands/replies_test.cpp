// SPDX-License-Identifier: Apache-2.0
// replies_test.cpp: replies with types of their own, in both protocols.
#include <gtest/gtest.h>

#include <chrono>
#include <redstart/commands/all.hpp>
#include <redstart/resp/decode.hpp>
#include <string>
#include <utility>
#include <vector>

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

template <class T>
T decoded(std::string_view frame) {
  T value{};
  resp::DecodeIssue issue;
  EXPECT_TRUE(resp::decode_frame(frame, value, issue)) << issue.describe();
  return value;
}
template <class T>
bool refused(std::string_view frame) {
  T value{};
  resp::DecodeIssue issue;
  return !resp::decode_frame(frame, value, issue) && bool(issue);
}

TEST(TtlReply, DistinguishesMissingPersistentAndExpiringKeys) {
  using Seconds = Ttl<std::chrono::seconds>;
  EXPECT_FALSE(decoded<Seconds>(":-2\r\n").key_exists());
  EXPECT_FALSE(decoded<Seconds>(":-2\r\n").persistent());
  EXPECT_TRUE(decoded<Seconds>(":-1\r\n").key_exists());
  EXPECT_TRUE(decoded<Seconds>(":-1\r\n").persistent());
  EXPECT_EQ(decoded<Seconds>(":-1\r\n").time(), std::nullopt);
  EXPECT_EQ(decoded<Seconds>(":7\r\n").time(), 7s);
  EXPECT_EQ(decoded<Seconds>(":0\r\n").time(), 0s);
  EXPECT_EQ(decoded<Ttl<TimeMilliseconds>>(":1700000000123\r\n").time(), TimeMilliseconds(1700000000123ms));
  EXPECT_TRUE(refused<Seconds>("$3\r\nabc\r\n"));
}

TEST(ScanReply, HoldsCursorAndElements) {
  const auto page =
      decoded<ScanPage<std::vector<std::string>>>("*2\r\n$2\r\n17\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_EQ(page.cursor, 17U);
  EXPECT_EQ(page.elements, (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(page.finished());
  EXPECT_TRUE(decoded<ScanPage<std::vector<std::string>>>("*2\r\n$1\r\n0\r\n*0\r\n").finished());
  EXPECT_EQ(decoded<ScanPage<std::vector<std::string>>>("*2\r\n$20\r\n18446744073709551615\r\n*0\r\n").cursor,
            18446744073709551615ULL);
}

TEST(ScanReply, ReadsFlatPairs) {
  using Page = ScanPage<std::vector<std::pair<std::string, double>>>;
  const auto page = decoded<Page>("*2\r\n$1\r\n0\r\n*4\r\n$1\r\na\r\n$3\r\n1.5\r\n$1\r\nb\r\n$1\r\n2\r\n");
  EXPECT_EQ(page.elements, (std::vector<std::pair<std::string, double>>{{"a", 1.5}, {"b", 2}}));
}

TEST(TypeReply, KnowsTheNamesOfTheServer) {
  EXPECT_EQ(decoded<KeyType>("+none\r\n"), KeyType::none);
  EXPECT_EQ(decoded<KeyType>("+zset\r\n"), KeyType::zset);
  EXPECT_EQ(decoded<KeyType>("+stream\r\n"), KeyType::stream);
  EXPECT_EQ(decoded<KeyType>("+ReJSON-RL\r\n"), KeyType::other);
  EXPECT_TRUE(refused<KeyType>("*0\r\n"));
}

TEST(MigrateReply, ReportsWhetherThereWasAKey) {
  EXPECT_EQ(decoded<Migration>("+OK\r\n"), Migration::done);
  EXPECT_EQ(decoded<Migration>("+NOKEY\r\n"), Migration::no_key);
}

TEST(LcsReply, IsReadFromFlatArraysAndMaps) {
  const std::string matches =
      "$7\r\nmatches\r\n*2\r\n"
      "*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n"
      "*3\r\n*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n:2\r\n"
      "$3\r\nlen\r\n:6\r\n";
  for (const std::string header : {"*4\r\n", "%2\r\n"}) {
    const auto reply = decoded<LcsMatches>(header + matches);
    EXPECT_EQ(reply.length, 6);
    const std::vector<LcsMatches::Match> expected{{{4, 7}, {5, 8}, 4}, {{2, 3}, {0, 1}, 2}};
    EXPECT_EQ(reply.matches, expected);
  }
  EXPECT_TRUE(refused<LcsMatches>("*1\r\n$3\r\nlen\r\n"));
  EXPECT_TRUE(refused<LcsMatches>("%1\r\n$7\r\nmatches\r\n*1\r\n*1\r\n*0\r\n"));
}

TEST(SlowlogReply, SkipsFieldsOfLaterServers) {
  const std::string entry =
      ":14\r\n:1700000000\r\n:15\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n$11\r\n127.0.0.1:5\r\n$2\r\nme\r\n";
  for (const std::string& frame : {"*6\r\n" + entry, "*7\r\n" + entry + "*1\r\n:1\r\n"}) {
    const auto slow = decoded<SlowCommand>(frame);
    EXPECT_EQ(slow.id, 14);
    EXPECT_EQ(slow.at, TimeSeconds(1700000000s));
    EXPECT_EQ(slow.took, 15us);
    EXPECT_EQ(slow.arguments, (std::vector<std::string>{"GET", "k"}));
    EXPECT_EQ(slow.client, "127.0.0.1:5");
    EXPECT_EQ(slow.client_name, "me");
  }
  EXPECT_TRUE(refused<SlowCommand>("*2\r\n:1\r\n:2\r\n")) << "too few fields";
}

TEST(LatencyReplies, HoldTimes) {
  const auto spike = decoded<LatencySpike>("*2\r\n:1700000000\r\n:251\r\n");
  EXPECT_EQ(spike.at, TimeSeconds(1700000000s));
  EXPECT_EQ(spike.took, 251ms);
  const auto event = decoded<LatencyEvent>("*4\r\n$7\r\ncommand\r\n:1700000000\r\n:251\r\n:1001\r\n");
  EXPECT_EQ(event.name, "command");
  EXPECT_EQ(event.latest, 251ms);
  EXPECT_EQ(event.most, 1001ms);
}

TEST(TimeReply, HoldsMicroseconds) {
  EXPECT_EQ(decoded<TimeMicroseconds>("*2\r\n$10\r\n1700000000\r\n$6\r\n000123\r\n"),
            TimeMicroseconds(1700000000000123us));
  EXPECT_EQ(decoded<TimeSeconds>(":1700000000\r\n"), TimeSeconds(1700000000s));
  EXPECT_TRUE(refused<TimeMicroseconds>("*1\r\n$1\r\n1\r\n"));
}

}  // namespace
}  // namespace redstart::test
