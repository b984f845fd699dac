// SPDX-License-Identifier: Apache-2.0
// cloudwatch_metrics.cpp: writes statistics as embedded-metric lines for CloudWatch.
//
// REDIS_URL names the server; without it localhost:6379 is used. Each line on standard output is one JSON
// object in the embedded metric format. The agent or the Lambda runtime turns such lines into metrics:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
#include <redstart/observe/metrics_exporter.hpp>
#include <redstart/sync.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

using Json = nlohmann::ordered_json;

// Collects the series of one export, and writes one line for all series with equal labels. CloudWatch adds
// values up over a period, so counters and histograms are written as what was added since the last export.
class CloudWatchExporter final : public redstart::MetricsExporter {
 public:
  void add(const redstart::Metric& metric) override {
    if (metric.type == redstart::MetricType::info) return;
    std::string key;
    for (const redstart::MetricLabel& label : metric.labels)
      key += std::string(label.name) + '=' + std::string(label.value) + '\n';
    const std::string name(metric.name);
    if (metric.durations != nullptr)
      add_durations(line_of(key, metric), name, *metric.durations, durations_[name + '\n' + key]);
    else if (metric.type == redstart::MetricType::counter)
      add_counter(line_of(key, metric), name, metric.number(), counters_[name + '\n' + key]);
    else
      put(line_of(key, metric), name, name.ends_with("_seconds") ? "Seconds" : "None", metric.number());
  }

  void complete() override { write(std::cout, std::chrono::system_clock::now()); }

 private:
  void write(std::ostream& out, std::chrono::system_clock::time_point time) {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
    for (auto& [key, line] : lines_) {
      // A line may declare 100 metrics; there are fewer series with equal labels.
      if (line.metrics.empty()) continue;
      Json json;
      json["_aws"] = {{"Timestamp", since.count()},
                      {"CloudWatchMetrics", Json::array({{{"Namespace", "Redstart"},
                                                          {"Dimensions", Json::array({line.dimensions})},
                                                          {"Metrics", line.metrics}}})}};
      json.update(line.values);
      out << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
    }
    lines_.clear();
  }

  struct Line {
    Json dimensions = Json::array();
    Json metrics = Json::array();
    Json values = Json::object();
  };

  Line& line_of(const std::string& key, const redstart::Metric& metric) {
    const auto [at, is_new] = lines_.try_emplace(key);
    if (is_new) {
      for (const redstart::MetricLabel& label : metric.labels) {
        if (label.value.empty()) continue;  // a dimension must not be empty
        at->second.dimensions.push_back(std::string(label.name));
        at->second.values[std::string(label.name)] = std::string(label.value);
      }
    }
    return at->second;
  }

  static void put(Line& line, const std::string& name, const char* unit, Json value) {
    line.metrics.push_back({{"Name", name}, {"Unit", unit}});
    line.values[name] = std::move(value);
  }

  static void add_counter(Line& line, const std::string& name, double value, double& before) {
    const double added = value - std::exchange(before, value);
    if (added > 0) put(line, name, "Count", added);
  }

  // Each operation counts with the upper bound of its bucket.
  static void add_durations(Line& line, const std::string& name, const redstart::DurationHistogram& durations,
                            redstart::DurationHistogram& before) {
    using redstart::DurationHistogram;
    Json values = Json::array();
    Json counts = Json::array();
    for (std::size_t i = 0; i != durations.buckets.size(); ++i) {
      const std::uint64_t added = durations.buckets[i] - before.buckets[i];
      if (added == 0) continue;
      const auto& bounds = DurationHistogram::bounds;
      const std::chrono::duration<double> bound = i < bounds.size() ? bounds[i] : bounds.back() * 2;
      values.push_back(bound.count());
      counts.push_back(added);
    }
    before = durations;
    if (!values.empty()) put(line, name, "Seconds", {{"Values", values}, {"Counts", counts}});
  }

  std::map<std::string, Line> lines_;
  std::map<std::string, double> counters_;
  std::map<std::string, redstart::DurationHistogram> durations_;
};

void work(redstart::Client& db) {
  for (int i = 0; i != 100; ++i) {
    db.set("cloudwatch:" + std::to_string(i), i);
    static_cast<void>(db.get("cloudwatch:" + std::to_string(i)));
  }
  static_cast<void>(db.results().llen("cloudwatch:1"));  // WRONGTYPE, to show an error
  for (int i = 0; i != 100; ++i) db.del("cloudwatch:" + std::to_string(i));
}

}  // namespace

int main() try {
  auto& redis = redstart::RedisConnectionManager::instance();
  redstart::RedisConfig config = redstart::RedisConfigLoader{}.load();
  config.metrics_exporter = std::make_shared<CloudWatchExporter>();
  config.metrics_interval = std::chrono::milliseconds(100);  // a service keeps the default, which is a minute
  redis.start(std::move(config));
  redstart::Client db = redis.client("main");
  for (int round = 0; round != 3; ++round) {
    work(db);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  redis.shutdown();  // exports a last time
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
