// SPDX-License-Identifier: Apache-2.0
// health_status.hpp: the verdicts of health checks, and their names.
#pragma once

#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

/// The health of a database, or of all databases of a manager.
///
/// Of a manager: `unhealthy` if a required database is; else `error` if the probe of a required database
/// itself failed; else `degraded` if any database is not healthy; else `healthy`.
enum class HealthStatus : std::uint8_t {
  healthy,    ///< It serves calls, and there is no warning.
  degraded,   ///< It serves calls, but there is at least one warning.
  unhealthy,  ///< It can't serve calls.
  error,      ///< Its health is unknown: the probe itself failed, or has not run yet.
};

[[nodiscard]] constexpr std::string_view to_string(HealthStatus status) noexcept {
  switch (status) {
    case HealthStatus::healthy: return "healthy";
    case HealthStatus::degraded: return "degraded";
    case HealthStatus::unhealthy: return "unhealthy";
    case HealthStatus::error: return "error";
  }
  return "unknown";
}

/// The status code of an HTTP reply with this health: 200 for `healthy` and `degraded`, else 503.
[[nodiscard]] constexpr int http_status(HealthStatus status) noexcept {
  return status == HealthStatus::healthy || status == HealthStatus::degraded ? 200 : 503;
}

/// A latency, classified. `HealthPolicy` has the upper bounds of the first four.
enum class LatencyClass : std::uint8_t {
  excellent,   ///< Below 1 ms.
  good,        ///< Below 5 ms.
  acceptable,  ///< Below 20 ms.
  poor,        ///< Below 100 ms.
  critical,    ///< All above.
};

[[nodiscard]] constexpr std::string_view to_string(LatencyClass latency) noexcept {
  switch (latency) {
    case LatencyClass::excellent: return "excellent";
    case LatencyClass::good: return "good";
    case LatencyClass::acceptable: return "acceptable";
    case LatencyClass::poor: return "poor";
    case LatencyClass::critical: return "critical";
  }
  return "unknown";
}

/// The result of one check.
enum class CheckResult : std::uint8_t {
  ok,
  failed,
  unknown,  ///< It was not made, or its result proves nothing: the user lacks a permission, for example.
};

[[nodiscard]] constexpr std::string_view to_string(CheckResult result) noexcept {
  switch (result) {
    case CheckResult::ok: return "ok";
    case CheckResult::failed: return "failed";
    case CheckResult::unknown: return "unknown";
  }
  return "unknown";
}

}  // namespace redstart::inline v0
