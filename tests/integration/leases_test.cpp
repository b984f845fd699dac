// SPDX-License-Identifier: Apache-2.0
// leases_test.cpp: reports of scoped handles that are held too long or leaked.
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using ::testing::HasSubstr;

class Leases : public ::testing::Test {
 protected:
  RedisConfig config(std::chrono::milliseconds warning) {
    RedisConfig config = config_at(server_.port());
    config.defaults.lease_warning = warning;
    config.listener = events_;
    return config;
  }
  [[nodiscard]] std::vector<std::string> reported(std::string_view kind) const {
    std::vector<std::string> found;
    for (std::string& line : events_->lines()) {
      if (line.starts_with(kind)) found.push_back(std::move(line));
    }
    return found;
  }

  FakeServer server_{FakeServer::simple()};
  std::shared_ptr<EventLog> events_ = std::make_shared<EventLog>();
};

std::string place_in_file(unsigned line) { return "leases_test.cpp:" + std::to_string(line); }

TEST_F(Leases, HeldTooLongAreReportedOnceWithTheirPlace) {
  StartedManager redis(config(20ms));
  std::optional<ScopedClient> sync = redis->scoped_client("main");
  const std::string sync_place = place_in_file(__LINE__ - 1);
  std::optional<AsyncScopedClient> async = redis->scoped_async_client("main")(use_future).get();
  const std::string async_place = place_in_file(__LINE__ - 1);
  ASSERT_TRUE(eventually([&] { return reported("redis.lease.overdue").size() == 2; }));
  let_pass(60ms);  // several more checks
  sync.reset();
  async.reset();
  const auto lines = reported("redis.lease.overdue");
  ASSERT_EQ(lines.size(), 2U) << "each must be reported once, and not again when it is returned";
  EXPECT_THAT(lines[0], HasSubstr("a scoped handle has been held for 0."));
  EXPECT_THAT(lines[0] + lines[1], HasSubstr(sync_place));
  EXPECT_THAT(lines[0] + lines[1], HasSubstr(async_place));
}

TEST_F(Leases, ReturnedInTimeAreNotReported) {
  StartedManager redis(config(3600s));
  static_cast<void>(redis->scoped_client("main"));
  redis->scoped_async_client("main")(use_future).get();
  EXPECT_TRUE(reported("redis.lease").empty());
}

TEST_F(Leases, AreNotReportedWhenWarningIsOff) {
  StartedManager redis(config(0ms));
  const ScopedClient kept = redis->scoped_client("main");
  let_pass(50ms);
  EXPECT_TRUE(reported("redis.lease").empty());
}

TEST_F(Leases, AreCountedWithAgeOfTheOldest) {
  StartedManager redis(config(0ms));
  EXPECT_EQ(redis->stats("main").pool.oldest_lease, 0ns);
  std::optional<ScopedClient> first = redis->scoped_client("main");
  let_pass(10ms);
  AsyncScopedClient second = redis->scoped_async_client("main")(use_future).get();
  PoolStats pool = redis->stats("main").pool;
  EXPECT_EQ(pool.leased, 2U);
  EXPECT_GE(pool.oldest_lease, 10ms);
  const auto before = pool.oldest_lease;
  first.reset();
  pool = redis->stats("main").pool;
  EXPECT_EQ(pool.leased, 1U);
  EXPECT_GT(pool.oldest_lease, 0ns);
  EXPECT_LT(pool.oldest_lease, before + 30s);
}

TEST_F(Leases, HeldAfterShutdownAreLeaks) {
  StartedManager redis(config(3600s));
  std::optional<ScopedClient> kept = redis->scoped_client("main");
  const std::string place = place_in_file(__LINE__ - 1);
  std::optional<AsyncScopedClient> too = redis->scoped_async_client("main")(use_future).get();
  redis->shutdown(1ms);
  const auto lines = reported("redis.lease.leaked");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("2 scoped handles were not released"));
  EXPECT_THAT(lines[0], HasSubstr(place));
  EXPECT_EQ(error_of([&] { return kept->get("key"); }).code(), Errc::closed);
}

TEST_F(Leases, ReturnedBeforeShutdownAreNoLeaks) {
  StartedManager redis(config(20ms));
  static_cast<void>(redis->scoped_client("main"));
  redis->shutdown();
  EXPECT_TRUE(reported("redis.lease.leaked").empty());
}

}  // namespace
}  // namespace redstart::test
