// SPDX-License-Identifier: Apache-2.0
// fairness_callers.cpp: more callers that need their own connection than the pool may open.
#include "dataset.hpp"
#include "fairness.hpp"
#include "loops.hpp"
#include "process.hpp"

#include <redstart/redstart.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

namespace redstart::bench {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t pool_size = 50;
constexpr auto longer_than_a_shared_connection_waits = 59s;

enum class CallerKind : std::uint8_t { scoped, async_scoped, async_own };

struct CallerRates {
  double operations = 0;  ///< Per second.
  double connects = 0;
};

RedisConfig configuration(const Server& server) {
  RedisConfig config = fairness_config(server);
  config.database("main").max_connections = pool_size;
  config.database("main").timeouts.acquire = 60s;
  return config;
}

// Counts operations and opened connections from the end of the warm-up to the end.
class RateMeter {
 public:
  explicit RateMeter(RedisConnectionManager& manager) : manager_(manager) {}

  void start(std::uint64_t operations) {
    began_ = now_ns();
    operations_ = operations;
    created_ = manager_.stats("main").pool.created;
  }
  [[nodiscard]] CallerRates stop(std::uint64_t operations) const {
    const double seconds = static_cast<double>(now_ns() - began_) / 1e9;
    const std::size_t created = manager_.stats("main").pool.created - created_;
    return {static_cast<double>(operations - operations_) / seconds, static_cast<double>(created) / seconds};
  }

 private:
  RedisConnectionManager& manager_;
  std::uint64_t began_ = 0;
  std::uint64_t operations_ = 0;
  std::size_t created_ = 0;
};

void pause(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

CallerRates scoped_threads(const Server& server, std::size_t callers, double seconds) {
  RedisConnectionManager manager;
  manager.start(configuration(server));
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> operations{0};
  std::vector<std::thread> threads;
  for (std::size_t id = 0; id < callers; ++id)
    threads.emplace_back([&, next = id * 17]() mutable {
      while (!stop.load(std::memory_order_relaxed)) {
        const ScopedClient session = manager.scoped_client("main", 60s);
        expect(session.get(key(next++)).has_value(), "GET");
        operations.fetch_add(1, std::memory_order_relaxed);
      }
    });
  RateMeter meter(manager);
  pause(seconds / 4);
  meter.start(operations);
  pause(seconds);
  const CallerRates rates = meter.stop(operations);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  return rates;
}

// The coroutines of one measurement, all on one thread.
struct Chains {
  RedisConnectionManager& manager;
  RateMeter meter;
  std::uint64_t phase_end;
  double seconds;
  std::size_t alive;
  std::uint64_t operations = 0;
  bool measures = false;
  bool over = false;
  CallerRates rates{};

  // An operation has ended; true: begin another.
  bool next() {
    ++operations;
    const std::uint64_t now = now_ns();
    if (over || now < phase_end) return !over;
    if (!measures) {
      measures = true;
      meter.start(operations);
      phase_end = now + static_cast<std::uint64_t>(seconds * 1e9);
      return true;
    }
    rates = meter.stop(operations);
    over = true;
    return false;
  }
};

asio::awaitable<void> scoped_chain(Chains& chains, std::size_t i) {
  do {
    AsyncScopedClient session = co_await chains.manager.scoped_async_client("main", 60s);
    expect((co_await session.get(key(i++))).has_value(), "GET");
  } while (chains.next());
  if (--chains.alive == 0) chains.manager.shutdown();
}

asio::awaitable<void> own_chain(Chains& chains, std::size_t i) {
  const AsyncClient client =
      chains.manager.async_client("main").with_timeout(longer_than_a_shared_connection_waits);
  do {
    expect((co_await client.get(key(i++))).has_value(), "GET");
  } while (chains.next());
  if (--chains.alive == 0) chains.manager.shutdown();
}

CallerRates coroutines(const Server& server, CallerKind kind, std::size_t callers, double seconds) {
  asio::io_context context(1);
  RedisConnectionManager manager;
  manager.start(configuration(server), context.get_executor());
  Chains chains{manager, RateMeter(manager), now_ns() + static_cast<std::uint64_t>(seconds * 0.25e9), seconds,
                callers};
  for (std::size_t i = 0; i < callers; ++i)
    asio::co_spawn(
        context, kind == CallerKind::async_scoped ? scoped_chain(chains, i * 17) : own_chain(chains, i * 17),
        [](const std::exception_ptr& error) {
          if (error) std::rethrow_exception(error);
        });
  context.run();
  return chains.rates;
}

CallerRates measure(const FairnessPlan& plan, CallerKind kind, std::size_t callers) {
  return in_own_process([&] {
    const double seconds = plan.seconds / 2;
    return kind == CallerKind::scoped ? scoped_threads(plan.server, callers, seconds)
                                      : coroutines(plan.server, kind, callers, seconds);
  });
}

// Each number of callers is measured twice, in the order A B B A, so that a slow phase of the machine
// affects both.
std::vector<Figure> compare(const FairnessPlan& plan, CallerKind kind, const std::string& name) {
  const CallerRates few = measure(plan, kind, pool_size);
  const CallerRates many = measure(plan, kind, 4 * pool_size);
  const CallerRates many_again = measure(plan, kind, 4 * pool_size);
  const CallerRates few_again = measure(plan, kind, pool_size);
  const double of_few = few.operations + few_again.operations;
  const double of_many = many.operations + many_again.operations;
  return {{name + ": 50 callers", of_few / 2, "ops/s"},
          {name + ": 200 callers", of_many / 2, "ops/s"},
          {name + ": 200 against 50", of_many / of_few, "", {Goal::Kind::at_least, 0.9}},
          {name + ": connects of 200",
           std::max(many.connects, many_again.connects),
           "1/s",
           {Goal::Kind::below, 1}}};
}

}  // namespace

std::vector<FairnessMeasurement> caller_measurements(const FairnessPlan& plan) {
  const std::pair<CallerKind, const char*> kinds[] = {{CallerKind::scoped, "callers.scoped"},
                                                      {CallerKind::async_scoped, "callers.async_scoped"},
                                                      {CallerKind::async_own, "callers.async_own"}};
  std::vector<FairnessMeasurement> all;
  for (const auto& [kind, id] : kinds)
    all.push_back({id, [plan, of = kind, name = std::string(id)] { return compare(plan, of, name); }});
  return all;
}

}  // namespace redstart::bench
