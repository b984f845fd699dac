// SPDX-License-Identifier: Apache-2.0
// health_json_draft.cpp: writes a report in the format of draft-inadarei-api-health-check-06.
#include "../observe/utc.hpp"

#include <redstart/core/version.hpp>
#include <redstart/health/health_json.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace redstart::inline v0 {

namespace {

using DraftJson = nlohmann::ordered_json;

std::string_view draft_status(HealthStatus status) noexcept {
  if (status == HealthStatus::healthy) return "pass";
  return status == HealthStatus::degraded ? "warn" : "fail";
}
std::string_view draft_status(CheckResult result) noexcept {
  if (result == CheckResult::ok) return "pass";
  return result == CheckResult::failed ? "fail" : "warn";
}

// Anybody may read it, so it has neither the endpoint nor a text of the server.
std::string draft_output(const DatabaseHealth& database) {
  if (database.problem) {
    const ErrcInfo* const row = errc_info(*database.problem);
    return std::string(to_string(*database.problem)) +
           (row != nullptr ? ": " + std::string(row->meaning) : std::string());
  }
  std::string codes;
  for (const HealthWarning& warning : database.warnings) {
    if (!codes.empty()) codes += ", ";
    codes += warning.code;
  }
  return codes;
}

DraftJson check_of(std::string_view status, const std::string& time, std::string output = {}) {
  DraftJson json;
  json["componentType"] = "datastore";
  json["status"] = std::string(status);
  json["time"] = time;
  if (status != "pass" && !output.empty()) json["output"] = std::move(output);
  return json;
}

void add_checks(DraftJson& checks, const DatabaseHealth& database, const std::string& time) {
  const auto put = [&](std::string_view name, DraftJson check) {
    checks[database.name + ":" + std::string(name)] = DraftJson::array({std::move(check)});
  };
  put("connectivity", check_of(draft_status(database.status), time, draft_output(database)));
  if (database.performance.probe_p95) {
    DraftJson check = check_of("pass", time);
    check["observedValue"] =
        std::chrono::duration<double, std::milli>(*database.performance.probe_p95).count();
    check["observedUnit"] = "ms";
    put("responseTime", std::move(check));
  }
  const bool exhausted = database.pool.waiting != 0 && database.pool.available() == 0;
  DraftJson pool = check_of(exhausted ? "warn" : "pass", time, "all connections are in use");
  pool["observedValue"] = database.pool.in_use;
  pool["observedUnit"] = "connections";
  put("connections", std::move(pool));
  if (database.server.uptime) {
    DraftJson check = check_of("pass", time);
    check["observedValue"] = database.server.uptime->count();
    check["observedUnit"] = "s";
    put("uptime", std::move(check));
  }
  put("operational", check_of(draft_status(database.operational.result), time,
                              "a temporary key could not be written, read and deleted"));
}

}  // namespace

std::string to_health_json(const HealthReport& report) {
  DraftJson json;
  json["status"] = std::string(draft_status(report.status));
  json["version"] = "0";
  json["releaseId"] = std::string(version());
  json["serviceId"] = report.service;
  json["description"] = "health of the Redis databases";
  if (!report.message.empty()) json["output"] = report.message;
  const std::string time = utc_text(report.timestamp);
  DraftJson& checks = json["checks"] = DraftJson::object();
  for (const DatabaseHealth& database : report.databases) add_checks(checks, database, time);
  return json.dump(-1, ' ', false, DraftJson::error_handler_t::replace);
}

}  // namespace redstart::inline v0
