// SPDX-License-Identifier: Apache-2.0
// buffer_test.cpp: growth, moves and memory of Buffer.
#include <redstart/resp/buffer.hpp>

#include "support/heap_watch.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace redstart::inline v0::resp {
namespace {

TEST(Buffer, DoesNotAllocateWithinInlineCapacity) {
  const redstart::test::HeapWatch watch;
  Buffer buffer;
  for (std::size_t i = 0; i != Buffer::inline_capacity; ++i) buffer.append("x");
  EXPECT_EQ(watch.allocations(), 0U);
  buffer.append("y");
  EXPECT_EQ(watch.allocations(), 1U);
  EXPECT_EQ(buffer.size(), Buffer::inline_capacity + 1);
}

TEST(Buffer, KeepsContentsWhenGrowingGeometrically) {
  Buffer buffer;
  std::string expected;
  const redstart::test::HeapWatch watch;
  std::size_t allocations = 0;
  for (int i = 0; i != 20000; ++i) {
    buffer.append("0123456789");
    allocations = watch.allocations();
  }
  EXPECT_LT(allocations, 15U);
  for (int i = 0; i != 20000; ++i) expected += "0123456789";
  EXPECT_EQ(buffer.view(), expected);
  EXPECT_GE(buffer.capacity(), buffer.size());
}

TEST(Buffer, MovesInlineAndHeapContents) {
  for (const std::size_t size : {10U, 1000U}) {
    Buffer from;
    from.append(std::string(size, 'a'));
    Buffer to(std::move(from));
    EXPECT_EQ(to.view(), std::string(size, 'a'));
    EXPECT_TRUE(from.empty());
    from.append("again");
    to.append("b");
    Buffer assigned;
    assigned.append(std::string(500, 'z'));
    assigned = std::move(to);
    EXPECT_EQ(assigned.view(), std::string(size, 'a') + "b");
    EXPECT_EQ(from.view(), "again");
    Buffer& self = assigned;
    assigned = std::move(self);
    EXPECT_EQ(assigned.size(), size + 1);
  }
}

TEST(Buffer, RemovesBytesAtBothEnds) {
  Buffer buffer;
  buffer.append("abcdef");
  buffer.discard(2);
  EXPECT_EQ(buffer.view(), "cdef");
  buffer.truncate(3);
  EXPECT_EQ(buffer.view(), "cde");
  buffer.discard(3);
  EXPECT_TRUE(buffer.empty());
}

TEST(Buffer, FreesHeapMemoryOnRelease) {
  Buffer buffer;
  buffer.append(std::string(5000, 'a'));
  buffer.clear();
  EXPECT_GE(buffer.capacity(), 5000U) << "clear keeps it";
  buffer.release();
  EXPECT_EQ(buffer.capacity(), Buffer::inline_capacity);
  buffer.append("still usable");
  EXPECT_EQ(buffer.view(), "still usable");
}

TEST(Buffer, ThrowsBadAllocForImpossibleSizes) {
  Buffer buffer;
  buffer.append("kept");
  EXPECT_THROW(buffer.extend(static_cast<std::size_t>(-1)), std::bad_alloc);
  EXPECT_EQ(buffer.view(), "kept");
}

}  // namespace
}  // namespace redstart::inline v0::resp
