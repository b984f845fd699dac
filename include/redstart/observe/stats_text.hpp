// SPDX-License-Identifier: Apache-2.0
// stats_text.hpp: statistics as JSON and as Prometheus text.
#pragma once

#include <redstart/observe/stats.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace redstart::inline v0 {

/// Returns the statistics as one JSON object on one line. `docs/statistics.md` describes each field, and
/// `docs/statistics.schema.json` is its schema. Names of fields are stable; new ones may be added.
///
/// Durations are seconds, times are UTC in the form of RFC 3339. A figure that is not known is null. Bytes
/// that are not UTF-8 become U+FFFD.
///
/// Thread safety: full. Errors: std::bad_alloc.
[[nodiscard]] std::string to_json(const ManagerStats& stats);
/// Returns the statistics of one database: an element of `databases` of the object above.
[[nodiscard]] std::string to_json(const DatabaseStats& stats);

/// The text formats that Prometheus reads.
enum class MetricsFormat : std::uint8_t {
  prometheus,    ///< Text format 0.0.4.
  open_metrics,  ///< OpenMetrics 1.0.
};

/// Returns the format for a scrape whose header `Accept` is this: OpenMetrics if the header names it and
/// ranks `text/plain` no higher, else the text format. An empty or malformed header means the text format.
[[nodiscard]] MetricsFormat metrics_format(std::string_view accept) noexcept;
/// The value of the header `Content-Type` for a format.
[[nodiscard]] std::string_view content_type(MetricsFormat format) noexcept;

/// Returns the statistics as a page for Prometheus. `docs/statistics.md` describes each series; their names
/// are stable. The order depends only on that of databases and servers.
///
/// Counters of known reasons start at 0. No label has a value that a server or a user can choose, apart from
/// names and endpoints of the configuration; bytes in these that are not UTF-8, and control characters,
/// become U+FFFD. If two servers of a database have the same endpoint, the first is shown.
///
/// Thread safety: full. Errors: std::bad_alloc.
[[nodiscard]] std::string to_prometheus(const ManagerStats& stats,
                                        MetricsFormat format = MetricsFormat::prometheus);

}  // namespace redstart::inline v0
