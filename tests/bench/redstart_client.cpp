// SPDX-License-Identifier: Apache-2.0
// redstart_client.cpp: the workloads with Redstart, written as a user would write them.
#include "dataset.hpp"
#include "loops.hpp"
#include "workload.hpp"

#include <redstart/resp/string_list.hpp>
#include <redstart/sync.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::bench {

namespace {

RedisConfig configuration(const Workload& workload, const Server& server) {
  RedisConfig config;
  config.service = "bench";
  config.listener = nullptr;
  DatabaseConfig& database = config.database("main");
  if (workload.unix_socket) {
    database.endpoint.unix_path = server.socket_path;
  } else {
    database.endpoint.host = "127.0.0.1";
    database.endpoint.port = server.port;
  }
  return config;
}

void get(const Client& client, std::size_t i) {
  const std::optional<std::string> text = client.get(key(i));
  expect(text && text->size() == short_value.size(), "GET");
}

Sample run_pipeline_of_get(const Client& client, std::size_t depth, const Timing& timing) {
  Pipeline pipe = client.pipeline();
  std::vector<Slot<std::optional<std::string_view>>> slots;
  return timed_loop(timing, {depth, 0}, [&](std::uint64_t i) {
    slots.clear();
    for (std::size_t j = 0; j < depth; ++j) slots.push_back(pipe.get<std::string_view>(key(i + j)));
    const Replies replies = pipe.execute();
    for (const auto slot : slots) {
      const auto text = replies[slot];
      expect(text && *text && (*text)->size() == short_value.size(), "GET in a pipeline");
    }
  });
}

Sample run_pipeline_of_set(const Client& client, std::size_t depth, const Timing& timing) {
  Pipeline pipe = client.pipeline();
  std::vector<decltype(pipe.set(key(0), short_value))> slots;
  static_cast<void>(pipe.execute());
  return timed_loop(timing, {depth, 0}, [&](std::uint64_t i) {
    slots.clear();
    for (std::size_t j = 0; j < depth; ++j) slots.push_back(pipe.set(key(i + j), short_value));
    const Replies replies = pipe.execute();
    for (const auto slot : slots) expect(replies[slot].has_value(), "SET in a pipeline");
  });
}

Sample run_large(const Client& client, const Workload& workload, const Timing& timing) {
  const std::string name = large_key(workload.size);
  const PerCall per_call{1, static_cast<double>(workload.size)};
  if (workload.write) {
    const std::string text(workload.size, 'x');
    return timed_loop(timing, per_call, [&](std::uint64_t) { client.set(name, text); });
  }
  return timed_loop(timing, per_call, [&](std::uint64_t) {
    const std::optional<std::string> text = client.get(name);
    expect(text && text->size() == workload.size, "GET of a large value");
  });
}

template <class List>
Sample run_range(const Client& client, const Timing& timing) {
  return timed_loop(timing, {}, [&](std::uint64_t) {
    const auto list = client.lrange<List>(list_key, 0, -1);
    expect(list.size() == list_size && list[list_size - 1].size() == short_value.size(), "LRANGE");
  });
}

}  // namespace

Sample run_redstart(const Workload& workload, const Server& server, const Timing& timing) {
  if (workload.kind == Workload::Kind::chains) return run_redstart_chains(workload, server, timing);
  RedisConnectionManager manager;
  manager.start(configuration(workload, server));
  const Client client = manager.client("main");
  switch (workload.kind) {
    case Workload::Kind::get: return timed_loop(timing, {}, [&](std::uint64_t i) { get(client, i); });
    case Workload::Kind::threads:
      return timed_threads(timing, workload.threads,
                           [&client] { return [&client](std::size_t i) { get(client, i); }; });
    case Workload::Kind::pipeline:
      return workload.write ? run_pipeline_of_set(client, workload.depth, timing)
                            : run_pipeline_of_get(client, workload.depth, timing);
    case Workload::Kind::large: return run_large(client, workload, timing);
    case Workload::Kind::chains: break;
    case Workload::Kind::range:
      return workload.flat ? run_range<StringList>(client, timing)
                           : run_range<std::vector<std::string>>(client, timing);
  }
  return {};
}

double idle_kilobytes_redstart(const Server& server, std::size_t connections, std::size_t size) {
  RedisConfig config = configuration({}, server);
  config.database("main").max_connections = connections;
  RedisConnectionManager manager;
  manager.start(std::move(config));
  const std::string name = size == 0 ? key(0) : large_key(size);
  static_cast<void>(manager.client("main").get(name));
  const double before = status_kilobytes("VmRSS");
  {
    std::vector<ScopedClient> held;
    held.reserve(connections);
    while (held.size() < connections) {
      held.push_back(manager.scoped_client("main"));
      expect(held.back().get(name).has_value(), "GET");
    }
  }
  expect(manager.stats("main").pool.idle == connections, "opening that many connections");
  return (status_kilobytes("VmRSS") - before) / static_cast<double>(connections);
}

}  // namespace redstart::bench
