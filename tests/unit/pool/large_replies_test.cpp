// SPDX-License-Identifier: Apache-2.0
// large_replies_test.cpp: entries of large replies are found, age and are replaced.
#include "pool/large_replies.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "pool/large_work.hpp"

namespace redstart::pool {
namespace {

using namespace std::chrono_literals;

std::string encoded(std::initializer_list<std::string_view> words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words)
    text += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
  return text;
}

const TimePoint begin = TimePoint{} + 100h;
const std::string list = encoded({"LRANGE", "list", "0", "-1"});

TEST(LargeReplies, ExpectsNothingAtFirst) {
  const LargeReplies replies;
  EXPECT_FALSE(replies.expects(list, begin));
  EXPECT_FALSE(replies.expects("", begin));
}

TEST(LargeReplies, ExpectsCommandAgainOnSameKeyWhateverItsOtherArguments) {
  LargeReplies replies;
  replies.large_reply(list, begin);
  EXPECT_TRUE(replies.expects(list, begin));
  EXPECT_TRUE(replies.expects(encoded({"LRANGE", "list", "0", "9"}), begin));
  EXPECT_TRUE(replies.expects(list + encoded({"PING"}), begin)) << "a batch that begins with it";
}

TEST(LargeReplies, DistinguishesCommandsAndKeys) {
  LargeReplies replies;
  replies.large_reply(list, begin);
  EXPECT_FALSE(replies.expects(encoded({"LRANGE", "list2", "0", "-1"}), begin));
  EXPECT_FALSE(replies.expects(encoded({"LINDEX", "list", "0"}), begin));
  EXPECT_FALSE(replies.expects(encoded({"LRANGE"}), begin));
}

TEST(LargeReplies, KnowsCommandsWithoutArguments) {
  LargeReplies replies;
  replies.large_reply(encoded({"COMMAND"}) + encoded({"GET", "one"}), begin);
  EXPECT_TRUE(replies.expects(encoded({"COMMAND"}), begin));
  EXPECT_FALSE(replies.expects(encoded({"DBSIZE"}), begin));
}

TEST(LargeReplies, EndsAnEntryAfterItsTime) {
  LargeReplies replies;
  replies.large_reply(list, begin);
  EXPECT_TRUE(replies.expects(list, begin + LargeReplies::remembered_for - 1ns));
  EXPECT_FALSE(replies.expects(list, begin + LargeReplies::remembered_for));
}

TEST(LargeReplies, EndsEachEntryAtItsOwnTime) {
  LargeReplies replies;
  const std::string other = encoded({"GET", "key"});
  replies.large_reply(list, begin);
  replies.large_reply(other, begin + 30s);
  EXPECT_FALSE(replies.expects(list, begin + LargeReplies::remembered_for));
  EXPECT_TRUE(replies.expects(other, begin + LargeReplies::remembered_for));
}

TEST(LargeReplies, ExtendsAnEntryWithEachLargeReply) {
  LargeReplies replies;
  replies.large_reply(list, begin);
  replies.large_reply(list, begin + 30s);
  EXPECT_TRUE(replies.expects(list, begin + 89s));
  EXPECT_FALSE(replies.expects(list, begin + 90s));
}

TEST(LargeReplies, ForgetsCommandAfterSmallReplies) {
  LargeReplies replies;
  replies.large_reply(list, begin);
  for (std::uint32_t i = 1; i < LargeReplies::small_replies; ++i) replies.small_reply(list, begin);
  EXPECT_TRUE(replies.expects(list, begin));
  replies.small_reply(list, begin);
  EXPECT_FALSE(replies.expects(list, begin));
}

TEST(LargeReplies, CountsSmallRepliesSinceTheLastLargeOne) {
  LargeReplies replies;
  for (int round = 0; round != 3; ++round) {
    replies.large_reply(list, begin);
    for (std::uint32_t i = 1; i < LargeReplies::small_replies; ++i) replies.small_reply(list, begin);
  }
  EXPECT_TRUE(replies.expects(list, begin));
}

TEST(LargeReplies, SmallReplyOfAnotherCommandChangesNothing) {
  LargeReplies replies;
  replies.large_reply(list, begin);
  for (std::uint32_t i = 0; i != 2 * LargeReplies::small_replies; ++i)
    replies.small_reply(encoded({"LRANGE", "list2", "0", "-1"}), begin);
  EXPECT_TRUE(replies.expects(list, begin));
}

// Ten thousand large keys use no more memory than one, and the newest are known.
TEST(LargeReplies, DropsEntriesThatEndFirstWhenFull) {
  LargeReplies replies;
  const auto key = [](int i) { return encoded({"GET", "key:" + std::to_string(i)}); };
  for (int i = 0; i != 10'000; ++i) {
    replies.large_reply(key(i), begin + i * 1ms);
    ASSERT_TRUE(replies.expects(key(i), begin + i * 1ms)) << i;
  }
  std::size_t known = 0;
  for (int i = 0; i != 10'000; ++i) known += replies.expects(key(i), begin + 10s) ? 1U : 0U;
  EXPECT_EQ(known, LargeReplies::capacity);
  for (int i = 0; i != 9'000; ++i) EXPECT_FALSE(replies.expects(key(i), begin + 10s)) << i;
}

TEST(LargeReplies, ReadsNothingBehindIncompleteBytes) {
  LargeReplies replies;
  const std::vector<std::string> odd{
      "*", "*2", "*2\r\n", "*2\r\n$", "*2\r\n$3\r\nGET\r\n", "$3\r\nGET\r\n", "*2\r\n:1\r\n"};
  for (const std::string& bytes : odd) {
    replies.large_reply(bytes, begin);
    replies.small_reply(bytes, begin);
  }
  // The argument is stored elsewhere, so only its beginning is here.
  const std::string external = "*2\r\n$3\r\nGET\r\n$20000\r\n";
  replies.large_reply(external, begin);
  EXPECT_TRUE(replies.expects(external, begin));
}

TEST(LargeWork, IsMoreThan64KiBOr1000Commands) {
  EXPECT_FALSE(is_large_work(65'536, 1));
  EXPECT_TRUE(is_large_work(65'537, 1));
  EXPECT_FALSE(is_large_work(100, 1000));
  EXPECT_TRUE(is_large_work(100, 1001));
}

}  // namespace
}  // namespace redstart::pool
