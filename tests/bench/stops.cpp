// SPDX-License-Identifier: Apache-2.0
// stops.cpp: stops a busy client repeatedly and counts commands that it gives up.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

#include "support/redis_server.hpp"
#include "support/stopped_client.hpp"

int main(int argc, char** argv) {
  using namespace redstart::test;
  StopPlan plan;
  plan.rounds = 20;
  long stop = plan.stop.count();
  long limit = plan.limit.count();
  CLI::App app(
      "redstart_stops: SIGSTOP and SIGCONT of a saturated client; exit code 1 if it gives up a command that "
      "was sent");
  app.add_option("--rounds", plan.rounds, "Number of stops");
  app.add_option("--stop", stop, "Milliseconds of each stop");
  app.add_option("--limit", limit, "Milliseconds allowed for each command");
  app.add_option("--chains", plan.chains, "Asynchronous callers");
  app.add_option("--threads", plan.threads, "Synchronous callers");
  CLI11_PARSE(app, argc, argv);
  plan.stop = std::chrono::milliseconds(stop);
  plan.limit = std::chrono::milliseconds(limit);
  if (!RedisServer::available()) return 77;
  try {
    const RedisServer server;
    plan.port = server.port();
    const StopReport report = stop_client(plan);
    std::printf(
        "stops=%zu answered=%llu not_sent=%llu indeterminate=%llu other=%llu circuit_changes=%llu %s\n",
        plan.rounds, static_cast<unsigned long long>(report.answered),
        static_cast<unsigned long long>(report.not_sent),
        static_cast<unsigned long long>(report.indeterminate), static_cast<unsigned long long>(report.other),
        static_cast<unsigned long long>(report.changes), report.first_error.c_str());
    return report.indeterminate + report.other + report.changes == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "redstart_stops: %s\n", error.what());
    return 1;
  }
}
