// SPDX-License-Identifier: Apache-2.0
// status_page_test.cpp: contents of the status page, as HTML and JSON.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "../observe/sample_stats.hpp"
#include "http/status_assets.hpp"
#include "http/status_view.hpp"
#include "sample_site.hpp"

namespace redstart::http {
namespace {

using Json = nlohmann::json;
using test::sample_facts;

const StatusNote* note_of(const StatusRow& row, std::string_view label) {
  const auto at = std::find_if(row.notes.begin(), row.notes.end(),
                               [label](const StatusNote& note) { return note.label == label; });
  return at == row.notes.end() ? nullptr : &*at;
}

TEST(StatusView, ShowsStatisticsOfEachDatabase) {
  const StatusView view = status_view(test::sample_stats(), {});
  ASSERT_EQ(view.rows.size(), 2U);
  EXPECT_EQ(view.uptime, 90.5);
  const StatusRow& row = view.rows[0];
  EXPECT_EQ(row.name, "main");
  EXPECT_TRUE(row.required);
  EXPECT_EQ(row.cells[0].text, "not checked");
  EXPECT_EQ(row.cells[1].text, "loading, about 12 s");
  EXPECT_EQ(row.cells[1].level, Level::warning);
  EXPECT_EQ(row.cells[2].text, "open");
  EXPECT_EQ(row.cells[2].level, Level::bad);
  EXPECT_EQ(row.cells[3].text, "3 of 50, 5 waiting");
  EXPECT_EQ(row.commands, 99U + 1 + 14);
  EXPECT_EQ(row.errors, 1U + 14);
  ASSERT_NE(note_of(row, "Last error"), nullptr);
  EXPECT_EQ(note_of(row, "Last error")->text,
            "2024-10-04T00:00:01Z connect refused (18): connection refused");
  ASSERT_NE(note_of(row, "Since start"), nullptr);
  EXPECT_NE(note_of(row, "Since start")->text.find("99 ok, 1 failed"), std::string::npos);
  EXPECT_NE(note_of(row, "Since start")->text.find("p95 9"), std::string::npos);
  EXPECT_EQ(note_of(row, "Server")->text, "Redis 7.0.15 master");
}

TEST(StatusView, ShowsTheLastReport) {
  using namespace std::chrono_literals;
  auto facts = sample_facts();
  DatabaseHealth& main = facts.health.databases[1];
  main.performance.operations_p50 = 260us;
  main.performance.operations_p99 = 1500ms;
  main.performance.operations_per_second = 1250.4;
  main.warnings.push_back({"memory", "memory is full", "raise maxmemory"});
  main.notes.emplace_back("no permission for INFO");
  const StatusView view = status_view(facts.stats, facts.health);
  EXPECT_EQ(view.service, "shop");
  EXPECT_EQ(view.health.text, "degraded");
  EXPECT_EQ(view.health.level, Level::warning);
  EXPECT_EQ(view.checked, "2027-01-15T08:00:00Z");
  const StatusRow& cache = view.rows[0];
  EXPECT_EQ(cache.cells[0].text, "unhealthy");
  EXPECT_EQ(note_of(cache, "Problem")->text, "refused by 10.1.2.3:6379");
  EXPECT_EQ(note_of(cache, "Impact")->text, "pages are slow");
  const StatusRow& row = view.rows[1];
  EXPECT_EQ(row.cells[0].text, "healthy");
  EXPECT_EQ(row.cells[4].text, "1,250");
  EXPECT_EQ(row.cells[6].text, "0.26 ms");
  EXPECT_EQ(row.cells[7].text, "–");
  EXPECT_EQ(row.cells[8].text, "1.5 s");
  EXPECT_EQ(note_of(row, "Warning")->text, "memory is full; raise maxmemory");
  EXPECT_EQ(note_of(row, "Note")->text, "no permission for INFO");
  EXPECT_EQ(note_of(row, "Impact"), nullptr);
}

TEST(StatusView, ShowsDatabasesThatOnlyTheReportHas) {
  auto facts = sample_facts();
  facts.stats.databases.clear();
  const StatusView view = status_view(facts.stats, facts.health);
  ASSERT_EQ(view.rows.size(), 2U);
  EXPECT_EQ(view.rows[1].name, "main");
  EXPECT_EQ(view.rows[1].cells[1].text, "–");
}

TEST(StatusView, JsonHasCellsForEachColumn) {
  const auto facts = sample_facts();
  const Json json = Json::parse(to_json(status_view(facts.stats, facts.health)));
  EXPECT_EQ(json["health"], (Json{{"text", "degraded"}, {"level", "warning"}}));
  ASSERT_EQ(json["databases"].size(), 2U);
  for (const Json& database : json["databases"]) {
    EXPECT_EQ(database["cells"].size(), json["columns"].size());
    for (const Json& column : json["columns"]) {
      const std::string rate = column["rate"];
      EXPECT_TRUE(rate.empty() || database[rate].is_number()) << rate;
    }
  }
}

// Text of servers, and of the configuration of a service.
StatusView hostile_view() {
  const std::string hostile = "</span><script>alert(1)</script><img src=x onerror='alert(2)'>\"&amp;\xff";
  auto facts = sample_facts();
  facts.health.service = hostile;
  facts.health.message = hostile;
  facts.stats.databases[1].name = hostile;
  facts.stats.databases[1].endpoint = hostile;
  NodeStats node;
  node.server.product = hostile;
  facts.stats.databases[1].nodes.push_back(node);
  facts.stats.databases[1].operations.last_errors.push_back({{}, Errc::server_error, hostile, 1, {}});
  DatabaseHealth& health = facts.health.databases[1];
  health.name = hostile;
  health.message = hostile;
  health.advice = hostile;
  health.warnings.push_back({"memory", hostile, hostile});
  health.notes.push_back(hostile);
  return status_view(facts.stats, facts.health);
}

TEST(StatusPage, EscapesEveryText) {
  std::string page = to_page(hostile_view(), "0123");
  // Without the constant parts there is no other script, image or quote out of place.
  const auto cut = [&page](std::string_view part) {
    const std::size_t at = page.find(part);
    ASSERT_NE(at, std::string::npos);
    page.erase(at, part.size());
  };
  cut(status_style);
  cut(status_script);
  cut("<script nonce=\"0123\"></script>");
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("onerror='"), std::string::npos);
  EXPECT_EQ(page.find('\xff'), std::string::npos);
  EXPECT_NE(
      page.find(
          "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&#39;alert(2)&#39;&gt;&quot;&amp;amp;"),
      std::string::npos);
}

TEST(StatusPage, HostileTextLeavesValidJson) {
  const Json json = Json::parse(to_json(hostile_view()));
  EXPECT_NE(json["service"].get<std::string>().find("<script>"),
            std::string::npos);  // the script sets textContent
}

TEST(StatusPage, NeedsNothingElse) {
  const std::string page = to_page({}, "0123");
  for (const std::string_view part :
       {"src=", "@import", "url(", "http://", "https://", "innerHTML", "eval("}) {
    const std::size_t at = page.find(part);
    if (at == std::string::npos) continue;
    // The name of the vocabulary of SVG is no address.
    EXPECT_EQ(page.substr(at, 26), "http://www.w3.org/2000/svg") << part;
  }
  EXPECT_EQ(page.find(" style="), std::string::npos);  // the policy would refuse it
  EXPECT_NE(page.find("name=\"viewport\""), std::string::npos);
  EXPECT_NE(page.find("prefers-color-scheme:dark"), std::string::npos);
}

TEST(StatusPage, TableHasAllCellsWithoutScript) {
  const auto facts = sample_facts();
  const std::string page = to_page(status_view(facts.stats, facts.health), "0123");
  EXPECT_NE(page.find("<noscript><meta http-equiv=\"refresh\""), std::string::npos);
  EXPECT_NE(page.find("<th scope=\"row\">main<small>required</small></th>"), std::string::npos);
  EXPECT_NE(page.find("<td data-label=\"Connections\"><span data-level=\"bad\">backing off</span></td>"),
            std::string::npos);
}

}  // namespace
}  // namespace redstart::http
