// SPDX-License-Identifier: Apache-2.0
// metrics_exporter.hpp: passes statistics, series by series, to a monitoring system.
#pragma once

#include <redstart/observe/duration_histogram.hpp>
#include <redstart/observe/stats.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

namespace redstart::inline v0 {

/// How the values of a series change.
enum class MetricType : std::uint8_t {
  counter,    ///< The value only grows, from 0 on.
  gauge,      ///< The value may also fall.
  histogram,  ///< Durations in buckets.
  info,       ///< The value is 1; the labels are what it says.
};

struct MetricLabel {
  std::string_view name{};
  std::string_view value{};  ///< Any bytes: it is not escaped.
};

/// One series at a moment. The views are valid during the call only.
struct Metric {
  std::string_view name{};  ///< As in `docs/statistics.md`: with `_total` for a counter.
  MetricType type = MetricType::gauge;
  std::string_view meaning{};
  std::span<const MetricLabel> labels{};
  std::variant<std::uint64_t, double> value{};   ///< Of a histogram: unused.
  const DurationHistogram* durations = nullptr;  ///< Of a histogram.

  /// The value as a floating-point number, which is exact up to 2^53.
  [[nodiscard]] double number() const noexcept {
    if (const auto* const count = std::get_if<std::uint64_t>(&value)) return static_cast<double>(*count);
    return *std::get_if<double>(&value);
  }
  /// The value of a label; empty if there is none of that name.
  [[nodiscard]] std::string_view label(std::string_view wanted) const noexcept {
    for (const MetricLabel& one : labels)
      if (one.name == wanted) return one.value;
    return {};
  }
};

/// Receives the series of `export_metrics`. Implement it for a monitoring system other than Prometheus.
class MetricsExporter {
 public:
  virtual ~MetricsExporter() = default;
  /// Errors: what it throws leaves `export_metrics`.
  virtual void add(const Metric& metric) = 0;
  /// Called after the last series of each export: sends what `add` has collected. Errors: as those of `add`.
  virtual void complete() {}

 protected:
  MetricsExporter() = default;
  MetricsExporter(const MetricsExporter&) = default;
  MetricsExporter& operator=(const MetricsExporter&) = default;
};

/// Passes each series of the statistics to `exporter`, those of one name one after the other. No two have the
/// same name and labels. `to_prometheus` writes what this passes.
///
/// A manager with `RedisConfig::metrics_exporter` calls it periodically. Otherwise call it as often as the
/// monitoring system takes values: on a timer of the service, or for each scrape.
///
/// Thread safety: full, if that of `exporter` allows it. Errors: std::bad_alloc; what `exporter` throws.
void export_metrics(const ManagerStats& stats, MetricsExporter& exporter);

}  // namespace redstart::inline v0
