// SPDX-License-Identifier: Apache-2.0
// flight_test.cpp: counts and times of what is in flight on a link.
#include "protocol/flight.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include "support/scripted_admission.hpp"
#include "support/scripted_operation.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

class FlightTest : public ::testing::Test {
 protected:
  ~FlightTest() override { node.destroy(); }

  LiveSettings settings{DatabaseConfig{}};
  protocol::LinkStatus status{};
  ScriptedAdmission admission{};
  protocol::LinkContext context{settings, false,      protocol::LinkKind::shared, 5s,
                                status,   &admission, admission.origin()};
  protocol::Flight flight{context};
  ScriptedOperation& node = ScriptedOperation::batch({{"GET", "a"}});
};

TEST_F(FlightTest, CountsOperationsButNeitherFencesNorPings) {
  flight.push({&node, 10, 0, 1, false});
  flight.push({nullptr, 20, 77, 1, false});
  flight.push({nullptr, 30, 0, 1, false});
  EXPECT_EQ(flight.operations(), 1U);
  EXPECT_EQ(flight.blocking(), 0U);
  flight.pop();
  EXPECT_EQ(flight.operations(), 0U);
  EXPECT_FALSE(flight.empty());
  flight.pop();
  flight.pop();
  EXPECT_TRUE(flight.empty());
}

TEST_F(FlightTest, CountsBlockingCommandsUntilTheyAreAnswered) {
  flight.push({&node, 10, 0, 1, true});
  flight.push({&node, 20, 0, 1, false});
  flight.push({&node, 30, 0, 1, true});
  EXPECT_EQ(flight.blocking(), 2U);
  flight.pop();
  EXPECT_EQ(flight.blocking(), 1U);
  flight.pop();
  EXPECT_EQ(flight.blocking(), 1U);
  flight.pop();
  EXPECT_EQ(flight.blocking(), 0U);
}

TEST_F(FlightTest, HeadIsOldestSincePreviousOneEnded) {
  context.now += 1s;
  flight.push({&node, 10, 0, 1, false});
  flight.head_since(context.now);
  const TimePoint first = context.now;
  EXPECT_EQ(flight.head_since(), first);
  context.now += 1s;
  flight.push({&node, 20, 0, 1, false});
  EXPECT_EQ(flight.head_since(), first) << "a second operation does not extend the silence of the first one";
  context.now += 1s;
  flight.pop();
  EXPECT_EQ(flight.head_since(), context.now);
}

TEST_F(FlightTest, GivenUpOperationLeavesTombstone) {
  const std::uint64_t first = flight.push({&node, 10, 0, 1, true});
  flight.push({&node, 20, 0, 1, false});
  flight.leave_tombstone(first);
  EXPECT_EQ(flight.operations(), 1U);
  EXPECT_EQ(flight.blocking(), 1U) << "the server still blocks";
  EXPECT_EQ(status.given_up(), 1U);
  EXPECT_EQ(flight.front().node, nullptr);
  flight.tombstone_ended();
  flight.pop();
  EXPECT_EQ(status.given_up(), 0U);
  EXPECT_EQ(flight.operations(), 1U);
  EXPECT_EQ(flight.blocking(), 0U);
}

TEST_F(FlightTest, ClearForgetsEverything) {
  const std::uint64_t first = flight.push({&node, 10, 0, 1, true});
  flight.push({&node, 20, 0, 2, false});
  flight.leave_tombstone(first);
  flight.clear();
  EXPECT_TRUE(flight.empty());
  EXPECT_EQ(flight.operations(), 0U);
  EXPECT_EQ(flight.blocking(), 0U);
  EXPECT_EQ(status.given_up(), 0U);
}

TEST_F(FlightTest, ReleaseKeepsWhatIsInFlight) {
  const std::uint64_t first = flight.push({&node, 10, 0, 1, false});
  flight.release();
  EXPECT_EQ(flight[first].node, &node);
  flight.pop();
  flight.release();
  const std::uint64_t next = flight.push({&node, 20, 0, 1, false});
  EXPECT_EQ(next, first + 1) << "sequence numbers are not used again";
}

}  // namespace
}  // namespace redstart::test
