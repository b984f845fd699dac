// SPDX-License-Identifier: Apache-2.0
// send_plan_test.cpp: order and completeness of partial sends.
#include "net/send_plan.hpp"

#include <gtest/gtest.h>

#include <sys/uio.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::net {
namespace {

// Sends through a kernel that accepts at most `most()` bytes at a time.
template <class Most>
std::string sent_by(SendPlan plan, Most most) {
  std::string wire;
  while (!plan.done()) {
    std::string offered;
    if (plan.simple()) {
      offered.assign(plan.bytes().data(), plan.bytes().size());
    } else {
      for (const iovec& piece : plan.pieces())
        offered.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    EXPECT_FALSE(offered.empty()) << "no call without bytes";
    if (offered.empty()) break;
    const std::size_t n = std::min<std::size_t>(offered.size(), most());
    wire += offered.substr(0, n);
    plan.advance(n);
  }
  return wire;
}

TEST(SendPlan, IsOnePieceWithoutExternals) {
  const std::string bytes = "*1\r\n$4\r\nPING\r\n";
  SendPlan plan({bytes, {}});
  EXPECT_TRUE(plan.simple());
  EXPECT_EQ(plan.size(), bytes.size());
  EXPECT_EQ(sent_by(plan, [] { return 3U; }), bytes);
}

TEST(SendPlan, InsertsExternalsAtTheirOffsets) {
  const std::string bytes = "<|><>";
  const std::string a = "AAA";
  const std::string b = "BB";
  const std::vector<resp::External> externals = {
      {0, a.data(), a.size()}, {2, b.data(), b.size()}, {2, a.data(), a.size()}, {5, b.data(), b.size()}};
  const std::string expected = "AAA<|BBAAA><>BB";
  for (std::size_t most = 1; most <= expected.size(); ++most) {
    SendPlan plan({bytes, externals});
    EXPECT_FALSE(plan.simple());
    EXPECT_EQ(plan.size(), expected.size());
    EXPECT_EQ(sent_by(plan, [most] { return most; }), expected) << most;
  }
}

TEST(SendPlan, OffersAtMostAsManyPiecesAsKernelAccepts) {
  std::string bytes(3000, '.');
  const std::string argument = "x";
  std::vector<resp::External> externals;
  std::string expected;
  for (std::size_t i = 0; i < 3000; ++i) {
    externals.push_back({i, argument.data(), 1});
    expected += "x.";
  }
  SendPlan plan({bytes, externals});
  EXPECT_EQ(plan.pieces().size(), 1024U);
  std::mt19937 random(3);
  EXPECT_EQ(sent_by(plan, [&] { return 1 + random() % 700; }), expected);
}

}  // namespace
}  // namespace redstart::inline v0::net
