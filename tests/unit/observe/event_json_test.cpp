// SPDX-License-Identifier: Apache-2.0
// event_json_test.cpp: events as JSON: fields, order, escaping.
#include "sample_events.hpp"

#include <redstart/observe/event_json.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include <nlohmann/json.hpp>

namespace redstart {
namespace {

using namespace std::chrono_literals;

constexpr WallTime some_time{std::chrono::milliseconds{1'796'086'923'456}};

TEST(EventJson, HasAllFieldsOnOneLine) {
  EXPECT_EQ(to_json(test::event_with_all_fields(), some_time),
            R"({"ts":"2026-12-01T01:02:03.456Z","level":"info","event":"redis.retry","database":"main",)"
            R"("endpoint":"localhost:6379","message":"retry: GET: attempt 2 in 13 ms: lost",)"
            R"("operation":"GET","error":"connection_lost","outcome":"not_sent","reason":"lost",)"
            R"("remedy":"See the server's log","from":"closed","to":"open","source":"shop.cpp:42",)"
            R"("primary":"10.0.0.2:6379","attempt":2,"count":34,"delay_ms":13,"duration_ms":1.234,)"
            R"("left_seconds":12,"percent":37,"host":"localhost","port":6379,"db":3,"max_connections":50})");
}

TEST(EventJson, LeavesOutAbsentFields) {
  EXPECT_EQ(to_json({.kind = EventKind::shutdown_begin, .database = "main"}, some_time),
            R"({"ts":"2026-12-01T01:02:03.456Z","level":"info","event":"redis.shutdown.begin",)"
            R"("database":"main","message":"shutdown begins"})");
}

TEST(EventJson, KeepsZeros) {
  const auto json = nlohmann::json::parse(to_json({.kind = EventKind::connected, .count = 0, .delay = 0ms}));
  EXPECT_EQ(json["count"], 0);
  EXPECT_EQ(json["delay_ms"], 0);
}

TEST(EventJson, HasNoPortOfUnixSockets) {
  const EventSettings settings{.host = "/run/redis.sock"};
  const auto json = nlohmann::json::parse(to_json({.kind = EventKind::initialized, .settings = settings}));
  EXPECT_EQ(json["host"], "/run/redis.sock");
  EXPECT_FALSE(json.contains("port"));
}

TEST(EventJson, ReplacesInvalidUtf8AndEscapesControlCharacters) {
  const std::string line = to_json({.kind = EventKind::handler_failed,
                                    .detail = "bad \xff\xc0\xaf bytes\n\x01 \"quoted\"",
                                    .reason = "half a character \xe2\x82"});
  for (const char c : line) ASSERT_GE(static_cast<unsigned char>(c), 0x20U) << "a control character";
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["message"],
            "an exception left a handler: bad \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD bytes\n\x01 \"quoted\"");
  EXPECT_EQ(json["reason"], "half a character \xEF\xBF\xBD");
}

TEST(EventJson, NamesUnknownKinds) {
  EXPECT_EQ(nlohmann::json::parse(to_json({.kind = static_cast<EventKind>(250)}))["event"], "unknown");
}

}  // namespace
}  // namespace redstart
