// SPDX-License-Identifier: Apache-2.0
// reconnect_test.cpp: every state of the reconnect policy with every event.
#include "protocol/reconnect.hpp"
#include "support/start_time.hpp"

#include <redstart/resilience/random.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace redstart::inline v0::protocol {
namespace {

using test::start;
using namespace std::chrono_literals;
using Phase = Reconnect::State;

constexpr BackoffPolicy policy{50ms, 500ms, 2.0};

TEST(Reconnect, AllowsFirstAttemptAtOnce) {
  const Reconnect reconnect(policy);
  EXPECT_EQ(reconnect.state(), Phase::fresh);
  EXPECT_TRUE(reconnect.may_attempt(start));
}

TEST(Reconnect, RefusesAttemptsBeforeDelayEnds) {
  Reconnect reconnect(policy);
  const auto attempt = reconnect.begin(start);
  reconnect.failed(attempt, start, 0.0);
  EXPECT_EQ(reconnect.state(), Phase::backing_off);
  EXPECT_EQ(reconnect.next_attempt(), start + 50ms);
  EXPECT_FALSE(reconnect.may_attempt(start + 50ms - 1ns));
  EXPECT_TRUE(reconnect.may_attempt(start + 50ms));
}

TEST(Reconnect, AllowsOneProbeAtATimeWhileAway) {
  Reconnect reconnect(policy);
  reconnect.failed(reconnect.begin(start), start, 0.5);
  static_cast<void>(reconnect.begin(start));
  EXPECT_EQ(reconnect.state(), Phase::probing);
  EXPECT_FALSE(reconnect.may_attempt(start + 1h)) << "however long it takes";
}

TEST(Reconnect, UsesReplacedDelaysAfterTheCurrentOne) {
  Reconnect reconnect(policy);
  reconnect.failed(reconnect.begin(start), start, 0.0);
  reconnect.use({1s, 2s, 2.0}, {1s, 2s, 2.0});
  EXPECT_EQ(reconnect.next_attempt(), start + 50ms) << "the delay that runs";
  reconnect.failed(reconnect.begin(start + 50ms), start + 50ms, 0.0);
  EXPECT_GE(reconnect.next_attempt(), start + 50ms + 1s);
}

constexpr double near_one = 0.999'999'9;

// Returns the delays of consecutive failures, each the longest possible one.
std::vector<std::int64_t> longest_delays(Reconnect& reconnect, TimePoint& now, int failures) {
  std::vector<std::int64_t> delays;
  for (int i = 0; i < failures; ++i) {
    reconnect.failed(reconnect.begin(now), now, near_one);
    delays.push_back((reconnect.next_attempt() - now) / 1ms);
    now = reconnect.next_attempt();
  }
  return delays;
}

TEST(Reconnect, GrowsDelaysUntilReadyAndFirstReply) {
  Reconnect reconnect(policy);
  TimePoint now = start;
  EXPECT_EQ(longest_delays(reconnect, now, 6), (std::vector<std::int64_t>{99, 199, 399, 499, 499, 499}));
  static_cast<void>(reconnect.begin(start));
  const auto connection = reconnect.succeeded(start, 0.5);
  EXPECT_EQ(reconnect.state(), Phase::up);
  reconnect.answered(connection);
  EXPECT_EQ(longest_delays(reconnect, now, 1), (std::vector<std::int64_t>{99}));
}

TEST(Reconnect, KeepsDelaysWhenOnlyReady) {
  Reconnect reconnect(policy);
  TimePoint now = start;
  static_cast<void>(longest_delays(reconnect, now, 4));
  static_cast<void>(reconnect.begin(now));
  const auto connection = reconnect.succeeded(now, 0.5);
  EXPECT_EQ(longest_delays(reconnect, now, 1), (std::vector<std::int64_t>{499}));
  reconnect.answered(connection);  // on a connection from before the outage: the server is still away
  EXPECT_EQ(longest_delays(reconnect, now, 1), (std::vector<std::int64_t>{499}));
}

TEST(Reconnect, CountsConnectionLostBeforeFirstReplyAsFailure) {
  Reconnect reconnect(policy);
  TimePoint now = start;
  for (int i = 0; i < 4; ++i) {  // the server greets, then drops every connection
    ASSERT_TRUE(reconnect.may_attempt(now)) << i;
    static_cast<void>(reconnect.begin(now));
    const auto connection = reconnect.succeeded(now, near_one);
    reconnect.lost(connection, now, near_one);
    ASSERT_EQ(reconnect.state(), Phase::backing_off) << i;
    const auto least = std::vector{99ms, 399ms, 499ms, 499ms}.at(static_cast<std::size_t>(i));
    ASSERT_GE(reconnect.next_attempt() - now, least) << i;
    now = reconnect.next_attempt();
  }
}

TEST(Reconnect, SuspectsProvenServerThatStartsToGreetAndDrop) {
  Reconnect reconnect(policy);
  const auto old = reconnect.succeeded(start, 0.5);
  reconnect.answered(old);
  const auto next = reconnect.succeeded(start + 1h, 0.5);
  EXPECT_FALSE(reconnect.suspect(start + 1h));
  reconnect.lost(next, start + 1h, 0.0);
  EXPECT_EQ(reconnect.state(), Phase::backing_off);
  EXPECT_EQ(reconnect.next_attempt(), start + 1h + 50ms);
  const auto again = reconnect.succeeded(start + 2h, 0.5);
  reconnect.answered(old);
  EXPECT_TRUE(reconnect.suspect(start + 2h)) << "an older connection says nothing about new ones";
  reconnect.answered(again);
  EXPECT_FALSE(reconnect.suspect(start + 2h));
}

TEST(Reconnect, SpacesAttemptsUnderSuspicion) {
  Reconnect reconnect(policy);
  reconnect.lost(reconnect.succeeded(start, 0.0), start, 0.0);
  TimePoint now = start + 50ms;
  ASSERT_TRUE(reconnect.may_attempt(now));
  static_cast<void>(reconnect.begin(now));
  const auto connection = reconnect.succeeded(now, 0.0);
  EXPECT_EQ(reconnect.state(), Phase::up);
  EXPECT_TRUE(reconnect.suspect(now));
  EXPECT_FALSE(reconnect.may_attempt(now)) << "not all callers at once";
  now = reconnect.next_attempt();
  EXPECT_TRUE(reconnect.may_attempt(now));
  static_cast<void>(reconnect.begin(now));
  EXPECT_FALSE(reconnect.may_attempt(now + policy.maximum - 1ms)) << "one at a time";
  reconnect.answered(connection);
  EXPECT_FALSE(reconnect.suspect(now));
  EXPECT_TRUE(reconnect.may_attempt(now)) << "a command was answered";
}

TEST(Reconnect, EndsSuspicionAfterStablePeriod) {
  Reconnect reconnect(policy);
  TimePoint now = start;
  for (int i = 0; i < 4; ++i) {
    static_cast<void>(reconnect.begin(now));
    reconnect.lost(reconnect.succeeded(now, near_one), now, near_one);
    now = reconnect.next_attempt();
  }
  static_cast<void>(reconnect.begin(now));
  const auto connection = reconnect.succeeded(now, near_one);
  EXPECT_TRUE(reconnect.suspect(now + Reconnect::stability - 1ms));
  EXPECT_FALSE(reconnect.suspect(now + Reconnect::stability));
  EXPECT_TRUE(reconnect.may_attempt(now + Reconnect::stability));
  now += Reconnect::stability;
  reconnect.lost(connection, now, near_one);
  EXPECT_EQ(reconnect.state(), Phase::up) << "it was open for long enough";
  EXPECT_EQ(longest_delays(reconnect, now, 1), (std::vector<std::int64_t>{99})) << "delays start over";
}

TEST(Reconnect, CountsConnectionsLostTogetherAsOneFailure) {
  Reconnect reconnect(policy);
  const auto first = reconnect.succeeded(start, 0.0);
  const auto second = reconnect.succeeded(start, 0.0);
  reconnect.lost(first, start, 0.0);
  const TimePoint next = reconnect.next_attempt();
  reconnect.lost(second, start + 10ms, 0.9);
  EXPECT_EQ(reconnect.next_attempt(), next);
  reconnect.succeeded(next, 0.0);
  reconnect.lost(second, next, 0.9);
  EXPECT_EQ(reconnect.state(), Phase::up) << "it was ready before the outage";
}

// Ten callers, each with one connection, try whenever allowed for ten seconds. The server greets and drops
// each.
TEST(Reconnect, LimitsAttemptsToFivePerSecondWhenServerGreetsAndDrops) {
  for (const auto open_for : {0ms, 5ms, 100ms}) {
    Reconnect reconnect(policy);
    Random random(8);
    std::vector<Reconnect::Connection> open;
    int first_burst = 0;
    int later = 0;
    for (TimePoint now = start; now < start + 11s; now += 1ms) {
      while (open.size() < 10 && reconnect.may_attempt(now)) {
        static_cast<void>(reconnect.begin(now));
        open.push_back(reconnect.succeeded(now, random.unit()));
        ++(now < start + 1s ? first_burst : later);
      }
      std::erase_if(open, [&](const Reconnect::Connection& each) {
        if (now - each.ready < open_for) return false;
        reconnect.lost(each, now, random.unit());
        return true;
      });
    }
    EXPECT_LE(first_burst, 10 + 6) << open_for.count() << " ms";
    EXPECT_LE(later, 50) << open_for.count() << " ms";
    EXPECT_GE(later, 10) << "it is not abandoned";
  }
}

TEST(Reconnect, AllowsReplacementAtOnceAfterReply) {
  Reconnect reconnect(policy);
  const auto connection = reconnect.succeeded(start, 0.5);
  reconnect.answered(connection);
  reconnect.lost(connection, start, 0.5);
  EXPECT_EQ(reconnect.state(), Phase::up);
  EXPECT_TRUE(reconnect.may_attempt(start));
}

TEST(Reconnect, IgnoresLossOfConnectionFromBeforeOutage) {
  Reconnect reconnect(policy);
  const auto old = reconnect.succeeded(start, 0.5);
  reconnect.answered(old);
  reconnect.failed(reconnect.begin(start), start, 0.0);
  static_cast<void>(reconnect.begin(start));
  reconnect.succeeded(start, 0.5);
  reconnect.lost(old, start, 0.5);
  EXPECT_EQ(reconnect.state(), Phase::up);
}

TEST(Reconnect, UsesLongDelaysAtStartThenShortOnes) {
  Reconnect reconnect(policy, {{2s, 30s, 2.0, Jitter::none}, 5});
  TimePoint now = start;
  EXPECT_EQ(longest_delays(reconnect, now, 7),
            (std::vector<std::int64_t>{2000, 4000, 8000, 16000, 30000, 99, 199}));
}

TEST(Reconnect, UsesShortDelaysOnceServerWasReached) {
  Reconnect reconnect(policy, StartupPolicy{});
  TimePoint now = start;
  reconnect.failed(reconnect.begin(now), now, 0.0);
  EXPECT_EQ(reconnect.next_attempt() - now, 1s) << "half of 2 s at least";
  static_cast<void>(reconnect.begin(start));
  reconnect.answered(reconnect.succeeded(start, 0.5));
  EXPECT_EQ(longest_delays(reconnect, now, 1), (std::vector<std::int64_t>{99}));
}

TEST(Reconnect, CountsOutageOnceForSeveralAttempts) {
  Reconnect reconnect(policy);
  reconnect.succeeded(start, 0.5);
  const auto first = reconnect.begin(start);
  const auto second = reconnect.begin(start);
  const auto third = reconnect.begin(start);
  reconnect.failed(first, start, 0.0);
  reconnect.failed(second, start + 10ms, 0.0);
  reconnect.failed(third, start + 20ms, 0.0);
  EXPECT_EQ(reconnect.next_attempt(), start + 50ms) << "stragglers neither lengthen nor postpone the wait";
}

TEST(Reconnect, IgnoresFailureOfStraggler) {
  Reconnect reconnect(policy);
  const auto straggler = reconnect.begin(start);
  reconnect.failed(reconnect.begin(start), start, 0.0);
  static_cast<void>(reconnect.begin(start));
  reconnect.failed(straggler, start + 1s, 0.0);
  EXPECT_EQ(reconnect.state(), Phase::probing);
  reconnect.succeeded(start, 0.5);
  reconnect.failed(straggler, start + 2s, 0.0);
  EXPECT_EQ(reconnect.state(), Phase::up);
}

TEST(Reconnect, EndsOutageWhenAnyConnectionIsReady) {
  Reconnect reconnect(policy);
  static_cast<void>(reconnect.begin(start));  // a slow attempt
  reconnect.failed(reconnect.begin(start), start, 0.0);
  reconnect.succeeded(start, 0.5);
  EXPECT_EQ(reconnect.state(), Phase::up);
  EXPECT_TRUE(reconnect.may_attempt(start));
}

TEST(Reconnect, AllowsNextAttemptAtOnceAfterAbandonedProbe) {
  Reconnect reconnect(policy);
  reconnect.failed(reconnect.begin(start), start, 0.0);
  const TimePoint later = reconnect.next_attempt() + 1ms;
  const auto probe = reconnect.begin(start);
  reconnect.abandoned(probe, later);
  EXPECT_EQ(reconnect.state(), Phase::backing_off);
  EXPECT_TRUE(reconnect.may_attempt(later));
  reconnect.abandoned(probe, later);  // no probe is pending: no effect
  EXPECT_EQ(reconnect.state(), Phase::backing_off);
}

TEST(Reconnect, KeepsStateAfterAbandonedFirstAttempt) {
  Reconnect reconnect(policy);
  reconnect.abandoned(reconnect.begin(start), start);
  EXPECT_EQ(reconnect.state(), Phase::fresh);
  reconnect.succeeded(start, 0.5);
  reconnect.abandoned(reconnect.begin(start), start);
  EXPECT_EQ(reconnect.state(), Phase::up);
}

// Runs every sequence of events up to a length and checks the invariants after each event.
class Explorer {
 public:
  void run(int depth) { explore(Reconnect(policy), start, {}, depth, ""); }
  [[nodiscard]] std::size_t paths() const { return paths_; }
  [[nodiscard]] const std::set<std::pair<Phase, Phase>>& edges() const { return edges_; }

