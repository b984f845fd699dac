// SPDX-License-Identifier: Apache-2.0
// metrics_exporter_test.cpp: the series that exporters receive.
#include "sample_stats.hpp"

#include <redstart/observe/metrics_exporter.hpp>

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace redstart {
namespace {

struct Series {
  std::string name;
  std::string labels;
  std::string operation;
  MetricType type;
  double value;
  bool has_durations;
};

class Recorder final : public MetricsExporter {
 public:
  void add(const Metric& metric) override {
    std::string labels;
    for (const MetricLabel& label : metric.labels)
      labels += std::string(label.name) + '=' + std::string(label.value) + '\n';
    EXPECT_FALSE(metric.meaning.empty());
    series.push_back({std::string(metric.name), labels, std::string(metric.label("db_operation_name")),
                      metric.type, metric.number(), metric.durations != nullptr});
  }
  std::vector<Series> series{};
};

TEST(MetricsExporter, ReceivesEachSeriesOnce) {
  Recorder recorder;
  export_metrics(test::sample_stats(), recorder);
  std::set<std::string> seen;
  for (const Series& one : recorder.series)
    EXPECT_TRUE(seen.insert(one.name + '\n' + one.labels).second) << one.name << ' ' << one.labels;
  EXPECT_GT(seen.size(), 100U);
}

TEST(MetricsExporter, ReceivesFamiliesOneAfterTheOther) {
  Recorder recorder;
  export_metrics(test::sample_stats(), recorder);
  std::set<std::string> ended;
  std::string current;
  for (const Series& one : recorder.series) {
    if (one.name == current) continue;
    EXPECT_TRUE(ended.insert(current).second);
    current = one.name;
    EXPECT_FALSE(ended.contains(current)) << current;
  }
}

TEST(MetricsExporter, ReceivesDurationsForHistogramsAlone) {
  Recorder recorder;
  export_metrics(test::sample_stats(), recorder);
  int histograms = 0;
  for (const Series& one : recorder.series) {
    EXPECT_EQ(one.has_durations, one.type == MetricType::histogram) << one.name;
    const bool of_commands = one.name == "db_client_operation_duration_seconds";
    EXPECT_EQ(one.operation, of_commands ? "GET" : "") << one.name;
    histograms += one.has_durations ? 1 : 0;
    EXPECT_EQ(one.name.ends_with("_total"), one.type == MetricType::counter) << one.name;
  }
  EXPECT_EQ(histograms, 3 + 2 * 3) << "commands, and three histograms for each of two databases";
}

TEST(MetricsExporter, ReceivesBytesOfLabelsUnchanged) {
  ManagerStats stats;
  stats.databases.emplace_back().name = "a\"\n\xff";
  Recorder recorder;
  export_metrics(stats, recorder);
  EXPECT_NE(recorder.series.back().labels.find("db_namespace=a\"\n\xff\n"), std::string::npos);
}

class Thrower final : public MetricsExporter {
 public:
  void add(const Metric&) override { throw std::runtime_error("full"); }
};

TEST(MetricsExporter, MayThrow) {
  Thrower thrower;
  EXPECT_THROW(export_metrics(ManagerStats{}, thrower), std::runtime_error);
}

}  // namespace
}  // namespace redstart
