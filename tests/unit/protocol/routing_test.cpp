// SPDX-License-Identifier: Apache-2.0
// routing_test.cpp: switching between direct and shared connections.
#include "protocol/routing.hpp"
#include "support/start_time.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <random>
#include <thread>
#include <vector>

namespace redstart::inline v0::protocol {
namespace {

using test::start;
using namespace std::chrono_literals;

void enter(Routing& routing, int callers, TimePoint now, Route expected) {
  for (int i = 0; i < callers; ++i) ASSERT_EQ(routing.enter(now), expected) << "caller " << i;
}
void leave(Routing& routing, int callers) {
  for (int i = 0; i < callers; ++i) routing.leave();
}
// One call without concurrent callers.
Route call(Routing& routing, TimePoint now) {
  const Route route = routing.enter(now);
  routing.leave();
  return route;
}
// Eleven callers inside; the eleventh goes shared.
void crowd(Routing& routing, TimePoint now) {
  enter(routing, 10, now, Route::direct);
  enter(routing, 1, now, Route::shared);
}

TEST(Routing, GoesDirectUpToLimitThenShared) {
  Routing routing(10);
  crowd(routing, start);
  EXPECT_EQ(routing.inside(), 11U);
  EXPECT_EQ(routing.current(), Route::shared);
}

TEST(Routing, GoesDirectWhileFewCallersAreInside) {
  Routing routing(10);
  enter(routing, 9, start, Route::direct);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(call(routing, start), Route::direct);
}

TEST(Routing, KeepsNewCallsSharedBelowLimit) {
  Routing routing(10);
  crowd(routing, start);
  leave(routing, 6);
  for (TimePoint now = start; now < start + 1s; now += 1ms) ASSERT_EQ(call(routing, now), Route::shared);
}

TEST(Routing, ReturnsToDirectAfterTenMillisecondsBelowHalf) {
  Routing routing(10);
  crowd(routing, start);
  leave(routing, 8);
  EXPECT_EQ(call(routing, start + 1ms), Route::shared) << "the calm begins";
  EXPECT_EQ(call(routing, start + 11ms - 1ns), Route::shared);
  EXPECT_EQ(call(routing, start + 11ms), Route::direct);
  EXPECT_EQ(call(routing, start + 11ms), Route::direct) << "and stays so";
  EXPECT_EQ(routing.inside(), 3U);
}

TEST(Routing, CountsCallerItself) {
  Routing routing(10);
  crowd(routing, start);
  leave(routing, 7);  // four remain: the next one makes five, half of the limit
  for (int i = 0; i < 100; ++i) ASSERT_EQ(call(routing, start + i * 1ms), Route::shared);
  routing.leave();
  ASSERT_EQ(call(routing, start + 200ms), Route::shared);
  EXPECT_EQ(call(routing, start + 210ms), Route::direct);
}

TEST(Routing, RestartsTenMillisecondsWhenBusyAgain) {
  Routing routing(10);
  crowd(routing, start);
  leave(routing, 11);
  EXPECT_EQ(call(routing, start), Route::shared);
  enter(routing, 5, start + 9ms, Route::shared);
  leave(routing, 5);
  EXPECT_EQ(call(routing, start + 10ms), Route::shared);
  EXPECT_EQ(call(routing, start + 20ms - 1ns), Route::shared);
  EXPECT_EQ(call(routing, start + 20ms), Route::direct);
}

TEST(Routing, DoesNotCountUnobservedBusyTimeAsCalm) {
  Routing routing(10);
  crowd(routing, start);
  leave(routing, 11);  // at an unobserved time
  EXPECT_EQ(call(routing, start + 1h), Route::shared);
  EXPECT_EQ(call(routing, start + 1h + 10ms), Route::direct);
}

TEST(Routing, AppliesLimitAgainAfterReturningToDirect) {
  Routing routing(10);
  crowd(routing, start);
  leave(routing, 11);
  ASSERT_EQ(call(routing, start), Route::shared);
  ASSERT_EQ(call(routing, start + 10ms), Route::direct);
  crowd(routing, start + 11ms);
  leave(routing, 11);
  EXPECT_EQ(call(routing, start + 12ms), Route::shared) << "an old calm is forgotten";
}

TEST(Routing, IgnoresOldTimeOfSlowThread) {
  Routing routing(10);
  crowd(routing, start);
  leave(routing, 11);
  ASSERT_EQ(call(routing, start + 5ms), Route::shared);
  EXPECT_EQ(call(routing, start - 1s), Route::shared);
  EXPECT_EQ(call(routing, start + 15ms), Route::direct);
}

TEST(Routing, WorksForAnyClockValue) {
  for (const auto since : {0ns, 1ns, 99'999ns, 100'001ns, std::chrono::nanoseconds(10h * 24 * 365 * 7),
                           std::chrono::nanoseconds(1h * 24 * 365 * 250), std::chrono::nanoseconds(-1h)}) {
    Routing routing(2);
    const TimePoint now{since};
    enter(routing, 2, now, Route::direct);
    enter(routing, 1, now, Route::shared);
    leave(routing, 3);
    ASSERT_EQ(call(routing, now), Route::shared) << since.count();
    ASSERT_EQ(call(routing, now + 10ms - 1ns), Route::shared) << since.count();
    ASSERT_EQ(call(routing, now + 10ms + 200us), Route::direct) << since.count();
  }
}

TEST(Routing, TreatsOneCallerAsBelowHalfOfSmallLimits) {
  for (const std::uint32_t limit : {1U, 2U, 3U, 4U}) {
    Routing routing(limit);
    enter(routing, static_cast<int>(limit), start, Route::direct);
    enter(routing, 1, start, Route::shared);
    leave(routing, static_cast<int>(limit) + 1);
    EXPECT_EQ(call(routing, start), Route::shared) << limit;
    EXPECT_EQ(call(routing, start + 10ms), Route::direct) << limit;
  }
}

TEST(Routing, GoesSharedWithLimitZero) {
  Routing routing(0);
  EXPECT_EQ(routing.current(), Route::shared);
  EXPECT_EQ(routing.enter(start), Route::shared);
  EXPECT_EQ(routing.inside(), 1U);
  routing.leave();
  EXPECT_EQ(call(routing, start + 1h), Route::shared);
  EXPECT_EQ(routing.inside(), 0U);
}

// A model of the rule without atomics: the expected behaviour for any sequence of events of one thread.
class Model {
 public:
  explicit Model(std::uint32_t limit) : limit_(limit) {}
  Route enter(TimePoint now) {
    ++inside_;
    const bool few = inside_ == 1 || inside_ * 2 < limit_;
    if (!sharing_) {
      sharing_ = inside_ > limit_;
      calm_ = false;
      return sharing_ ? Route::shared : Route::direct;
    }
    if (few && calm_ && now - since_ >= 10ms) {
      sharing_ = calm_ = false;
      return Route::direct;
    }
    if (few && !calm_) since_ = now;
    calm_ = few;
    return Route::shared;
  }
  void leave() { --inside_; }
  [[nodiscard]] std::uint32_t inside() const { return inside_; }

