// SPDX-License-Identifier: Apache-2.0
// soak_main.cpp: redstart_soak: every kind of caller and fault at once, with a checker.
#include "checker/wire_watch.hpp"
#include "nemesis.hpp"
#include "report.hpp"
#include "run.hpp"
#include "stage.hpp"
#include "support/sanitizers.hpp"
#include "watch.hpp"
#include "workload.hpp"

#include <redstart/testing/fault_proxy.hpp>

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <memory>
#include <random>
#include <sstream>
#include <vector>

namespace {

using namespace redstart::soak;
using namespace std::chrono_literals;

void prepare(Run& run) {
  const std::size_t writers = sync_callers + coroutines + 2;
  for (std::size_t i = 0; i < writers; ++i) run.keys.emplace_back("gen:" + std::to_string(i));
  for (std::size_t i = 0; i < 16; ++i) run.counters.emplace_back().key = "counter:" + std::to_string(i);
}

// Ends the callers in any case: otherwise joining them would wait without limit.
class StopAtEnd {
 public:
  explicit StopAtEnd(Run& run) : run_(run) {}
  StopAtEnd(const StopAtEnd&) = delete;
  StopAtEnd& operator=(const StopAtEnd&) = delete;
  ~StopAtEnd() { run_.stop = true; }

 private:
  Run& run_;
};

// A proxy in front of the server. It watches and records the bytes. `first` is the number of its first
// connection among those of all proxies.
redstart::testing::FaultProxyOptions watched(Run& run, WireWatch& watch, std::uint64_t first) {
  redstart::testing::FaultProxyOptions options;
  options.seed = run.options().seed;
  options.tap = [&run, &watch, first](std::size_t connection, redstart::testing::Direction direction,
                                      std::string_view bytes) {
    const bool to_server = direction == redstart::testing::Direction::to_server;
    run.recorder.note(first + connection, to_server, bytes);
    if (to_server)
      watch.to_server(connection, bytes, Clock::now());
    else
      watch.to_client(connection, bytes);
  };
  options.on_event = [&run, &watch, first](const redstart::testing::ProxyEvent& event) {
    if (event.kind != redstart::testing::ProxyEvent::Kind::ended) return;
    run.recorder.closed(first + event.connection);
    watch.closed(event.connection);
  };
  return options;
}

std::vector<Fault> all_faults(Stage& stage, redstart::testing::FaultProxy& proxy,
                              redstart::testing::FaultProxy& tampering, std::uint32_t seed) {
  std::vector<Fault> all = server_faults(stage, proxy);
  for (Fault& fault : proxy_faults(proxy, seed)) all.push_back(std::move(fault));
  for (Fault& fault : integrity_faults(tampering, seed)) all.push_back(std::move(fault));
  return all;
}

std::vector<Fault> chosen(std::vector<Fault> faults, const std::string& only) {
  std::erase_if(faults, [&](const Fault& f) { return f.kind.name.find(only) == std::string::npos; });
  return faults;
}

// Sanitizers make everything slower.
constexpr int slowness() {
  return redstart::test::with_thread_sanitizer ? 5 : redstart::test::with_address_sanitizer ? 3 : 1;
}

int run_soak(const Options& options) {
  std::cout << "seed " << options.seed << "; the same run again: redstart_soak --seconds " << options.seconds
            << " --seed " << options.seed << " --faults-per-minute " << options.faults_per_minute
            << " --rate " << options.rate << (options.only.empty() ? "" : " --only '" + options.only + "'")
            << std::endl;
  Stage stage(random_password());
  // Half of all operations have a number. Twice that leaves room for callers that fall behind and catch up.
  Run run(options, stage.password(), std::size_t{options.seconds} * options.rate + 10'000);
  prepare(run);
  stage.open_accounts();
  BreakerWatch breakers(run.ledger, run.violations, [&run](Clock::time_point from, Clock::time_point to) {
    return run.lag.worst(from, to);
  });
  WireWatch wire(run.ledger, run.violations, &breakers, "soak");
  WireWatch checked_wire(run.ledger, run.violations, &breakers, "soak");
  redstart::testing::FaultProxy proxy(stage.server().port(), watched(run, wire, 0));
  redstart::testing::FaultProxy tampering(stage.server().port(), watched(run, checked_wire, 1'000'000'000));

  auto events = std::make_shared<EventWatch>(run, breakers);
  redstart::RedisConfig config = stage.config(proxy.port(), tampering.port());
  redstart::RedisConfig visiting = config;
  visiting.service = "visitor";
  visiting.io_threads = 1;
  const Resources before = resources();
  config.listener = events;
  redstart::RedisConnectionManager redis;
  redis.start(std::move(config));
  QueueLog queue;
  const double rate = options.rate;
  run.start();
  std::vector<std::unique_ptr<Group>> groups;
  groups.push_back(sync_workload(run, redis, rate * 0.30));
  groups.push_back(async_workload(run, redis, rate * 0.50));
  groups.push_back(checked_workload(run, redis, rate * 0.10));
  groups.push_back(scoped_workload(run, redis, rate * 0.05));
  groups.push_back(queue_workload(run, redis, rate * 0.05, queue));
  groups.push_back(visitors(run, std::move(visiting), 2));
  StatsWatch stats(run, redis, stage);
  const StopAtEnd stop_at_end(run);

  Nemesis nemesis(run, chosen(all_faults(stage, proxy, tampering, options.seed), options.only));
  nemesis.work();
  run.stop = true;
  for (auto& group : groups) group->join();
  groups.clear();
  Watched seen = stats.finish();
  redis.shutdown();
  seen.events = events->counts();
  breakers.finish(Clock::now());
  seen.probes = breakers.probes();
  for (const Entry& entry : run.ledger.entries())
    seen.twice += entry.twice_allowed && entry.on_wire > 1 ? 1U : 0U;
  check_resources(run, before);
  check_everything(run, stage, queue, true);
  run.recovery.check(slowness(), run.violations);

  std::ostringstream table;
  write_table(table, run, nemesis.counts(), seen);
  run.scan("the report", table.str());
  std::cout << table.str();
  if (!options.json.empty()) write_json(options.json, run, nemesis.counts(), seen);
  write_last_line(std::cout, run, nemesis.counts());
  return run.violations.count() == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.seed = std::random_device{}();
  CLI::App app(
      "redstart_soak: a mix of operations against a private redis-server that breaks again and again; a\n"
      "checker compares every outcome with the server's final data.");
  app.add_option("--seconds", options.seconds, "Duration of the run")
      ->check(CLI::Range(10, 86'400))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Repeats a run; the default is a fresh one");
  app.add_option("--faults-per-minute", options.faults_per_minute, "Average number; 0: none")
      ->check(CLI::Range(0.0, 120.0))
      ->capture_default_str();
  app.add_option("--rate", options.rate, "Operations a second, all callers together")
      ->check(CLI::Range(10, 100'000))
      ->capture_default_str();
  app.add_option("--only", options.only, "Only faults whose name contains this");
  app.add_option("--json", options.json, "Write the result to this file");
  app.add_flag("--verbose", options.verbose, "Print each fault when it begins and ends");
  app.footer("Exit code: 0; 1 if an invariant was violated; 77 without a redis-server.");
  CLI11_PARSE(app, argc, argv);
  if (!redstart::test::RedisServer::available()) {
    std::cerr << "redstart_soak: skipped, there is no redis-server (Debian: apt-get install redis-server)\n";
    return 77;
  }
  try {
    return run_soak(options);
  } catch (const std::exception& error) {
    std::cerr << "redstart_soak: " << error.what() << '\n';
    return 1;
  }
}
