// SPDX-License-Identifier: Apache-2.0
// string_receiver_test.cpp: growth of a string while its payload arrives.
#include <redstart/resp/string_receiver.hpp>

#include "support/heap_watch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace redstart::inline v0::resp {
namespace {

std::string pattern(std::size_t size) {
  std::string text(size, 0);
  for (std::size_t i = 0; i != size; ++i) text[i] = static_cast<char>(i * 31 >> 3);
  return text;
}

TEST(StringReceiver, ReceivesEverySizeInPiecesOfAnySize) {
  for (const std::size_t size : {0U, 1U, 15U, 16U, 1000U, 131072U, 131073U, 1048576U, 5000000U}) {
    const std::string text = pattern(size);
    for (const std::size_t most : {1000U, 70000U, 10000000U}) {
      StringReceiver receiver(size);
      receiver.append(std::string_view(text).substr(0, 500));
      while (!receiver.complete()) {
        const auto room = receiver.prepare();
        ASSERT_FALSE(room.empty());
        ASSERT_LE(room.size(), receiver.missing());
        const std::size_t n = std::min(room.size(), most);
        std::memcpy(room.data(), text.data() + receiver.received(), n);
        receiver.commit(n);
      }
      EXPECT_TRUE(receiver.prepare().empty());
      EXPECT_EQ(std::move(receiver).take(), text) << size << " in pieces of " << most;
    }
  }
}

TEST(StringReceiver, AllocatesAtMostEightTimesReceivedBytes) {
  constexpr std::size_t size = std::size_t{64} << 20;
  StringReceiver receiver(size);
  const redstart::test::HeapWatch watch;
  while (!receiver.complete()) {
    const auto room = receiver.prepare();
    ASSERT_LE(watch.largest(), std::max(8 * receiver.received() + 16, std::size_t{128} * 1024 + 1));
    receiver.commit(std::min<std::size_t>(room.size(), 50000));
  }
  EXPECT_LE(watch.peak(), size + size / 8 + (std::size_t{1} << 16));
  EXPECT_LE(watch.allocations(), 5U);
}

TEST(StringReceiver, AllocatesLittleWhenPayloadStopsEarly) {
  const redstart::test::HeapWatch watch;
  StringReceiver receiver(std::size_t{512} << 20);
  receiver.append(std::string_view("abc"));
  EXPECT_LE(watch.peak(), std::size_t{140} << 10);
  EXPECT_EQ(std::move(receiver).take(), "abc");
}

}  // namespace
}  // namespace redstart::inline v0::resp
