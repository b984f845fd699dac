// SPDX-License-Identifier: Apache-2.0
// handshake_gate_test.cpp: limits and fairness of handshake permits.
#include "net/handshake_gate.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace redstart::inline v0::net {
namespace {

using namespace std::chrono_literals;

const auto far = Clock::now() + 1h;

TEST(HandshakeGate, LimitsPermitsAndGrantsNextOnRelease) {
  HandshakeGate gate(4, 1h);
  auto first = std::make_unique<HandshakeGate::Pass>(gate.enter("a", far));
  const HandshakeGate::Pass second = gate.enter("a", far);
  EXPECT_TRUE(*first);
  EXPECT_TRUE(second);
  EXPECT_FALSE(gate.enter("a", Clock::now())) << "a full gate must refuse without time to wait";
  first.reset();
  EXPECT_TRUE(gate.enter("a", Clock::now()));
}

TEST(HandshakeGate, ReleasesMovedPermitOnce) {
  HandshakeGate gate(1, 1h);
  {
    HandshakeGate::Pass pass = gate.enter("a", far);
    const HandshakeGate::Pass moved = std::move(pass);
    EXPECT_FALSE(gate.enter("a", Clock::now()));
  }
  const HandshakeGate::Pass next = gate.enter("a", Clock::now());
  EXPECT_TRUE(next);
  EXPECT_FALSE(gate.enter("a", Clock::now()));
}

TEST(HandshakeGate, GrantsAllNeverAboveLimit) {
  HandshakeGate gate(6, 1h);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<int> entered{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const HandshakeGate::Pass pass = gate.enter("a", far);
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

// A gate with a clock that the test moves.
class Gate : public ::testing::Test {
 protected:
  // A permit that waits until it is granted.
  struct Waiter {
    HandshakeGate::WaiterId id = 0;
    std::optional<HandshakeGate::Pass> pass{};
  };
  HandshakeGate::Pass enter(const std::string& server) {
    HandshakeGate::WaiterId none = 0;
    return gate.enter(
        server, now, [](HandshakeGate::Pass) { ADD_FAILURE() << "waited"; }, none);
  }
  std::shared_ptr<Waiter> wait(const std::string& server) {
    auto waiter = std::make_shared<Waiter>();
    EXPECT_FALSE(gate.enter(
        server, now, [waiter](HandshakeGate::Pass pass) { waiter->pass.emplace(std::move(pass)); },
        waiter->id));
    return waiter;
  }

  HandshakeGate gate{4};
  TimePoint now = Clock::now();
};

TEST_F(Gate, GrantsHalfOfPermitsToOneServer) {
  const auto first = enter("a");
  const auto second = enter("a");
  const auto third = wait("a");
  const auto other = enter("b");
  EXPECT_TRUE(other) << "a free permit must be granted at once";
  EXPECT_FALSE(third->pass);
}

TEST_F(Gate, ReclaimsPermitsAfterSilenceWhenOthersWait) {
  auto first = enter("a");
  auto second = enter("a");
  const auto third = wait("a");
  gate.expire(now + HandshakeGate::default_patience - 1ms);
  EXPECT_FALSE(third->pass);
  second.received(now + HandshakeGate::default_patience - 1ms);
  gate.expire(now + HandshakeGate::default_patience);
  EXPECT_TRUE(third->pass.has_value());
  first.leave();  // it no longer holds a permit
  const auto fourth = wait("a");
  second.leave();
  EXPECT_TRUE(fourth->pass.has_value());
}

TEST_F(Gate, KeepsPermitsOfSlowServerWhenNoneWait) {
  const auto first = enter("a");
  const auto second = enter("a");
  now += 1h;
  const auto third = enter("b");
  const auto fourth = enter("b");
  EXPECT_TRUE(third && fourth) << "all four must hold permits";
}

TEST_F(Gate, PrefersServerWithFewestPermits) {
  auto one = enter("a");
  auto two = enter("a");
  auto three = enter("b");
  auto four = enter("b");
  const auto behind = wait("a");
  const auto last = wait("c");
  one.leave();
  EXPECT_TRUE(last->pass.has_value());
  EXPECT_FALSE(behind->pass.has_value());
  three.leave();
  EXPECT_TRUE(behind->pass.has_value());
}

TEST_F(Gate, SkipsCancelledWaiters) {
  auto one = enter("a");
  auto two = enter("a");
  const auto gone = wait("a");
  const auto next = wait("a");
  gate.cancel(gone->id);
  one.leave();
  EXPECT_FALSE(gone->pass.has_value());
  EXPECT_TRUE(next->pass.has_value());
}

}  // namespace
}  // namespace redstart::inline v0::net
