// SPDX-License-Identifier: Apache-2.0
// redis_database.hpp: the sixteen databases with predefined names.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace redstart::inline v0 {

/// The databases with predefined names. The value is the default number (SELECT).
enum class RedisDatabase : std::uint8_t {
  main = 0,
  cache,
  sessions,
  pubsub,
  knowledge,
  prompts,
  agents,
  metrics,
  logs,
  jobs,
  workflows,
  db11,
  db12,
  db13,
  db14,
  db15,
};

/// The predefined names, in the order of their numbers.
inline constexpr std::array<std::string_view, 16> database_names = {
    "main", "cache", "sessions",  "pubsub", "knowledge", "prompts", "agents", "metrics",
    "logs", "jobs",  "workflows", "db11",   "db12",      "db13",    "db14",   "db15"};

[[nodiscard]] constexpr std::string_view to_string(RedisDatabase database) noexcept {
  return database_names[static_cast<std::size_t>(database)];
}

/// The default number of a predefined name; empty for any other name.
[[nodiscard]] constexpr std::optional<int> default_number(std::string_view name) noexcept {
  for (std::size_t i = 0; i < database_names.size(); ++i) {
    if (database_names[i] == name) return static_cast<int>(i);
  }
  return std::nullopt;
}

}  // namespace redstart::inline v0
