// SPDX-License-Identifier: Apache-2.0
// http_date.hpp: writes the header Date.
#pragma once

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

namespace redstart::inline v0::http {

/// `Tue, 01 Dec 2026 07:52:14 UTC`, with GMT for UTC, in any locale. Empty for years that have no such form.
[[nodiscard]] inline std::string http_date(std::chrono::system_clock::time_point time) {
  static constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr || parts.tm_year < -900 || parts.tm_year > 8099) return {};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text.data();
}

}  // namespace redstart::inline v0::http
