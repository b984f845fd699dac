// SPDX-License-Identifier: Apache-2.0
// online_check_test.cpp: checks that the soak makes while it runs.
#include <gtest/gtest.h>

#include "soak/checker/calm.hpp"
#include "soak/checker/generations.hpp"
#include "soak/checker/plan.hpp"
#include "soak/checker/recovery.hpp"
#include "soak/checker/wire_watch.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace redstart::soak {
namespace {

using namespace std::chrono_literals;

class OnlineCheck : public ::testing::Test {
 protected:
  Generations key{"gen:1"};
  Violations violations{};
};

TEST_F(OnlineCheck, AcceptsIncreasingValues) {
  EXPECT_TRUE(key.next_value(40).starts_with("gen:1#0|1|"));
  EXPECT_TRUE(key.classify(key.expect(), std::nullopt, violations));
  key.acknowledged();
  EXPECT_TRUE(key.classify(key.expect(), "gen:1#0|1|...", violations));
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(OnlineCheck, ReportsI7WhenValueDecreases) {
  static_cast<void>(key.next_value(0));
  static_cast<void>(key.next_value(0));
  key.acknowledged();
  EXPECT_TRUE(key.classify(key.expect(), "gen:1#0|1|", violations));
  EXPECT_EQ(violations.count("I7"), 1U);
}

TEST_F(OnlineCheck, ReportsI7WhenValueDecreasesForAnotherReader) {
  EXPECT_TRUE(key.classify(key.expect(), "gen:1#0|5|", violations));
  EXPECT_TRUE(key.classify(key.expect(), "gen:1#0|4|", violations));
  EXPECT_EQ(violations.count("I7"), 1U);
}

TEST_F(OnlineCheck, ReportsI7WhenKeyIsMissing) {
  EXPECT_TRUE(key.classify(key.expect(), "gen:1#0|5|", violations));
  EXPECT_TRUE(key.classify(key.expect(), std::nullopt, violations));
  EXPECT_EQ(violations.count("I7"), 1U);
}

TEST_F(OnlineCheck, AcceptsOldValueForEarlierRead) {
  const auto before = key.expect();
  EXPECT_TRUE(key.classify(key.expect(), "gen:1#0|5|", violations));
  EXPECT_TRUE(key.classify(before, "gen:1#0|4|", violations));
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(OnlineCheck, ReportsI6ForForeignValue) {
  EXPECT_FALSE(key.classify(key.expect(), "gen:2#0|5|", violations));
  EXPECT_FALSE(key.classify(key.expect(), "gen:1#0|", violations));
}

TEST_F(OnlineCheck, AbandonsKeyAfterIndeterminateWrite) {
  const auto before = key.expect();
  static_cast<void>(key.next_value(0));
  key.unknown();
  EXPECT_TRUE(key.next_value(0).starts_with("gen:1#1|1|"));
  EXPECT_TRUE(key.classify(before, "gen:1#0|1|", violations));  // the indeterminate write ran
  EXPECT_EQ(key.expect().floor, 0U);
  EXPECT_EQ(violations.count(), 0U);
}

class WireCheck : public ::testing::Test {
 protected:
  static constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";

  Ledger ledger{10'000};
  Violations violations{};
  WireWatch watch{ledger, violations};
  std::uint32_t number = ledger.issue({});
  std::string command = "*3\r\n$5\r\nRPUSH\r\n$1\r\nk\r\n$10\r\n" + marked(number) + "\r\n";

  void make_ready(std::uint64_t connection) {
    watch.to_server(connection, ping);
    watch.to_client(connection, "+PONG\r\n");
  }
  [[nodiscard]] int seen() const { return ledger.entries()[number].on_wire; }
};

TEST_F(WireCheck, CountsOnceForAnyCut) {
  for (std::size_t cut = 0; cut <= command.size(); ++cut) {
    const int before = seen();
    make_ready(cut);
    watch.to_server(cut, std::string_view(command).substr(0, cut));
    watch.to_server(cut, std::string_view(command).substr(cut));
    ASSERT_EQ(seen(), before + 1) << "cut at " << cut;
  }
  make_ready(1000);
  for (const char c : command) watch.to_server(1000, {&c, 1});
  EXPECT_EQ(seen(), static_cast<int>(command.size()) + 2);
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(WireCheck, IsReadyAfterReplyForAnyCut) {
  for (const std::string_view answer : {"+OK\r\n+PONG\r\n", "+OK\r\n-MISCONF can't save\r\n"}) {
    for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
      watch.to_server(cut, std::string_view(ping).substr(0, cut));
      watch.to_server(cut, std::string_view(ping).substr(std::min(cut, ping.size())));
      watch.to_client(cut, answer.substr(0, cut));
      watch.to_client(cut, answer.substr(cut));
      watch.to_server(cut, command);
      watch.closed(cut);
    }
  }
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(WireCheck, ReportsI14WhenCommandIsSentTooEarly) {
  watch.to_server(1, command);
  EXPECT_EQ(violations.count("I14"), 1U);
  watch.to_server(2, command + std::string(ping));
  EXPECT_EQ(violations.count("I14"), 2U);
}

TEST_F(WireCheck, ReportsI14WhenReplyIsNotAwaited) {
  watch.to_server(1, ping);
  watch.to_client(1, "+OK\r\n");
  watch.to_server(1, command);
  EXPECT_EQ(violations.count("I14"), 1U);
  watch.to_client(2, "+PONG\r\n");  // unsolicited
  watch.to_server(2, ping);
  watch.to_server(2, command);
  EXPECT_EQ(violations.count("I14"), 2U);
}

TEST(RecoveryWatch, EndsWhenAllAreBack) {
  const TimePoint start{};
  Recovery recovery;
  recovery.succeeded(Caller::sync, start, start);  // no fault yet
  recovery.healed(start + 1s);
  EXPECT_EQ(recovery.waiting(start + 2s), 1s);
  recovery.succeeded(Caller::sync, start + 1100ms, start + 1200ms);
  recovery.succeeded(Caller::strict_sync, start + 1100ms, start + 1200ms);
  recovery.succeeded(Caller::strict_async, start + 1100ms, start + 1200ms);
  recovery.succeeded(Caller::scoped, start + 1100ms, start + 1200ms);
  recovery.succeeded(Caller::checked, start + 1100ms, start + 1200ms);
  recovery.succeeded(Caller::async, start + 900ms, start + 1300ms);  // issued before the fault ended
  EXPECT_TRUE(recovery.times().empty());
  recovery.succeeded(Caller::async, start + 1300ms, start + 1400ms);
  ASSERT_EQ(recovery.times().size(), 1U);
  EXPECT_EQ(recovery.percentile(0.99), 400ms);
  EXPECT_EQ(recovery.waiting(start + 2s), std::nullopt);
}

class RecoveryCheck : public ::testing::Test {
 protected:
  std::chrono::nanoseconds lag{0};
  Recovery recovery{[this](TimePoint, TimePoint) { return lag; }};
  TimePoint now{};
  std::chrono::milliseconds within{Recovery::promised};
  Violations violations{};

  // Ends a fault, after which all callers except `missing` succeed after `after`.
  void recover(std::chrono::milliseconds after, std::optional<Caller> missing = {}) {
    recovery.healed(now, "a fault", within);
    const auto healed = std::exchange(now, now + after);
    for (const Caller one : {Caller::sync, Caller::async, Caller::strict_sync, Caller::strict_async,
                             Caller::scoped, Caller::checked})
      if (one != missing) recovery.succeeded(one, healed, now);
  }
  std::size_t violated() {
    recovery.check(1, violations);
    return violations.count("recovery");
  }
};

TEST_F(RecoveryCheck, AcceptsTimesWithinOneSecond) {
  recover(1s);
  recover(20ms);
  EXPECT_EQ(violated(), 0U);
}

TEST_F(RecoveryCheck, ReportsTimesAboveOneSecond) {
  recover(20ms);
  recover(1100ms);
  EXPECT_EQ(violated(), 1U);
  EXPECT_EQ(violations.texts().at(0), "recovery: 1100 ms after a fault, last checked; 1000 ms are allowed");
}

TEST_F(RecoveryCheck, AllowsOnePercentOfOutliers) {
  recover(1100ms);
  for (int i = 0; i < 100; ++i) recover(20ms);
  EXPECT_EQ(violated(), 0U);
  recover(1200ms);
  EXPECT_EQ(violated(), 2U);
}

TEST_F(RecoveryCheck, UsesLimitOfEachFault) {
  within = 1500ms;
  recover(1500ms);
  EXPECT_EQ(violated(), 0U);
  recover(1501ms);
  EXPECT_EQ(violated(), 1U);
}

TEST_F(RecoveryCheck, AllowsMoreTimeUnderSanitizer) {
  recover(2900ms);
  recovery.check(3, violations);
  EXPECT_EQ(violations.count(), 0U);
}

TEST_F(RecoveryCheck, ExcusesOnlyStallsOfMachine) {
  lag = 50ms;
  recover(1150ms);
  EXPECT_EQ(violated(), 0U);
  recover(1151ms);
  EXPECT_EQ(violated(), 1U);
}

TEST_F(RecoveryCheck, IgnoresTimesCutShortEarly) {
  recover(20ms, Caller::scoped);
  recovery.disturbed(now + 900ms);
  EXPECT_EQ(recovery.cut_short(), 1U);
  EXPECT_EQ(recovery.waiting(now), std::nullopt);
  EXPECT_TRUE(recovery.times().empty());
  recovery.disturbed(now + 5s);  // no caller is awaited
  EXPECT_EQ(violated(), 0U);
}

TEST_F(RecoveryCheck, ReportsTimesCutShortLate) {
  recover(20ms, Caller::strict_async);
  recovery.disturbed(now + 1500ms);
  EXPECT_EQ(recovery.percentile(0.99), 1520ms);
  EXPECT_EQ(violated(), 1U);
  EXPECT_EQ(violations.texts().at(0),
            "recovery: 1520 ms or more after a fault, last strict async; 1000 ms are allowed");
}

TEST(Calm, HoldsAfterLastFaultHasEnded) {
  const TimePoint start{};
  Calm calm;
  EXPECT_EQ(calm.broke(), 1U);
  EXPECT_EQ(calm.broke(), 2U);
  EXPECT_EQ(calm.mended(start + 1s), 1U);
  EXPECT_FALSE(calm.held(start + 1h, 2s));
  EXPECT_EQ(calm.mended(start + 5s), 0U);  // later than planned
  EXPECT_FALSE(calm.held(start + 6999ms, 2s));
  EXPECT_TRUE(calm.held(start + 7s, 2s));
}

class Plans : public ::testing::Test {
 protected:
  PlanTerms terms{.seed = 7, .duration = 10min, .faults_per_minute = 20};
  std::vector<FaultKind> kinds{{"a", 0ms, 0ms, false}, {"b", 300ms, 900ms, true}, {"c", 200ms, 2s, true}};
};

TEST_F(Plans, AreReproducibleBySeed) {
  const auto one = make_plan(terms, kinds);
  const auto two = make_plan(terms, kinds);
  terms.seed = 8;
  const auto other = make_plan(terms, kinds);
  ASSERT_EQ(one.size(), two.size());
  bool differs = one.size() != other.size();
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].begin, two[i].begin);
    EXPECT_EQ(one[i].kind, two[i].kind);
    differs = differs || one[i].begin != other[i].begin;
  }
  EXPECT_TRUE(differs);
}

TEST_F(Plans, KeepRateAndQuietTimes) {
  const auto plan = make_plan(terms, kinds);
  EXPECT_GT(plan.size(), 120U);
  EXPECT_LT(plan.size(), 260U);
  std::vector<std::size_t> counts(kinds.size());
  std::chrono::milliseconds alone_until{0};
  for (const PlannedFault& fault : plan) {
    ++counts[fault.kind];
    for (auto at = fault.begin; at <= fault.end; at += 10ms) EXPECT_FALSE(is_quiet(terms, at));
    if (!kinds[fault.kind].alone) continue;
    EXPECT_GT(fault.begin, alone_until);
    alone_until = fault.end;
  }
  for (const std::size_t n : counts)
    EXPECT_NEAR(static_cast<double>(n), static_cast<double>(plan.size()) / 3.0, 1.1);
}

}  // namespace
}  // namespace redstart::soak
