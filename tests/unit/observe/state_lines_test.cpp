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
    return lines_.add({kind, database, "h:6379", detail}, now_);
  }
  void pass(std::chrono::milliseconds time) { now_ += time; }
  std::vector<std::string> due() { return lines_.due(now_); }

  TimePoint now_{1h};
  StateLines lines_{};
};

TEST_F(StateLinesTest, ReportsEachStateChangeOnce) {
  EXPECT_THAT(add(EventKind::connected), ElementsAre("redstart: main at h:6379: connected"));
  EXPECT_THAT(add(EventKind::disconnected, "lost"),
              ElementsAre("redstart: main at h:6379: connection closed: lost"));
  EXPECT_THAT(add(EventKind::connect_failed, "refused"),
              ElementsAre("redstart: main at h:6379: connection failed: refused"));
  EXPECT_THAT(add(EventKind::loading, "37 % done"),
              ElementsAre("redstart: main at h:6379: loading: 37 % done"));
  EXPECT_THAT(add(EventKind::loading, "over: the server is ready"),
              ElementsAre("redstart: main at h:6379: loading ended: over: the server is ready"));
  EXPECT_THAT(add(EventKind::circuit_changed, "closed -> open: timeout"),
              ElementsAre("redstart: main at h:6379: circuit breaker opens: closed -> open: timeout"));
  EXPECT_THAT(add(EventKind::circuit_changed, "half_open -> closed: answered"),
              ElementsAre("redstart: main at h:6379: circuit breaker closes: half_open -> closed: answered"));
}

TEST_F(StateLinesTest, IgnoresEventsWithoutStateChange) {
  for (const EventKind kind :
       {EventKind::initialized, EventKind::retrying, EventKind::push_dropped, EventKind::release_failed,
        EventKind::tls_reloaded, EventKind::shutdown_begin, EventKind::shutdown_complete})
    EXPECT_THAT(add(kind, "x"), IsEmpty()) << to_string(kind);
  for (const char* const reason : {"idle", "lifetime", "stale", "dirty", "shutdown"})
    EXPECT_THAT(add(EventKind::disconnected, reason), IsEmpty()) << reason;
  EXPECT_THAT(add(EventKind::circuit_changed, "open -> half_open: a connection is ready"), IsEmpty());
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
  EXPECT_THAT(add(EventKind::disconnected, "lost"), testing::SizeIs(1));
  for (int i = 0; i < 49; ++i) EXPECT_THAT(add(EventKind::disconnected, "lost"), IsEmpty());
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
    lines +=
        add(i % 2 == 0 ? EventKind::connected : EventKind::disconnected, i % 2 == 0 ? "" : "lost").size();
    lines += due().size();
    pass(100ms);
  }
  EXPECT_LE(lines, 2U * (seconds / 10 + 1));
  EXPECT_GE(lines, 2U * (seconds / 10 - 1));
}

TEST_F(StateLinesTest, EndsWithCurrentState) {
  static_cast<void>(add(EventKind::connected));
  static_cast<void>(add(EventKind::disconnected, "lost"));
  static_cast<void>(add(EventKind::connected));
  static_cast<void>(add(EventKind::disconnected, "timeout"));
  pass(10s);
  EXPECT_THAT(due(), ElementsAre(HasSubstr("connected"), HasSubstr("connection closed: timeout")));
}

TEST_F(StateLinesTest, ReportsSuppressedLinesAtShutdown) {
  static_cast<void>(add(EventKind::disconnected, "lost"));
  EXPECT_THAT(add(EventKind::disconnected, "lost"), IsEmpty());
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
