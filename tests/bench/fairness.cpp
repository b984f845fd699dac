// SPDX-License-Identifier: Apache-2.0
// fairness.cpp: redstart_fairness: measures what callers of one database cost each other.
#include "fairness.hpp"

#include "dataset.hpp"

#include "support/raw_redis.hpp"
#include "support/redis_server.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::bench {

RedisConfig fairness_config(const Server& server) {
  RedisConfig config;
  config.service = "bench";
  config.listener = nullptr;
  config.cleanup_interval = std::chrono::milliseconds(0);
  DatabaseConfig& database = config.database("main");
  database.endpoint.host = "127.0.0.1";
  database.endpoint.port = server.port;
  database.timeouts.command = std::chrono::seconds(60);  // a busy machine must not end a measurement
  return config;
}

}  // namespace redstart::bench

namespace {

using namespace redstart::bench;

struct Options {
  std::string filter = ".";
  double seconds = 2;
  bool list = false;
  std::string json{};
};

std::string_view text_of(Goal::Kind kind) {
  switch (kind) {
    case Goal::Kind::none: return "";
    case Goal::Kind::at_least: return "at least";
    case Goal::Kind::at_most: return "at most";
    case Goal::Kind::below: return "below";
  }
  return "";
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8192);
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

void print(const Figure& figure) {
  std::printf("%-46s %12.4g %-10s", figure.name.c_str(), figure.value, figure.unit.c_str());
  if (figure.goal.kind != Goal::Kind::none)
    std::printf(" goal: %s %g%s", std::string(text_of(figure.goal.kind)).c_str(), figure.goal.limit,
                figure.goal.met(figure.value) ? "" : ", missed");
  std::printf("\n");
  std::fflush(stdout);
}

nlohmann::json json_of(const Figure& figure) {
  nlohmann::json row{{"name", figure.name}, {"value", figure.value}, {"unit", figure.unit}};
  if (figure.goal.kind != Goal::Kind::none) {
    row["goal"] = {{"kind", text_of(figure.goal.kind)}, {"limit", figure.goal.limit}};
    row["met"] = figure.goal.met(figure.value);
  }
  return row;
}

std::vector<FairnessMeasurement> all_measurements(const FairnessPlan& plan) {
  std::vector<FairnessMeasurement> all = caller_measurements(plan);
  for (auto* part : {&neighbour_measurements, &memory_measurements})
    for (FairnessMeasurement& each : part(plan)) all.push_back(std::move(each));
  return all;
}

int run(const Options& options) {
  if (!redstart::test::RedisServer::available()) {
    std::cerr << "redstart_fairness: skipped, there is no redis-server\n";
    return 77;
  }
  raise_descriptor_limit();
  const redstart::test::RedisServer server;
  const FairnessPlan plan{{server.port(), server.socket_path()},
                          std::filesystem::read_symlink("/proc/self/exe").parent_path().string(),
                          options.seconds};
  std::vector<FairnessMeasurement> measurements = all_measurements(plan);
  const std::regex filter(options.filter);
  std::erase_if(measurements, [&](const auto& each) { return !std::regex_search(each.id, filter); });
  if (options.list) {
    for (const FairnessMeasurement& each : measurements) std::cout << each.id << '\n';
    return 0;
  }
  if (measurements.empty()) {
    std::cerr << "redstart_fairness: nothing matches `" << options.filter << "`; see --list\n";
    return 2;
  }
  preload(server.socket_path(), {});
  nlohmann::json report = nlohmann::json::array();
  for (const FairnessMeasurement& each : measurements) {
    for (const Figure& figure : each.run()) {
      print(figure);
      report.push_back(json_of(figure));
    }
  }
  if (options.json.empty()) return 0;
  std::ofstream file(options.json);
  file << report.dump(2) << '\n';
  if (!file.flush()) throw std::runtime_error("can't write " + options.json);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "redstart_fairness: measures on a private redis-server how callers of one database affect each other: "
      "callers that wait for connections, small commands beside large ones, and memory");
  app.add_option("--filter", options.filter, "Only measurements whose name matches this regular expression");
  app.add_option("--seconds", options.seconds, "Seconds per measurement")
      ->check(CLI::Range(0.01, 60.0))
      ->capture_default_str();
  app.add_option("--json", options.json, "Write every figure to this file");
  app.add_flag("--list", options.list, "Only list the measurements");
  app.footer(
      "Each caller of a small GET begins the next when the last has ended. Exit code: 0, also if a goal is "
      "missed; 1 if a measurement failed; 77 without a redis-server.");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::cerr << "redstart_fairness: " << error.what() << '\n';
    return 1;
  }
}
