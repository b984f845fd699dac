// SPDX-License-Identifier: Apache-2.0
// event_reports_test.cpp: how often failed and slow calls are reported, and the end of a shutdown.
#include "pool/event_reports.hpp"

#include <redstart/observe/event_json.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace redstart::inline v0::pool {
namespace {

using namespace std::chrono_literals;

class JsonObjects final : public EventListener {
 public:
  void on_event(const Event& event) noexcept override {
    all.push_back(nlohmann::json::parse(to_json(event)));
  }
  std::vector<nlohmann::json> all{};
};

class EventReportsTest : public ::testing::Test {
 protected:
  static Error error_with(Errc code) {
    ErrorInfo info;
    info.code = code;
    info.effect = Effect::not_sent;
    info.endpoint = "second.test:7002";
    return Error(std::move(info));
  }
  void fail(Errc code, TimePoint now) {
    if (const auto due = reports_.failures_due(code, now); due != 0)
      reports_.operation_failed("GET", error_with(code), {}, 12ms, due);
  }

  std::shared_ptr<JsonObjects> seen_ = std::make_shared<JsonObjects>();
  EventReports reports_{seen_, "main", "first.test:7001"};
  TimePoint now_{1h};
};

TEST_F(EventReportsTest, AddsDatabaseAndEndpoint) {
  reports_.emit({.kind = EventKind::retrying});
  EXPECT_EQ(seen_->all.at(0)["database"], "main");
  EXPECT_EQ(seen_->all.at(0)["endpoint"], "first.test:7001");
}

TEST_F(EventReportsTest, LimitsFailuresByCode) {
  for (int i = 0; i != 100; ++i) {
    fail(Errc::timeout, now_ + i * 1ms);
    fail(Errc::unavailable, now_ + i * 1ms);
  }
  ASSERT_EQ(seen_->all.size(), 2U);
  EXPECT_EQ(seen_->all[0]["endpoint"], "second.test:7002");
  fail(Errc::timeout, now_ + 10s);
  ASSERT_EQ(seen_->all.size(), 3U);
  EXPECT_EQ(seen_->all[2]["error"], "timeout");
  EXPECT_EQ(seen_->all[2]["count"], 100);
  EXPECT_EQ(seen_->all[2]["duration_ms"], 12.0);
  EXPECT_NE(seen_->all[2]["message"].get<std::string>().find("(100 since the last report)"),
            std::string::npos);
}

TEST_F(EventReportsTest, LimitsSlowCallsByCommand) {
  reports_.slow("h:1", operation_id("GET"), 1, 130ms, now_);
  reports_.slow("h:1", operation_id("GET"), 3, 140ms, now_ + 1s);
  reports_.slow("h:1", operation_id("SET"), 1, 150ms, now_ + 1s);
  reports_.slow("h:1", operation_id("GET"), 1, 160ms, now_ + 10s);
  ASSERT_EQ(seen_->all.size(), 3U);
  EXPECT_EQ(seen_->all[0]["message"], "slow command: GET took 130 ms");
  EXPECT_EQ(seen_->all[0]["duration_ms"], 130.0);
  EXPECT_EQ(seen_->all[1]["operation"], "SET");
  EXPECT_EQ(seen_->all[2]["count"], 4);
}

TEST_F(EventReportsTest, ReportsEndOfShutdownOnce) {
  reports_.shutdown_ended(true);
  reports_.shutdown_ended(true);
  ASSERT_EQ(seen_->all.size(), 1U);
  EXPECT_EQ(seen_->all[0]["event"], "redis.shutdown.success");
}

TEST_F(EventReportsTest, ShutdownWithInterruptedCallsFails) {
  reports_.interrupted(2);
  reports_.interrupted(1);
  reports_.shutdown_ended(true);
  EXPECT_EQ(seen_->all.at(0)["event"], "redis.shutdown.failed");
  EXPECT_EQ(seen_->all.at(0)["count"], 3);
}

TEST_F(EventReportsTest, ShutdownThatDoesNotEndFails) {
  reports_.shutdown_ended(false);
  reports_.shutdown_ended(true);
  ASSERT_EQ(seen_->all.size(), 1U);
  EXPECT_EQ(seen_->all[0]["event"], "redis.shutdown.failed");
}

TEST(EventReports, CountNothingWithoutListener) {
  EventReports reports(nullptr, "main", "h:1");
  EXPECT_FALSE(reports.listens());
  EXPECT_EQ(reports.failures_due(Errc::timeout, TimePoint{1h}), 0U);
  reports.slow("h:1", OperationId::pipeline, 1, 1s, TimePoint{1h});
}

}  // namespace
}  // namespace redstart::inline v0::pool
