// SPDX-License-Identifier: Apache-2.0
// stuck_connection_test.cpp: fault 104: one connection's reply trickles without end.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/sides.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Words = redstart::testing::Words;

// Serves GET. The reply to LRANGE begins large, then continues with a byte every 20 ms.
void serve_and_trickle(FakeConnection& connection, std::size_t) {
  for (Words words = connection.handshake(); !words.empty(); words = connection.handshake()) {
    if (words.front() != "LRANGE") {
      connection.send(resp_bulk("value"));
      continue;
    }
    connection.send("*2\r\n$100000000\r\n");
    while (!connection.stopping()) {
      connection.send("x");
      let_pass(20ms);
    }
    return;
  }
}

class Fault104 : public ::testing::Test {
 protected:
  // Asynchronous callers of the shared connections, each with a sequence of GETs.
  class Background {
   public:
    explicit Background(RedisConnectionManager& redis, std::chrono::milliseconds limit = 100ms) {
      for (int i = 0; i < 20; ++i) {
        callers_.emplace_back([this, &redis, limit](const std::stop_token& stop) {
          const Caller caller = Caller(redis, Side::futures).within(limit);
          while (!stop.stop_requested()) {
            const auto got = caller.command<std::optional<std::string>>("GET", "k");
            ++(got ? answered : got.error().code() == Errc::timeout ? late : refused);
            if (!got && got.error().code() != Errc::timeout) let_pass(1ms);
          }
        });
      }
    }
    std::atomic<int> answered{0};
    std::atomic<int> late{0};
    std::atomic<int> refused{0};

   private:
    std::vector<std::jthread> callers_{};
  };

  FakeServer server{serve_and_trickle};
};

// Slower than the other callers fail, so that most calls of the database fail. Returns the longest time
// between two answers.
std::chrono::nanoseconds call_beside(const std::atomic<int>& late, RedisConnectionManager& redis) {
  std::chrono::nanoseconds longest{0};
  const auto began = std::chrono::steady_clock::now();
  for (auto last = began; last - began < 3s;) {
    const int before = late;
    const auto got = redis.client("main", 30s).results().get("k");
    EXPECT_TRUE(got.has_value()) << got.error().what();
    const auto now = std::chrono::steady_clock::now();
    longest = std::max<std::chrono::nanoseconds>(longest, now - last);
    last = now;
    static_cast<void>(eventually([&] { return late >= before + 3; }));
  }
  return longest;
}

TEST_F(Fault104, BreakerStaysClosedWhileOtherConnectionsAnswer) {
  // The machine may stop the process for so long that the other connections don't answer either. Then the
  // breaker may open, and the round shows nothing.
  bool answered_throughout = false;
  for (int round = 0; round < 10 && !answered_throughout; ++round) {
    StartedManager redis(config_at(server.port()));
    auto async = redis->async_client("main");
    ASSERT_TRUE(async.results().get("k")(use_future).get().has_value());
    auto stuck = async.with_timeout(200ms).results().command<Value>("LRANGE", "l", "0", "-1")(use_future);
    const Background background(*redis);
    answered_throughout = call_beside(background.late, *redis) < 500ms;
    EXPECT_FALSE(stuck.get().has_value());
    if (answered_throughout) {
      EXPECT_EQ(redis->stats("main").breaker_changes, 0U);
    }
  }
  EXPECT_TRUE(answered_throughout);
}

TEST_F(Fault104, StuckConnectionIsReplacedWithinSixSeconds) {
  StartedManager redis(config_at(server.port()));
  auto async = redis->async_client("main");
  auto stuck = async.with_timeout(200ms).results().command<Value>("LRANGE", "l", "0", "-1")(use_future);
  EXPECT_FALSE(stuck.get().has_value());
  const auto began = std::chrono::steady_clock::now();
  Background background(*redis);
  EXPECT_TRUE(eventually([&] { return background.answered > 100; }));
  EXPECT_LE(std::chrono::steady_clock::now() - began, 6s + slack);
}

TEST_F(Fault104, AnotherSharedConnectionServesCallsUntilReplacement) {
  RedisConfig config = config_at(server.port());
  config.io_threads = 2;
  StartedManager redis(config);
  // Open both shared connections: calls of different threads are spread over them.
  {
    Background both(*redis);
    ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.shared == 2 && both.answered > 100; }));
  }
  auto async = redis->async_client("main");
  auto stuck = async.with_timeout(200ms).results().command<Value>("LRANGE", "l", "0", "-1")(use_future);
  EXPECT_FALSE(stuck.get().has_value());
  // A longer limit than before: with a late reply on each connection, calls stay on theirs.
  const Background background(*redis, 3s);
  EXPECT_TRUE(eventually([&] { return background.answered > 100; }));
  for (int i = 0; i < 100; ++i) {
    const auto got = async.with_timeout(3s).results().get("k")(use_future).get();
    ASSERT_TRUE(got.has_value()) << i << ": " << got.error().what();
  }
}

}  // namespace
}  // namespace redstart::test
