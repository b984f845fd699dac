// SPDX-License-Identifier: Apache-2.0
// reply_buffer_test.cpp: contents and growth of ReplyBuffer.
#include <redstart/engine/reply_buffer.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::inline v0::engine {
namespace {

void put(ReplyBuffer& buffer, std::string_view bytes) {
  buffer.reserve(bytes.size());
  std::memcpy(buffer.end(), bytes.data(), bytes.size());
  buffer.commit(bytes.size());
}

TEST(ReplyBuffer, StartsInBorrowedMemory) {
  char lent[16];
  ReplyBuffer buffer(lent, sizeof lent);
  EXPECT_EQ(buffer.space(), 16U);
  put(buffer, "0123456789");
  EXPECT_EQ(buffer.view().data(), lent);
  EXPECT_EQ(buffer.view(), "0123456789");
  put(buffer, "abcdef");
  EXPECT_EQ(buffer.space(), 0U);
  EXPECT_EQ(buffer.view().data(), lent) << "full, but not too small";
}

TEST(ReplyBuffer, MovesToHeapWhenBorrowedMemoryIsFull) {
  char lent[4];
  ReplyBuffer buffer(lent, sizeof lent);
  put(buffer, "0123");
  put(buffer, "4");
  EXPECT_NE(buffer.view().data(), lent);
  EXPECT_EQ(buffer.view(), "01234");
  EXPECT_GE(buffer.space(), 1000U) << "then it grows in steps that are worth it";
}

TEST(ReplyBuffer, GrowsToRequestedRoomAndAtLeastDoubles) {
  ReplyBuffer buffer;
  EXPECT_EQ(buffer.space(), 0U);
  for (const std::size_t wanted :
       {std::size_t{1}, std::size_t{5000}, std::size_t{1} << 20, (std::size_t{1} << 22) + 1}) {
    const std::size_t before = buffer.size() + buffer.space();
    buffer.reserve(wanted);
    ASSERT_GE(buffer.space(), wanted);
    ASSERT_GE(buffer.size() + buffer.space(), before * 2);
    put(buffer, std::string(wanted, 'x'));
  }
}

TEST(ReplyBuffer, DiscardsFromFront) {
  char lent[8];
  ReplyBuffer buffer(lent, sizeof lent);
  put(buffer, "01234567");
  buffer.discard(0);
  EXPECT_EQ(buffer.view(), "01234567");
  buffer.discard(3);
  EXPECT_EQ(buffer.view(), "34567");
  EXPECT_EQ(buffer.space(), 3U);
  buffer.discard(5);
  EXPECT_EQ(buffer.view(), "");
  EXPECT_EQ(buffer.space(), 8U);
}

TEST(ReplyBuffer, IsEmptyAfterMove) {
  ReplyBuffer first;
  put(first, "bytes");
  ReplyBuffer second(std::move(first));
  EXPECT_EQ(second.view(), "bytes");
  ReplyBuffer third;
  put(third, "others");
  third = std::move(second);
  EXPECT_EQ(third.view(), "bytes");
}

TEST(ReplyBuffer, MatchesStringInRandomSequences) {
  std::mt19937 random(7);
  char lent[64];
  ReplyBuffer buffer(lent, sizeof lent);
  std::string model;
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 3 != 0) {
      const std::string bytes(random() % 200, static_cast<char>('a' + step % 26));
      put(buffer, bytes);
      model += bytes;
    } else {
      const std::size_t n = model.empty() ? 0 : random() % (model.size() + 1);
      buffer.discard(n);
      model.erase(0, n);
    }
    ASSERT_EQ(buffer.view(), model);
  }
}

}  // namespace
}  // namespace redstart::inline v0::engine
