// SPDX-License-Identifier: Apache-2.0
// exposition.hpp: composes a page in a text format of Prometheus.
#pragma once

#include <redstart/observe/metrics_exporter.hpp>
#include <redstart/observe/stats_text.hpp>

#include <string>
#include <string_view>

namespace redstart::inline v0 {

/// A page of series, in the order in which they are added.
///
/// Thread safety: none.
class Exposition final : public MetricsExporter {
 public:
  explicit Exposition(MetricsFormat format) noexcept : format_(format) {}

  /// Writes the heading of the family before its first series. Preconditions: all series of one name are
  /// added one after the other.
  void add(const Metric& metric) override;
  /// The page. Call once.
  [[nodiscard]] std::string finish() &&;

 private:
  void write_heading(const Metric& metric);
  void write_histogram(const Metric& metric);
  template <class Number>
  void write_sample(const Metric& metric, std::string_view suffix, std::string_view bound, Number value);

  MetricsFormat format_;
  std::string page_{};
  std::string family_{};
};

}  // namespace redstart::inline v0
