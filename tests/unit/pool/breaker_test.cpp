// SPDX-License-Identifier: Apache-2.0
// breaker_test.cpp: the common circuit breaker of all callers of a database.
#include "pool/breaker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace redstart::inline v0::pool {
namespace {

using namespace std::chrono_literals;

class SharedBreaker : public ::testing::Test {
 protected:
  SharedBreaker() {
    breaker.on_change([this](const Breaker::Change& change) {
      const std::scoped_lock lock(mutex);
      if (change.from == change.to)
        ++rooms;
      else
        changes.push_back(std::string(to_string(change.to)) + ": " + change.why);
    });
  }
  void fail(unsigned times) {
    for (unsigned i = 0; i < times; ++i) breaker.failed(breaker.admit(now), now, "no answer");
  }

  OperationCounters counters{};
  BreakerPolicy policy{};
  Breaker breaker{policy, counters};
  TimePoint now = TimePoint{} + 1h;
  std::mutex mutex{};
  std::vector<std::string> changes{};
  int rooms = 0;
};

TEST_F(SharedBreaker, OpensAfterConsecutiveFailuresAndReportsReason) {
  fail(4);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  fail(1);
  EXPECT_EQ(breaker.state(), BreakerState::open);
  EXPECT_EQ(changes, std::vector<std::string>{"open: no answer"});
  EXPECT_EQ(breaker.admit(now), 0U);
  EXPECT_TRUE(breaker.refuses(now));
  EXPECT_EQ(breaker.status().why, "no answer");
  EXPECT_GT(breaker.status().next_probe, now);
}

TEST_F(SharedBreaker, RestartsCountAfterSuccessesInStatistics) {
  for (int i = 0; i < 20; ++i) {
    fail(4);
    counters.answered(0, 20, 1, 1ms);
  }
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

TEST_F(SharedBreaker, OpensSoonAfterLongHealthyPast) {
  for (int second = 0; second < 60; ++second, now += 1s) {
    counters.answered(0, 1000, 0, 1ms);
    breaker.tick(now);
  }
  now += 10s;
  for (int i = 0; i < 20; ++i) {  // half of the calls in these seconds fail
    fail(1);
    counters.answered(0, 1, 0, 1ms);
  }
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

// A connection that has answered a thousand commands and then stopped answering.
class StuckConnection : public SharedBreaker {
 protected:
  StuckConnection() {
    breaker.tick(now);
    breaker.note_answers(silence, now, 1000);
    counters.answered(0, 1000, 0, 1ms);
  }
  void others_answer(std::uint64_t commands) { counters.answered(1, commands, 0, 1ms); }
  void late(bool behind = true) { breaker.failed(breaker.admit(now), now, "no answer", silence, behind); }

  Breaker::Silence silence{};
};

TEST_F(StuckConnection, CountsConcurrentTimeoutsOnceWhenOthersReply) {
  now += 100ms;
  others_answer(3);
  late(false);
  for (int i = 0; i < 100; ++i) late();
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

TEST_F(StuckConnection, CountsNoFailureWhileOthersReply) {
  now += 100ms;
  others_answer(1);
  late(false);
  for (int i = 0; i < 500; ++i) {
    now += 10ms;
    if (i % 50 == 0) others_answer(1);
    breaker.tick(now);
    late();
  }
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

TEST_F(StuckConnection, OpensBreakerAfterFiveTimeoutsWhenAlone) {
  now += 5s;
  late(false);
  for (int i = 0; i < 4; ++i) late();
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

TEST_F(StuckConnection, OpensBreakerAfterFiveTimeoutsWhenOthersAreSilent) {
  others_answer(1000);
  now += 5s;
  late(false);
  for (int i = 0; i < 4; ++i) late();
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

TEST_F(StuckConnection, CountsFailuresAfterOneSecondOfSilence) {
  now += 1s;
  others_answer(1);
  breaker.tick(now);
  for (int i = 0; i < 20; ++i) late(i != 0);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  now += 3s;
  for (int i = 0; i < 5; ++i) late();
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

TEST_F(StuckConnection, ReleasesProbeWhenOthersReply) {
  now += 5s;
  fail(5);
  ASSERT_EQ(breaker.state(), BreakerState::open);
  now = breaker.status().next_probe;
  const Breaker::Ticket probe = breaker.admit(now);
  ASSERT_TRUE(Breaker::is_probe(probe));
  breaker.tick(now);
  others_answer(1);
  breaker.failed(probe, now, "no answer", silence, true);
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
}

// The statistics are not read while all callers wait, so replies from before the freeze are read late.
TEST_F(SharedBreaker, IgnoresRepliesFromBeforeFreeze) {
  breaker.tick(now);
  counters.answered(0, 100'000, 0, 1ms);
  now += 5s;
  fail(5);
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

TEST_F(SharedBreaker, AdmitsProbesAfterRecoveryTimeAndCloses) {
  fail(5);
  now = breaker.status().next_probe;
  EXPECT_FALSE(breaker.refuses(now));
  std::vector<Breaker::Ticket> probes;
  for (unsigned i = 0; i < policy.probes; ++i) probes.push_back(breaker.admit(now));
  for (const Breaker::Ticket probe : probes) EXPECT_TRUE(Breaker::is_probe(probe));
  EXPECT_EQ(breaker.admit(now), 0U) << "no more at once";
  for (const Breaker::Ticket probe : probes) breaker.succeeded(probe, now);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  EXPECT_NE(breaker.common_ticket(), 0U);
}

TEST_F(SharedBreaker, Fault77ReleasesAndReportsAbandonedProbe) {
  fail(5);
  breaker.connection_ready();
  ASSERT_EQ(breaker.state(), BreakerState::half_open);
  for (unsigned i = 1; i < policy.probes; ++i) static_cast<void>(breaker.admit(now));
  {
    const Admission admission(breaker, breaker.admit(now));
    ASSERT_TRUE(admission);
    EXPECT_EQ(breaker.admit(now), 0U);
  }
  EXPECT_EQ(rooms, 1);
  EXPECT_TRUE(Breaker::is_probe(breaker.admit(now)));
}

TEST_F(SharedBreaker, RefusesBlockingCommandAsProbe) {
  fail(5);
  breaker.connection_ready();
  EXPECT_EQ(breaker.admit(now, false), 0U);
  EXPECT_TRUE(Breaker::is_probe(breaker.admit(now)));
}

TEST_F(SharedBreaker, IgnoresStragglers) {
  const Breaker::Ticket old = breaker.admit(now);
  fail(5);
  breaker.connection_ready();
  breaker.failed(old, now, "late");
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
  EXPECT_EQ(breaker.status().why, "no answer");
}

TEST_F(SharedBreaker, CanBeForcedAndReleased) {
  breaker.force_open();
  EXPECT_EQ(breaker.admit(now + 24h), 0U);
  breaker.connection_ready();
  EXPECT_EQ(breaker.state(), BreakerState::forced_open);
  breaker.force_closed();
  fail(100);
  EXPECT_EQ(breaker.state(), BreakerState::forced_closed);
  breaker.automatic();
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  EXPECT_EQ(breaker.status().changes, 3U);
}

TEST_F(SharedBreaker, LimitsProbesOfManyThreads) {
  const TimePoint start = now;
  std::atomic<unsigned> inside{0};
  std::atomic<unsigned> most{0};
  fail(5);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        breaker.connection_ready();
        const Breaker::Ticket ticket = breaker.admit(start);
        if (Breaker::is_probe(ticket)) {
          const unsigned here = ++inside;
          unsigned seen = most.load();
          while (seen < here && !most.compare_exchange_weak(seen, here)) {
          }
          --inside;
          breaker.dropped(ticket);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(most.load(), 1U);
  EXPECT_LE(most.load(), policy.probes);
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
}

}  // namespace
}  // namespace redstart::inline v0::pool
