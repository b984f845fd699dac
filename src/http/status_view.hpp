// SPDX-License-Identifier: Apache-2.0
// status_view.hpp: the contents of the status page, as plain text.
#pragma once

#include <redstart/health/health_report.hpp>
#include <redstart/observe/stats.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::http {

/// How a text is coloured. The text alone says the same.
enum class Level : std::uint8_t { plain, good, warning, bad };

[[nodiscard]] constexpr std::string_view to_string(Level level) noexcept {
  switch (level) {
    case Level::plain: return "plain";
    case Level::good: return "good";
    case Level::warning: return "warning";
    case Level::bad: return "bad";
  }
  return "plain";
}

/// A column of the table. The page's script fills those whose `rate` is set, from differences of counters.
struct StatusColumn {
  std::string_view label;
  std::string_view rate{};  ///< The counter of `StatusRow` that it shows, per second.
};

inline constexpr std::array<StatusColumn, 9> status_columns = {{
    {"Health"},
    {"Connections"},
    {"Breaker"},
    {"Pool"},
    {"Commands/s", "commands"},
    {"Errors/s", "errors"},
    {"p50"},
    {"p95"},
    {"p99"},
}};

struct StatusText {
  std::string text{};
  Level level = Level::plain;
};

/// A line below the cells of a database.
struct StatusNote {
  std::string_view label{};
  std::string text{};
  Level level = Level::plain;
};

/// One database.
struct StatusRow {
  std::string name{};
  bool required = false;
  std::array<StatusText, status_columns.size()> cells{};
  std::vector<StatusNote> notes{};
  std::uint64_t commands = 0;  ///< All that have ended.
  std::uint64_t errors = 0;    ///< Those of them that failed, or got an error.
};

struct StatusView {
  std::string service{};
  StatusText health{};
  std::string summary{};
  std::string checked{};  ///< Time of the last check, in UTC.
  double uptime = 0;      ///< Of the manager, in seconds: the time of the counters.
  std::vector<StatusRow> rows{};
};

/// Joins statistics and the last report. A database that only one of them has is shown too.
[[nodiscard]] StatusView status_view(const ManagerStats& stats, const HealthReport& report);

/// The view as JSON, which the page's script reads.
[[nodiscard]] std::string to_json(const StatusView& view);
/// The page. It shows the view without JavaScript. `nonce`: admits its script and style, see
/// Content-Security-Policy.
[[nodiscard]] std::string to_page(const StatusView& view, std::string_view nonce);

/// Returns the text as it is written inside elements and quoted attributes of HTML.
[[nodiscard]] std::string escaped_html(std::string_view text);

}  // namespace redstart::inline v0::http
