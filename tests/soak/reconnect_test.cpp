// SPDX-License-Identifier: Apache-2.0
// reconnect_test.cpp: opens ten thousand lost connections again without growth (I16).
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>

#include <malloc.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "effort.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/sanitizers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

// Bytes that are allocated and not freed, of all threads.
std::size_t live_heap() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

class Reconnects : public RedisTest {
 protected:
  static RedisConfig config() {
    RedisConfig config = config_at(server());
    // Each loss counts as a failure, but this test is not about the breaker.
    config.defaults.breaker.consecutive_failures = std::numeric_limits<unsigned>::max();
    config.defaults.breaker.minimum_calls = std::numeric_limits<unsigned>::max();
    return config;
  }

  // Repeats the call until it succeeds: a dead connection may be detected only when it is used.
  static void insist(const std::function<void()>& call) {
    for (int attempts = 1;; ++attempts) {
      try {
        return call();
      } catch (const Error& error) {
        ASSERT_LT(attempts, 100) << error.what();
      }
    }
  }

  // After this call a connection of each kind is open.
  static void use_all(RedisConnectionManager& redis, const Client& waiting, const AsyncClient& shared) {
    insist([&] { EXPECT_EQ(waiting.echo("a"), "a"); });
    insist([&] { EXPECT_EQ(shared.echo("b")(boost::asio::use_future).get(), "b"); });
    insist([&] { EXPECT_EQ(redis.scoped_client("main").echo("c"), "c"); });
  }
  static void kill_all() { raw().text({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}); }

  static std::size_t opened(const RedisConnectionManager& redis) { return redis.stats("main").pool.created; }
};

TEST_F(Reconnects, LeaveNoMemoryOrDescriptors) {
  StartedManager redis(config());
  const Client waiting = redis->client("main");
  const AsyncClient shared = redis->async_client("main");
  const auto reconnect = [&](std::size_t times) {
    const std::size_t until = opened(*redis) + times;
    while (opened(*redis) < until && !HasFatalFailure()) {
      use_all(*redis, waiting, shared);
      kill_all();
    }
    // A killed connection may or may not be open again at this point: the counter includes every opened one.
    use_all(*redis, waiting, shared);
  };

  const std::size_t times = effort(10'000);
  reconnect(times / 10);  // until every cache, ring and arena has its final size
  const std::size_t descriptors = open_descriptors();
  const std::size_t threads = running_threads();
  const std::size_t heap = live_heap();
  const std::size_t before = opened(*redis);
  reconnect(times);

  const std::size_t made = opened(*redis) - before;
  EXPECT_GE(made, times);
  EXPECT_TRUE(eventually([&] { return open_descriptors() <= descriptors; }))
      << open_descriptors() << " descriptors, " << descriptors << " before";
  EXPECT_TRUE(eventually([&] { return running_threads() <= threads; }));
  const std::size_t now = live_heap();
  std::cout << made << " connections opened; live heap " << heap << " B before, " << now << " B after\n";
  if (with_address_sanitizer || with_thread_sanitizer || times < 10'000) return;
  // The smallest allocation takes 24 bytes: a leak of one per connection would be visible. Threads keep some
  // freed ones.
  EXPECT_LT(now, heap + 128'000);
}

}  // namespace
}  // namespace redstart::test
