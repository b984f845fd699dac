// SPDX-License-Identifier: Apache-2.0
// loop_test.cpp: which threads count as the engine's, also in the child of a fork.
#include "net/loop.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "support/forked_child.hpp"

namespace redstart::net {
namespace {

using namespace std::chrono_literals;

TEST(EngineThreadMark, Nests) {
  EXPECT_FALSE(on_engine_thread());
  const Time began = Clock::now() - 1s;
  {
    const EngineThreadMark outer(began);
    {
      const EngineThreadMark inner(began + 1ms);
      EXPECT_EQ(turn_now(), began + 1ms);
    }
    EXPECT_TRUE(on_engine_thread());
    EXPECT_EQ(turn_now(), began);
  }
  EXPECT_FALSE(on_engine_thread());
  EXPECT_GT(turn_now(), began + 1ms);
}

TEST(EngineThreadMark, OfAParentCountsForNothingInAChildAlsoAfterMarksOfItsOwn) {
  const Time began = Clock::now() - 1s;
  const EngineThreadMark mark(began);
  EXPECT_EQ(test::complaints_of_child([began]() -> std::string {
              if (on_engine_thread()) return "marked by the parent";
              {
                const EngineThreadMark own(began);
                if (!on_engine_thread() || turn_now() != began) return "not marked by itself";
              }
              if (on_engine_thread()) return "marked for ever";
              return turn_now() == began ? "the clock stands" : "";
            }),
            "");
  EXPECT_TRUE(on_engine_thread());
}

}  // namespace
}  // namespace redstart::net
