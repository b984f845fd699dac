// SPDX-License-Identifier: Apache-2.0
// rehearsal.cpp: tests of a small service that rehearse outages, to be copied.
//
// Its Redis is behind a proxy that fails on command. docs/testing.md explains it.
#include <redstart/sync.hpp>
#include <redstart/testing/fault_proxy.hpp>
#include <redstart/testing/scoped_override.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using redstart::RedisConnectionManager;
using redstart::testing::FaultProxy;
using redstart::testing::ScopedOverride;

// --- The service. It knows nothing of tests. -------------------------------------------------------------

enum class Status { created = 201, unknown = 202, unavailable = 503 };

// Counts an order, never twice. Returns `unknown` if no client can know whether it was counted.
Status place_order() {
  try {
    RedisConnectionManager::instance().client("main").incr("rehearsal:orders");
    return Status::created;
  } catch (const redstart::Error& error) {
    return error.effect() == redstart::Effect::indeterminate ? Status::unknown : Status::unavailable;
  }
}

// The counter on a page is optional: without Redis the page has none.
std::string page() {
  if (const auto cache = RedisConnectionManager::instance().optional_client("main", 50ms))
    if (const auto views = cache->results().incr("rehearsal:views"))
      return "welcome, visitor " + std::to_string(*views);
  return "welcome";
}

// --- The rehearsal. --------------------------------------------------------------------------------------

class Shop : public ::testing::Test {
 protected:
  Shop() {
    redstart::RedisConfig config = settings_;
    config.database("main").endpoint = proxy_.endpoint();
    config.database("main").timeouts.command = 2s;
    redis_.start(config);
    redis_.client("main").del("rehearsal:orders");
  }

  // Returns the stored count, read past the proxy.
  [[nodiscard]] int stored() {
    RedisConnectionManager direct;
    direct.start(settings_);
    return direct.client("main").get<int>("rehearsal:orders").value_or(0);
  }
  // Waits for a condition, never for a time.
  template <class Condition>
  static bool eventually(Condition condition) {
    for (const auto end = std::chrono::steady_clock::now() + 30s; std::chrono::steady_clock::now() < end;) {
      if (condition()) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }

  redstart::RedisConfig settings_ = redstart::RedisConfigLoader{}.load();  // REDIS_URL
  FaultProxy proxy_{settings_.database("main").endpoint};
  RedisConnectionManager redis_{};
  ScopedOverride override_{redis_};  // instance() returns this manager while the test lasts
};

TEST_F(Shop, RepliesUnavailableWhileRedisIsAwayAndRecovers) {
  EXPECT_EQ(place_order(), Status::created);
  proxy_.crash();
  ASSERT_TRUE(eventually([] { return place_order() == Status::unavailable; }));
  EXPECT_EQ(page(), "welcome");
  proxy_.heal();
  ASSERT_TRUE(eventually([] { return place_order() == Status::created; }));
  EXPECT_NE(page(), "welcome");
}

TEST_F(Shop, CountsAnOrderOnceWhenItsReplyIsLost) {
  ASSERT_EQ(place_order(), Status::created);
  auto lost = proxy_.open_connections().on_reply_to("INCR").reset();
  EXPECT_EQ(place_order(), Status::unknown) << "it was counted, but the service can't know";
  lost.await_fired();
  EXPECT_EQ(stored(), 2);
  EXPECT_EQ(place_order(), Status::created) << "over a new connection";
  EXPECT_EQ(stored(), 3);
}

TEST_F(Shop, RepliesAtItsTimeLimitWhenTheServerIsSilent) {
  ASSERT_EQ(place_order(), Status::created);
  proxy_.freeze();
  EXPECT_EQ(place_order(), Status::unknown);
  EXPECT_GE(redis_.stats("main").operations.timeouts, 1U);
  proxy_.heal();
  EXPECT_TRUE(eventually([] { return place_order() == Status::created; }));
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
