// SPDX-License-Identifier: Apache-2.0
// stats_json_test.cpp: statistics as JSON: fields, escaping, schema.
#include "observe/figures.hpp"
#include "sample_stats.hpp"

#include <redstart/observe/stats_text.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

namespace redstart {
namespace {

using Json = nlohmann::ordered_json;

Json schema() { return Json::parse(test::repository_file("docs/statistics.schema.json")); }

// tests/unit/observe/check_statistics.py compares the same file with the schema.
TEST(StatsJson, EqualsTheGoldenFile) {
  const std::string text = to_json(test::sample_stats());
  EXPECT_EQ(text.find('\n'), std::string::npos) << "one line";
  EXPECT_EQ(Json::parse(text).dump(2) + "\n", test::repository_file("tests/data/statistics.json"));
}

TEST(StatsJson, ShowsOneDatabaseLikeAnElementOfAll) {
  const Json all = Json::parse(to_json(test::sample_stats()));
  EXPECT_EQ(Json::parse(to_json(test::sample_database())), all["databases"][0]);
}

TEST(StatsJson, WritesEmptyListsWithoutDatabases) {
  const Json json = Json::parse(to_json(ManagerStats{}));
  EXPECT_EQ(json["databases"], Json::array());
  EXPECT_EQ(json["healthy"], 0);
  EXPECT_EQ(json["success_rate"], 1.0);
}

TEST(StatsJson, WritesNullWhereNothingIsKnown) {
  const Json json = Json::parse(to_json(DatabaseStats{}));
  EXPECT_TRUE(json["loading_eta_seconds"].is_null());
  EXPECT_TRUE(json["breaker"]["next_probe_seconds"].is_null());
  EXPECT_TRUE(json["operations"]["latency"]["p99_seconds"].is_null());
  EXPECT_EQ(json["operations"]["latency"]["count"], 0);
}

TEST(StatsJson, ShowsCommandsAndErrors) {
  const Json operations = Json::parse(to_json(test::sample_database()))["operations"];
  EXPECT_EQ(operations["errors"], (Json{{"WRONGTYPE", 14}, {"pool_timeout", 1}}));
  ASSERT_EQ(operations["commands"].size(), 3U);
  const Json& refused = operations["commands"][1];
  EXPECT_EQ(refused["name"], "GET");
  EXPECT_EQ(refused["status_code"], "WRONGTYPE");
  EXPECT_EQ(refused["count"], 14);
  EXPECT_EQ(refused["buckets"][0], 14);
  EXPECT_EQ(operations["commands"][2]["sum_seconds"], 20.0);
}

TEST(StatsJson, ShowsDurationsOfConnections) {
  const Json durations = Json::parse(to_json(test::sample_database()))["connection_durations"];
  EXPECT_EQ(durations["create"]["count"], 9);
  EXPECT_EQ(durations["wait"]["sum_seconds"], 0.2);
  EXPECT_EQ(durations["wait"]["buckets"][8], 5);
  EXPECT_EQ(durations["use"]["count"], 3);
}

TEST(StatsJson, KeepsCountsExact) {
  DatabaseStats stats;
  stats.operations.ok = UINT64_MAX;
  EXPECT_NE(to_json(stats).find("\"ok\":18446744073709551615"), std::string::npos);
}

TEST(StatsJson, EscapesHostileTexts) {
  DatabaseStats stats;
  stats.name = "a\"b\\c\n\x01\x7f</script>";
  stats.endpoint = "bad \xff\xc0\xaf bytes, half a character \xe2\x82";
  stats.circuit.last_failure = std::string("nul \0 inside", 12);
  const std::string text = to_json(stats);
  for (const char c : text) ASSERT_GE(static_cast<unsigned char>(c), 0x20U) << "a control character";
  const Json json = Json::parse(text);
  EXPECT_EQ(json["name"], stats.name);
  EXPECT_EQ(json["endpoint"],
            "bad \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD bytes, half a character \xEF\xBF\xBD");
  EXPECT_EQ(json["breaker"]["last_failure"], stats.circuit.last_failure);
}

template <class Figure, std::size_t N>
void expect_described(const Figure (&table)[N], const Json& object) {
  for (const Figure& figure : table) {
    const std::string field(figure.field);
    ASSERT_TRUE(object["properties"].contains(field)) << field;
    EXPECT_EQ(object["properties"][field].value("description", ""), figure.meaning) << field;
  }
}

TEST(StatsJson, SchemaDescribesEachFigureLikeTheTable) {
  const Json whole = schema();
  const Json& objects = whole["$defs"];
  expect_described(figures::manager, whole);
  expect_described(figures::database, objects["database"]);
  expect_described(figures::leases, objects["database"]);
  expect_described(figures::node, objects["node"]);
  expect_described(figures::operations, objects["operations"]);
  expect_described(figures::rates, objects["rates"]);
  expect_described(figures::latency, objects["latency"]);
  expect_described(figures::connections, objects["connections"]);
  expect_described(figures::connection_durations, objects["connection_durations"]);
  expect_described(figures::breaker, objects["breaker"]);
}

}  // namespace
}  // namespace redstart