 private:
  std::uint32_t limit_;
  std::uint32_t inside_ = 0;
  bool sharing_ = false;
  bool calm_ = false;
  TimePoint since_{};
};

TEST(Routing, FollowsModelInRandomSequences) {
  std::minstd_rand random(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same sequence each time
  for (const std::uint32_t limit : {1U, 2U, 5U, 10U, 11U}) {
    Routing routing(limit);
    Model model(limit);
    TimePoint now = start;
    int direct = 0;
    for (int i = 0; i < 100'000; ++i) {
      now += random() % 20 * 100us;
      // Long waves of callers entering and leaving, so that both routes and both transitions occur.
      const bool rising = (i / 500) % 2 == 0;
      if (model.inside() == 0 || (random() % 16 < (rising ? 9U : 7U) && model.inside() < 2 * limit + 2)) {
        const Route expected = model.enter(now);
        ASSERT_EQ(routing.enter(now), expected) << "event " << i << ", limit " << limit;
        if (expected == Route::direct) ++direct;
      } else {
        model.leave();
        routing.leave();
      }
      ASSERT_EQ(routing.inside(), model.inside());
    }
    EXPECT_GT(direct, 100) << limit;
    EXPECT_LT(direct, 50'000) << limit;
  }
}

TEST(Routing, ReturnsToZeroCountWithManyThreads) {
  constexpr int threads = 8;
  constexpr int calls = 50'000;
  Routing routing(4);
  std::atomic<int> ready{0};
  std::atomic<std::int64_t> ticks{0};
  std::atomic<std::uint32_t> most{0};
  {
    std::vector<std::jthread> callers;
    for (int t = 0; t < threads; ++t)
      callers.emplace_back([&] {
        ready.fetch_add(1);
        while (ready.load() < threads) std::this_thread::yield();
        for (int i = 0; i < calls; ++i) {
          const TimePoint now = start + ticks.fetch_add(1, std::memory_order_relaxed) * 1us;
          static_cast<void>(routing.enter(now));
          const std::uint32_t inside = routing.inside();
          for (std::uint32_t old = most.load(); inside > old && !most.compare_exchange_weak(old, inside);) {
          }
          routing.leave();
        }
      });
  }
  EXPECT_EQ(routing.inside(), 0U);
  EXPECT_LE(most.load(), static_cast<std::uint32_t>(threads));
  // It recovers from whatever the threads did.
  static_cast<void>(call(routing, start + 1h));
  EXPECT_EQ(call(routing, start + 1h + 10ms), Route::direct);
}

TEST(Routing, GoesSharedWhenThreadsStayInsideTogether) {
  constexpr std::uint32_t limit = 3;
  constexpr int threads = 8;
  Routing routing(limit);
  std::atomic<int> inside{0};
  std::atomic<int> direct{0};
  {
    std::vector<std::jthread> callers;
    for (int t = 0; t < threads; ++t)
      callers.emplace_back([&] {
        if (routing.enter(start) == Route::direct) direct.fetch_add(1);
        inside.fetch_add(1);
        while (inside.load() < threads) std::this_thread::yield();
        routing.leave();
      });
  }
  EXPECT_EQ(direct.load(), static_cast<int>(limit)) << "exactly the limit, in any order";
  EXPECT_EQ(routing.inside(), 0U);
}

}  // namespace
}  // namespace redstart::inline v0::protocol
