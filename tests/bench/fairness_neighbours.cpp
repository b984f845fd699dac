// SPDX-License-Identifier: Apache-2.0
// fairness_neighbours.cpp: latency of small GETs beside large work of another caller.
#include "dataset.hpp"
#include "fairness.hpp"
#include "latencies.hpp"
#include "loops.hpp"
#include "process.hpp"

#include <redstart/redstart.hpp>
#include <redstart/resp/string_list.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "support/raw_redis.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace redstart::bench {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t large_size = std::size_t{64} << 20;
constexpr std::size_t elements = 1'000'000;
constexpr std::size_t batch_size = 100'000;
constexpr unsigned small_threads = 40;
constexpr unsigned small_chains = 16;
constexpr std::string_view long_list = "fairness:list";

enum class Work : std::uint8_t { none, get, set, range, pipeline };

// How the large caller is placed beside the small ones.
enum class Place : std::uint8_t { same_manager, other_manager };

struct SmallLatency {
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
  std::uint64_t large = 0;  ///< Large operations that ended.
};

void load(const Server& server) {
  test::RawRedis redis(server.socket_path);
  if (redis.integer({"LLEN", long_list}) == static_cast<std::int64_t>(elements)) return;
  std::vector<std::string> words{"RPUSH", std::string(long_list)};
  words.resize(words.size() + 10'000, short_value);
  for (std::size_t i = 0; i < elements; i += 10'000) static_cast<void>(redis.command(words));
  static_cast<void>(redis.command({"SET", large_key(large_size), std::string(large_size, 'x')}));
}

void work_once(const Client& client, Work work, const std::string& value) {
  switch (work) {
    case Work::none: break;
    case Work::get: expect(client.get(large_key(large_size))->size() == large_size, "GET"); break;
    case Work::set: client.set("fairness:large", value); break;
    case Work::range: expect(client.lrange<StringList>(long_list, 0, -1).size() == elements, "LRANGE"); break;
    case Work::pipeline: {
      Pipeline pipe = client.pipeline();
      for (std::size_t i = 0; i < batch_size; ++i) static_cast<void>(pipe.get(key(i)));
      expect(!pipe.execute().first_error(), "a pipeline");
      break;
    }
  }
}

asio::awaitable<void> async_work_once(AsyncClient client, Work work, const std::string& value) {
  switch (work) {
    case Work::none: break;
    case Work::get: expect((co_await client.get(large_key(large_size)))->size() == large_size, "GET"); break;
    case Work::set: co_await client.set("fairness:large", value); break;
    case Work::range:
      expect((co_await client.lrange<StringList>(long_list, 0, -1)).size() == elements, "LRANGE");
      break;
    case Work::pipeline: {
      AsyncPipeline pipe = client.pipeline();
      for (std::size_t i = 0; i < batch_size; ++i) static_cast<void>(pipe.get(key(i)));
      const Replies replies = co_await pipe.execute();
      expect(!replies.first_error(), "a pipeline");
      break;
    }
  }
}

// Repeats the large work on a thread of its own, where it also decodes and encodes.
class LargeCaller {
 public:
  LargeCaller(RedisConnectionManager& manager, Work work, bool async) {
    if (work == Work::none) return;
    thread_ = std::thread([this, &manager, work, async] {
      const std::string value(work == Work::set ? large_size : 0, 'v');
      while (!stop_.load(std::memory_order_relaxed)) {
        if (async) {
          asio::io_context context(1);
          auto done = asio::co_spawn(context, async_work_once(manager.async_client("main"), work, value),
                                     asio::use_future);
          context.run();
          done.get();
        } else {
          work_once(manager.client("main"), work, value);
        }
        ++ended_;
      }
    });
    while (ended_.load() == 0) std::this_thread::sleep_for(1ms);
  }
  LargeCaller(const LargeCaller&) = delete;
  LargeCaller& operator=(const LargeCaller&) = delete;
  ~LargeCaller() { stop(); }
  std::uint64_t stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    return ended_;
  }

 private:
  std::thread thread_{};
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> ended_{0};
};

// The latencies of all small callers.
class SmallLatencies {
 public:
  void merge(const Latencies& latencies, std::uint64_t longest) {
    const std::scoped_lock lock(mutex_);
    all_.merge(latencies);
    longest_ = std::max(longest_, longest);
  }
  [[nodiscard]] SmallLatency result(std::uint64_t large) const {
    return {all_.quantile(0.5) / 1e6, all_.quantile(0.99) / 1e6, static_cast<double>(longest_) / 1e6, large};
  }

 private:
  std::mutex mutex_{};
  Latencies all_{};
  std::uint64_t longest_ = 0;
};

void small_thread(const Client& client, unsigned id, const std::atomic<bool>& stop, SmallLatencies& into) {
  Latencies latencies;
  std::uint64_t longest = 0;
  for (std::size_t i = id * std::size_t{17}; !stop.load(std::memory_order_relaxed); ++i) {
    const std::uint64_t began = now_ns();
    expect(client.get(key(i)).has_value(), "GET");
    const std::uint64_t took = now_ns() - began;
    latencies.add(took);
    longest = std::max(longest, took);
  }
  into.merge(latencies, longest);
}

asio::awaitable<void> small_chain(AsyncClient client, unsigned id, const std::atomic<bool>& stop,
                                  SmallLatencies& into) {
  Latencies latencies;
  std::uint64_t longest = 0;
  for (std::size_t i = id * std::size_t{17}; !stop.load(std::memory_order_relaxed); ++i) {
    const std::uint64_t began = now_ns();
    expect((co_await client.get(key(i))).has_value(), "GET");
    const std::uint64_t took = now_ns() - began;
    latencies.add(took);
    longest = std::max(longest, took);
  }
  into.merge(latencies, longest);
}

void run_small(RedisConnectionManager& manager, bool async, const std::atomic<bool>& stop,
               SmallLatencies& into, std::vector<std::thread>& threads) {
  if (!async) {
    for (unsigned id = 0; id < small_threads; ++id)
      threads.emplace_back(
          [&manager, &stop, &into, id] { small_thread(manager.client("main"), id, stop, into); });
    return;
  }
  threads.emplace_back([&manager, &stop, &into] {
    asio::io_context context(1);
    for (unsigned id = 0; id < small_chains; ++id)
      asio::co_spawn(context, small_chain(manager.async_client("main"), id, stop, into),
                     [](const std::exception_ptr& error) {
                       if (error) std::rethrow_exception(error);
                     });
    context.run();
  });
}

SmallLatency small_beside(const FairnessPlan& plan, Work work, Place place, bool async) {
  RedisConfig config = fairness_config(plan.server);
  config.database("main").timeouts.silence = 60s;
  RedisConnectionManager manager;
  manager.start(config);
  RedisConnectionManager other;
  other.start(std::move(config));
  LargeCaller large(place == Place::same_manager ? manager : other, work, async);
  SmallLatencies latencies;
  std::vector<std::thread> threads;
  std::atomic<bool> stop{false};
  run_small(manager, async, stop, latencies, threads);
  std::this_thread::sleep_for(std::chrono::duration<double>(plan.seconds));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  return latencies.result(large.stop());
}

std::vector<Figure> figures(const FairnessPlan& plan, Work work, bool async, const std::string& name) {
  const auto measure = [&](Place place) {
    return in_own_process([&] { return small_beside(plan, work, place, async); });
  };
  load(plan.server);
  const SmallLatency same = measure(Place::same_manager);
  const Goal goal{Goal::Kind::at_most, 10};
  std::vector<Figure> rows{{name + ": p50", same.p50_ms, "ms"},
                           {name + ": p99", same.p99_ms, "ms", work == Work::none ? Goal{} : goal},
                           {name + ": longest", same.max_ms, "ms"}};
  if (work == Work::none) return rows;
  rows.push_back({name + ": large operations", static_cast<double>(same.large), ""});
  const SmallLatency other = measure(Place::other_manager);
  rows.push_back({name + ": p99, work on another manager", other.p99_ms, "ms"});
  rows.push_back({name + ": large operations there", static_cast<double>(other.large), ""});
  return rows;
}

}  // namespace

std::vector<FairnessMeasurement> neighbour_measurements(const FairnessPlan& plan) {
  const std::pair<Work, const char*> works[] = {{Work::none, "nothing"},
                                                {Work::get, "get_64m"},
                                                {Work::set, "set_64m"},
                                                {Work::range, "lrange_1m"},
                                                {Work::pipeline, "pipeline_100k"}};
  std::vector<FairnessMeasurement> all;
  for (const bool async : {false, true})
    for (const auto& [work, what] : works) {
      const std::string id = std::string("beside.") + what + (async ? ".async" : ".sync");
      all.push_back({id, [plan, async, of = work, id] { return figures(plan, of, async, id); }});
    }
  return all;
}

}  // namespace redstart::bench
