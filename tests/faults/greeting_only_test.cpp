// SPDX-License-Identifier: Apache-2.0
// greeting_only_test.cpp: fault 107: PONG, then closed: a proxy whose server is away.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using Words = redstart::testing::Words;

// A proxy that completes handshakes and closes the connection until serve() is called.
class GreetingServer {
 public:
  GreetingServer() = default;

  /// From now on it serves commands.
  void serve() { serves_ = true; }
  void drop() { serves_ = false; }
  [[nodiscard]] const FakeServer& server() const noexcept { return server_; }
  [[nodiscard]] RedisConfig config(Side side) const {
    RedisConfig config = on_side(side, config_at(server_.port()));
    config.defaults.protocol = Protocol::resp2;
    config.defaults.startup.attempts = 0;
    config.defaults.timeouts.command = 1s;
    config.defaults.breaker.recovery = {500ms, 1s, 2.0, Jitter::none};
    config.defaults.reconnect.jitter =
        Jitter::none;  // short delays in a row would exceed the bound by chance
    return config;
  }
  /// Expects at most five connections a second, after the first burst.
  void expect_few_connects() const {
    let_pass(500ms);
    const auto began = std::chrono::steady_clock::now();
    const std::size_t before = server_.accepted();
    let_pass(2s);
    const std::size_t connects = server_.accepted() - before;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    EXPECT_LE(static_cast<double>(connects), 5 * took.count() + 1);
  }

 private:
  std::atomic<bool> serves_{false};
  FakeServer server_{[this](FakeConnection& connection, std::size_t) {
    const bool serves = serves_;
    for (;;) {
      const Words words = connection.command();
      if (words.empty()) return;
      if (words.front() == "GET")
        connection.send(resp_bulk("value"));
      else
        connection.send(words.front() == "PING" ? "+PONG\r\n" : "+OK\r\n");
      if (words.front() == "PING" && !serves) return connection.close();
    }
  }};
};

// Callers that call without a pause during its lifetime.
class Load {
 public:
  Load(RedisConnectionManager& redis, Side side) {
    for (int i = 0; i < 8; ++i) {
      callers_.emplace_back([&redis, side](const std::stop_token& stop) {
        const Caller caller(redis, side);
        while (!stop.stop_requested())
          if (!caller.command<std::optional<std::string>>("GET", "k")) let_pass(1ms);
      });
    }
  }

 private:
  std::vector<std::jthread> callers_{};
};

TEST(Fault107, ReconnectPolicyHoldsUnderLoad) {
  for (const WhenAway when_away : {WhenAway::fail, WhenAway::wait}) {
    for_all_sides([&](Side side) {
      SCOPED_TRACE(when_away == WhenAway::fail ? "fail" : "wait");
      GreetingServer proxy;
      RedisConfig config = proxy.config(side);
      config.defaults.when_away = when_away;
      const auto events = std::make_shared<EventLog>();
      config.listener = events;
      StartedManager redis(config);
      const auto begin = std::chrono::steady_clock::now();
      {
        const Load load(*redis, side);
        proxy.expect_few_connects();
      }
      const auto took = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - begin);
      EXPECT_LE(events->count("redis.circuit.state_changed open -> half_open"),
                static_cast<std::size_t>(took.count()) + 2)
          << "the breaker must follow its recovery time, not each briefly ready connection";
      proxy.serve();
      EXPECT_TRUE(eventually(
          [&] { return Caller(*redis, side).command<std::optional<std::string>>("GET", "k").has_value(); }));
    });
  }
}

TEST(Fault107, ReconnectPolicyHoldsOnceServingServerOnlyGreets) {
  for_all_sides([&](Side side) {
    GreetingServer proxy;
    proxy.serve();
    StartedManager redis(proxy.config(side));
    const Caller caller(*redis, side);
    ASSERT_TRUE(caller.command<std::optional<std::string>>("GET", "k"));
    proxy.drop();
    // The earlier connection keeps working, but is no evidence for new ones.
    const Load load(*redis, side);
    proxy.expect_few_connects();
  });
}

TEST(Fault107, ReconnectPolicyHoldsWithoutCalls) {
  GreetingServer proxy;
  RedisConfig config = proxy.config(Side::futures);
  StartedManager redis(config);
  static_cast<void>(Caller(*redis, Side::futures).command<std::optional<std::string>>("GET", "k"));
  proxy.expect_few_connects();
  EXPECT_GE(proxy.server().accepted(), 3U) << "attempts must continue without calls";
}

TEST(Fault107, ReconnectPolicyHoldsForMinIdleConnections) {
  GreetingServer proxy;
  RedisConfig config = proxy.config(Side::direct);
  config.defaults.min_idle = 20;
  config.cleanup_interval = 100ms;
  StartedManager redis(config);
  proxy.expect_few_connects();
}

}  // namespace
}  // namespace redstart::test
