// SPDX-License-Identifier: Apache-2.0
// event_table_test.cpp: the tables of docs/events.md equal those of the code; severities.
#include "sample_stats.hpp"

#include <redstart/observe/event.hpp>
#include <redstart/observe/event_json.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sample_events.hpp"

namespace redstart {
namespace {

// The cells of each row of a table, whose first cell is in back quotes, below a line of the document.
std::vector<std::vector<std::string>> rows_of_table(const std::string& heading) {
  const std::string document = test::repository_file("docs/events.md");
  std::istringstream lines(document.substr(document.find("\n" + heading)));
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) {
      if (rows.empty()) continue;
      break;
    }
    std::vector<std::string> cells;
    std::istringstream parts(line.substr(1));
    for (std::string cell; std::getline(parts, cell, '|');) cells.push_back(cell.substr(1, cell.size() - 2));
    rows.push_back(cells);
  }
  return rows;
}

std::string in_backquotes(std::string_view text) { return "`" + std::string(text) + "`"; }

std::set<std::string> names_in(std::string_view fields) {
  std::istringstream words{std::string(fields)};
  std::set<std::string> names;
  for (std::string word; words >> word;) names.insert(word);
  return names;
}

TEST(EventTable, IsThatOfTheDocument) {
  const auto rows = rows_of_table("| name | `EventKind`");
  ASSERT_EQ(rows.size(), std::size(event_table));
  for (std::size_t i = 0; i != rows.size(); ++i) {
    const EventKindInfo& info = event_table[i];
    SCOPED_TRACE(std::string(info.name));
    ASSERT_EQ(rows[i].size(), 6U);
    EXPECT_EQ(rows[i][0], in_backquotes(info.name));
    EXPECT_TRUE(rows[i][2].starts_with(to_string(info.level))) << rows[i][2];
    std::string fields;
    std::istringstream words{std::string(info.fields)};
    for (std::string word; words >> word;) fields += (fields.empty() ? "" : ", ") + in_backquotes(word);
    EXPECT_EQ(rows[i][3], fields.empty() ? "–" : fields);
  }
}

// The document has each field of the JSON object, with its type.
TEST(EventTable, DocumentDescribesEachFieldWithItsType) {
  std::map<std::string, std::string> documented;
  for (const auto& row : rows_of_table("| field |")) documented[row[0]] = row[2];
  const auto json = nlohmann::json::parse(to_json(test::event_with_all_fields()));
  std::size_t found = 0;
  for (const auto& [name, value] : json.items()) {
    if (std::set<std::string>{"ts", "level", "event", "database", "endpoint", "message"}.contains(name))
      continue;
    ++found;
    EXPECT_EQ(documented[in_backquotes(name)], value.is_string()           ? "string"
                                               : value.is_number_integer() ? "integer"
                                                                           : "number")
        << name;
  }
  EXPECT_EQ(found, documented.size());
}

TEST(EventTable, NamesOnlyFieldsThatExist) {
  const auto json = nlohmann::json::parse(to_json(test::event_with_all_fields()));
  for (const EventKindInfo& info : event_table) {
    for (const std::string& field : names_in(info.fields))
      EXPECT_TRUE(json.contains(field)) << info.name << field;
  }
}

TEST(EventLevel, DependsOnWhatHappened) {
  const auto level = [](EventKind kind, std::string_view reason, std::string_view to = {},
                        std::optional<std::uint64_t> count = {}) {
    return level_of(Event{.kind = kind, .reason = reason, .to = to, .count = count});
  };
  EXPECT_EQ(level(EventKind::disconnected, "idle"), EventLevel::debug);
  EXPECT_EQ(level(EventKind::disconnected, "lost"), EventLevel::warning);
  EXPECT_EQ(level(EventKind::connected, "", "", 0), EventLevel::debug);
  EXPECT_EQ(level(EventKind::connected, "", "", 3), EventLevel::info);
  EXPECT_EQ(level(EventKind::loading, "", "busy"), EventLevel::warning);
  EXPECT_EQ(level(EventKind::loading, "", "unreachable"), EventLevel::warning);
  EXPECT_EQ(level(EventKind::loading, "", "ready"), EventLevel::info);
  EXPECT_EQ(level(EventKind::circuit_changed, "", "open"), EventLevel::warning);
  EXPECT_EQ(level(EventKind::circuit_changed, "", "half_open"), EventLevel::info);
  EXPECT_EQ(level(EventKind::init_failed, ""), EventLevel::error);
  EXPECT_EQ(level(static_cast<EventKind>(250), ""), EventLevel::error);
}

}  // namespace
}  // namespace redstart
