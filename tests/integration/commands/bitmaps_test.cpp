// SPDX-License-Identifier: Apache-2.0
// bitmaps_test.cpp: each command on bitmaps and HyperLogLogs once against a real server.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/client_test.hpp"

namespace redstart::test {
namespace {

class BitmapCommandsLive : public ClientTest {};
INSTANTIATE_TEST_SUITE_P(Protocols, BitmapCommandsLive, both_protocols(), protocol_name);

TEST_P(BitmapCommandsLive, SetCountAndFindBits) {
  const Client client = redis();
  EXPECT_FALSE(client.setbit("k", 9, true));
  EXPECT_TRUE(client.setbit("k", 9, true));
  EXPECT_TRUE(client.getbit("k", 9));
  EXPECT_FALSE(client.getbit("k", 1'000));
  EXPECT_EQ(client.bitcount("k"), 1);
  EXPECT_EQ(client.bitcount("k", 0, 0), 0);
  EXPECT_EQ(client.bitpos("k", true), 9);
  EXPECT_EQ(client.bitpos("k", false, 1), 8);
  EXPECT_EQ(client.bitpos("k", true, 0, 0), -1);
  REDSTART_NEEDS_SINCE(7, 0);  // BIT
  EXPECT_EQ(client.bitcount("k", 9, 9, BitUnit::bit), 1);
  EXPECT_EQ(client.bitpos("k", true, 0, 8, BitUnit::bit), -1);
}

TEST_P(BitmapCommandsLive, CombineKeys) {
  const Client client = redis();
  client.mset({{"a", "\x0f"}, {"b", "\x3c"}});
  EXPECT_EQ(client.bitop(BitOp::bit_and, "to", "a", "b"), 1);
  EXPECT_EQ(client.get("to"), "\x0c");
  EXPECT_EQ(client.bitop(BitOp::bit_or, "to", std::vector<std::string>{"a", "b"}), 1);
  EXPECT_EQ(client.get("to"), "\x3f");
  EXPECT_EQ(client.bitop(BitOp::bit_xor, "to", {"a", "b"}), 1);
  EXPECT_EQ(client.get("to"), "\x33");
  EXPECT_EQ(client.bitop(BitOp::bit_not, "to", "a"), 1);
  EXPECT_EQ(client.get("to"), "\xf0");
}

TEST_P(BitmapCommandsLive, ReadAndWriteIntegers) {
  using Numbers = std::vector<std::optional<std::int64_t>>;
  const Client client = redis();
  EXPECT_EQ(client.bitfield("k", Bitfield{}
                                     .set(unsigned_bits(8), 0, 250)
                                     .incrby(unsigned_bits(8), 0, 10)
                                     .overflow(BitOverflow::saturate)
                                     .incrby(unsigned_bits(8), 0, 1'000)
                                     .overflow(BitOverflow::fail)
                                     .incrby(unsigned_bits(8), 0, 1)
                                     .set(signed_bits(8), BitfieldOffset::nth(1), -3)
                                     .get(signed_bits(8), 8)),
            (Numbers{0, 4, 255, std::nullopt, 0, -3}));
  EXPECT_EQ(client.bitfield_ro("k", BitfieldReads{}.get(unsigned_bits(8), 0).get(signed_bits(8), 8)),
            (std::vector<std::int64_t>{255, -3}));
}

TEST_P(BitmapCommandsLive, EstimateDifferentElements) {
  const Client client = redis();
  EXPECT_TRUE(client.pfadd("monday", "ada", "grace", 3));
  EXPECT_FALSE(client.pfadd("monday", std::vector<std::string>{"ada"}));
  EXPECT_TRUE(client.pfadd("empty"));
  EXPECT_TRUE(client.pfadd("tuesday", {"ada", "edsger"}));
  EXPECT_EQ(client.pfcount("monday"), 3);
  EXPECT_EQ(client.pfcount({"monday", "tuesday"}), 4);
  client.pfmerge("both", "monday", "tuesday");
  EXPECT_EQ(client.pfcount("both", "empty"), 4);
}

}  // namespace
}  // namespace redstart::test
