// SPDX-License-Identifier: Apache-2.0
// crowd_test.cpp: each of a thousand coroutines and 64 threads gets its own replies.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "effort.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class Crowd : public RedisTest {
 protected:
  struct Counts {
    std::atomic<std::uint64_t> replies{0};
    std::atomic<std::uint64_t> wrong{0};
    std::atomic<std::size_t> coroutines{0};
  };

  static void check(Counts& counts, bool own) {
    ++counts.replies;
    if (!own) ++counts.wrong;
  }

  static asio::awaitable<void> coroutine(AsyncClient db, std::size_t id, std::size_t rounds, Counts& counts) {
    const std::string key = "crowd:c" + std::to_string(id);
    for (std::size_t i = 0; i < rounds; ++i) {
      const std::string nonce = key + "/" + std::to_string(i);
      check(counts, co_await db.echo(nonce) == nonce);
      co_await db.set(key, nonce);
      check(counts, co_await db.get(key) == nonce);
      const auto [echo, value] = co_await db.pipeline([&](auto& pipe) {
        return std::tuple{pipe.echo(nonce), pipe.get(key)};
      });
      check(counts, echo == nonce && value == nonce);
      if (i % 16 == 0)
        check(counts, (co_await db.get<std::string>("crowd:large")).value_or("").size() == 100'000);
    }
    --counts.coroutines;
  }

  static void thread(const Client& db, std::size_t id, std::size_t rounds, Counts& counts) {
    const std::string key = "crowd:t" + std::to_string(id);
    for (std::size_t i = 0; i < rounds; ++i) {
      const std::string nonce = key + "/" + std::to_string(i);
      check(counts, db.echo(nonce) == nonce);
      db.set(key, nonce);
      check(counts, db.get(key) == nonce);
      const auto [echo, value] = db.pipeline([&](auto& pipe) {
        return std::tuple{pipe.echo(nonce), pipe.get(key)};
      });
      check(counts, echo == nonce && value == nonce);
    }
  }
};

TEST_F(Crowd, RepliesReachTheirCallersAmongThousandCoroutinesAnd64Threads) {
  raw().command({"SET", "crowd:large", std::string(100'000, 'x')});
  const std::size_t rounds = effort(60);
  RedisConfig config = config_at(server());
  config.defaults.check_after_idle = 0ms;  // a late check on a busy machine closes no connection
  config.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(std::move(config));
  Counts counts;
  counts.coroutines = 1000;
  asio::io_context context(1);
  std::exception_ptr failure;
  for (std::size_t id = 0; id < 1000; ++id) {
    asio::co_spawn(context, coroutine(redis->async_client("main"), id, rounds, counts),
                   [&failure](const std::exception_ptr& error) {
                     if (error) failure = error;
                   });
  }
  std::vector<std::jthread> threads;
  for (std::size_t id = 0; id < 64; ++id)
    threads.emplace_back([&, id] { thread(redis->client("main"), id, rounds * 4, counts); });
  context.run();
  threads.clear();
  if (failure) std::rethrow_exception(failure);
  EXPECT_EQ(counts.coroutines, 0U);
  EXPECT_EQ(counts.wrong, 0U);
  EXPECT_GT(counts.replies, 1000U * 3 * rounds);
  const PoolStats pool = redis->stats("main").pool;
  EXPECT_LE(pool.in_use + pool.idle, 11U) << "10 direct, 1 shared; " << pool.created
                                          << " were opened, lost: " << pool.closed_for(CloseReason::lost)
                                          << ", stale: " << pool.closed_for(CloseReason::stale)
                                          << ", idle: " << pool.closed_for(CloseReason::idle);
  EXPECT_EQ(pool.created, pool.in_use + pool.idle) << "none was lost";
}

// With `integrity` every batch of replies is checked.
TEST_F(Crowd, RepliesReachTheirCallersWithIntegrity) {
  raw().command({"SET", "crowd:large", std::string(100'000, 'x')});
  const std::size_t rounds = effort(20);
  RedisConfig config = config_at(server());
  config.defaults.integrity = true;
  config.defaults.timeouts = {30s, 30s, 30s};
  StartedManager redis(std::move(config));
  Counts counts;
  counts.coroutines = 200;
  asio::io_context context(1);
  for (std::size_t id = 0; id < 200; ++id)
    asio::co_spawn(context, coroutine(redis->async_client("main"), id, rounds, counts), asio::detached);
  std::vector<std::jthread> threads;
  for (std::size_t id = 0; id < 16; ++id)
    threads.emplace_back([&, id] { thread(redis->client("main"), id, rounds * 4, counts); });
  context.run();
  threads.clear();
  EXPECT_EQ(counts.coroutines, 0U);
  EXPECT_EQ(counts.wrong, 0U);
}

}  // namespace
}  // namespace redstart::test
