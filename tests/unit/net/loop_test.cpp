// SPDX-License-Identifier: Apache-2.0
// loop_test.cpp: marks of loop threads, and the time of a turn.
#include "net/loop.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "support/forked_child.hpp"

namespace redstart::inline v0::net {
namespace {

using namespace std::chrono_literals;

TEST(LoopThreadMark, Nests) {
  EXPECT_FALSE(on_loop_thread());
  {
    const LoopThreadMark outer({}, Clock::now());
    {
      const LoopThreadMark inner({}, Clock::now());
      EXPECT_TRUE(on_loop_thread());
    }
    EXPECT_TRUE(on_loop_thread());
  }
  EXPECT_FALSE(on_loop_thread());
}

TEST(TurnNow, StaysCloseToClock) {
  const auto far = Clock::now() - 1s;
  const LoopThreadMark outer({}, far);  // a turn that was blocked for a second
  EXPECT_GE(turn_now(), far + 1s);
  for (int i = 0; i < 1000; ++i) {
    const TimePoint before = Clock::now();
    EXPECT_LE(before - turn_now(), turn_lag);
  }
  {
    const LoopThreadMark inner({}, far);
    EXPECT_GE(turn_now(), far + 1s);
  }
  EXPECT_GE(turn_now(), far + 1s);
}

TEST(TurnNow, NeverDecreases) {
  const LoopThreadMark mark(CycleMark::now(), Clock::now());
  TimePoint last = turn_now();
  for (int i = 0; i < 10'000; ++i) {
    const TimePoint now = turn_now();
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(LoopThreadMark, IsClearedInForkedChild) {
  const LoopThreadMark mark({}, Clock::now());
  EXPECT_EQ(test::complaints_of_child([]() -> std::string {
              if (on_loop_thread()) return "marked as in the parent";
              {
                const LoopThreadMark own({}, Clock::now());
                if (!on_loop_thread()) return "not marked in the child";
              }
              return on_loop_thread() ? "still marked" : "";
            }),
            "");
  EXPECT_TRUE(on_loop_thread());
}

}  // namespace
}  // namespace redstart::inline v0::net
