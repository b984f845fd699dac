// SPDX-License-Identifier: Apache-2.0
// breaker_check_test.cpp: checks of breakers and connect attempts in the soak.
#include <gtest/gtest.h>

#include "soak/checker/breaker_check.hpp"
#include "soak/checker/breaker_watch.hpp"
#include "soak/checker/wire_watch.hpp"

#include <thread>

namespace redstart::soak {
namespace {

using namespace std::chrono_literals;

class BreakerCheck : public ::testing::Test {
 protected:
  Violations violations{};
};

TEST_F(BreakerCheck, AcceptsFullCycle) {
  for (const char* change :
       {"closed -> open: 5 failures in a row", "open -> half_open: a connection is ready",
        "half_open -> open: a probe failed", "half_open -> closed: 3 probes succeeded"})
    check_breaker_change(change, violations);
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(BreakerCheck, ReportsSkippedProbesAndForcedStates) {
  for (const char* change : {"open -> closed: all is well", "closed -> half_open: why not",
                             "closed -> forced_open: by API", "nonsense"})
    check_breaker_change(change, violations);
  EXPECT_EQ(violations.count("I10"), 4U);
}

class AttemptCheck : public ::testing::Test {
 protected:
  AttemptWatch watch{40, 12};
  TimePoint now = TimePoint{} + 1h;
  std::uint64_t failures = 0;
  std::uint64_t ready = 3;
  Violations violations{};

  void look() { watch.look("main", failures, ready, now, violations); }
  // Fails `per_second` attempts per second for `time`.
  void fail(unsigned per_second, std::chrono::seconds time) {
    const auto pause = 1000ms / per_second;
    for (const auto until = now + time; now < until; now += pause) {
      ++failures;
      look();
    }
  }
  void SetUp() override { look(); }
};

TEST_F(AttemptCheck, AcceptsPaceOfPolicy) {
  failures += 15;  // all connections at once
  look();
  fail(20, 1s);  // at the minimum distance
  fail(10, 60s);
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(AttemptCheck, ReportsI11WhenTooFastFromStart) {
  fail(50, 1s);
  EXPECT_EQ(violations.count("I11"), 1U);
}

TEST_F(AttemptCheck, ReportsI11WhenTooFastLater) {
  fail(20, 1s);
  fail(4, 3s);
  EXPECT_EQ(violations.count(), 0U);
  fail(20, 1s);
  EXPECT_EQ(violations.count("I11"), 1U);
}

TEST_F(AttemptCheck, RestartsAfterConnection) {
  fail(20, 1s);
  fail(4, 3s);
  ++ready;
  fail(20, 1s);
  EXPECT_EQ(violations.count(), 0U);
}

class SendCheck : public ::testing::Test {
 protected:
  static constexpr const char* to_open = "closed -> open: 5 failures in a row";
  static constexpr const char* to_half_open = "open -> half_open: the recovery time is over";
  static constexpr const char* to_closed = "half_open -> closed: the probes were answered";

  Ledger ledger{10'000};
  Violations violations{};
  std::chrono::nanoseconds lag{0};
  BreakerWatch watch{ledger, violations, [this](TimePoint, TimePoint) { return lag; }};
  // Numbers are issued on the real clock, so these states begin before or after all of them.
  const TimePoint past = std::chrono::steady_clock::now() - 1h;
  const TimePoint later = std::chrono::steady_clock::now() + 1h;

  void changed(const char* change, TimePoint at) { watch.changed("main", change, at); }
  void send(TimePoint at, int times = 1) {
    for (int i = 0; i < times; ++i) watch.seen("main", ledger.issue({}), at);
  }
};

TEST_F(SendCheck, ReportsI10WhileOpen) {
  send(past);
  changed(to_open, past);
  send(later);
  changed(to_half_open, later + 101ms);
  EXPECT_EQ(violations.count("I10"), 1U);
  EXPECT_EQ(violations.texts().at(0),
            "I10: 1 operations went out to main while its breaker was open, the first of them " + marked(1));
}

TEST_F(SendCheck, AcceptsSendJustBeforeReportedEnd) {
  changed(to_open, past);
  send(later);
  changed(to_half_open, later + 100ms);
  changed("half_open -> open: a probe failed", past);
  lag = 50ms;
  send(later);
  changed(to_half_open, later + 250ms);
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(SendCheck, AcceptsSendIssuedBefore) {
  const auto number = ledger.issue({});
  changed(to_open, later);
  watch.seen("main", number, later + 1s);
  watch.finish(later + 1h);
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(SendCheck, IgnoresOtherDatabases) {
  changed(to_open, past);
  watch.seen("cache", ledger.issue({}), later);
  watch.finish(later + 1h);
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(SendCheck, ReportsI10WhileOpenAtEnd) {
  changed(to_open, past);
  send(later);
  watch.finish(later + 1s);
  EXPECT_EQ(violations.count("I10"), 1U);
}

TEST_F(SendCheck, AcceptsProbes) {
  changed(to_open, past);
  changed(to_half_open, past);
  for (int i = 0; i < 100; ++i) {
    send(later);
    ledger.complete(static_cast<std::uint32_t>(i), Outcome::ok);
  }
  EXPECT_EQ(watch.probes(), 100U);
  changed(to_closed, later + 1s);
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(SendCheck, ReportsI10ForManyWhileHalfOpen) {
  changed(to_open, past);
  changed(to_half_open, past);
  send(later, BreakerWatch::most_probing + 1);
  changed(to_closed, later + 1s);
  EXPECT_EQ(violations.count("I10"), 1U);
}

TEST_F(SendCheck, UsesRightStateWhenEventsAreReordered) {
  changed(to_half_open, past);
  changed(to_closed, past);
  changed(to_open, past);  // the first of the three events
  send(later, 100);
  watch.finish(later + 1h);
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(SendCheck, ReadsCommandsFromWire) {
  WireWatch wire(ledger, violations, &watch, "soak");
  wire.to_server(1, "*7\r\n$5\r\nHELLO\r\n$7\r\nSETNAME\r\n$9\r\nsoak:main\r\n*1\r\n$4\r\nPING\r\n", past);
  wire.to_client(1, "+PONG\r\n");
  changed(to_open, past);
  wire.to_server(1, marked(ledger.issue({})), later);
  watch.finish(later + 1s);
  EXPECT_EQ(violations.count("I10"), 1U);
  EXPECT_EQ(violations.count(), 1U);
}

}  // namespace
}  // namespace redstart::soak
