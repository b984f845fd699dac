// SPDX-License-Identifier: Apache-2.0
// utc.hpp: writes times in the form of RFC 3339.
#pragma once

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

namespace redstart::inline v0 {

/// `2026-12-01T01:02:03.456Z`; empty for a time that no calendar has.
[[nodiscard]] inline std::string utc_text(std::chrono::system_clock::time_point time) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const auto whole = std::chrono::floor<std::chrono::seconds>(since);
  const auto seconds = static_cast<std::time_t>(whole.count());
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return {};
  std::array<char, 32> date{};
  std::array<char, 16> fraction{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>((since - whole).count()));
  return std::string(date.data()) + fraction.data();
}

}  // namespace redstart::inline v0
