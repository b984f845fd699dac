// SPDX-License-Identifier: Apache-2.0
// health_json_test.cpp: health reports as JSON: fields, escaping, the draft's format.
#include "sample_health.hpp"

#include <redstart/health/health_json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include <nlohmann/json.hpp>

namespace redstart {
namespace {

using HealthValue = nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

// Every form of the samples, under the name of its schema.
HealthValue all_forms() {
  const HealthReport report = test::sample_health();
  HealthValue all;
  all["report"] = HealthValue::parse(to_json(report));
  for (const HealthSection section : health_sections)
    all["section_" + std::string(to_string(section))] = HealthValue::parse(to_json(report, section));
  all["ready"] = HealthValue::parse(to_json(ReadyReport{true, test::sample_services(), test::sample_time()}));
  all["startup"] =
      HealthValue::parse(to_json(StartupReport{false, test::sample_services(), test::sample_time()}));
  all["live"] = HealthValue::parse(to_json(LiveReport{test::sample_time(), std::chrono::seconds(5)}));
  all["draft"] = HealthValue::parse(to_health_json(report));
  return all;
}

// tests/unit/health/check_health.py compares the same file with the schema.
TEST(HealthJson, EqualsTheGoldenFile) {
  std::ifstream file(REDSTART_TEST_DATA_DIR "/health.json");
  const std::string golden((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(all_forms().dump(2) + "\n", golden);
}

TEST(HealthJson, IsOneLine) {
  EXPECT_EQ(to_json(test::sample_health()).find('\n'), std::string::npos);
  EXPECT_EQ(to_health_json(test::sample_health()).find('\n'), std::string::npos);
}

TEST(HealthJson, WritesNullWhereNothingIsKnown) {
  HealthReport report;
  report.databases.emplace_back();
  const HealthValue json = HealthValue::parse(to_json(report));
  EXPECT_EQ(json["status"], "error");
  const HealthValue& database = json["databases"][0];
  EXPECT_TRUE(database["problem"].is_null());
  EXPECT_TRUE(database["performance"]["ping_ms"].is_null());
  EXPECT_TRUE(database["performance"]["latency"].is_null());
  EXPECT_TRUE(database["server_info"]["hit_ratio"].is_null());
  EXPECT_EQ(database["warnings"], HealthValue::array());
  EXPECT_EQ(database["notes"], HealthValue::array());
}

TEST(HealthJson, ReplacesBytesThatAreNotUtf8) {
  HealthReport report;
  report.service = "sh\xFFop";
  EXPECT_EQ(HealthValue::parse(to_json(report))["service"], "sh\xEF\xBF\xBDop");
  EXPECT_EQ(HealthValue::parse(to_health_json(report))["serviceId"], "sh\xEF\xBF\xBDop");
}

TEST(HealthJson, FindsSectionsByName) {
  for (const HealthSection section : health_sections) EXPECT_EQ(health_section(to_string(section)), section);
  EXPECT_EQ(health_section("server_info"), std::nullopt);
  EXPECT_EQ(health_section(""), std::nullopt);
}

TEST(HealthJson, DraftShowsNoEndpointAndNoTextOfTheServer) {
  HealthReport report = test::sample_health();
  report.databases[1].operational = {CheckResult::failed,
                                     CheckResult::failed,
                                     CheckResult::unknown,
                                     CheckResult::unknown,
                                     {},
                                     "SET was refused: OOM of 10.0.0.1"};
  report.databases[1].warnings.push_back({"writes_fail", "SET was refused: OOM of 10.0.0.1", "Wait"});
  const std::string text = to_health_json(report);
  EXPECT_THAT(text, Not(HasSubstr("example")));
  EXPECT_THAT(text, Not(HasSubstr("10.0.0.1")));
  EXPECT_THAT(text, HasSubstr("writes_fail"));
}

TEST(HealthJson, DraftHasItsThreeStatuses) {
  HealthReport report;
  for (const auto& [status, text] : {std::pair{HealthStatus::healthy, "pass"},
                                     {HealthStatus::degraded, "warn"},
                                     {HealthStatus::unhealthy, "fail"},
                                     {HealthStatus::error, "fail"}}) {
    report.status = status;
    EXPECT_EQ(HealthValue::parse(to_health_json(report))["status"], text);
  }
}

TEST(HealthStatus, DecidesOnTheStatusOfHttp) {
  EXPECT_EQ(http_status(HealthStatus::healthy), 200);
  EXPECT_EQ(http_status(HealthStatus::degraded), 200);
  EXPECT_EQ(http_status(HealthStatus::unhealthy), 503);
  EXPECT_EQ(http_status(HealthStatus::error), 503);
}

}  // namespace
}  // namespace redstart
