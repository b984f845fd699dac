// SPDX-License-Identifier: Apache-2.0
// streams_test.cpp: each stream command once against a real server.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/client_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using Fields = std::map<std::string, std::string>;

class StreamCommandsLive : public ClientTest {
 protected:
  // A stream of entries 1-0 to `last`-0, and a group that has received none.
  Client filled(std::uint64_t last) {
    Client client = redis();
    for (std::uint64_t i = 1; i <= last; ++i)
      client.xadd("s", {{"n", std::to_string(i)}}, {.id = StreamId{i, 0}});
    client.xgroup_create("s", "g", StreamPosition::begin());
    return client;
  }
  static std::vector<std::uint64_t> numbers(const std::optional<StreamReads<>>& reads) {
    std::vector<std::uint64_t> result;
    if (!reads) return result;
    for (const auto& [key, entries] : *reads)
      for (const auto& entry : entries) result.push_back(entry.id.milliseconds);
    return result;
  }
};
INSTANTIATE_TEST_SUITE_P(Protocols, StreamCommandsLive, both_protocols(), protocol_name);

TEST_P(StreamCommandsLive, AddReadAndTrimEntries) {
  REDSTART_NEEDS_SINCE(6, 2);  // NOMKSTREAM, MINID, exclusive ranges
  const Client client = redis();
  EXPECT_EQ(client.xadd("missing", {{"a", "1"}}, {.existing_only = true}), std::nullopt);
  const auto first = client.xadd("s", Fields{{"a", "1"}, {"b", "2"}});
  ASSERT_TRUE(first);
  EXPECT_GT(first->milliseconds, 0U);
  const StreamId second{first->milliseconds + 1, 5};
  EXPECT_EQ(client.xadd("s", {{"a", "3"}}, {.id = second}), second);
  EXPECT_EQ(client.xlen("s"), 2);
  const auto all = client.xrange<Fields>("s");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, first);
  EXPECT_EQ(all[0].fields, (Fields{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(client.xrange("s", StreamBound::exclusive(*first)).at(0).id, second);
  EXPECT_EQ(client.xrevrange("s", StreamBound::highest(), StreamBound::lowest(), 1).at(0).id, second);
  const auto reads = client.xread("s", *first);
  ASSERT_TRUE(reads);
  EXPECT_EQ(reads->at(0).first, "s");
  EXPECT_EQ(reads->at(0).second.at(0).id, second);
  EXPECT_EQ(client.xread("s", second), std::nullopt);
  EXPECT_EQ(client.xread("s", StreamPosition::end(), {.block = 1ms}), std::nullopt);
  EXPECT_EQ(
      client.xread({{"s", StreamPosition::begin()}, {"missing", StreamPosition::begin()}}, {.count = 1})
          ->at(0)
          .second.size(),
      1U);
  EXPECT_EQ(client.xtrim("s", StreamTrim::before(second).exactly()), 1);
  EXPECT_EQ(client.xdel("s", {second}), 1);
  EXPECT_EQ(client.xlen("s"), 0);
  client.xsetid("s", {second.milliseconds + 7, 0});
  const auto info = client.xinfo_stream("s");
  EXPECT_EQ(info.length, 0);
  EXPECT_EQ(info.last_generated_id, (StreamId{second.milliseconds + 7, 0}));
  EXPECT_FALSE(info.last_entry);
}

TEST_P(StreamCommandsLive, DeliverEntriesToGroups) {
  REDSTART_NEEDS_SINCE(7, 0);  // lag
  const Client client = filled(4);
  EXPECT_EQ(numbers(client.xreadgroup("g", "ada", "s", StreamPosition::undelivered(), {.count = 3})),
            (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(client.xack("s", "g", {{1, 0}}), 1);
  EXPECT_EQ(client.xack("s", "g", StreamId{1, 0}), 0);
  EXPECT_EQ(numbers(client.xreadgroup("g", "ada", "s", StreamPosition::begin())),
            (std::vector<std::uint64_t>{2, 3}));
  client.xdel("s", {{2, 0}});
  const auto own = client.xreadgroup("g", "ada", "s", StreamPosition::begin());
  ASSERT_TRUE(own);
  EXPECT_TRUE(own->at(0).second.at(0).deleted);
  EXPECT_FALSE(own->at(0).second.at(1).deleted);
  EXPECT_EQ(numbers(client.xreadgroup("g", "grace", {{"s", StreamPosition::undelivered()}})),
            std::vector<std::uint64_t>{4});
  EXPECT_EQ(client.xreadgroup("g", "grace", "s", StreamPosition::undelivered(), {.block = 1ms}),
            std::nullopt);
  const PendingSummary summary = client.xpending("s", "g");
  EXPECT_EQ(summary.count, 3);
  EXPECT_EQ(summary.first, (StreamId{2, 0}));
  EXPECT_EQ(summary.last, (StreamId{4, 0}));
  EXPECT_EQ(summary.consumers, (std::vector<std::pair<std::string, std::int64_t>>{{"ada", 2}, {"grace", 1}}));
  const auto pending = client.xpending("s", "g", {.consumer = "grace"});
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].consumer, "grace");
  EXPECT_EQ(pending[0].deliveries, 1);
  const auto groups = client.xinfo_groups("s");
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].name, "g");
  EXPECT_EQ(groups[0].consumers, 2);
  EXPECT_EQ(groups[0].pending, 3);
  EXPECT_EQ(groups[0].last_delivered_id, (StreamId{4, 0}));
  const auto consumers = client.xinfo_consumers("s", "g");
  ASSERT_EQ(consumers.size(), 2U);
  EXPECT_EQ(consumers[0].name, "ada");
  EXPECT_EQ(consumers[0].pending, 2);
}