 private:
  struct Pending {
    Reconnect::ConnectAttempt attempt;
    bool probe;  // started while backing off
  };

  void explore(const Reconnect& before, TimePoint now, const std::vector<Pending>& pending, int depth,
               const std::string& path) {
    ++paths_;
    if (depth <= 0 || ::testing::Test::HasFatalFailure()) return;
    if (before.may_attempt(now)) {
      Reconnect next = before;
      auto more = pending;
      more.push_back({next.begin(now), before.state() == Phase::backing_off});
      step(before, next, now, more, depth, path + "b");
    }
    step(before, before, now + 60ms, pending, depth, path + "t");
    for (std::size_t i = 0; i < pending.size(); ++i) {
      auto rest = pending;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
      const Pending& each = pending[i];
      Reconnect ok = before;
      const Reconnect::Connection connection = ok.succeeded(now, 0.5);
      step(before, ok, now, rest, depth, path + "s" + std::to_string(i));
      Reconnect dropped = ok;
      dropped.lost(connection, now, 0.5);
      step(ok, dropped, now, rest, depth - 1, path + "s" + std::to_string(i) + "l" + std::to_string(i));
      Reconnect working = ok;
      working.answered(connection);
      step(ok, working, now, rest, depth - 1, path + "s" + std::to_string(i) + "o" + std::to_string(i));
      Reconnect failed = before;
      failed.failed(each.attempt, now, 0.5);
      step(before, failed, now, rest, depth, path + "f" + std::to_string(i));
      Reconnect abandoned = before;
      abandoned.abandoned(each.attempt, now);
      step(before, abandoned, now, rest, depth, path + "a" + std::to_string(i));
    }
  }

