// SPDX-License-Identifier: Apache-2.0
// lost_replies_test.cpp: fault 117: the breaker while a server loses some replies.
#include "resilience/circuit_breaker.hpp"

#include <redstart/resilience/random.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace redstart {
namespace {

using namespace std::chrono_literals;
using Ticket = CircuitBreaker::Ticket;

struct LossyRun {
  std::uint64_t changes = 0;  // of the breaker's state
  int answered = 0;
  int timed_out = 0;
  int refused = 0;
};

// Simulates synchronous callers for ten seconds, while the server loses the share `lost` of its replies.
LossyRun run(double lost, std::chrono::milliseconds timeout, int callers, TimePoint::duration offset = 0s) {
  struct Call {
    TimePoint end{};
    std::optional<Ticket> ticket{};  // empty: refused
    bool answered = false;
  };
  constexpr auto latency = 100us;
  constexpr auto pause_of_refused = 1ms;
  LossyRun result;
  CircuitBreaker breaker;
  Random random(15);
  const auto begin = [&](TimePoint now) {
    Call call;
    call.ticket = breaker.admit(now);
    call.answered = random.unit() >= lost;
    call.end = now + (!call.ticket    ? TimePoint::duration(pause_of_refused)
                      : call.answered ? TimePoint::duration(latency)
                                      : TimePoint::duration(timeout));
    return call;
  };
  const TimePoint start = TimePoint{} + 1h + offset;
  std::vector<Call> calls;
  for (int i = 0; i < callers; ++i) calls.push_back(begin(start + i * 10us));
  for (;;) {
    Call& next = *std::min_element(calls.begin(), calls.end(),
                                   [](const Call& a, const Call& b) { return a.end < b.end; });
    const TimePoint now = next.end;
    if (now >= start + 10s) break;
    if (!next.ticket) {
      ++result.refused;
    } else if (next.answered) {
      ++result.answered;
      breaker.succeeded(*next.ticket, now);
    } else {
      ++result.timed_out;
      breaker.failed(*next.ticket, now, random.unit());
    }
    next = begin(now);
  }
  result.changes = breaker.generation();
  return result;
}

// All eight callers soon wait for a lost reply, so eight failures follow each other each time. About 19 calls
// are answered between them. The rule "five in a row" alone, with a timeout of 200 ms, measured 9 changes in
// 10 s and 42,147 refused calls.
TEST(Fault117, BreakerStaysClosedWhenThirtyPercentOfRepliesAreLost) {
  for (const auto timeout : {20ms, 100ms, 200ms, 500ms, 1000ms}) {
    for (const auto offset : {0ms, 300ms, 600ms, 950ms}) {
      const LossyRun lossy = run(0.3, timeout, 8, offset);
      EXPECT_EQ(lossy.changes, 0U) << timeout.count() << " ms";
      EXPECT_EQ(lossy.refused, 0) << timeout.count() << " ms";
      const double passed = lossy.answered / static_cast<double>(lossy.answered + lossy.timed_out);
      EXPECT_NEAR(passed, 0.7, 0.15) << timeout.count() << " ms";
    }
  }
}

TEST(Fault117, BreakerOpensWhenMostRepliesAreLost) {
  for (const auto timeout : {20ms, 200ms, 1000ms}) {
    const LossyRun lossy = run(0.8, timeout, 8);
    EXPECT_GE(lossy.changes, 1U) << timeout.count() << " ms";
    EXPECT_GT(lossy.refused, 1000) << timeout.count() << " ms";
  }
}

}  // namespace
}  // namespace redstart
