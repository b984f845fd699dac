// SPDX-License-Identifier: Apache-2.0
// in_flight_test.cpp: order, sequence numbers and memory of the in-flight ring.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "protocol/in_flight.hpp"
#include "support/heap_watch.hpp"

namespace redstart::inline v0::protocol {
namespace {

using Ring = InFlight<int>;

TEST(InFlightTest, ReturnsEntriesInOrder) {
  Ring ring;
  int nodes[3] = {};
  for (int& node : nodes) ring.push({&node, 0, 0, 1, false});
  for (int& node : nodes) {
    EXPECT_EQ(ring.front().node, &node);
    ring.pop();
  }
  EXPECT_TRUE(ring.empty());
}

TEST(InFlightTest, FindsEntryBySequenceNumberAfterGrowth) {
  Ring ring;
  std::mt19937 random(1);
  std::uint64_t pushed = 0;
  for (int round = 0; round < 2000; ++round) {
    for (auto n = random() % 40; n != 0; --n) {
      const std::uint64_t sequence = ring.push({nullptr, pushed, 0, 1, false});
      EXPECT_NE(sequence, 0U);
      EXPECT_EQ(sequence, ++pushed);
    }
    for (auto n = random() % 40; n != 0 && !ring.empty(); --n) ring.pop();
    for (std::uint64_t sequence = ring.begin(); sequence != ring.end(); ++sequence)
      ASSERT_EQ(ring[sequence].end, sequence - 1);
  }
  EXPECT_GT(ring.capacity(), 64U);
}

TEST(InFlightTest, DoesNotAllocateInSteadyUse) {
  Ring ring;
  for (int i = 0; i < 8; ++i) ring.push({});
  const test::HeapWatch watch;
  for (int i = 0; i < 1000; ++i) {
    ring.pop();
    ring.push({});
  }
  EXPECT_EQ(watch.allocations(), 0U);
}

TEST(InFlightTest, FreesMemoryOnRequest) {
  Ring ring;
  for (int i = 0; i < 1000; ++i) ring.push({});
  EXPECT_EQ(ring.capacity(), 1024U);
  ring.clear();
  EXPECT_TRUE(ring.empty());
  ring.release();
  EXPECT_EQ(ring.capacity(), 0U);
  EXPECT_EQ(ring.push({}), 1001U) << "numbers go on";
}

}  // namespace
}  // namespace redstart::inline v0::protocol