  void step(const Reconnect& before, const Reconnect& after, TimePoint now,
            const std::vector<Pending>& pending, int depth, const std::string& path) {
    if (before.state() != after.state()) edges_.insert({before.state(), after.state()});
    const char event = path[path.size() - (path.back() == 'b' || path.back() == 't' ? 1 : 2)];
    if (event == 's') {
      ASSERT_EQ(after.state(), Phase::up) << path;
    }
    ASSERT_TRUE(after.state() != Phase::up || before.state() == Phase::up || event == 's') << path;
    ASSERT_TRUE(after.state() != Phase::probing || before.state() == Phase::probing || event == 'b') << path;
    if (after.state() == Phase::backing_off && before.state() != Phase::backing_off &&
        (event == 'f' || event == 'l')) {
      ASSERT_GE(after.next_attempt(), now + policy.initial) << path;
    }
    // Attempts are never blocked indefinitely: a probe is pending, or a due time is set.
    if (after.state() == Phase::probing) {
      bool probe_under_way = false;
      for (const Pending& each : pending) probe_under_way = probe_under_way || each.probe;
      ASSERT_TRUE(probe_under_way) << path;
    } else {
      ASSERT_TRUE(after.may_attempt(now + policy.maximum)) << path;
    }
    explore(after, now, pending, depth - 1, path);
  }

  std::size_t paths_ = 0;
  std::set<std::pair<Phase, Phase>> edges_{};
};

TEST(Reconnect, KeepsInvariantsInEverySequenceOfSevenEvents) {
  Explorer explorer;
  explorer.run(7);
  EXPECT_GT(explorer.paths(), 10'000U);
  const std::set<std::pair<Phase, Phase>> legal = {
      {Phase::fresh, Phase::up},           {Phase::fresh, Phase::backing_off},
      {Phase::up, Phase::backing_off},     {Phase::backing_off, Phase::probing},
      {Phase::backing_off, Phase::up},     {Phase::probing, Phase::up},
      {Phase::probing, Phase::backing_off}};
  EXPECT_EQ(explorer.edges(), legal);
}

}  // namespace
}  // namespace redstart::inline v0::protocol
