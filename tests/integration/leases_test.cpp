// SPDX-License-Identifier: Apache-2.0
// leases_test.cpp: scoped handles that are kept for too long, or for ever, are told.
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
  [[nodiscard]] std::vector<std::string> told(std::string_view kind) const {
    std::vector<std::string> found;
    for (std::string& line : events_->lines()) {
      if (line.starts_with(kind)) found.push_back(std::move(line));
    }
    return found;
  }

  FakeServer server_{FakeServer::simple()};
  std::shared_ptr<EventLog> events_ = std::make_shared<EventLog>();
};

std::string here(unsigned line) { return "leases_test.cpp:" + std::to_string(line); }

TEST_F(Leases, KeptForTooLongAreToldOnceWithThePlaceThatTookThem) {
  StartedManager redis(config(20ms));
  std::optional<ScopedClient> sync = redis->scoped_client("main");
  const std::string sync_place = here(__LINE__ - 1);
  std::optional<AsyncScopedClient> async = redis->scoped_async_client("main")(use_future).get();
  const std::string async_place = here(__LINE__ - 1);
  ASSERT_TRUE(eventually([&] { return told("redis.lease.overdue").size() == 2; }));
  let_pass(60ms);  // several more looks
  sync.reset();
  async.reset();
  const auto lines = told("redis.lease.overdue");
  ASSERT_EQ(lines.size(), 2U) << "each once, and not again when it is given back";
  EXPECT_THAT(lines[0], HasSubstr("a scoped handle is kept for 0."));
  EXPECT_THAT(lines[0] + lines[1], HasSubstr(sync_place));
  EXPECT_THAT(lines[0] + lines[1], HasSubstr(async_place));
}

TEST_F(Leases, GivenBackInTimeAreNotTold) {
  StartedManager redis(config(3600s));
  static_cast<void>(redis->scoped_client("main"));
  redis->scoped_async_client("main")(use_future).get();
  EXPECT_TRUE(told("redis.lease").empty());
}

TEST_F(Leases, AreNotWatchedWhereTheWarningIsOff) {
  StartedManager redis(config(0ms));
  const ScopedClient kept = redis->scoped_client("main");
  let_pass(50ms);
  EXPECT_TRUE(told("redis.lease").empty());
}

TEST_F(Leases, AreInTheStatisticsWithTheAgeOfTheOldest) {
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

TEST_F(Leases, ThatAreStillOutAfterShutdownAreLeaks) {
  StartedManager redis(config(3600s));
  std::optional<ScopedClient> kept = redis->scoped_client("main");
  const std::string place = here(__LINE__ - 1);
  std::optional<AsyncScopedClient> too = redis->scoped_async_client("main")(use_future).get();
  redis->shutdown(1ms);
  const auto lines = told("redis.lease.leaked");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("2 scoped handles were not given back"));
  EXPECT_THAT(lines[0], HasSubstr(place));
  EXPECT_EQ(error_of([&] { return kept->get("key"); }).code(), Errc::closed);
}

TEST_F(Leases, NobodyKeepsAreNoLeaks) {
  StartedManager redis(config(20ms));
  static_cast<void>(redis->scoped_client("main"));
  redis->shutdown();
  EXPECT_TRUE(told("redis.lease.leaked").empty());
}

}  // namespace
}  // namespace redstart::test
