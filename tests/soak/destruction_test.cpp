// SPDX-License-Identifier: Apache-2.0
// destruction_test.cpp: destroys a thousand managers under load at random moments.
// It does so on every kind of thread. Each destruction is quick and complete, and every operation completes
// once (fault 82, invariant I18).
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "effort.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Counts {
  std::atomic<std::uint64_t> issued{0};
  std::atomic<std::uint64_t> completed{0};
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<bool> stop{false};
};

// Issues the next operation from the handler of the last.
void chain(const AsyncClient& client, const std::shared_ptr<Counts>& counts, std::uint64_t number) {
  if (counts->stop) return;
  ++counts->issued;
  const std::string nonce = std::to_string(number);
  client.echo(nonce)(
      [client, counts, number, nonce](const std::exception_ptr& error, const std::string& text) {
        ++counts->completed;
        if (error) return;  // closed
        if (text != nonce) ++counts->wrong;
        chain(client, counts, number + 1);
      });
}

// Synchronous callers in addition, more than there are direct connections.
std::vector<std::jthread> sync_callers(RedisConnectionManager& redis, std::size_t count,
                                       const std::shared_ptr<Counts>& counts) {
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([results = redis.client("main").results(), counts, i] {
      for (std::uint64_t n = 0; !counts->stop; ++n) {
        const std::string nonce = std::to_string(i) + "/" + std::to_string(n);
        const auto text = results.echo(nonce);
        if (!text) return;
        if (*text != nonce) ++counts->wrong;
      }
    });
  }
  return threads;
}

class Destructions : public RedisTest {
 protected:
  static void spin(std::minstd_rand& random) {
    const auto until = Clock::now() + std::chrono::microseconds(random() % 2000);
    while (Clock::now() < until) std::this_thread::yield();
  }
  static RedisConfig small_config() {
    RedisConfig config = config_at(server());
    config.defaults.direct_limit = 1;
    config.defaults.timeouts = {30s, 30s, 30s};  // a forgotten caller would wait too long
    return config;
  }
};

TEST_F(Destructions, CompleteEveryOperationOnAThreadOfTheUser) {
  std::minstd_rand random(soak_seed());
  const std::size_t rounds = effort(500);
  const std::size_t descriptors = open_descriptors();
  for (std::size_t round = 0; round < rounds; ++round) {
    auto counts = std::make_shared<Counts>();
    auto redis = std::make_unique<RedisConnectionManager>();
    redis->start(small_config());
    const AsyncClient client = redis->async_client("main");
    for (std::uint64_t i = 0; i < 32; ++i) chain(client, counts, i << 32);
    auto threads = round % 4 == 0 ? sync_callers(*redis, 3, counts) : std::vector<std::jthread>();
    spin(random);
    const auto began = Clock::now();
    redis.reset();
    ASSERT_LT(Clock::now() - began, slack);
    counts->stop = true;
    threads.clear();
    ASSERT_TRUE(eventually([&] { return counts->completed == counts->issued; }))
        << counts->issued - counts->completed << " operations never completed, round " << round;
    ASSERT_EQ(counts->wrong, 0U);
  }
  // An I/O thread that ends late keeps its loop for the rest of the process: three descriptors.
  EXPECT_TRUE(eventually([&] { return open_descriptors() <= descriptors + 3; }))
      << open_descriptors() << " descriptors are open instead of " << descriptors << " before";
}

TEST_F(Destructions, CompleteEveryOperationOnAThreadOfTheLibrary) {
  std::minstd_rand random(soak_seed());
  const std::size_t rounds = effort(300);
  const std::size_t threads_before = running_threads();
  for (std::size_t round = 0; round < rounds; ++round) {
    auto counts = std::make_shared<Counts>();
    auto redis = std::make_shared<std::unique_ptr<RedisConnectionManager>>(new RedisConnectionManager);
    (*redis)->start(small_config());
    const AsyncClient client = (*redis)->async_client("main");
    for (std::uint64_t i = 0; i < 32; ++i) chain(client, counts, i << 32);
    spin(random);
    std::atomic<bool> destroyed{false};
    const auto began = Clock::now();
    client.ping()([&destroyed, redis](const std::exception_ptr&, const std::string&) {
      redis->reset();  // inside a handler, while other handlers of the same turn are still to come
      destroyed = true;
    });
    ASSERT_TRUE(eventually([&] { return destroyed.load(); }));
    ASSERT_LT(Clock::now() - began, slack);
    ASSERT_TRUE(eventually([&] { return counts->completed == counts->issued; }))
        << counts->issued - counts->completed << " operations never completed, round " << round;
    ASSERT_EQ(counts->wrong, 0U);
  }
  EXPECT_TRUE(eventually([&] { return running_threads() <= threads_before + 1; }));
}

TEST_F(Destructions, CompleteEveryOperationOnThreadsOfTheService) {
  std::minstd_rand random(soak_seed());
  const std::size_t rounds = effort(200);
  for (std::size_t round = 0; round < rounds; ++round) {
    auto counts = std::make_shared<Counts>();
    asio::io_context context(2);
    auto redis = std::make_unique<RedisConnectionManager>();
    redis->start(small_config(), context.get_executor());
    const AsyncClient client = redis->async_client("main");
    for (std::uint64_t i = 0; i < 32; ++i) chain(client, counts, i << 32);
    std::jthread second([&context] { context.run(); });
    if (round % 2 == 0) {
      spin(random);
      asio::post(context, [&redis] { redis.reset(); });
      context.run();
    } else {
      std::jthread first([&context] { context.run(); });
      spin(random);
      const auto began = Clock::now();
      redis.reset();
      ASSERT_LT(Clock::now() - began, slack);
    }
    second.join();  // run() returns without being stopped
    ASSERT_EQ(counts->completed, counts->issued) << "round " << round;
    ASSERT_EQ(counts->wrong, 0U);
  }
}

}  // namespace
}  // namespace redstart::test
