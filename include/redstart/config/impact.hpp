// SPDX-License-Identifier: Apache-2.0
// impact.hpp: the usual effect of a missing database on a service.
#pragma once

#include <string_view>

namespace redstart::inline v0 {

/// The usual effect on a service while the database of this name is away, as one sentence. Reports show it if
/// `DatabaseConfig::impact` is empty. Names without a text of their own share a general one.
[[nodiscard]] constexpr std::string_view default_impact(std::string_view database) noexcept {
  struct Row {
    std::string_view database;
    std::string_view impact;
  };
  constexpr Row rows[] = {
      {"main", "Requests that read or write the service's data fail."},
      {"cache", "Values are computed or fetched again, which is slower and puts load on their sources."},
      {"sessions", "Users can't sign in, and requests of users who are signed in are refused."},
      {"users", "Accounts and permissions can't be read, so users can't sign in."},
      {"chat", "Messages are not delivered, and conversations can't be continued."},
      {"pubsub", "Notifications between processes are not delivered."},
      {"knowledge", "Stored knowledge can't be searched, so answers are worse or missing."},
      {"prompts", "Prompts can't be loaded or changed."},
      {"agents", "Agents lose their state and can't continue."},
      {"metrics", "Figures are not collected, so there are gaps in charts."},
      {"logs", "Log entries are not collected."},
      {"jobs", "No job is accepted or run."},
      {"workflows", "Workflows can't be started or continued."},
  };
  for (const Row& row : rows)
    if (row.database == database) return row.impact;
  return "Calls that use it fail.";
}

/// The text of reports: `configured`, or the usual effect if that is empty. Views one of the arguments.
[[nodiscard]] constexpr std::string_view impact_of(std::string_view database,
                                                   std::string_view configured) noexcept {
  return configured.empty() ? default_impact(database) : configured;
}

}  // namespace redstart::inline v0
