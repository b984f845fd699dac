// SPDX-License-Identifier: Apache-2.0
// explanation.cpp: writes the effective configuration as text and as JSON.
#include <redstart/config/explanation.hpp>

#include <redstart/core/peer_text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace redstart::inline v0 {

namespace {

void append_faults(std::string& out, const char* title, const std::vector<ConfigFault>& faults) {
  if (faults.empty()) return;
  out += std::string("\n") + title + "\n";
  for (const ConfigFault& fault : faults)
    out += "  " + fault.where + ": " + fault.what + (fault.remedy.empty() ? "" : "; " + fault.remedy) + "\n";
}

nlohmann::ordered_json faults_as_json(const std::vector<ConfigFault>& faults) {
  auto list = nlohmann::ordered_json::array();
  for (const ConfigFault& fault : faults)
    list.push_back({{"where", fault.where}, {"what", fault.what}, {"remedy", fault.remedy}});
  return list;
}

std::string source_text(const ExplainedValue& value) {
  return value.source.empty() ? value.layer : value.layer + ": " + value.source;
}

}  // namespace

std::string ConfigExplanation::text() const {
  std::size_t widest = 0;
  for (const ExplainedValue& value : values) widest = std::max(widest, value.key.size() + value.value.size());
  widest = std::min<std::size_t>(widest, 64);
  std::string out;
  const std::string* section = nullptr;
  for (const ExplainedValue& value : values) {
    if (section == nullptr || *section != value.database) {
      section = &value.database;
      out += out.empty() ? "" : "\n";
      out += section->empty() ? "manager" : *section == "*" ? "defaults" : "database " + *section;
      out += '\n';
    }
    std::string line = "  " + value.key + " = " + (value.value.empty() ? "(not set)" : value.value);
    if (line.size() < widest + 6) line.resize(widest + 6, ' ');
    out += line + "  # " + source_text(value) + "\n";
  }
  append_faults(out, "faults", faults);
  append_faults(out, "notices", notices);
  return out;
}

std::string ConfigExplanation::json() const {
  using nlohmann::ordered_json;
  ordered_json out = {{"manager", ordered_json::object()},
                      {"defaults", ordered_json::object()},
                      {"databases", ordered_json::object()}};
  for (const ExplainedValue& value : values) {
    ordered_json& section = value.database.empty()  ? out["manager"]
                            : value.database == "*" ? out["defaults"]
                                                    : out["databases"][value.database];
    section[value.key] = {{"value", value.value}, {"layer", value.layer}, {"source", value.source}};
  }
  out["faults"] = faults_as_json(faults);
  out["notices"] = faults_as_json(notices);
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace redstart::inline v0
