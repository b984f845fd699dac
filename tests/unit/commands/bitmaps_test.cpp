// SPDX-License-Identifier: Apache-2.0
// bitmaps_test.cpp: bytes and retry categories of commands on bitmaps and HyperLogLogs.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "capture.hpp"

namespace redstart::test {
namespace {

const std::vector<std::string> two_keys{"a", "b"};

TEST(BitmapCommandsEncoding, WritesBitsAndRanges) {
  expect(capture.getbit("k", 7), {"GETBIT", "k", "7"}, kRead);
  expect(capture.setbit("k", 7, true), {"SETBIT", "k", "7", "1"}, kLastWins);
  expect(capture.bitcount("k"), {"BITCOUNT", "k"}, kRead);
  expect(capture.bitcount("k", 0, -1), {"BITCOUNT", "k", "0", "-1"}, kRead);
  expect(capture.bitcount("k", 3, 9, BitUnit::bit), {"BITCOUNT", "k", "3", "9", "BIT"}, kRead);
  expect(capture.bitpos("k", false), {"BITPOS", "k", "0"}, kRead);
  expect(capture.bitpos("k", true, 2), {"BITPOS", "k", "1", "2"}, kRead);
  expect(capture.bitpos("k", true, 2, -1, BitUnit::bit), {"BITPOS", "k", "1", "2", "-1", "BIT"}, kRead);
}

TEST(BitmapCommandsEncoding, WritesCombinationsOfKeys) {
  expect(capture.bitop(BitOp::bit_not, "to", "a"), {"BITOP", "NOT", "to", "a"}, kAccumulates);
  expect(capture.bitop(BitOp::bit_and, "to", "a", "b"), {"BITOP", "AND", "to", "a", "b"});
  expect(capture.bitop(BitOp::bit_or, "to", two_keys), {"BITOP", "OR", "to", "a", "b"});
  expect(capture.bitop(BitOp::bit_xor, "to", {"a", "b"}), {"BITOP", "XOR", "to", "a", "b"});
  expect(capture.bitop(BitOp::andor, "to", two_keys.begin(), two_keys.end()),
         {"BITOP", "ANDOR", "to", "a", "b"});
  EXPECT_TRUE(capture.bitop(BitOp::one, "to", std::vector<std::string>{}).lacks_arguments);
}

TEST(BitmapCommandsEncoding, WritesStepsOfBitfields) {
  expect(capture.bitfield("k", Bitfield{}
                                   .get(unsigned_bits(8), 100)
                                   .set(signed_bits(64), BitfieldOffset::nth(3), -5)
                                   .overflow(BitOverflow::fail)
                                   .incrby(unsigned_bits(4), 0, 10)),
         {"BITFIELD", "k", "GET", "u8", "100", "SET", "i64", "#3", "-5", "OVERFLOW", "FAIL", "INCRBY", "u4",
          "0", "10"},
         kAccumulates);
  expect(capture.bitfield("k", Bitfield{}.set(unsigned_bits(8), 0, 1)),
         {"BITFIELD", "k", "SET", "u8", "0", "1"}, kLastWins);
  expect(capture.bitfield_ro("k", BitfieldReads{}.get(unsigned_bits(8), 0).get(signed_bits(5), 1)),
         {"BITFIELD_RO", "k", "GET", "u8", "0", "GET", "i5", "1"}, kRead);
  EXPECT_TRUE(capture.bitfield("k", {}).lacks_arguments);
  EXPECT_TRUE(capture.bitfield_ro("k", {}).lacks_arguments);
}

TEST(HyperLogLogCommandsEncoding, WritesElementsAndKeys) {
  expect(capture.pfadd("k"), {"PFADD", "k"}, kLastWins);
  expect(capture.pfadd("k", "a", 2), {"PFADD", "k", "a", "2"}, kLastWins);
  expect(capture.pfadd("k", {"a", "b"}), {"PFADD", "k", "a", "b"});
  expect(capture.pfadd("k", two_keys.begin(), two_keys.end()), {"PFADD", "k", "a", "b"});
  EXPECT_TRUE(capture.pfadd("k", std::vector<int>{}).lacks_arguments);
  expect(capture.pfcount("a", "b"), {"PFCOUNT", "a", "b"}, kRead);
  expect(capture.pfcount(two_keys), {"PFCOUNT", "a", "b"}, kRead);
  expect(capture.pfmerge("to", "a", "b"), {"PFMERGE", "to", "a", "b"}, kLastWins);
  expect(capture.pfmerge("to", {"a"}), {"PFMERGE", "to", "a"}, kLastWins);
}

}  // namespace
}  // namespace redstart::test
