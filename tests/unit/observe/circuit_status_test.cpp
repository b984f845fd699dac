// SPDX-License-Identifier: Apache-2.0
// circuit_status_test.cpp: text form of a circuit breaker state.
#include <redstart/observe/circuit_status.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace redstart {
namespace {

using namespace std::chrono_literals;

TEST(CircuitStatus, ReportsBeginEndAndReason) {
  EXPECT_EQ(to_string(CircuitStatus{BreakerState::closed, 1500ms, {}, "no complete reply"}),
            "closed since 1500 ms");
  EXPECT_EQ(to_string(CircuitStatus{BreakerState::open, 1200ms, 800ms, "no complete reply"}),
            "open since 1200 ms (last failure: no complete reply); probes may pass in 800 ms at the latest");
  EXPECT_EQ(to_string(CircuitStatus{BreakerState::half_open, 1ms, {}, {}}),
            "half_open since 1 ms; its probes are under way");
  EXPECT_EQ(to_string(CircuitStatus{BreakerState::forced_open, 60s, {}, "no complete reply"}),
            "forced_open since 60000 ms");
}

}  // namespace
}  // namespace redstart
