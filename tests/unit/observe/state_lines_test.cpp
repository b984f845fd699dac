// SPDX-License-Identifier: Apache-2.0
// state_lines_test.cpp: which events become lines, and rate limits.
#include <redstart/observe/state_lines.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace redstart {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class StateLinesTest : public testing::Test {
 protected:
  std::vector<std::string> add(EventKind kind, std::string_view detail = {},
                               std::string_view database = "main") {
    return lines_.add({.kind = kind, .database = database, .endpoint = "h:6379", .detail = detail}, now_);
  }
  // Events whose line depends on their fields.
  std::vector<std::string> add_closed(std::string_view reason, std::string_view database = "main") {
    return lines_.add({.kind = EventKind::disconnected,
                       .database = database,
                       .endpoint = "h:6379",
                       .detail = reason,
                       .reason = reason},
                      now_);
  }
  std::vector<std::string> add_change(EventKind kind, std::string_view detail, std::string_view to) {
    return lines_.add({.kind = kind, .database = "main", .endpoint = "h:6379", .detail = detail, .to = to},
                      now_);
  }
  void pass(std::chrono::milliseconds time) { now_ += time; }
  std::vector<std::string> due() { return lines_.due(now_); }

  TimePoint now_{1h};
  StateLines lines_{};
};

TEST_F(StateLinesTest, ReportsEachStateChangeOnce) {
  EXPECT_THAT(add(EventKind::connected), ElementsAre("redstart: main at h:6379: connected"));
  EXPECT_THAT(add_closed("lost"), ElementsAre("redstart: main at h:6379: connection closed: lost"));
  EXPECT_THAT(add(EventKind::connect_failed, "refused"),
              ElementsAre("redstart: main at h:6379: connection failed: refused"));
  EXPECT_THAT(add_change(EventKind::loading, "37 % done", "loading"),
              ElementsAre("redstart: main at h:6379: loading: 37 % done"));
  EXPECT_THAT(add_change(EventKind::loading, "over: the server is ready", "ready"),
              ElementsAre("redstart: main at h:6379: loading ended: over: the server is ready"));
  EXPECT_THAT(add_change(EventKind::circuit_changed, "closed -> open: timeout", "open"),
              ElementsAre("redstart: main at h:6379: circuit breaker opens: closed -> open: timeout"));
  EXPECT_THAT(add_change(EventKind::circuit_changed, "half_open -> closed: answered", "closed"),
              ElementsAre("redstart: main at h:6379: circuit breaker closes: half_open -> closed: answered"));
}

TEST_F(StateLinesTest, IgnoresEventsWithoutStateChange) {
  for (const EventKind kind :
       {EventKind::initialized, EventKind::retrying, EventKind::push_dropped, EventKind::release_failed,
        EventKind::tls_reloaded, EventKind::shutdown_begin, EventKind::shutdown_complete,
        EventKind::shutdown_succeeded, EventKind::init_succeeded, EventKind::init_failed,
        EventKind::operation_failed, EventKind::slow_command})
    EXPECT_THAT(add(kind, "x"), IsEmpty()) << to_string(kind);
  for (const char* const reason : {"idle", "lifetime", "stale", "dirty", "shutdown"})
    EXPECT_THAT(add_closed(reason), IsEmpty()) << reason;
  EXPECT_THAT(add_change(EventKind::circuit_changed, "open -> half_open: a connection is ready", "half_open"),
              IsEmpty());
}

TEST_F(StateLinesTest, ReportsOnlyFirstOpenConnection) {
  EXPECT_THAT(add(EventKind::connected), testing::SizeIs(1));
  for (int i = 0; i < 50; ++i) {
    pass(1s);
    EXPECT_THAT(add(EventKind::connected), IsEmpty());
    EXPECT_THAT(due(), IsEmpty());
  }
  EXPECT_THAT(add(EventKind::connected, {}, "cache"), ElementsAre(HasSubstr("cache at h:6379: connected")))
      << "another database";
}

TEST_F(StateLinesTest, CountsSuppressedLines) {
  EXPECT_THAT(add_closed("lost"), testing::SizeIs(1));
  for (int i = 0; i < 49; ++i) EXPECT_THAT(add_closed("lost"), IsEmpty());
  pass(9'999ms);
  EXPECT_THAT(due(), IsEmpty());
  pass(1ms);
  EXPECT_THAT(due(), ElementsAre(AllOf(HasSubstr("connection closed: lost"),
                                       EndsWith("(49 times since the last such line)"))));
  pass(1h);
  EXPECT_THAT(due(), IsEmpty()) << "each is counted once";
}

TEST_F(StateLinesTest, ReportsOneLinePerStateAndIntervalWhenFlapping) {
  std::size_t lines = 0;
  constexpr int seconds = 60;
  for (int i = 0; i < seconds * 10; ++i) {
    lines += (i % 2 == 0 ? add(EventKind::connected) : add_closed("lost")).size();
    lines += due().size();
    pass(100ms);
  }
  EXPECT_LE(lines, 2U * (seconds / 10 + 1));
  EXPECT_GE(lines, 2U * (seconds / 10 - 1));
}

TEST_F(StateLinesTest, EndsWithCurrentState) {
  static_cast<void>(add(EventKind::connected));
  static_cast<void>(add_closed("lost"));
  static_cast<void>(add(EventKind::connected));
  static_cast<void>(add_closed("timeout"));
  pass(10s);
  EXPECT_THAT(due(), ElementsAre(HasSubstr("connected"), HasSubstr("connection closed: timeout")));
}

TEST_F(StateLinesTest, ReportsSuppressedLinesAtShutdown) {
  static_cast<void>(add_closed("lost"));
  EXPECT_THAT(add_closed("lost"), IsEmpty());
  EXPECT_THAT(add(EventKind::shutdown_complete, {}, "cache"), IsEmpty());
  EXPECT_THAT(add(EventKind::shutdown_complete), ElementsAre(HasSubstr("connection closed: lost")));
}

TEST_F(StateLinesTest, EscapesAndShortensTexts) {
  const std::string hostile = "a\nb\x1b[2J\x07\xff" + std::string(100'000, 'x');
  for (const std::string& line : lines_.add({EventKind::connect_failed, hostile, hostile, hostile}, now_)) {
    EXPECT_LE(line.size(), 1024U);
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), ' ');
    EXPECT_THAT(line, Not(HasSubstr("\x7f")));
  }
}

TEST_F(StateLinesTest, OmitsDatabaseWhenThereIsNone) {
  EXPECT_THAT(lines_.add({EventKind::config_notice, {}, {}, "REDIS_URL was in quotes"}, now_),
              ElementsAre("redstart: configuration: REDIS_URL was in quotes"));
}

}  // namespace
}  // namespace redstart
