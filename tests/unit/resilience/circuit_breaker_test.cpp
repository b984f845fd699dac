// SPDX-License-Identifier: Apache-2.0
// circuit_breaker_test.cpp: opening, recovery and ignored outcomes of the breaker.
#include "resilience/circuit_breaker.hpp"
#include "support/start_time.hpp"
#include "unit/resilience/almost_one.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <vector>

namespace redstart {
namespace {

using test::almost_one;
using test::start;
using namespace std::chrono_literals;
using State = BreakerState;
using Ticket = CircuitBreaker::Ticket;

void succeed(CircuitBreaker& breaker, TimePoint now, int count = 1) {
  for (int i = 0; i < count; ++i) breaker.succeeded(breaker.admit(now).value(), now);
}
void fail(CircuitBreaker& breaker, TimePoint now, int count = 1, double random = 0.0) {
  for (int i = 0; i < count; ++i) breaker.failed(breaker.admit(now).value(), now, random);
}
// Returns a breaker that opened at `start` for 0.5 s.
CircuitBreaker opened() {
  CircuitBreaker breaker;
  fail(breaker, start, 5);
  return breaker;
}

TEST(CircuitBreaker, IsInitiallyClosedAndAdmitsAll) {
  CircuitBreaker breaker;
  EXPECT_EQ(breaker.state(), State::closed);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(breaker.admit(start).has_value());
  EXPECT_EQ(breaker.probing(), 0U);
}

TEST(CircuitBreaker, OpensAfterFiveConsecutiveFailures) {
  CircuitBreaker breaker;
  fail(breaker, start, 4);
  EXPECT_EQ(breaker.state(), State::closed);
  fail(breaker, start);
  EXPECT_EQ(breaker.state(), State::open);
  EXPECT_FALSE(breaker.admit(start).has_value());
}

TEST(CircuitBreaker, KeepsStateAndCountsWhenThePolicyIsReplaced) {
  CircuitBreaker breaker;
  fail(breaker, start, 4);
  BreakerPolicy lenient;
  lenient.consecutive_failures = 7;
  lenient.minimum_calls = 100;
  breaker.use(lenient);
  fail(breaker, start, 2);
  EXPECT_EQ(breaker.state(), State::closed);
  fail(breaker, start);
  EXPECT_EQ(breaker.state(), State::open) << "earlier failures count";
  breaker.use({});
  EXPECT_EQ(breaker.state(), State::open);
}

// Concurrent calls may all wait for replies lost earlier. Only later calls show whether the server still
// replies.
TEST(CircuitBreaker, StaysClosedAfterConcurrentFailuresUntilLaterOneFails) {
  CircuitBreaker breaker;
  std::vector<Ticket> together;
  for (int i = 0; i < 8; ++i) together.push_back(breaker.admit(start).value());
  for (const Ticket& ticket : together) breaker.failed(ticket, start + 1s, 0.0);
  EXPECT_EQ(breaker.state(), State::closed);
  fail(breaker, start + 2s);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST(CircuitBreaker, OpensAfterOneFailureIfPolicySaysSo) {
  CircuitBreaker breaker({.consecutive_failures = 1});
  fail(breaker, start);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST(CircuitBreaker, RestartsCountAfterSuccess) {
  CircuitBreaker breaker;
  succeed(breaker, start, 100);
  for (int i = 0; i < 10; ++i) {
    fail(breaker, start, 4);
    succeed(breaker, start);
  }
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST(CircuitBreaker, OpensOnlyIfFailuresAreHalfOfLatestCalls) {
  CircuitBreaker breaker;
  succeed(breaker, start, 8);
  fail(breaker, start, 7);
  EXPECT_EQ(breaker.state(), State::closed) << "7 of 15 calls failed";
  fail(breaker, start);
  EXPECT_EQ(breaker.state(), State::open) << "8 of 16";
}

TEST(CircuitBreaker, OpensWithinTwoSecondsAfterHealthyPast) {
  for (const auto offset : {0ms, 1ms, 500ms, 999ms}) {
    CircuitBreaker breaker;
    const TimePoint frozen = start + offset;
    for (int i = 0; i < 80; ++i) breaker.succeeded({breaker.generation()}, frozen - i * 100ms, 5000);
    fail(breaker, frozen + 200ms, 5);
    EXPECT_EQ(breaker.state(), State::closed);
    fail(breaker, frozen + 2s);
    EXPECT_EQ(breaker.state(), State::open) << offset.count();
  }
}

TEST(CircuitBreaker, OpensAtFifthFailureWhenServerIsFrozen) {
  for (const auto offset : {0ms, 1ms, 500ms, 999ms}) {
    CircuitBreaker breaker;
    const TimePoint frozen = start + offset;
    for (int i = 0; i < 80; ++i) breaker.succeeded({breaker.generation()}, frozen - i * 100ms, 5000);
    fail(breaker, frozen + 5s, 4);
    EXPECT_EQ(breaker.state(), State::closed);
    fail(breaker, frozen + 5s);
    EXPECT_EQ(breaker.state(), State::open) << offset.count();
  }
}

TEST(CircuitBreaker, OpensWhenHalfOfTwentyCallsFail) {
  CircuitBreaker breaker;
  for (int i = 0; i < 9; ++i) {
    succeed(breaker, start);
    fail(breaker, start);
  }
  succeed(breaker, start);
  EXPECT_EQ(breaker.state(), State::closed) << "19 calls say nothing about the share";
  fail(breaker, start);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST(CircuitBreaker, StaysClosedWhenFewerThanHalfFail) {
  CircuitBreaker breaker;
  for (int i = 0; i < 1000; ++i) {
    succeed(breaker, start, 2);
    fail(breaker, start, 1);
  }
  EXPECT_EQ(breaker.state(), State::closed);
  EXPECT_EQ(breaker.counts(start).failed, 1000U);
  EXPECT_EQ(breaker.counts(start).ok, 2000U);
}

TEST(CircuitBreaker, IgnoresOutcomesOlderThanTenSeconds) {
  CircuitBreaker breaker;
  for (int i = 0; i < 9; ++i) {
    succeed(breaker, start);
    fail(breaker, start);
  }
  succeed(breaker, start + 11s);
  fail(breaker, start + 11s);
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST(CircuitBreaker, AcceptsSuccessesInBulk) {
  CircuitBreaker breaker;
  fail(breaker, start, 4);
  breaker.succeeded({breaker.generation()}, start, 1000);
  EXPECT_EQ(breaker.counts(start).ok, 1000U);
  fail(breaker, start + 2s, 4);
  EXPECT_EQ(breaker.state(), State::closed);
  breaker.succeeded({breaker.generation()}, start + 2s, 0);
  fail(breaker, start + 2s);
  EXPECT_EQ(breaker.state(), State::open) << "no success is no success";
}

TEST(CircuitBreaker, AdmitsFirstCallAsProbeAfterRecoveryTime) {
  CircuitBreaker breaker = opened();
  EXPECT_EQ(breaker.open_until(), start + 500ms);
  EXPECT_FALSE(breaker.admit(start + 500ms - 1ns).has_value());
  EXPECT_EQ(breaker.state(), State::open);
  EXPECT_TRUE(breaker.admit(start + 500ms).has_value());
  EXPECT_EQ(breaker.state(), State::half_open);
  EXPECT_EQ(breaker.probing(), 1U);
}

TEST(CircuitBreaker, LimitsConcurrentProbes) {
  CircuitBreaker breaker = opened();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(breaker.admit(start + 1s).has_value());
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(breaker.admit(start + 1h).has_value());
  EXPECT_EQ(breaker.probing(), 3U);
}

TEST(CircuitBreaker, ClosesAfterEnoughSuccessfulProbes) {
  CircuitBreaker breaker = opened();
  succeed(breaker, start + 1s, 2);
  EXPECT_EQ(breaker.state(), State::half_open);
  succeed(breaker, start + 1s);
  EXPECT_EQ(breaker.state(), State::closed);
  fail(breaker, start + 1s, 4);
  EXPECT_EQ(breaker.state(), State::closed) << "with nothing counted";
}

TEST(CircuitBreaker, ReopensWhenOneProbeFails) {
  CircuitBreaker breaker = opened();
  const auto first = breaker.admit(start + 1s).value();
  const auto second = breaker.admit(start + 1s).value();
  breaker.succeeded(first, start + 1s);
  breaker.failed(second, start + 1s, 0.0);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST(CircuitBreaker, AdmitsNextProbeWhenOneIsDropped) {
  CircuitBreaker breaker = opened();
  std::vector<Ticket> probes;
  for (int i = 0; i < 3; ++i) probes.push_back(breaker.admit(start + 1s).value());
  for (const Ticket probe : probes) breaker.dropped(probe);
  EXPECT_EQ(breaker.state(), State::half_open);
  EXPECT_EQ(breaker.probing(), 0U);
  succeed(breaker, start + 1s, 3);
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST(CircuitBreaker, IncreasesRecoveryTimeUntilClosed) {
  CircuitBreaker breaker;
  TimePoint now = start;
  std::vector<std::int64_t> longest;
  fail(breaker, now, 5, almost_one);
  for (int i = 0; i < 6; ++i) {
    longest.push_back((breaker.open_until() - now) / 1ms);
    now = breaker.open_until();
    fail(breaker, now, 1, almost_one);
  }
  EXPECT_EQ(longest, (std::vector<std::int64_t>{999, 1999, 3999, 4999, 4999, 4999}));
  now = breaker.open_until();
  succeed(breaker, now, 3);
  fail(breaker, now, 5, almost_one);
  EXPECT_EQ((breaker.open_until() - now) / 1ms, 999);
}

TEST(CircuitBreaker, HalfOpensWhenConnectionIsReady) {
  CircuitBreaker breaker = opened();
  breaker.connection_ready();
  EXPECT_EQ(breaker.state(), State::half_open);
  EXPECT_TRUE(breaker.admit(start).has_value());
}

TEST(CircuitBreaker, KeepsOtherStatesWhenConnectionIsReady) {
  CircuitBreaker breaker;
  breaker.connection_ready();
  EXPECT_EQ(breaker.state(), State::closed);
  breaker.force_open();
  breaker.connection_ready();
  EXPECT_EQ(breaker.state(), State::forced_open);
}

TEST(CircuitBreaker, IgnoresOutcomesOfEarlierState) {
  CircuitBreaker breaker;
  std::vector<Ticket> stragglers;
  for (int i = 0; i < 20; ++i) stragglers.push_back(breaker.admit(start).value());
  fail(breaker, start, 5);
  breaker.succeeded(stragglers[0], start);
  EXPECT_EQ(breaker.state(), State::open);
  const auto probe = breaker.admit(start + 1s);
  ASSERT_TRUE(probe.has_value());
  for (int i = 1; i < 4; ++i) breaker.succeeded(stragglers.at(static_cast<std::size_t>(i)), start + 1s);
  breaker.dropped(stragglers[4]);
  breaker.failed(stragglers[5], start + 1s, 0.0);
  EXPECT_EQ(breaker.state(), State::half_open);
  EXPECT_EQ(breaker.probing(), 1U);
  breaker.succeeded(*probe, start + 1s);
  succeed(breaker, start + 1s, 2);
  ASSERT_EQ(breaker.state(), State::closed);
  for (std::size_t i = 6; i < 20; ++i) breaker.failed(stragglers.at(i), start + 1s, 0.0);
  EXPECT_EQ(breaker.state(), State::closed);
  EXPECT_EQ(breaker.counts(start + 1s).calls(), 0U);
}

TEST(CircuitBreaker, CountsLostConnectionAsOneFailure) {
  CircuitBreaker breaker;
  for (int loss = 0; loss < 4; ++loss) {
    std::vector<Ticket> in_flight;
    for (int i = 0; i < 1000; ++i) in_flight.push_back(breaker.admit(start).value());
    breaker.failed(in_flight.back(), start, 0.0);
    in_flight.pop_back();
    for (const Ticket ticket : in_flight) breaker.dropped(ticket);
  }
  EXPECT_EQ(breaker.state(), State::closed);
  EXPECT_EQ(breaker.counts(start).failed, 4U);
}

TEST(CircuitBreaker, RefusesAllWhileForcedOpen) {
  CircuitBreaker breaker;
  const auto before = breaker.admit(start).value();
  breaker.force_open();
  EXPECT_EQ(breaker.state(), State::forced_open);
  EXPECT_FALSE(breaker.admit(start + 24h).has_value());
  breaker.succeeded(before, start);
  EXPECT_EQ(breaker.state(), State::forced_open);
  breaker.automatic();
  EXPECT_EQ(breaker.state(), State::closed);
  EXPECT_TRUE(breaker.admit(start).has_value());
}

TEST(CircuitBreaker, AdmitsAllWhileForcedClosed) {
  CircuitBreaker breaker = opened();
  breaker.force_closed();
  fail(breaker, start, 1000);
  EXPECT_EQ(breaker.state(), State::forced_closed);
  breaker.automatic();
  EXPECT_EQ(breaker.state(), State::closed);
  fail(breaker, start, 4);
  EXPECT_EQ(breaker.state(), State::closed) << "with nothing counted";
}

TEST(CircuitBreaker, EndsOnlyForcedStatesWhenSetToAutomatic) {
  CircuitBreaker breaker = opened();
  breaker.automatic();
  EXPECT_EQ(breaker.state(), State::open);
  breaker.connection_ready();
  breaker.automatic();
  EXPECT_EQ(breaker.state(), State::half_open);
}

TEST(CircuitBreaker, GivesEachStateItsGeneration) {
  CircuitBreaker breaker;
  const auto closed = breaker.generation();
  fail(breaker, start, 5);
  EXPECT_EQ(breaker.generation(), closed + 1);
  breaker.connection_ready();
  EXPECT_EQ(breaker.generation(), closed + 2);
  breaker.force_open();
  breaker.force_open();
  EXPECT_EQ(breaker.generation(), closed + 3) << "an unchanged state is no event";
}

TEST(CircuitBreaker, NamesItsStates) {
  EXPECT_EQ(to_string(State::closed), "closed");
  EXPECT_EQ(to_string(State::open), "open");
  EXPECT_EQ(to_string(State::half_open), "half_open");
  EXPECT_EQ(to_string(State::forced_open), "forced_open");
  EXPECT_EQ(to_string(State::forced_closed), "forced_closed");
}

}  // namespace
}  // namespace redstart
