// SPDX-License-Identifier: Apache-2.0
// handshake_gate_test.cpp: only so many enter at a time, and everybody gets in.
#include "net/handshake_gate.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace redstart::net {
namespace {

using namespace std::chrono_literals;

const auto far = Clock::now() + 1h;

TEST(HandshakeGate, LetsOnlySoManyInAndTheNextWhenOneLeaves) {
  HandshakeGate gate(2);
  auto first = std::make_unique<HandshakeGate::Pass>(gate.enter(far));
  const HandshakeGate::Pass second = gate.enter(far);
  EXPECT_TRUE(*first);
  EXPECT_TRUE(second);
  EXPECT_FALSE(gate.enter(Clock::now())) << "full, and no time to wait";
  first.reset();
  EXPECT_TRUE(gate.enter(Clock::now()));
}

TEST(HandshakeGate, AMovedPassLeavesOnce) {
  HandshakeGate gate(1);
  {
    HandshakeGate::Pass pass = gate.enter(far);
    const HandshakeGate::Pass moved = std::move(pass);
    EXPECT_FALSE(gate.enter(Clock::now()));
  }
  const HandshakeGate::Pass next = gate.enter(Clock::now());
  EXPECT_TRUE(next);
  EXPECT_FALSE(gate.enter(Clock::now()));
}

TEST(HandshakeGate, EverybodyGetsInAndNeverTooManyAtOnce) {
  HandshakeGate gate(3);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<int> entered{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const HandshakeGate::Pass pass = gate.enter(far);
        const int now = ++inside;
        int before = most.load();
        while (before < now && !most.compare_exchange_weak(before, now)) {
        }
        ++entered;
        --inside;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(entered, 3200);
  EXPECT_LE(most, 3);
}

}  // namespace
}  // namespace redstart::net
