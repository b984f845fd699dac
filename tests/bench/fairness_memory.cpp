// SPDX-License-Identifier: Apache-2.0
// fairness_memory.cpp: memory of waiting operations and idle connections.
#include "dataset.hpp"
#include "fairness.hpp"
#include "process.hpp"

#include <redstart/redstart.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "support/raw_redis.hpp"

#include <malloc.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace redstart::bench {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t value_size = std::size_t{1} << 20;

// Bytes that malloc has handed out and that were not freed.
double heap_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

void rethrow(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

// A manager whose loop runs on this thread, so that all memory comes from one arena.
class OneThread {
 public:
  explicit OneThread(RedisConfig config) { manager.start(std::move(config), context.get_executor()); }

  // Runs a coroutine to its end, then the events that are due.
  template <class Coroutine>
  void run(Coroutine coroutine) {
    bool ended = false;
    asio::co_spawn(context, std::move(coroutine), [&ended](const std::exception_ptr& error) {
      ended = true;
      rethrow(error);
    });
    while (!ended) context.run_one();
    settle();
  }
  void settle() {
    while (context.run_one_for(20ms) != 0) {
    }
  }

  asio::io_context context{1};
  RedisConnectionManager manager{};
};

struct WaitingBytes {
  double waiting = 0;
  double queued = 0;
};

asio::awaitable<void> acquire(RedisConnectionManager& manager, std::vector<AsyncScopedClient>& held,
                              std::size_t count) {
  while (held.size() < count) held.push_back(co_await manager.scoped_async_client("main", 60s));
}

// Operations that need their own connection wait while scoped handles hold all connections. The comparison is
// the same operation in the queue of a shared connection.
WaitingBytes waiting_bytes(const FairnessPlan& plan) {
  constexpr std::size_t pool_size = 8;
  constexpr std::size_t count = 1000;
  RedisConfig config = fairness_config(plan.server);
  config.database("main").max_connections = pool_size;
  config.database("main").max_pending = 2 * count;
  config.database("main").timeouts.acquire = 60s;
  OneThread loop(std::move(config));
  std::vector<AsyncScopedClient> held;
  held.reserve(pool_size);
  loop.run(acquire(loop.manager, held, pool_size));
  std::size_t ended = 0;
  const auto start = [&](const AsyncClient& client) {
    const double before = heap_bytes();
    for (std::size_t i = 0; i < count; ++i)
      client.get(key(i))([&ended](const std::exception_ptr& error, const auto&) {
        rethrow(error);
        ++ended;
      });
    loop.settle();
    return (heap_bytes() - before) / static_cast<double>(count);
  };
  const AsyncClient shared = loop.manager.async_client("main");
  WaitingBytes result;
  result.queued = start(shared);
  const std::size_t at_first = ended;
  expect(at_first == 0, "a GET that should be waiting");
  result.waiting = start(shared.with_timeout(60s));
  expect(ended == 0, "a GET that should be waiting for its own connection");
  held.clear();
  while (ended < 2 * count) loop.context.run_one();
  loop.manager.shutdown();
  return result;
}

struct IdleBytes {
  double held = 0;
  double returned = 0;
};

asio::awaitable<void> get_each(std::vector<AsyncScopedClient>& held, std::string name) {
  for (AsyncScopedClient& session : held) expect((co_await session.get(name)).has_value(), "GET");
}

asio::awaitable<void> get_once(AsyncClient client, std::string name) {
  expect((co_await client.get(name)).has_value(), "GET");
}

// Bytes of each exclusive connection: while a scoped handle holds it, and after its return.
IdleBytes idle_bytes(const FairnessPlan& plan, const std::string& name) {
  constexpr std::size_t count = 200;
  RedisConfig config = fairness_config(plan.server);
  config.database("main").max_connections = count + 1;
  OneThread loop(std::move(config));
  loop.run(get_once(loop.manager.async_client("main"), name));
  std::vector<AsyncScopedClient> held;
  held.reserve(count);
  const double before = heap_bytes();
  loop.run(acquire(loop.manager, held, count));
  loop.run(get_each(held, name));
  IdleBytes result;
  result.held = (heap_bytes() - before) / static_cast<double>(count);
  held.clear();
  loop.settle();
  result.returned = (heap_bytes() - before) / static_cast<double>(count);
  expect(loop.manager.stats("main").pool.idle >= count, "connections that should be idle");
  loop.manager.shutdown();
  return result;
}

template <class F>
auto in_one_arena(F work) {
  return in_own_process([&work] {
    ::mallopt(M_ARENA_MAX, 1);
    return work();
  });
}

std::vector<Figure> waiting_figures(const FairnessPlan& plan) {
  const WaitingBytes bytes = in_one_arena([&] { return waiting_bytes(plan); });
  return {{"memory.waiting: operation with its own connection", bytes.waiting, "bytes"},
          {"memory.waiting: of a shared connection", bytes.queued, "bytes"},
          {"memory.waiting: difference", bytes.waiting - bytes.queued, "bytes", {Goal::Kind::at_most, 256}}};
}

std::vector<Figure> idle_figures(const FairnessPlan& plan) {
  const Goal goal{Goal::Kind::at_most, 4096};
  const IdleBytes small = in_one_arena([&] { return idle_bytes(plan, key(0)); });
  test::RawRedis(plan.server.socket_path)
      .command({"SET", large_key(value_size), std::string(value_size, 'x')});
  const IdleBytes large = in_one_arena([&] { return idle_bytes(plan, large_key(value_size)); });
  return {{"memory.idle: held", small.held, "bytes", goal},
          {"memory.idle: returned", small.returned, "bytes", goal},
          {"memory.idle: held, after 1 MiB", large.held, "bytes", goal},
          {"memory.idle: returned, after 1 MiB", large.returned, "bytes", goal}};
}

std::vector<Figure> allocation_figures(const FairnessPlan& plan) {
  const ProgramRun run =
      run_program({plan.program_folder + "/redstart_allocations", "--port", std::to_string(plan.server.port),
                   "--chains", "1", "--duration", "0.3"});
  if (run.exit_code == 77) return {};  // this build can't count
  expect(run.exit_code == 0, "redstart_allocations");
  return {{"memory.allocations: asynchronous GET, one caller",
           std::strtod(run.output.c_str(), nullptr),
           "",
           {Goal::Kind::at_most, 2}}};
}

}  // namespace

std::vector<FairnessMeasurement> memory_measurements(const FairnessPlan& plan) {
  return {{"memory.waiting", [plan] { return waiting_figures(plan); }},
          {"memory.idle", [plan] { return idle_figures(plan); }},
          {"memory.allocations", [plan] { return allocation_figures(plan); }}};
}

}  // namespace redstart::bench
