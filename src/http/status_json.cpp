// SPDX-License-Identifier: Apache-2.0
// status_json.cpp: writes the contents of the status page as JSON.
#include "status_view.hpp"

#include <utility>

#include <nlohmann/json.hpp>

namespace redstart::inline v0::http {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const StatusText& text) {
  Json json;
  json["text"] = text.text;
  json["level"] = std::string(to_string(text.level));
  return json;
}

Json json_of(const StatusRow& row) {
  Json json;
  json["name"] = row.name;
  json["required"] = row.required;
  json["commands"] = row.commands;
  json["errors"] = row.errors;
  Json& cells = json["cells"] = Json::array();
  for (const StatusText& cell : row.cells) cells.push_back(json_of(cell));
  Json& notes = json["notes"] = Json::array();
  for (const StatusNote& note : row.notes) {
    Json entry;
    entry["label"] = std::string(note.label);
    entry["text"] = note.text;
    entry["level"] = std::string(to_string(note.level));
    notes.push_back(std::move(entry));
  }
  return json;
}

}  // namespace

std::string to_json(const StatusView& view) {
  Json json;
  json["service"] = view.service;
  json["health"] = json_of(view.health);
  json["summary"] = view.summary;
  json["checked"] = view.checked;
  json["uptime"] = view.uptime;
  Json& columns = json["columns"] = Json::array();
  for (const StatusColumn& column : status_columns) {
    Json entry;
    entry["label"] = std::string(column.label);
    entry["rate"] = std::string(column.rate);
    columns.push_back(std::move(entry));
  }
  Json& rows = json["databases"] = Json::array();
  for (const StatusRow& row : view.rows) rows.push_back(json_of(row));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace redstart::inline v0::http
