// SPDX-License-Identifier: Apache-2.0
// loss_tolerance_test.cpp: which losses and timeouts count as failures of the server.
#include <gtest/gtest.h>

#include <chrono>

#include "protocol/hurried_attempts.hpp"
#include "protocol/loss_tolerance.hpp"
#include "support/start_time.hpp"

namespace redstart::test {
namespace {

using test::start;
using namespace std::chrono_literals;

TEST(LossToleranceTest, IgnoresFirstLoss) {
  protocol::LossTolerance losses;
  EXPECT_TRUE(losses.ignores(1, 1));
  EXPECT_FALSE(losses.ignores(2, 2));
  EXPECT_FALSE(losses.ignores(3, 3));
}

TEST(LossToleranceTest, IgnoresConnectionsThatWereReadyAtFirstLoss) {
  protocol::LossTolerance losses;
  EXPECT_TRUE(losses.ignores(2, 5));
  EXPECT_TRUE(losses.ignores(5, 7));
  EXPECT_FALSE(losses.ignores(6, 7));
}

TEST(LossToleranceTest, StartsOverWithAnswer) {
  protocol::LossTolerance losses;
  EXPECT_TRUE(losses.ignores(1, 1));
  EXPECT_FALSE(losses.ignores(2, 2));
  losses.answered();
  EXPECT_TRUE(losses.ignores(3, 4));
  EXPECT_TRUE(losses.ignores(4, 5));
  EXPECT_FALSE(losses.ignores(5, 5));
}

TEST(HurriedAttemptsTest, CountsFromThirdTimeoutAfterHalfASecond) {
  protocol::HurriedAttempts hurried;
  EXPECT_FALSE(hurried.timed_out(start, start + 400ms));
  EXPECT_FALSE(hurried.timed_out(start + 400ms, start + 600ms));
  EXPECT_TRUE(hurried.timed_out(start + 600ms, start + 700ms));
  EXPECT_TRUE(hurried.timed_out(start + 700ms, start + 800ms));
}

TEST(HurriedAttemptsTest, DoesNotCountManyInAShortTime) {
  protocol::HurriedAttempts hurried;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(hurried.timed_out(start, start + 499ms));
  EXPECT_TRUE(hurried.timed_out(start + 499ms, start + 500ms));
}

TEST(HurriedAttemptsTest, StartsOverWithSuccess) {
  protocol::HurriedAttempts hurried;
  for (int i = 0; i < 3; ++i) static_cast<void>(hurried.timed_out(start, start + 1s));
  hurried.succeeded();
  EXPECT_FALSE(hurried.timed_out(start + 2s, start + 3s));
  EXPECT_FALSE(hurried.timed_out(start + 3s, start + 4s));
  EXPECT_TRUE(hurried.timed_out(start + 4s, start + 5s));
}

}  // namespace
}  // namespace redstart::test
