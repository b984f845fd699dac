// SPDX-License-Identifier: Apache-2.0
// loading_test.cpp: faults 37, 38: servers that load for long.
#include <gmock/gmock.h>

#include <atomic>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using ::testing::HasSubstr;

// A server that is loading until the gate is opened, and counts its connections and PINGs.
class LoadingServer {
 public:
  explicit LoadingServer(std::string info) : info_(std::move(info)) {}

  [[nodiscard]] std::uint16_t port() const noexcept { return server_.port(); }
  [[nodiscard]] std::size_t connections() const noexcept { return server_.accepted(); }
  /// The largest number of connections that waited for a loading server at once.
  [[nodiscard]] int most_waiting() const noexcept { return most_; }
  [[nodiscard]] int polls() const noexcept { return polls_; }
  void load() { loaded_.open(); }

 private:
  void serve(FakeConnection& connection) {
    bool waits = false;
    for (auto words = connection.command(); !words.empty(); words = connection.command()) {
      if (words[0] == "HELLO") {
        connection.send("%1\r\n+proto\r\n:3\r\n");
      } else if (words[0] == "CLIENT" || words[0] == "SELECT") {
        connection.send("+OK\r\n");
      } else if (words[0] == "INFO") {
        connection.send(resp_bulk(info_));
      } else if (!loaded_.is_open()) {
        if (!std::exchange(waits, true)) {
          const int now = ++waiting_;
          int most = most_;
          while (most < now && !most_.compare_exchange_weak(most, now)) continue;
        }
        ++polls_;
        connection.send("-LOADING Redis is loading the dataset in memory\r\n");
      } else {
        connection.send(words[0] == "PING" ? "+PONG\r\n" : "$1\r\nv\r\n");
      }
    }
    if (waits) --waiting_;
  }

  const std::string info_;
  Gate loaded_{};
  std::atomic<int> waiting_{0};
  std::atomic<int> most_{0};
  std::atomic<int> polls_{0};
  FakeServer server_{[this](FakeConnection& connection, std::size_t) { serve(connection); }};
};

RedisConfig loading_config(const LoadingServer& server, std::shared_ptr<EventListener> listener = {}) {
  RedisConfig config = config_at(server.port());
  config.start_timeout = 0ms;
  config.listener = std::move(listener);
  config.database("main").required = false;
  config.database("main").timeouts.connect = 30s;  // one attempt lasts the whole test
  config.database("main").timeouts.command = 30s;
  return config;
}

constexpr const char* twelve_left = "loading:1\r\nloading_loaded_perc:37.50\r\nloading_eta_seconds:12\r\n";

TEST(Fault37, CallersWaitUntilTheirDeadlinesNotOnlyTheAcquireTimeout) {
  const Gate loaded;
  FakeServer server([&](FakeConnection& connection, std::size_t index) {
    if (index == 0) {  // the server restarts after its first answer
      connection.handshake();
      return connection.send("$1\r\nv\r\n");
    }
    for (auto words = connection.command(); !words.empty(); words = connection.command()) {
      if (words[0] == "HELLO")
        connection.send("%1\r\n+proto\r\n:3\r\n");
      else if (words[0] == "CLIENT")
        connection.send("+OK\r\n");
      else if (!loaded.is_open())
        connection.send("-LOADING Redis is loading the dataset in memory\r\n");
      else
        connection.send(words[0] == "PING" ? "+PONG\r\n" : "$1\r\nv\r\n");
    }
  });
  RedisConfig config = config_at(server.port());
  config.defaults.timeouts.connect = 1s;
  config.defaults.timeouts.acquire = 1s;  // includes the handshake
  config.defaults.timeouts.command = 30s;
  StartedManager redis(std::move(config));
  const Client client = redis->client("main");
  EXPECT_EQ(client.get("key"), "v");
  auto waiting = std::async(std::launch::async, [&] { return client.get("key"); });
  ASSERT_TRUE(eventually([&] { return redis->stats("main").state == ConnectionState::loading; }));
  EXPECT_EQ(waiting.wait_for(2500ms), std::future_status::timeout);
  loaded.open();
  EXPECT_EQ(waiting.get(), "v");
}

TEST(Fault37, RemainingTimeIsInStateErrorAndEvents) {
  LoadingServer server(twelve_left);
  auto log = std::make_shared<EventLog>();
  StartedManager redis(loading_config(server, log));
  const AsyncClient client = redis->async_client("main");
  auto waiting = client.get("key")(use_future);
  ASSERT_TRUE(eventually([&] { return redis->stats("main").loading_eta.has_value(); }));
  EXPECT_EQ(redis->stats("main").state, ConnectionState::loading);
  EXPECT_LE(*redis->stats("main").loading_eta, 12s);
  ASSERT_TRUE(eventually([&] { return server.polls() >= 4; })) << "the client must keep polling";
  try {
    static_cast<void>(client.with_timeout(30ms).get("key")(use_future).get());
    ADD_FAILURE() << "the server is still loading";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::loading);
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_THAT(error.what(), HasSubstr("37 % done, about "));
  }
  server.load();
  EXPECT_EQ(waiting.get(), "v");
  EXPECT_EQ(redis->stats("main").loading_eta, std::nullopt);
  EXPECT_EQ(redis->stats("main").state, ConnectionState::ready);
  EXPECT_EQ(redis->stats("main").pool.connect_failures, 0U);
  EXPECT_EQ(log->count("redis.loading"), 2U) << "one event at the start, one at the end";
  EXPECT_EQ(log->count("redis.loading over"), 1U);
  EXPECT_EQ(log->count("redis.connection.failed"), 0U);
  EXPECT_EQ(redis->stats("main").breaker_changes, 0U);
}

