// SPDX-License-Identifier: Apache-2.0
// timing_wheel_test.cpp: deadlines from a millisecond to years, compared with a list.
#include "protocol/timing_wheel.hpp"

#include <gtest/gtest.h>

#include <boost/intrusive/list_hook.hpp>
#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

namespace redstart::inline v0::protocol {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Node {
  Clock::time_point deadline{};
  boost::intrusive::list_member_hook<> hook{};
};
using Wheel = TimingWheel<Node, &Node::hook, &Node::deadline>;

constexpr auto tick = std::chrono::nanoseconds(1 << 20);

class TimingWheelTest : public ::testing::Test {
 protected:
  std::size_t expire_until(Clock::time_point time) {
    std::size_t n = 0;
    now = time;
    wheel.advance(now, [&n](Node&) { ++n; });
    return n;
  }

  Wheel wheel{};
  Clock::time_point now{std::chrono::hours(1000)};
};

TEST_F(TimingWheelTest, ExpiresNothingWhenEmpty) {
  EXPECT_TRUE(wheel.empty());
  EXPECT_EQ(wheel.next(), Clock::time_point::max());
  EXPECT_EQ(expire_until(now + 1h), 0U);
}

TEST_F(TimingWheelTest, ExpiresNeverEarlyAndAtMostTwoTicksLate) {
  for (const auto distance : {0ns, 1ns, 999'999ns, 1'000'000ns, 1'048'576ns, 8'388'608ns, 77'000'000ns,
                              5'000'000'000ns, 3'600'000'000'000ns, 31'536'000'000'000'000ns}) {
    Node node;
    node.deadline = now + distance;
    wheel.insert(node, now);
    EXPECT_EQ(expire_until(node.deadline), 0U) << distance.count();
    EXPECT_LE(Wheel::expiry(node.deadline), node.deadline + tick);
    EXPECT_EQ(expire_until(now + 2 * tick), 1U) << distance.count();
    EXPECT_TRUE(wheel.empty());
  }
}

TEST_F(TimingWheelTest, ReachesEachDeadlineInFewWakeups) {
  for (const auto distance : {1ms, 20ms, 500ms, 5000ms, 60'000ms, 3'600'000ms}) {
    Node node;
    node.deadline = now + distance;
    wheel.insert(node, now);
    int steps = 0;
    while (!wheel.empty()) {
      const auto next = wheel.next();
      ASSERT_GT(next, now);
      const std::size_t expired = expire_until(next);
      EXPECT_EQ(expired, wheel.empty() ? 1U : 0U);
      ASSERT_LT(++steps, 60) << distance.count();
    }
    EXPECT_GE(now, node.deadline);
    EXPECT_LE(now, node.deadline + 2 * tick);
  }
}

TEST_F(TimingWheelTest, DoesNotExpireErasedNodes) {
  Node kept;
  Node erased;
  kept.deadline = erased.deadline = now + 30ms;
  wheel.insert(kept, now);
  wheel.insert(erased, now);
  wheel.erase(erased);
  EXPECT_EQ(wheel.size(), 1U);
  EXPECT_EQ(expire_until(now + 1s), 1U);
}

TEST_F(TimingWheelTest, AllowsEraseWhileNeighbourExpires) {
  Node nodes[3];
  for (Node& node : nodes) {
    node.deadline = now + 30ms;
    wheel.insert(node, now);
  }
  std::size_t n = 0;
  wheel.advance(now + 1s, [&](Node& node) {
    ++n;
    if (&node == &nodes[0]) wheel.erase(nodes[1]);
  });
  EXPECT_EQ(n, 2U);
  EXPECT_TRUE(wheel.empty());
}

TEST_F(TimingWheelTest, ContinuesAtPresentAfterLongRest) {
  Node node;
  node.deadline = now + 5s;
  wheel.insert(node, now);
  wheel.erase(node);
  now += 24h;
  node.deadline = now + 10ms;
  wheel.insert(node, now);
  EXPECT_GT(wheel.next(), now);
  EXPECT_EQ(expire_until(node.deadline + 2 * tick), 1U);
}

// Random insertions, removals and time steps. Each expiry is compared with the deadline of the node.
TEST_F(TimingWheelTest, MatchesPlainListOfDeadlines) {
  std::mt19937_64 random(20'26);
  const auto below = [&random](std::uint64_t limit) { return random() % limit; };
  struct Entry {
    Node node{};
    bool inside = false;
  };
  std::vector<Entry> entries(300);
  std::size_t expired = 0;
  for (int step = 0; step < 200'000; ++step) {
    Entry& entry = entries[below(entries.size())];
    if (!entry.inside) {
      entry.node.deadline = now + std::chrono::nanoseconds(below(std::uint64_t{1} << below(46)));
      wheel.insert(entry.node, now);
      entry.inside = true;
    } else if (below(2) == 0) {
      wheel.erase(entry.node);
      entry.inside = false;
    }
    if (below(3) != 0) continue;
    const auto next = wheel.next();
    const bool to_next = below(50) == 0 && next != Clock::time_point::max();
    now =
        to_next ? std::max(now, next) : now + std::chrono::nanoseconds(below(std::uint64_t{1} << below(34)));
    wheel.advance(now, [&](Node& node) {
      ++expired;
      ASSERT_LT(node.deadline, now) << "early";
      for (Entry& one : entries)
        if (&one.node == &node) one.inside = false;
    });
    if (step % 64 != 0) continue;
    const auto bound = wheel.next();
    std::size_t inside = 0;
    for (const Entry& one : entries) {
      inside += one.inside ? 1U : 0U;
      if (!one.inside) continue;
      ASSERT_GT(one.node.deadline + 2 * tick, now) << "late";
      ASSERT_GE(Wheel::expiry(one.node.deadline) + tick, bound) << "the bound is too high";
    }
    ASSERT_EQ(inside, wheel.size());
  }
  EXPECT_GT(expired, 10'000U);
  for (Entry& entry : entries)
    if (entry.inside) wheel.erase(entry.node);
  EXPECT_TRUE(wheel.empty());
}

}  // namespace
}  // namespace redstart::inline v0::protocol
