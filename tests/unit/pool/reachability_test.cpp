// SPDX-License-Identifier: Apache-2.0
// reachability_test.cpp: what attempts that ended with nothing say together.
#include "pool/reachability.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

namespace redstart::pool {
namespace {

using namespace std::chrono_literals;

class Hurried : public ::testing::Test {
 protected:
  // An attempt that its caller gave up after 100 ms.
  void attempt() {
    const auto begun = reachability.begin(now);
    ASSERT_TRUE(begun);
    now += 100ms;
    static_cast<void>(reachability.inconclusive(
        *begun, {Errc::connect_timeout, Remedy::retry, "no answer", {}}, now, 100ms));
  }

  std::shared_ptr<Database> database = std::make_shared<Database>(RedisConfig{}, "main", DatabaseConfig{});
  Reachability reachability{database};
  Time now = Clock::now();
};

TEST_F(Hurried, AFewInAHurrySayNothing) {
  for (int i = 0; i < 4; ++i) attempt();
  EXPECT_FALSE(reachability.failing());
}

TEST_F(Hurried, HalfASecondWithoutAConnectionIsAnOutage) {
  for (int i = 0; i < 5; ++i) attempt();
  EXPECT_TRUE(reachability.failing());
  EXPECT_EQ(reachability.state(), Reachability::State::backing_off);
  EXPECT_FALSE(reachability.begin(now)) << "nobody else waits out his deadline";
}

TEST_F(Hurried, AConnectionBetweenStartsTheCountAnew) {
  for (int i = 0; i < 4; ++i) attempt();
  const auto begun = reachability.begin(now);
  ASSERT_TRUE(begun);
  reachability.succeeded(*begun);
  now += 1h;
  for (int i = 0; i < 4; ++i) attempt();
  EXPECT_FALSE(reachability.failing());
}

}  // namespace
}  // namespace redstart::pool