TEST(Fault37, HundredCallersWaitForOnePollingConnection) {
  LoadingServer server(twelve_left);
  StartedManager redis(loading_config(server));
  std::atomic<int> served{0};
  std::vector<std::jthread> callers;
  callers.reserve(100);
  for (int i = 0; i < 100; ++i) {
    callers.emplace_back([&] {
      if (redis->client("main").get("key") == "v") ++served;
    });
  }
  ASSERT_TRUE(eventually([&] { return server.polls() >= 6; }));
  EXPECT_EQ(server.most_waiting(), 1);
  EXPECT_EQ(redis->stats("main").state, ConnectionState::loading);
  server.load();
  callers.clear();
  EXPECT_EQ(served, 100);
  EXPECT_EQ(redis->stats("main").breaker_changes, 0U);
}

TEST(Fault37, SyncAndAsyncCallersWaitForOnePollingConnection) {
  LoadingServer server("");
  StartedManager redis(loading_config(server));
  const AsyncClient client = redis->async_client("main");
  std::vector<std::future<std::optional<std::string>>> waiting;
  for (int i = 0; i < 20; ++i) waiting.push_back(client.get("key")(use_future));
  // Wait until the manager knows that the server is loading: until then each caller may open a connection.
  ASSERT_TRUE(eventually([&] { return redis->stats("main").state == ConnectionState::loading; }));
  std::vector<std::jthread> callers;
  std::atomic<int> served{0};
  for (int i = 0; i < 20; ++i) {
    callers.emplace_back([&] { served += redis->client("main").get("key") == "v" ? 1 : 0; });
  }
  ASSERT_TRUE(eventually([&] { return server.polls() >= 5; }));
  EXPECT_EQ(server.most_waiting(), 1);
  server.load();
  for (auto& one : waiting) EXPECT_EQ(one.get(), "v");
  callers.clear();
  EXPECT_EQ(served, 20);
}

TEST(Fault38, WaiterFailsAtItsDeadlineWhileAnotherManagerPolls) {
  LoadingServer server(twelve_left);
  StartedManager redis(loading_config(server));
  const AsyncClient client = redis->async_client("main");
  auto waiting = client.get("key")(use_future);
  ASSERT_TRUE(eventually([&] { return server.polls() >= 1; }));
  RedisConfig hurried = loading_config(server);
  hurried.database("main").timeouts.connect = 1s;
  StartedManager other(hurried);
  for (int i = 0; i < 3; ++i) {  // each polls anew, until its own deadline
    const Error error = error_of([&] { return other->client("main"); });
    EXPECT_EQ(error.code(), Errc::loading) << error.what();
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_EQ(error.remedy(), Remedy::retry);
  }
  EXPECT_EQ(other->stats("main").state, ConnectionState::loading) << "the last known state";
  EXPECT_EQ(other->stats("main").pool.connect_failures, 0U);
  EXPECT_EQ(other->stats("main").breaker_changes, 0U);
  server.load();
  EXPECT_EQ(waiting.get(), "v");
  EXPECT_EQ(other->client("main").get("key"), "v");
}

TEST(Fault38, ShortConnectTimeoutDoesNotFloodServerWithAttempts) {
  LoadingServer server("");
  RedisConfig config = loading_config(server);
  config.database("main").timeouts.connect = 20ms;
  StartedManager redis(config);
  const AsyncClient client = redis->async_client("main");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THROW(static_cast<void>(client.with_timeout(3s).get("key")(use_future).get()), Unavailable);
  const auto most = static_cast<std::size_t>((std::chrono::steady_clock::now() - began) / 50ms) + 4;
  EXPECT_LE(server.connections(), most) << "attempts must be at least 50 ms apart";
}

TEST(Fault38, ShutdownEndsTheWait) {
  LoadingServer server("");
  StartedManager redis(loading_config(server));
  const AsyncClient client = redis->async_client("main");
  auto first = client.get("key")(use_future);
  ASSERT_TRUE(eventually([&] { return server.polls() >= 1; }));
  std::promise<void> called;
  std::jthread caller([&] {
    called.set_value();
    const Error error = error_of([&] { return redis->client("main"); });
    EXPECT_EQ(error.code(), Errc::closed) << error.what();
  });
  called.get_future().wait();
  redis->shutdown(0ms);
  EXPECT_THROW(static_cast<void>(first.get()), Error);
}

}  // namespace
}  // namespace redstart::test
