// SPDX-License-Identifier: Apache-2.0
// redirect_test.cpp: tests the address in REDIRECT replies.
#include "protocol/redirect.hpp"

#include <gtest/gtest.h>

#include <string>

namespace redstart::inline v0::protocol {
namespace {

TEST(RedirectAddress, IsWhatFollowsTheErrorWord) {
  EXPECT_EQ(redirect_address("REDIRECT 127.0.0.1:7340"), "127.0.0.1:7340");
  EXPECT_EQ(redirect_address("REDIRECT ::1:7340"), "::1:7340");
  EXPECT_EQ(redirect_address("REDIRECT primary.internal:6379"), "primary.internal:6379");
}

TEST(RedirectAddress, IsEmptyForOtherReplies) {
  EXPECT_EQ(redirect_address("READONLY You can't write against a read only replica."), "");
  EXPECT_EQ(redirect_address("MOVED 3999 127.0.0.1:6381"), "");
  EXPECT_EQ(redirect_address(""), "");
}

TEST(RedirectAddress, IsEmptyIfItIsNoAddress) {
  EXPECT_EQ(redirect_address("REDIRECT"), "");
  EXPECT_EQ(redirect_address("REDIRECT "), "");
  EXPECT_EQ(redirect_address("REDIRECT nowhere"), "");
  EXPECT_EQ(redirect_address("REDIRECT host:1 and more"), "");
  EXPECT_EQ(redirect_address("REDIRECT host:1\r\nX: y"), "");
  EXPECT_EQ(redirect_address("REDIRECT " + std::string(300, 'h') + ":1"), "");
}

}  // namespace
}  // namespace redstart::inline v0::protocol
