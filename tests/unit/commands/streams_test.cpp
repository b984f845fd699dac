// SPDX-License-Identifier: Apache-2.0
// streams_test.cpp: bytes, retry categories and replies of commands on streams.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <redstart/resp/decode.hpp>
#include <string>
#include <utility>
#include <vector>

#include "capture.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

constexpr StreamId seven{7, 1};

template <class T>
T stream_reply(std::string_view frame) {
  T value{};
  resp::DecodeIssue issue;
  EXPECT_TRUE(resp::decode_frame(frame, value, issue)) << issue.describe();
  return value;
}
template <class T>
bool stream_reply_refused(std::string_view frame) {
  T value{};
  resp::DecodeIssue issue;
  return !resp::decode_frame(frame, value, issue) && bool(issue);
}

TEST(StreamIds, AreReadAndWritten) {
  EXPECT_EQ(to_string(StreamId{1'700'000'000'123, 4}), "1700000000123-4");
  EXPECT_EQ(StreamId::from("18446744073709551615-18446744073709551615"),
            (StreamId{18446744073709551615ULL, 18446744073709551615ULL}));
  for (const char* const text :
       {"", "-", "7", "7-", "-7", "7-1x", "x7-1", " 7-1", "7-1-1", "18446744073709551616-0"})
    EXPECT_EQ(StreamId::from(text), std::nullopt) << text;
  EXPECT_LT((StreamId{7, 9}), (StreamId{8, 0}));
  EXPECT_EQ((StreamId{1'500, 3}).time().time_since_epoch(), 1'500ms);
}

TEST(StreamCommandsEncoding, WritesEntriesAndRanges) {
  const std::map<std::string, int> fields{{"a", 1}, {"b", 2}};
  expect(capture.xadd("k", fields), {"XADD", "k", "*", "a", "1", "b", "2"}, kAccumulates);
  expect(capture.xadd("k", {{"a", "1"}},
                      {.id = seven, .existing_only = true, .trim = StreamTrim::to_length(9).at_most(3)}),
         {"XADD", "k", "NOMKSTREAM", "MAXLEN", "~", "9", "LIMIT", "3", "7-1", "a", "1"});
  EXPECT_TRUE(capture.xadd("k", std::map<std::string, int>{}).lacks_arguments);
  expect(capture.xtrim("k", StreamTrim::before(seven).exactly()), {"XTRIM", "k", "MINID", "7-1"}, kLastWins);
  expect(capture.xdel("k", seven), {"XDEL", "k", "7-1"}, kLastWins);
  expect(capture.xdel("k", {seven, {8, 0}}), {"XDEL", "k", "7-1", "8-0"}, kLastWins);
  expect(capture.xlen("k"), {"XLEN", "k"}, kRead);
  expect(capture.xsetid("k", seven), {"XSETID", "k", "7-1"}, kLastWins);
  expect(capture.xrange("k"), {"XRANGE", "k", "-", "+"}, kRead);
  expect(capture.xrange("k", StreamBound::exclusive(seven), StreamId{9, 0}, 5),
         {"XRANGE", "k", "(7-1", "9-0", "COUNT", "5"}, kRead);
  expect(capture.xrevrange("k", seven), {"XREVRANGE", "k", "7-1", "-"}, kRead);
  expect(capture.xinfo_stream("k"), {"XINFO", "STREAM", "k"}, kRead);
  expect(capture.xinfo_stream_full<std::string>("k"), {"XINFO", "STREAM", "k", "FULL", "COUNT", "10"}, kRead);
}

TEST(StreamCommandsEncoding, WritesReads) {
  const auto read = capture.xread("k", StreamPosition::end(), {.count = 2, .block = 5s});
  expect(read, {"XREAD", "COUNT", "2", "BLOCK", "5000", "STREAMS", "k", "$"}, kRead);
  EXPECT_EQ(read.blocks_for, 5s);
  EXPECT_EQ(capture.xread("k", seven).blocks_for, std::nullopt);
  expect(capture.xread({{"a", seven}, {"b", StreamPosition::begin()}}),
         {"XREAD", "STREAMS", "a", "b", "7-1", "0"}, kRead);
  const std::map<std::string, StreamId> positions{{"a", seven}, {"b", {}}};
  expect(capture.xread(positions), {"XREAD", "STREAMS", "a", "b", "7-1", "0-0"}, kRead);
  EXPECT_TRUE(capture.xread(std::map<std::string, StreamId>{}).lacks_arguments);
  const auto grouped = capture.xreadgroup("g", "c", "k", StreamPosition::undelivered(),
                                          {.count = 2, .block = 0s, .acknowledged = true, .claim_idle = 1s});
  expect(grouped,
         {"XREADGROUP", "GROUP", "g", "c", "COUNT", "2", "BLOCK", "0", "CLAIM", "1000", "NOACK", "STREAMS",
          "k", ">"},
         kAccumulates);
  EXPECT_EQ(grouped.blocks_for, 0s);
  expect(capture.xreadgroup("g", "c", {{"a", seven}, {"b", StreamPosition::undelivered()}}),
         {"XREADGROUP", "GROUP", "g", "c", "STREAMS", "a", "b", "7-1", ">"});
}

TEST(StreamCommandsEncoding, WritesGroups) {
  expect(capture.xgroup_create("k", "g"), {"XGROUP", "CREATE", "k", "g", "$"}, kAccumulates);
  expect(capture.xgroup_create("k", "g", StreamPosition::begin(), {.create_stream = true, .entries_read = 3}),
         {"XGROUP", "CREATE", "k", "g", "0", "MKSTREAM", "ENTRIESREAD", "3"});
  expect(capture.xgroup_setid("k", "g", seven), {"XGROUP", "SETID", "k", "g", "7-1"}, kLastWins);
  expect(capture.xgroup_destroy("k", "g"), {"XGROUP", "DESTROY", "k", "g"}, kLastWins);
  expect(capture.xgroup_createconsumer("k", "g", "c"), {"XGROUP", "CREATECONSUMER", "k", "g", "c"});
  expect(capture.xgroup_delconsumer("k", "g", "c"), {"XGROUP", "DELCONSUMER", "k", "g", "c"});
  expect(capture.xinfo_groups("k"), {"XINFO", "GROUPS", "k"}, kRead);
  expect(capture.xinfo_consumers("k", "g"), {"XINFO", "CONSUMERS", "k", "g"}, kRead);
}

TEST(StreamCommandsEncoding, WritesPendingEntries) {
  expect(capture.xack("k", "g", seven), {"XACK", "k", "g", "7-1"}, kLastWins);
  expect(capture.xack("k", "g", {seven, {8, 0}}), {"XACK", "k", "g", "7-1", "8-0"});
  expect(capture.xpending("k", "g"), {"XPENDING", "k", "g"}, kRead);
  expect(capture.xpending("k", "g", XpendingOptions{.count = 5}), {"XPENDING", "k", "g", "-", "+", "5"},
         kRead);
  expect(capture.xpending("k", "g", {.idle = 2s, .first = seven, .consumer = "c"}),
         {"XPENDING", "k", "g", "IDLE", "2000", "7-1", "+", "100", "c"});
  expect(capture.xclaim("k", "g", "c", 1s, {seven}, {.idle = 0ms, .deliveries = 4, .force = true}),
         {"XCLAIM", "k", "g", "c", "1000", "7-1", "IDLE", "0", "RETRYCOUNT", "4", "FORCE"}, kAccumulates);
  expect(capture.xclaim_ids("k", "g", "c", 1us, {seven}), {"XCLAIM", "k", "g", "c", "1", "7-1", "JUSTID"});
  expect(capture.xautoclaim("k", "g", "c", 1s), {"XAUTOCLAIM", "k", "g", "c", "1000", "0-0", "COUNT", "100"});
  expect(capture.xautoclaim_ids("k", "g", "c", 1s, seven, 5),
         {"XAUTOCLAIM", "k", "g", "c", "1000", "7-1", "COUNT", "5", "JUSTID"});
}

TEST(StreamReplies, HoldEntriesOfTwoAndFourElements) {
  const auto entry = stream_reply<StreamEntry<>>("*2\r\n$3\r\n7-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n");
  EXPECT_EQ(entry.id, seven);
  EXPECT_EQ(entry.fields, (std::vector<std::pair<std::string, std::string>>{{"a", "1"}}));
  EXPECT_FALSE(entry.deleted);
  EXPECT_EQ(entry.idle, std::nullopt);
  const auto claimed = stream_reply<StreamEntry<std::map<std::string, int>>>(
      "*4\r\n$3\r\n7-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n:250\r\n:3\r\n");
  EXPECT_EQ(claimed.fields.at("a"), 1);
  EXPECT_EQ(claimed.idle, 250ms);
  EXPECT_EQ(claimed.deliveries, 3);
  for (const std::string null : {"*-1\r\n", "_\r\n"}) {
    const auto gone = stream_reply<StreamEntry<>>("*2\r\n$3\r\n7-1\r\n" + null);
    EXPECT_TRUE(gone.deleted);
    EXPECT_TRUE(gone.fields.empty());
  }
  EXPECT_TRUE(stream_reply_refused<StreamEntry<>>("*0\r\n"));
  EXPECT_TRUE(stream_reply_refused<StreamEntry<>>("*1\r\n$3\r\n7-1\r\n"));
  EXPECT_TRUE(stream_reply_refused<StreamEntry<>>("*2\r\n$1\r\n7\r\n*0\r\n"));
}

TEST(StreamReplies, AreTheSameInBothProtocols) {
  const std::string entries = "*1\r\n*2\r\n$3\r\n7-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n";
  for (const std::string& frame : {"*1\r\n*2\r\n$1\r\nk\r\n" + entries, "%1\r\n$1\r\nk\r\n" + entries}) {
    const auto reads = stream_reply<std::optional<StreamReads<>>>(frame);
    ASSERT_TRUE(reads);
    ASSERT_EQ(reads->size(), 1U);
    EXPECT_EQ(reads->front().first, "k");
    ASSERT_EQ(reads->front().second.size(), 1U);
    EXPECT_EQ(reads->front().second[0].id, seven);
  }
  EXPECT_FALSE(stream_reply<std::optional<StreamReads<>>>("*-1\r\n"));
  EXPECT_FALSE(stream_reply<std::optional<StreamReads<>>>("_\r\n"));
}

TEST(StreamReplies, DescribePendingEntries) {
  const auto some = stream_reply<PendingSummary>(
      "*4\r\n:2\r\n$3\r\n7-1\r\n$3\r\n8-0\r\n*1\r\n*2\r\n$1\r\nc\r\n$1\r\n2\r\n");
  EXPECT_EQ(some.count, 2);
  EXPECT_EQ(some.first, seven);
  EXPECT_EQ(some.consumers, (std::vector<std::pair<std::string, std::int64_t>>{{"c", 2}}));
  const auto none = stream_reply<PendingSummary>("*4\r\n:0\r\n$-1\r\n$-1\r\n*-1\r\n");
  EXPECT_EQ(none.first, std::nullopt);
  EXPECT_TRUE(none.consumers.empty());
  const auto one = stream_reply<PendingEntry>("*4\r\n$3\r\n7-1\r\n$1\r\nc\r\n:250\r\n:3\r\n");
  EXPECT_EQ(one.consumer, "c");
  EXPECT_EQ(one.idle, 250ms);
  EXPECT_EQ(one.deliveries, 3);
}

TEST(StreamReplies, HoldClaimedEntries) {
  const std::string entry = "*2\r\n$3\r\n7-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n";
  const auto old = stream_reply<AutoClaimed<StreamEntry<>>>("*2\r\n$3\r\n0-0\r\n*2\r\n" + entry + "*-1\r\n");
  EXPECT_TRUE(old.finished());
  EXPECT_EQ(old.entries.size(), 1U) << "Redis 6.2 has null for a deleted entry";
  const auto now =
      stream_reply<AutoClaimed<StreamEntry<>>>("*3\r\n$3\r\n8-0\r\n*1\r\n" + entry + "*1\r\n$3\r\n7-0\r\n");
  EXPECT_EQ(now.next, (StreamId{8, 0}));
  EXPECT_EQ(now.deleted, (std::vector<StreamId>{{7, 0}}));
  const auto ids = stream_reply<AutoClaimed<StreamId>>("*3\r\n$3\r\n0-0\r\n*1\r\n$3\r\n7-1\r\n*0\r\n");
  EXPECT_EQ(ids.entries, std::vector<StreamId>{seven});
  EXPECT_TRUE(stream_reply_refused<AutoClaimed<StreamId>>("*1\r\n$3\r\n0-0\r\n"));
}

}  // namespace
}  // namespace redstart::test
