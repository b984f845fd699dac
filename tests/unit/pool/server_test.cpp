// SPDX-License-Identifier: Apache-2.0
// server_test.cpp: what two servers of one database share, and what not.
#include "pool/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace redstart::inline v0::pool {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Listener final : public EventListener {
 public:
  void on_event(const Event& event) noexcept override {
    const std::scoped_lock lock(mutex_);
    told_.push_back(std::string(to_string(event.kind)) + " " + std::string(event.endpoint));
  }
  [[nodiscard]] std::vector<std::string> told() const {
    const std::scoped_lock lock(mutex_);
    return told_;
  }

 private:
  mutable std::mutex mutex_{};
  std::vector<std::string> told_{};
};

class TwoServers : public ::testing::Test {
 protected:
  static RedisConfig config(std::shared_ptr<EventListener> listener) {
    RedisConfig config;
    config.listener = std::move(listener);
    config.database("main").endpoint = {"first.test", 7001};
    config.database("main").username = "ann";
    return config;
  }
  static ErrorInfo lost() {
    ErrorInfo info;
    info.code = Errc::connection_lost;
    info.what = "the server closed the connection";
    return info;
  }

  std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
  RedisConfig config_ = config(listener_);
  std::shared_ptr<Database> database_ = std::make_shared<Database>(config_, "main", config_.database("main"));
  Server first_{database_, config_.database("main").endpoint};
  Server second_{database_, {"second.test", 7002}};
};

TEST_F(TwoServers, HaveEndpointsOfTheirOwn) {
  EXPECT_EQ(first_.origin().endpoint, "first.test:7001");
  EXPECT_EQ(second_.origin().endpoint, "second.test:7002");
  EXPECT_EQ(second_.config().endpoint.host, "second.test");
  EXPECT_EQ(second_.origin().database, "main");
  EXPECT_TRUE(second_.origin().authenticates);
}

TEST_F(TwoServers, HaveBreakersOfTheirOwn) {
  second_.breaker().force_open();
  const TimePoint now = Clock::now();
  EXPECT_TRUE(second_.breaker().refuses(now));
  EXPECT_FALSE(first_.breaker().refuses(now));
  EXPECT_THAT(listener_->told(), ElementsAre("redis.circuit.state_changed second.test:7002"));
  NodeStats stats;
  second_.collect(stats);
  EXPECT_EQ(stats.endpoint, "second.test:7002");
  EXPECT_EQ(stats.breaker, BreakerState::forced_open);
  EXPECT_EQ(stats.breaker_changes, 1U);
}

TEST_F(TwoServers, AreReachedIndependently) {
  const TimePoint now = Clock::now();
  const auto attempt = second_.reachability().begin(now);
  ASSERT_TRUE(attempt);
  static_cast<void>(second_.reachability().failed(*attempt, failure::not_connected(ECONNREFUSED), now, 1ms));
  EXPECT_TRUE(second_.reachability().failing());
  EXPECT_FALSE(first_.reachability().failing());
}

TEST_F(TwoServers, NameTheirEndpointInErrors) {
  EXPECT_THAT(first_.failed("GET", 1, lost()).what(), HasSubstr("first.test:7001"));
  EXPECT_THAT(second_.failed("GET", 1, lost()).what(), HasSubstr("second.test:7002"));
}

TEST_F(TwoServers, AddUpInTheDatabase) {
  first_.counters().answered(0, 2, 0, 1ms);
  second_.counters().answered(0, 3, 1, 1ms);
  static_cast<void>(first_.failed("GET", 1, lost()));
  static_cast<void>(second_.failed("GET", 4, lost()));
  DatabaseStats all;
  database_->collect(all, Clock::now());
  const RedisStats& stats = all.operations;
  EXPECT_EQ(stats.ok, 4U);
  EXPECT_EQ(stats.server_errors, 1U);
  EXPECT_EQ(stats.failed, 5U);
  ASSERT_EQ(stats.last_errors.size(), 1U);
  EXPECT_EQ(stats.last_errors.front().count, 2U);
  NodeStats node;
  second_.collect(node);
  EXPECT_EQ(node.answered, 3U);
}

TEST_F(TwoServers, HaveIdentitiesOfTheirOwn) {
  ServerIdentity info;
  info.product = "Valkey";
  info.run_id = "6b52ab7acb53aeb8";
  second_.reachability().info_received(info);
  NodeStats node;
  second_.collect(node);
  EXPECT_EQ(node.server, info);
  first_.collect(node);
  EXPECT_EQ(node.server, ServerIdentity{});
}

TEST(OperationTotals, KeepTheCountsOfEachServer) {
  OperationTotals totals;
  OperationCounters& first = totals.add_server();
  OperationCounters& second = totals.add_server();
  first.answered(0, 1, 0, 1ms);
  second.failed(2, true);
  totals.database().retried(3);
  EXPECT_EQ(totals.all_ended(), 3U);
  RedisStats stats;
  totals.collect(stats);
  EXPECT_EQ(stats.ok, 1U);
  EXPECT_EQ(stats.failed, 2U);
  EXPECT_EQ(stats.retries, 3U);
}

}  // namespace
}  // namespace redstart::inline v0::pool
