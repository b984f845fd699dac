// SPDX-License-Identifier: Apache-2.0
// json_report.cpp: writes a report as JSON.
#include "json_report.hpp"

#include <redstart/core/version.hpp>

#include <nlohmann/json.hpp>

namespace redstart::doctor {

namespace {

using Json = nlohmann::ordered_json;

Json text(std::string_view value) { return std::string(value); }
Json text_or_null(std::string_view value) { return value.empty() ? Json() : text(value); }

Json as_json(const Step& step) {
  Json facts = Json::object();
  for (const Fact& fact : step.facts)
    std::visit([&](const auto& value) { facts[std::string(fact.name)] = value; }, fact.value);
  return {{"step", text(to_string(step.id))},
          {"state", text(to_string(step.state))},
          {"summary", step.summary},
          {"remedy", text_or_null(step.remedy)},
          {"runbook", text_or_null(step.runbook)},
          {"facts", std::move(facts)}};
}

Json as_json(const std::vector<ConfigFault>& faults) {
  Json list = Json::array();
  for (const ConfigFault& fault : faults)
    list.push_back({{"where", fault.where}, {"what", fault.what}, {"remedy", fault.remedy}});
  return list;
}

Json as_json(const DatabaseReport& database) {
  Json steps = Json::array();
  for (const Step& step : database.steps) steps.push_back(as_json(step));
  Json notes = Json::array();
  for (const std::string& note : database.notes) notes.push_back(note);
  return {{"name", database.name},
          {"endpoint", database.endpoint},
          {"required", database.required},
          {"impact", database.impact},
          {"state", text(to_string(verdict(database)))},
          {"steps", std::move(steps)},
          {"notes", std::move(notes)}};
}

Json first_as_json(const Report& report) {
  const auto found = first_finding(report);
  if (!found) return {};
  return {{"database", found->database == nullptr ? Json() : Json(found->database->name)},
          {"step", text(to_string(found->step->id))},
          {"state", text(to_string(found->step->state))},
          {"remedy", found->step->remedy},
          {"runbook", found->step->runbook}};
}

}  // namespace

std::string json_of(const Report& report) {
  Json databases = Json::array();
  for (const DatabaseReport& database : report.databases) databases.push_back(as_json(database));
  const Json whole = {{"version", text(version())},
                      {"exit_code", exit_code(report)},
                      {"failed", count(report, StepState::failed)},
                      {"warnings", count(report, StepState::warning)},
                      {"first", first_as_json(report)},
                      {"configuration", as_json(report.configuration)},
                      {"faults", as_json(report.faults)},
                      {"notices", as_json(report.notices)},
                      {"databases", std::move(databases)}};
  return whole.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace redstart::doctor
