// SPDX-License-Identifier: Apache-2.0
// redstart_async.cpp: asynchronous GETs from coroutines on the program's own io_context.
#include "dataset.hpp"
#include "loops.hpp"
#include "workload.hpp"

#include <redstart/redstart.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace redstart::bench {

namespace {

namespace asio = boost::asio;

RedisConfig configuration(const Server& server) {
  RedisConfig config;
  config.service = "bench";
  config.listener = nullptr;
  config.cleanup_interval = std::chrono::milliseconds(0);
  DatabaseConfig& database = config.database("main");
  database.endpoint.host = "127.0.0.1";
  database.endpoint.port = server.port;
  return config;
}

// Runs until the time is over.
asio::awaitable<void> chain(AsyncClient client, TimedChains& times, std::size_t next, std::size_t& alive,
                            RedisConnectionManager& manager) {
  for (std::uint64_t began = now_ns();;) {
    const std::optional<std::string> text = co_await client.get(key(next++));
    expect(text && text->size() == short_value.size(), "asynchronous GET");
    const std::uint64_t now = now_ns();
    if (!times.ended(now, now - began)) break;
    began = now;
  }
  if (--alive == 0) manager.shutdown();
}

void rethrow(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

asio::awaitable<void> hold_connections(RedisConnectionManager& manager, std::string name, std::size_t count,
                                       double& kilobytes) {
  AsyncClient client = manager.async_client("main");
  static_cast<void>(co_await client.get(name));
  const double before = status_kilobytes("VmRSS");
  {
    std::vector<AsyncScopedClient> held;
    held.reserve(count);
    while (held.size() < count) {
      held.push_back(co_await manager.scoped_async_client("main"));
      expect((co_await held.back().get(name)).has_value(), "GET");
    }
    kilobytes = (status_kilobytes("VmRSS") - before) / static_cast<double>(count);
  }
  manager.shutdown();
}

}  // namespace

Sample run_redstart_chains(const Workload& workload, const Server& server, const Timing& timing) {
  asio::io_context context(1);
  RedisConnectionManager manager;
  manager.start(configuration(server), context.get_executor());
  TimedChains times(timing);
  std::size_t alive = workload.depth;
  for (std::size_t i = 0; i < workload.depth; ++i)
    asio::co_spawn(context, chain(manager.async_client("main"), times, i * 17, alive, manager), &rethrow);
  context.run();
  return times.sample();
}

double idle_kilobytes_redstart_async(const Server& server, std::size_t connections, std::size_t size) {
  asio::io_context context(1);
  RedisConfig config = configuration(server);
  config.database("main").max_connections = connections + 1;
  RedisConnectionManager manager;
  manager.start(std::move(config), context.get_executor());
  double kilobytes = 0;
  asio::co_spawn(context,
                 hold_connections(manager, size == 0 ? key(0) : large_key(size), connections, kilobytes),
                 &rethrow);
  context.run();
  return kilobytes;
}

}  // namespace redstart::bench
