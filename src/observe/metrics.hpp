// SPDX-License-Identifier: Apache-2.0
// metrics.hpp: passes the series of one family after the other to an exporter.
#pragma once

#include "figures.hpp"

#include <redstart/observe/metrics_exporter.hpp>

#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

/// The labels of a series, in their order.
class Labels {
 public:
  Labels& add(std::string_view name, std::string_view value) {
    list_.emplace_back(name, value);
    return *this;
  }
  /// The labels with one more.
  [[nodiscard]] Labels with(std::string_view name, std::string_view value) const {
    return Labels(*this).add(name, value);
  }
  /// The labels as they are passed on. They live as long as this object.
  [[nodiscard]] std::vector<MetricLabel> views() const;
  /// A text that only equal labels have.
  [[nodiscard]] std::string key() const;

 private:
  std::vector<std::pair<std::string_view, std::string>> list_{};  // names are constants
};

/// Passes series to an exporter. Series with labels that their family has already are left out.
///
/// Thread safety: none.
class Metrics {
 public:
  explicit Metrics(MetricsExporter& exporter) noexcept : exporter_(exporter) {}

  /// Begins a family.
  void family(std::string_view name, MetricType type, std::string_view meaning);
  /// Passes a series of the family. Nothing for an empty number.
  void sample(const Labels& labels, const figures::Number& value);
  void histogram(const Labels& labels, const DurationHistogram& durations);

 private:
  void pass(const Labels& labels);

  MetricsExporter& exporter_;
  Metric metric_{};
  std::unordered_set<std::string> seen_{};
};

}  // namespace redstart::inline v0
