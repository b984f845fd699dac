// SPDX-License-Identifier: Apache-2.0
// fences_test.cpp: numbers of fences, and the order of held replies.
#include "protocol/fences.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace redstart::test {
namespace {

using protocol::Fences;
using Held = Fences::Held;

Held at(std::size_t begin, std::size_t end) { return {begin, end, resp::Type::simple}; }

std::string written_by(Fences& fences, std::uint64_t& number) {
  std::string bytes(Fences::size, '?');
  number = fences.write(bytes.data());
  return bytes;
}

TEST(FencesTest, WritesEchoOfAscendingNumbers) {
  Fences fences(0xabcdef);
  std::uint64_t number = 0;
  EXPECT_EQ(written_by(fences, number), "*2\r\n$4\r\nECHO\r\n$16\r\n0000000000abcdf0\r\n");
  EXPECT_EQ(number, 0xabcdf0U);
  EXPECT_EQ(written_by(fences, number), "*2\r\n$4\r\nECHO\r\n$16\r\n0000000000abcdf1\r\n");
  EXPECT_EQ(number, 0xabcdf1U);
}

TEST(FencesTest, SkipsZeroWhichMarksOtherEntries) {
  Fences fences(std::numeric_limits<std::uint64_t>::max());
  std::uint64_t number = 0;
  EXPECT_EQ(written_by(fences, number), "*2\r\n$4\r\nECHO\r\n$16\r\n0000000000000001\r\n");
  EXPECT_EQ(number, 1U);
}

TEST(FencesTest, IsProvenByItsExactReplyAlone) {
  const std::string reply = "$16\r\n0123456789abcdef\r\n";
  constexpr std::uint64_t number = 0x0123456789abcdef;
  EXPECT_TRUE(Fences::proves(reply, number));
  EXPECT_FALSE(Fences::proves(reply, number + 1));
  for (std::size_t i = 0; i != 21; ++i) {
    std::string other = reply;
    other[i] = other[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(Fences::proves(other, number)) << i;
  }
  for (std::size_t size = 0; size != reply.size(); ++size)
    EXPECT_FALSE(Fences::proves(std::string_view(reply).substr(0, size), number)) << size;
  EXPECT_FALSE(Fences::proves(reply + "\n", number));
  EXPECT_FALSE(Fences::proves("$16\r\n0123456789ABCDEF\r\n", number));
  EXPECT_FALSE(Fences::proves("-ERR 0123456789abcdefg\r\n", number));
}

TEST(FencesTest, ReturnsHeldRepliesInOrderAndFenceLast) {
  Fences fences(0);
  for (std::size_t i = 0; i != 3; ++i) EXPECT_TRUE(fences.hold(at(10 * i, 10 * i + 10), 7, 1));
  EXPECT_TRUE(fences.holds());
  EXPECT_FALSE(fences.proven());
  fences.prove(at(30, 53));
  for (std::size_t i = 0; i != 3; ++i) {
    EXPECT_TRUE(fences.proven());
    EXPECT_FALSE(fences.fence_is_next());
    EXPECT_EQ(fences.next().begin, 10 * i);
  }
  EXPECT_TRUE(fences.fence_is_next());
  EXPECT_EQ(fences.next().end, 53U);
  EXPECT_FALSE(fences.proven());
  EXPECT_FALSE(fences.holds());
}

TEST(FencesTest, FindsEntryOfNextReply) {
  Fences fences(0);
  EXPECT_EQ(fences.entry(5), 5U);
  EXPECT_EQ(fences.replies_held(), 0U);
  EXPECT_FALSE(fences.hold(at(0, 4), 5, 3));
  EXPECT_EQ(fences.entry(5), 5U);
  EXPECT_EQ(fences.replies_held(), 1U);
  EXPECT_FALSE(fences.hold(at(4, 8), 5, 3));
  EXPECT_EQ(fences.replies_held(), 2U);
  EXPECT_TRUE(fences.hold(at(8, 12), 5, 3));
  EXPECT_EQ(fences.entry(5), 6U);
  EXPECT_EQ(fences.replies_held(), 0U);
  EXPECT_TRUE(fences.hold(at(12, 16), 5, 1));
  EXPECT_EQ(fences.entry(5), 7U);
}

TEST(FencesTest, NextRunBeginsAtItsFirstEntry) {
  Fences fences(0);
  EXPECT_TRUE(fences.hold(at(0, 4), 1, 1));
  fences.prove(at(4, 27));
  fences.next();
  fences.next();
  EXPECT_EQ(fences.entry(3), 3U);
  EXPECT_FALSE(fences.hold(at(0, 4), 3, 2));
  EXPECT_EQ(fences.entry(3), 3U);
}

TEST(FencesTest, MovesHeldRepliesWithTheirBytes) {
  Fences fences(0);
  EXPECT_TRUE(fences.hold(at(100, 110), 1, 1));
  fences.discard(60);
  fences.prove(at(50, 73));
  EXPECT_EQ(fences.next().begin, 40U);
  fences.discard(50);  // while a handler of the first reply has thrown
  EXPECT_EQ(fences.next().end, 23U);
}

TEST(FencesTest, CountsPushesUntilRunEnds) {
  Fences fences(0);
  fences.hold(at(0, 4), 1, 1);
  EXPECT_EQ(fences.push(10), 10U);
  EXPECT_EQ(fences.push(5), 15U);
  fences.prove(at(19, 42));
  fences.next();
  fences.next();
  fences.hold(at(0, 4), 3, 1);
  EXPECT_EQ(fences.push(1), 1U);
  fences.clear();
  EXPECT_FALSE(fences.holds());
  EXPECT_EQ(fences.push(2), 2U);
}

TEST(FencesTest, ReleaseKeepsHeldReplies) {
  Fences fences(0);
  fences.hold(at(3, 9), 1, 1);
  fences.release();
  fences.prove(at(9, 32));
  EXPECT_EQ(fences.next().begin, 3U);
  fences.next();
  fences.release();
  EXPECT_FALSE(fences.holds());
}

}  // namespace
}  // namespace redstart::test
