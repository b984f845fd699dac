// SPDX-License-Identifier: Apache-2.0
// retry_test.cpp: repetition of blocks on a test clock.
#include <redstart/resilience/retry.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/start_time.hpp"

namespace redstart {
namespace {

using test::start;
using namespace std::chrono_literals;

constexpr RetryPolicy steady{3, {20ms, 1s, 2.0, Jitter::none}};

/// A clock that advances when the block sleeps.
struct VirtualTime {
  TimePoint time = start;
  std::vector<std::chrono::milliseconds> sleeps{};

  [[nodiscard]] TimePoint now() const { return time; }
  void sleep(std::chrono::milliseconds delay) {
    sleeps.push_back(delay);
    time += delay;
  }
  [[nodiscard]] static double random() { return 0.5; }
};

Error error(Errc code, Effect effect, Remedy remedy = Remedy::none) {
  ErrorInfo info;
  info.code = code;
  info.effect = effect;
  info.remedy = remedy;
  return Error(std::move(info));
}
Error away() { return error(Errc::unavailable, Effect::not_sent, Remedy::retry); }
Error broken() { return error(Errc::connection_lost, Effect::indeterminate); }

/// A block that throws the given number of errors and then returns 7.
struct Flaky {
  Error fault;
  int failures;
  int runs = 0;

  int operator()() {
    if (++runs <= failures) fault.raise();
    return 7;
  }
};

TEST(RetryBlock, ReturnsResultOfBlock) {
  VirtualTime time;
  EXPECT_EQ(retry_in(time, steady, TimePoint::max(), [] { return std::string("text"); }), "text");
  EXPECT_EQ(*retry_in(time, steady, TimePoint::max(), [] { return std::make_unique<int>(3); }), 3);
  int value = 1;
  int& reference = retry_in(time, steady, TimePoint::max(), [&]() -> int& { return value; });
  EXPECT_EQ(&reference, &value);
  retry_in(time, steady, TimePoint::max(), [&] { value = 2; });
  EXPECT_EQ(value, 2);
  EXPECT_TRUE(time.sleeps.empty());
}

TEST(RetryBlock, RepeatsAfterGrowingDelays) {
  VirtualTime time;
  Flaky block{away(), 2};
  EXPECT_EQ(retry_in(time, steady, TimePoint::max(), block), 7);
  EXPECT_EQ(block.runs, 3);
  EXPECT_EQ(time.sleeps, (std::vector<std::chrono::milliseconds>{20ms, 40ms}));
}

TEST(RetryBlock, ThrowsLastErrorUnchanged) {
  VirtualTime time;
  Flaky block{away(), 100};
  EXPECT_THROW(retry_in(time, steady, TimePoint::max(), block), Unavailable);
  EXPECT_EQ(block.runs, 3);
}

TEST(RetryBlock, RepeatsIndeterminateOnlyIfCallerAllows) {
  VirtualTime time;
  for (const RetryMode mode :
       {RetryMode::off, RetryMode::not_sent, RetryMode::reads, RetryMode::last_write_wins}) {
    RetryPolicy policy = steady;
    policy.mode = mode;
    Flaky block{broken(), 1};
    EXPECT_THROW(retry_in(time, policy, TimePoint::max(), block), Error);
    EXPECT_EQ(block.runs, 1);
  }
  RetryPolicy policy = steady;
  policy.mode = RetryMode::at_least_once;
  Flaky block{broken(), 1};
  EXPECT_EQ(retry_in(time, policy, TimePoint::max(), block), 7);
  EXPECT_EQ(block.runs, 2);
}

TEST(RetryBlock, DoesNotRepeatFinalErrors) {
  VirtualTime time;
  for (const Error& fault :
       {error(Errc::server_error, Effect::server_error),
        error(Errc::server_error, Effect::not_sent, Remedy::never), error(Errc::cancelled, Effect::not_sent),
        error(Errc::unknown_database, Effect::none)}) {
    Flaky block{fault, 1};
    EXPECT_THROW(retry_in(time, steady, TimePoint::max(), block), Error);
    EXPECT_EQ(block.runs, 1) << to_string(fault.code());
  }
}

TEST(RetryBlock, EndsBeforeTheDeadline) {
  VirtualTime time;
  RetryPolicy policy = steady;
  policy.attempts = 1000;
  Flaky block{away(), 1000};
  EXPECT_THROW(retry_in(time, policy, start + 100ms, block), Unavailable);
  EXPECT_EQ(block.runs, 3);
  EXPECT_EQ(time.now(), start + 60ms) << "the next would have begun at 140 ms";
}

TEST(RetryBlock, RepeatsFailedResults) {
  VirtualTime time;
  int runs = 0;
  const auto block = [&]() -> Result<int> {
    if (++runs < 3) return away();
    return 7;
  };
  EXPECT_EQ(retry_in(time, steady, TimePoint::max(), block).value(), 7);
  EXPECT_EQ(runs, 3);
  const Result<int> failed = retry_in(time, steady, TimePoint::max(), []() -> Result<int> { return away(); });
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code(), Errc::unavailable);
}

TEST(RetryBlock, PropagatesOtherExceptionsAtOnce) {
  VirtualTime time;
  int runs = 0;
  EXPECT_THROW(retry_in(time, steady, TimePoint::max(),
                        [&]() -> int {
                          ++runs;
                          throw std::runtime_error("the caller's own");
                        }),
               std::runtime_error);
  EXPECT_EQ(runs, 1);
}

TEST(RetryBlock, RunsOnceWithExpiredDeadlineOnRealClock) {
  Flaky block{away(), 1};
  EXPECT_THROW(retry(steady, std::chrono::steady_clock::now() - 1s, block), Unavailable);
  EXPECT_EQ(block.runs, 1);
  EXPECT_EQ(retry({.attempts = 1}, [] { return 7; }), 7);
}

TEST(RetryBlock, SleepsAndRepeatsOnRealClock) {
  Flaky block{away(), 2};
  const auto begin = RetryEnvironment::now();
  EXPECT_EQ(retry({.backoff = {1ms, 2ms, 2.0, Jitter::none}}, block), 7);
  EXPECT_GE(RetryEnvironment::now() - begin, 3ms);
}

}  // namespace
}  // namespace redstart
