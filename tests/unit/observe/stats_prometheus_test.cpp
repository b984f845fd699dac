// SPDX-License-Identifier: Apache-2.0
// stats_prometheus_test.cpp: the page for Prometheus: series, labels, escaping.
#include "exposition_parser.hpp"
#include "sample_stats.hpp"

#include <redstart/observe/stats_text.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace redstart {
namespace {

using test::Family;
using test::Sample;
using LabelMap = std::map<std::string, std::string>;

const Family& family(const std::vector<Family>& page, const std::string& name) {
  for (const Family& one : page)
    if (one.name == name) return one;
  throw std::runtime_error("there is no family " + name);
}

// The value of the only series whose labels include these.
std::optional<double> value(const std::vector<Family>& page, const std::string& name,
                            const LabelMap& labels) {
  std::optional<double> found;
  for (const Sample& sample : family(page, name).samples) {
    bool fits = true;
    for (const auto& [label, text] : labels) {
      const auto at = sample.labels.find(label);
      fits = fits && at != sample.labels.end() && at->second == text;
    }
    if (!fits) continue;
    EXPECT_FALSE(found) << "several series of " << name;
    found = sample.value;
  }
  return found;
}

// tests/unit/observe/check_statistics.py passes the same file to promtool.
TEST(StatsPrometheus, EqualsTheGoldenFile) {
  EXPECT_EQ(to_prometheus(test::sample_stats()), test::repository_file("tests/data/statistics.prom"));
}

TEST(StatsPrometheus, HasTheSameSeriesAsOpenMetrics) {
  const auto text = test::parse_exposition(to_prometheus(test::sample_stats()));
  const auto open = test::parse_exposition(to_prometheus(test::sample_stats(), MetricsFormat::open_metrics),
                                           MetricsFormat::open_metrics);
  ASSERT_EQ(text.size(), open.size());
  for (std::size_t i = 0; i != text.size(); ++i) {
    EXPECT_EQ(text[i].help, open[i].help);
    ASSERT_EQ(text[i].samples.size(), open[i].samples.size()) << text[i].name;
    for (std::size_t n = 0; n != text[i].samples.size(); ++n) {
      EXPECT_EQ(text[i].samples[n].name, open[i].samples[n].name);
      EXPECT_EQ(text[i].samples[n].labels, open[i].samples[n].labels);
      EXPECT_EQ(text[i].samples[n].value, open[i].samples[n].value);
    }
  }
}

TEST(StatsPrometheus, NamesDatabaseAndServer) {
  const auto page = test::parse_exposition(to_prometheus(test::sample_stats()));
  const LabelMap main{{"db_system_name", "redis"},
                      {"db_namespace", "main"},
                      {"server_address", "redis.example"},
                      {"server_port", "6379"}};
  EXPECT_EQ(value(page, "redstart_commands_ok_total", main), 99);
  EXPECT_EQ(value(page, "redstart_server_answered_total", main), 112);
  EXPECT_EQ(value(page, "redstart_server_loading_eta_seconds", main), 12);
  const Family& ok = family(page, "redstart_commands_ok_total");
  ASSERT_EQ(ok.samples.size(), 2U);
  EXPECT_EQ(ok.samples[1].labels, (LabelMap{{"db_system_name", "redis"},
                                            {"db_namespace", "cache"},
                                            {"server_address", "/run/redis.sock"}}));
}

TEST(StatsPrometheus, SplitsEndpoints) {
  ManagerStats stats;
  for (const char* const endpoint : {"[::1]:6380", "host:", "::1", "", ":7", "[]:1"}) {
    DatabaseStats database;
    database.name = endpoint;
    database.endpoint = endpoint;
    stats.databases.push_back(database);
  }
  const auto page = test::parse_exposition(to_prometheus(stats));
  std::vector<std::string> addresses;
  for (const Sample& sample : family(page, "redstart_commands_ok_total").samples) {
    const auto port = sample.labels.find("server_port");
    addresses.push_back(sample.labels.at("server_address") + "|" +
                        (port == sample.labels.end() ? "" : port->second));
  }
  EXPECT_EQ(addresses, (std::vector<std::string>{"::1|6380", "host:|", ":|1", "|", "|7", "|1"}));
}

TEST(StatsPrometheus, StartsKnownSeriesAtZero) {
  ManagerStats stats;
  DatabaseStats database;
  database.name = "main";
  database.endpoint = "localhost:6379";
  database.nodes.emplace_back().endpoint = "localhost:6379";
  stats.databases.push_back(database);
  const auto page = test::parse_exposition(to_prometheus(stats));
  EXPECT_EQ(family(page, "redis_client_connection_closed_total").samples.size(), close_reasons);
  for (const Family& one : page) {
    if (one.type != "counter") continue;
    for (const Sample& sample : one.samples) EXPECT_EQ(sample.value, 0) << sample.name;
  }
  EXPECT_EQ(value(page, "redstart_retries_total", {}), 0);
  EXPECT_EQ(value(page, "redstart_retry_budget_refused_total", {}), 0);
  EXPECT_EQ(value(page, "redstart_circuit_breaker_changes_total", {}), 0);
}

TEST(StatsPrometheus, ShowsExactlyOneState) {
  const auto page = test::parse_exposition(to_prometheus(test::sample_stats()));
  EXPECT_EQ(value(page, "redstart_server_state", {{"db_namespace", "main"}, {"state", "loading"}}), 1);
  EXPECT_EQ(value(page, "redstart_server_state", {{"db_namespace", "main"}, {"state", "ready"}}), 0);
  EXPECT_EQ(value(page, "redstart_circuit_breaker_state", {{"db_namespace", "main"}, {"state", "open"}}), 1);
  EXPECT_EQ(family(page, "redstart_server_state").samples.size(), 2U * 8U);
  EXPECT_EQ(family(page, "redstart_circuit_breaker_state").samples.size(), 2U * 5U);
}

TEST(StatsPrometheus, ShowsConnectionsByState) {
  const auto page = test::parse_exposition(to_prometheus(test::sample_stats()));
  const LabelMap idle{{"db_namespace", "main"}, {"state", "idle"}};
  const LabelMap used{{"db_namespace", "main"}, {"state", "used"}};
  EXPECT_EQ(value(page, "db_client_connection_count", idle), 104);
  EXPECT_EQ(value(page, "db_client_connection_count", used), 103);
  const LabelMap reason{{"db_namespace", "main"}, {"reason", "lost"}};
  EXPECT_EQ(value(page, "redis_client_connection_closed_total", reason), 123);
}

TEST(StatsPrometheus, ShowsDurationsByCommandAndError) {
  const auto page = test::parse_exposition(to_prometheus(test::sample_stats()));
  const Family& durations = family(page, "db_client_operation_duration_seconds");
  EXPECT_EQ(durations.type, "histogram");
  EXPECT_EQ(durations.samples.size(), 3U * (16 + 2));
  LabelMap get{{"db_system_name", "redis"},
               {"db_namespace", "main"},
               {"server_address", "redis.example"},
               {"server_port", "6379"},
               {"db_operation_name", "GET"}};
  std::vector<double> buckets;
  for (const Sample& sample : durations.samples) {
    if (sample.name == "db_client_operation_duration_seconds_bucket" && !sample.labels.contains("error_type"))
      buckets.push_back(sample.value);
  }
  EXPECT_EQ(buckets,
            (std::vector<double>{3, 7, 15, 30, 75, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100}))
      << "100 operations of 33 us, 66 us, ...";
  const std::string count = "db_client_operation_duration_seconds_count";
  for (const Sample& sample : durations.samples) {
    if (sample.name != count) continue;
    if (sample.labels.contains("db_response_status_code"))
      EXPECT_EQ(sample.labels.at("db_response_status_code"), sample.labels.at("error_type"));
    else if (sample.labels.contains("error_type"))
      EXPECT_EQ(sample.labels.at("error_type"), "pool_timeout");
    else
      EXPECT_EQ(sample.labels, get);
  }
}

TEST(StatsPrometheus, WritesBoundsInSeconds) {
  const auto page = test::parse_exposition(to_prometheus(test::sample_stats()));
  std::vector<std::string> bounds;
  for (const Sample& sample : family(page, "db_client_operation_duration_seconds").samples) {
    if (sample.labels.contains("le") && !sample.labels.contains("error_type"))
      bounds.push_back(sample.labels.at("le"));
  }
  EXPECT_EQ(bounds,
            (std::vector<std::string>{"0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01",
                                      "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "5.0", "10.0", "+Inf"}));
}

TEST(StatsPrometheus, CountsErrorsByKind) {
  const auto page = test::parse_exposition(to_prometheus(test::sample_stats()));
  const std::string errors = "redis_client_errors_total";
  EXPECT_EQ(value(page, errors, {{"db_namespace", "main"}, {"error_type", "WRONGTYPE"}}), 14);
  EXPECT_EQ(value(page, errors, {{"db_namespace", "main"}, {"error_type", "pool_timeout"}}), 1);
  EXPECT_EQ(value(page, errors, {{"db_namespace", "main"}, {"error_type", "_OTHER"}}), 0);
  EXPECT_EQ(value(page, errors, {{"db_namespace", "cache"}, {"error_type", "timeout"}}), 0) << "known";
  EXPECT_EQ(value(page, errors, {{"db_namespace", "cache"}, {"error_type", "configuration"}}), std::nullopt);
  EXPECT_EQ(value(page, "db_client_connection_timeouts_total", {{"db_namespace", "main"}}), 1);
  EXPECT_EQ(value(page, "db_client_connection_timeouts_total", {{"db_namespace", "cache"}}), 0);
}

TEST(StatsPrometheus, EscapesHostileTexts) {
  ManagerStats stats;
  DatabaseStats database;
  database.name = std::string("a\"b\\c\n\x01\x7f\xff\0} 1\nredstart_fake_total 7", 35);
  database.endpoint = "bad\xc0\xaf:1";
  stats.databases.push_back(database);
  for (const MetricsFormat format : {MetricsFormat::prometheus, MetricsFormat::open_metrics}) {
    const auto page = test::parse_exposition(to_prometheus(stats, format), format);
    const std::string name =
        format == MetricsFormat::prometheus ? "redstart_retries_total" : "redstart_retries";
    const Sample& sample = family(page, name).samples.at(0);
    const std::string bad = "\xEF\xBF\xBD";
    EXPECT_EQ(sample.labels.at("db_namespace"),
              "a\"b\\c\n" + bad + bad + bad + bad + "} 1\nredstart_fake_total 7");
    EXPECT_EQ(sample.labels.at("server_address"), "bad" + bad + bad);
    EXPECT_THROW(static_cast<void>(family(page, "redstart_fake_total")), std::runtime_error);
  }
}

TEST(StatsPrometheus, ShowsTheFirstOfEqualServers) {
  ManagerStats stats;
  DatabaseStats database = test::sample_database();
  database.nodes.push_back(test::sample_node());
  database.nodes[1].answered = 7;
  stats.databases.push_back(database);
  const auto page = test::parse_exposition(to_prometheus(stats));
  EXPECT_EQ(value(page, "redstart_server_answered_total", {}), 112);
}

TEST(StatsPrometheus, DescribesAManagerWithoutDatabases) {
  const auto page = test::parse_exposition(to_prometheus(ManagerStats{}));
  EXPECT_EQ(value(page, "redstart_build_info", {{"version", "0.1.0"}}), 1);
  EXPECT_EQ(value(page, "redstart_uptime_seconds", {}), 0);
  EXPECT_EQ(value(page, "redstart_databases_healthy", {}), 0);
  EXPECT_EQ(page.size(), 3U);
}

TEST(StatsPrometheus, KeepsCountsExact) {
  ManagerStats stats;
  stats.databases.emplace_back().operations.ok = UINT64_MAX;
  EXPECT_NE(to_prometheus(stats).find("} 18446744073709551615\n"), std::string::npos);
}

}  // namespace
}  // namespace redstart