TEST_P(StreamCommandsLive, ClaimPendingEntries) {
  REDSTART_NEEDS_SINCE(7, 0);  // deleted entries of XAUTOCLAIM
  const Client client = filled(3);
  client.xreadgroup("g", "ada", "s");
  client.xdel("s", StreamId{3, 0});
  const auto claimed = client.xclaim("s", "g", "grace", 0ms, {{1, 0}}, {.deliveries = 7});
  ASSERT_EQ(claimed.size(), 1U);
  EXPECT_EQ(claimed[0].fields.at(0).second, "1");
  EXPECT_EQ(client.xpending("s", "g", {.consumer = "grace"}).at(0).deliveries, 7);
  EXPECT_EQ(client.xclaim_ids("s", "g", "grace", 0ms, {{2, 0}}), (std::vector<StreamId>{{2, 0}}));
  EXPECT_TRUE(client.xclaim("s", "g", "ada", 1h, {{1, 0}}).empty());
  const auto some = client.xautoclaim("s", "g", "ada", 0ms, {}, 1);
  EXPECT_EQ(some.entries.size(), 1U);
  EXPECT_FALSE(some.finished());
  const auto rest = client.xautoclaim("s", "g", "ada", 0ms, some.next);
  EXPECT_TRUE(rest.finished());
  EXPECT_EQ(rest.entries.size(), 1U);
  EXPECT_EQ(rest.deleted, (std::vector<StreamId>{{3, 0}}));
  EXPECT_EQ(client.xautoclaim_ids("s", "g", "grace", 0ms).entries, (std::vector<StreamId>{{1, 0}, {2, 0}}));
}

TEST_P(StreamCommandsLive, ManageGroups) {
  REDSTART_NEEDS_SINCE(7, 0);  // ENTRIESREAD
  const Client client = redis();
  client.xgroup_create("new", "g", StreamPosition::end(), {.create_stream = true, .entries_read = 0});
  EXPECT_EQ(client.results().xgroup_create("new", "g").error().code(), Errc::server_error);
  EXPECT_TRUE(client.xgroup_createconsumer("new", "g", "ada"));
  EXPECT_FALSE(client.xgroup_createconsumer("new", "g", "ada"));
  client.xadd("new", {{"a", "1"}});
  client.xgroup_setid("new", "g", StreamPosition::begin());
  client.xreadgroup("g", "ada", "new");
  EXPECT_EQ(client.xgroup_delconsumer("new", "g", "ada"), 1);
  EXPECT_TRUE(client.xgroup_destroy("new", "g"));
  EXPECT_FALSE(client.xgroup_destroy("new", "g"));
  EXPECT_GT(client.xinfo_stream_full<Value>("new").view().size(), 5U);
}

}  // namespace
}  // namespace redstart::test
