// SPDX-License-Identifier: Apache-2.0
// readiness.cpp: follows the databases of each check.
#include "readiness.hpp"

#include <redstart/core/errc.hpp>

#include <algorithm>
#include <utility>

namespace redstart::inline v0::health {

namespace {

// Anybody may read it, so it has neither the endpoint nor a text of the server.
std::string message_of(const DatabaseHealth& database, const Damper& damper, const HealthPolicy& policy) {
  std::string text;
  if (database.problem) {
    const ErrcInfo* const row = errc_info(*database.problem);
    text = to_string(*database.problem);
    if (row != nullptr) text += ": " + std::string(row->meaning);
  } else {
    text = to_string(database.status);
  }
  if (damper.against() != 0) {
    text += damper.ready() ? " (failed probe " : " (successful probe ";
    text += std::to_string(damper.against()) + " of " +
            std::to_string(damper.ready() ? policy.failures : policy.successes) + ")";
  }
  return text;
}

}  // namespace

Readiness::Entry Readiness::entry_of(const DatabaseHealth& database) {
  const auto known = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.service.name == database.name; });
  Entry entry = known != entries_.end() ? *known : Entry{};
  if (database.status != HealthStatus::error) entry.damper.update(database.serves(), policy_);
  entry.service = {database.name, entry.damper.ready(), message_of(database, entry.damper, policy_),
                   database.required};
  return entry;
}

void Readiness::update(const HealthReport& report) {
  if (report.status == HealthStatus::error && report.databases.empty()) return;
  std::vector<Entry> entries;
  entries.reserve(report.databases.size());
  for (const DatabaseHealth& database : report.databases) entries.push_back(entry_of(database));
  entries_ = std::move(entries);
  ready_ = std::all_of(entries_.begin(), entries_.end(),
                       [](const Entry& entry) { return entry.service.ready || !entry.service.required; });
  started_ = started_ || ready_;
}

std::vector<ServiceReadiness> Readiness::services() const {
  std::vector<ServiceReadiness> all;
  all.reserve(entries_.size());
  for (const Entry& entry : entries_) all.push_back(entry.service);
  return all;
}

}  // namespace redstart::inline v0::health
