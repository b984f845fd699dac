// SPDX-License-Identifier: Apache-2.0
// bench_main.cpp: redstart_bench: runs the benchmarks in interleaved rounds and reports them.
#include "benchmarks.hpp"
#include "dataset.hpp"
#include "process.hpp"
#include "report.hpp"

#include "support/raw_redis.hpp"
#include "support/redis_server.hpp"

#include <CLI/CLI.hpp>

#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <regex>
#include <string>
#include <vector>

namespace {

using namespace redstart::bench;

struct Options {
  std::string filter = ".";
  int rounds = 5;
  double duration = 1.0;
  bool list = false;
  std::string json{};
  std::string markdown{};
  std::string plots{};
};

// A thousand connections need more descriptors than shells usually allow.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8192);
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

// Pins client and server to one processor during its lifetime.
class SameCore {
 public:
  SameCore(bool wanted, pid_t server) : all_(allowed_processors()), server_(wanted ? server : 0) {
    if (server_ == 0) return;
    set_processors(server_, {all_.front()});
    set_processors(0, {all_.front()});
  }
  SameCore(const SameCore&) = delete;
  SameCore& operator=(const SameCore&) = delete;
  ~SameCore() {
    if (server_ == 0) return;
    set_processors(server_, all_);
    set_processors(0, all_);
  }

 private:
  std::vector<int> all_;
  pid_t server_;
};

void run_round(std::vector<Results>& results, pid_t server, bool redstart_first) {
  for (Results& each : results) {
    const SameCore same_core(each.benchmark->same_core, server);
    std::cerr << '.' << std::flush;
    const auto measure = [&each](ClientKind client) {
      auto& samples = client == ClientKind::hiredis ? each.hiredis : each.redstart;
      samples.push_back(in_own_process([&] { return each.benchmark->run(client); }));
    };
    measure(redstart_first ? ClientKind::redstart : ClientKind::hiredis);
    measure(redstart_first ? ClientKind::hiredis : ClientKind::redstart);
  }
}

RunInfo describe(const Options& options, const std::string& socket_path) {
  utsname system{};
  ::uname(&system);
  const std::time_t now = std::time(nullptr);
  char date[16] = {};
  std::strftime(date, sizeof date, "%Y-%m-%d", std::gmtime(&now));
  RunInfo info;
  info.date = date;
  info.rounds = options.rounds;
  info.duration = options.duration;
  info.processors = allowed_processors().size();
  info.kernel = std::string(system.release).substr(0, std::string_view(system.release).find('-'));
  info.redis = redstart::test::RawRedis(socket_path).info("redis_version");
#if defined(__clang__)
  info.compiler = "Clang " __clang_version__;
  info.compiler.resize(std::min(info.compiler.size(), info.compiler.find(' ', 6)));
#else
  info.compiler = "GCC " __VERSION__;
#endif
  return info;
}

// The script that draws the charts; it prints its own errors.
int run_plots(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{REDSTART_BENCH_SOURCES "/plots.py"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_program(command).exit_code;
}

void save_json(const std::string& path, const std::vector<Results>& results, const RunInfo& info) {
  std::ofstream file(path);
  write_json(file, results, info);
  if (!file.flush()) throw std::runtime_error("can't write " + path);
}

int run(Options options) {
  if (!redstart::test::RedisServer::available()) {
    std::cerr << "redstart_bench: skipped, there is no redis-server (Debian: apt-get install redis-server)\n";
    return 77;
  }
  // before minutes of measuring
  if (!options.plots.empty() && run_plots({"--check"}) != 0)
    throw std::runtime_error(
        "--plots needs gnuplot and python3 (Debian: apt-get install gnuplot-nox python3)");
  raise_descriptor_limit();
  redstart::test::RedisServer server;
  Environment environment;
  environment.server = {server.port(), server.socket_path()};
  environment.duration = options.duration;
  environment.program_folder = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();

  std::vector<Benchmark> benchmarks = all_benchmarks(environment);
  const std::regex filter(options.filter);
  std::erase_if(benchmarks, [&](const Benchmark& each) { return !std::regex_search(each.id, filter); });
  if (options.list) {
    for (const Benchmark& each : benchmarks) std::cout << each.id << '\n';
    return 0;
  }
  if (benchmarks.empty()) {
    std::cerr << "redstart_bench: nothing matches `" << options.filter << "`; see --list\n";
    return 2;
  }
  preload(server.socket_path(), large_sizes());
  const RunInfo info = describe(options, server.socket_path());

  std::vector<Results> results;
  for (const Benchmark& each : benchmarks) results.push_back({&each, {}, {}});
  for (int round = 0; round < options.rounds; ++round) {
    std::cerr << "round " << round + 1 << " of " << options.rounds << ' ';
    run_round(results, server.pid(), round % 2 == 1);
    std::cerr << '\n';
  }
  const std::vector<Row> rows = make_rows(results);
  write_text(std::cout, rows);
  if (!options.plots.empty() && options.json.empty()) {
    std::filesystem::create_directories(options.plots);
    options.json = (std::filesystem::path(options.plots) / "benchmarks.json").string();
  }
  if (!options.json.empty()) save_json(options.json, results, info);
  if (!options.markdown.empty()) write_markdown(options.markdown, rows, info);
  if (!options.plots.empty() && run_plots({options.json, options.plots}) != 0)
    throw std::runtime_error("the charts could not be drawn");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "redstart_bench: compares Redstart with hiredis on a private redis-server, in interleaved rounds");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);  // scripts/bench sets some
  app.add_option("--filter", options.filter, "Only benchmarks whose name matches this regular expression");
  app.add_option("--rounds", options.rounds, "Number of rounds")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--duration", options.duration, "Seconds per measurement")
      ->check(CLI::Range(0.001, 60.0))
      ->capture_default_str();
  app.add_option("--json", options.json, "Write every sample and the table to this file");
  app.add_option("--markdown", options.markdown,
                 "Write the table in Markdown to this file, between its marks if it has any");
  app.add_option(
      "--plots", options.plots,
      "Draw SVG charts with gnuplot into this folder; without --json, also write benchmarks.json there");
  app.add_flag("--list", options.list, "Only list the benchmarks");
  app.footer(
      "Exit code: 0; 1 if a measurement failed; 77 without a redis-server. No time is ever a failure.");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::cerr << "redstart_bench: " << error.what() << '\n';
    return 1;
  }
}
