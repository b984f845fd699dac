// SPDX-License-Identifier: Apache-2.0
// async_connection_test.cpp: many operations at once over one connection to a real server.
#include <gtest/gtest.h>

#include <string>

#include "support/redis_test.hpp"
#include "support/test_operation.hpp"

namespace redstart::test {
namespace {

class AsyncConnectionTest : public RedisTest {};

TEST_F(AsyncConnectionTest, EachOfTenThousandOperationsGetsItsOwnReply) {
  TestLink link(server().port());
  ASSERT_TRUE(link.open());
  constexpr std::size_t all = 10'000;
  for (std::size_t i = 0; i < all; ++i)
    link.submit(TestOperation::make({"ECHO", std::to_string(i)}, link.into(i)));
  ASSERT_TRUE(link.run_to_end(all));
  for (std::size_t i = 0; i < all; ++i) {
    const std::string text = std::to_string(i);
    EXPECT_EQ(link.endings[i]->replies.at(0), "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n");
  }
  EXPECT_EQ(link.owner->answers, all);
  EXPECT_EQ(link.connection->load().operations, 0U);
  EXPECT_EQ(link.connection->load().bytes, 0U);
}

TEST_F(AsyncConnectionTest, WhatIsSubmittedFromInsideACompletionGoesOutInTheSameTurn) {
  TestLink link(server().port());
  std::size_t left = 1000;
  std::function<void(Ending)> next = [&](const Ending& ending) {
    ASSERT_FALSE(ending.error.has_value()) << ending.error->what();
    if (--left != 0) link.submit(TestOperation::make({"INCR", "n"}, next));
  };
  link.submit(TestOperation::make({"INCR", "n"}, next));  // opens by itself
  ASSERT_TRUE(link.run_until([&] { return left == 0; }));
  EXPECT_EQ(raw().text({"GET", "n"}), "1000");
  EXPECT_EQ(link.owner->wanted_calls, 1);
  EXPECT_EQ(link.owner->opened_calls, 1);
}

}  // namespace
}  // namespace redstart::test
