// SPDX-License-Identifier: Apache-2.0
// allocations.cpp: prints the allocations per command of one client.
// redstart_bench runs it for W7.
#include "allocation_hook.hpp"
#include "workload.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <string>

int main(int argc, char** argv) {
  using namespace redstart::bench;
  std::string client = "redstart";
  Server server;
  Workload workload;
  Timing timing{0.05, 0.1, &counted_allocations};
  std::size_t depth = 0;
  std::size_t chains = 0;

  CLI::App app("redstart_allocations: allocations per command, with every malloc counted");
  app.add_option("--client", client, "redstart or hiredis")->check(CLI::IsMember({"redstart", "hiredis"}));
  app.add_option("--port", server.port, "Port of the redis-server on 127.0.0.1")->required();
  app.add_option("--pipeline", depth, "Commands in a pipeline; 0: single GETs");
  app.add_option("--chains", chains, "Coroutines that call GET asynchronously; 0: synchronous calls");
  app.add_option("--duration", timing.duration, "Seconds to measure");
  CLI11_PARSE(app, argc, argv);

  if (depth != 0) {
    workload.kind = Workload::Kind::pipeline;
    workload.depth = depth;
  }
  if (chains != 0) {
    workload.kind = Workload::Kind::chains;
    workload.depth = chains;
  }
  if (!allocations_are_counted()) {
    std::fputs("redstart_allocations: this build can't count allocations\n", stderr);
    return 77;
  }
  try {
    const Sample sample =
        client == "hiredis" ? run_hiredis(workload, server, timing) : run_redstart(workload, server, timing);
    std::printf("%.4f\n", sample.allocations);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "redstart_allocations: %s\n", error.what());
    return 1;
  }
}
