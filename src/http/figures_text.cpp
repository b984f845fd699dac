// SPDX-License-Identifier: Apache-2.0
// figures_text.cpp: rounds figures and adds their units.
#include "figures_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <ctime>

namespace redstart::inline v0::http {

namespace {

std::string decimals(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  std::string result = text.data();
  std::replace(result.begin(), result.end(), ',', '.');  // of a service that has set a locale
  return result;
}

// Two digits or more.
std::string rounded(double value) { return decimals(value, value < 0.995 ? 2 : value < 9.95 ? 1 : 0); }

}  // namespace

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string latency_text(std::chrono::nanoseconds time) {
  const double milliseconds = std::chrono::duration<double, std::milli>(time).count();
  if (milliseconds >= 999.5) return rounded(milliseconds / 1000) + " s";
  return rounded(milliseconds) + " ms";
}

std::string age_text(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  const auto pair = [](std::int64_t large, const char* unit, std::int64_t small, const char* small_unit) {
    return std::to_string(large) + unit +
           (small == 0 ? std::string() : ' ' + std::to_string(small) + small_unit);
  };
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return pair(seconds / 60, " min", seconds % 60, " s");
  if (seconds < 86'400) return pair(seconds / 3600, " h", seconds % 3600 / 60, " min");
  return pair(seconds / 86'400, " d", seconds % 86'400 / 3600, " h");
}

std::string rate_text(double per_second) {
  if (!(per_second > 0)) return "0";
  if (per_second < 9.95) return decimals(per_second, 1);
  return count_text(static_cast<std::uint64_t>(std::llround(std::min(per_second, 1e15))));
}

std::string share_text(double share) {
  const double percent = std::clamp(share, 0.0, 1.0) * 100;
  if (percent == 100) return "100 %";
  return decimals(std::floor(percent * 100) / 100, 2) + " %";
}

std::string utc_text(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  std::array<char, 32> text{};
  if (gmtime_r(&seconds, &parts) == nullptr) return {};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace redstart::inline v0::http
