// SPDX-License-Identifier: Apache-2.0
// health_json.hpp: health reports as JSON.
#pragma once

#include <redstart/health/health_report.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0 {

/// The parts of a report that have a form of their own.
enum class HealthSection : std::uint8_t {
  connectivity,
  performance,
  server_info,
  connection_pool,
  operational
};

inline constexpr std::array<HealthSection, 5> health_sections = {
    HealthSection::connectivity, HealthSection::performance, HealthSection::server_info,
    HealthSection::connection_pool, HealthSection::operational};

/// The name of a section as part of an address: `server-info`.
[[nodiscard]] constexpr std::string_view to_string(HealthSection section) noexcept {
  switch (section) {
    case HealthSection::connectivity: return "connectivity";
    case HealthSection::performance: return "performance";
    case HealthSection::server_info: return "server-info";
    case HealthSection::connection_pool: return "connection-pool";
    case HealthSection::operational: return "operational";
  }
  return "unknown";
}

/// The section of that name; empty if there is none.
[[nodiscard]] constexpr std::optional<HealthSection> health_section(std::string_view name) noexcept {
  for (const HealthSection section : health_sections)
    if (to_string(section) == name) return section;
  return std::nullopt;
}

/// Each function returns one JSON object on one line. `docs/health.md` describes each field, and
/// `docs/health.schema.json` is the schema. Names of fields are stable; new ones may be added.
///
/// Durations are in the unit that the name of the field ends with, times are UTC in the form of RFC 3339. A
/// figure that is not known is null. Bytes that are not UTF-8 become U+FFFD.
///
/// Thread safety: full. Errors: std::bad_alloc.
[[nodiscard]] std::string to_json(const HealthReport& report);
/// One section of every database, with status and timestamp.
[[nodiscard]] std::string to_json(const HealthReport& report, HealthSection section);
[[nodiscard]] std::string to_json(const ReadyReport& report);
[[nodiscard]] std::string to_json(const StartupReport& report);
[[nodiscard]] std::string to_json(const LiveReport& report);

/// The media type of `to_health_json`.
inline constexpr std::string_view health_json_type = "application/health+json";
/// Returns the report in the format of draft-inadarei-api-health-check-06: `status` is `pass`, `warn`
/// or `fail`. `checks` has `connectivity`, `responseTime`, `connections`, `uptime` and `operational` of each
/// database. Contains no endpoint and no text of a server.
[[nodiscard]] std::string to_health_json(const HealthReport& report);

}  // namespace redstart::inline v0
