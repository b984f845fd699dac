// SPDX-License-Identifier: Apache-2.0
// server_condition_test.cpp: what error replies show about their server.
#include "resilience/server_condition.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace redstart {
namespace {

TEST(ServerCondition, FollowsFirstWordOfReply) {
  EXPECT_EQ(condition_of("WRONGTYPE Operation against a key"), ServerCondition::serving);
  EXPECT_EQ(condition_of("LOADING Redis is loading the dataset in memory"), ServerCondition::loading);
  EXPECT_EQ(condition_of("READONLY You can't write against a read only replica."),
            ServerCondition::other_role);
  EXPECT_EQ(condition_of("REDIRECT 127.0.0.1:7340"), ServerCondition::other_role);
  EXPECT_EQ(condition_of("MOVED 3999 127.0.0.1:6381"), ServerCondition::elsewhere);
  EXPECT_EQ(condition_of("UNBLOCKED force unblock from blocking operation, instance state changed"),
            ServerCondition::other_role);
  EXPECT_EQ(condition_of("UNBLOCKED client unblocked via CLIENT UNBLOCK"), ServerCondition::serving);
}

TEST(ServerCondition, FollowsReasonForAbortedTransaction) {
  constexpr std::string_view aborted = "EXECABORT Transaction discarded because of";
  EXPECT_EQ(condition_of(std::string(aborted) + ": READONLY You can't write"), ServerCondition::other_role);
  EXPECT_EQ(condition_of(std::string(aborted) + ": OOM command not allowed"), ServerCondition::serving);
  EXPECT_EQ(condition_of(std::string(aborted) + " previous errors."), ServerCondition::serving);
}

TEST(ServerCondition, LosesSessionByNoauthOnlyAfterAuthentication) {
  EXPECT_EQ(condition_of("NOAUTH Authentication required.", true), ServerCondition::session_lost);
  EXPECT_EQ(condition_of("NOAUTH Authentication required."), ServerCondition::serving);
}

}  // namespace
}  // namespace redstart
