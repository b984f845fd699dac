// SPDX-License-Identifier: Apache-2.0
// overload_test.cpp: fault 15: waiting commands are limited on exclusive connections, too.
#include <algorithm>
#include <atomic>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Words = FakeConnection::Words;

/// A server behind a proxy that stops reading each connection after 64 KiB.
class Stalled {
 public:
  Stalled(std::size_t most, std::size_t most_bytes) {
    proxy_.all_connections().after_bytes(64 << 10, Direction::to_server).stop_reading(Direction::to_server);
    RedisConfig config = config_at(proxy_.port());
    config.defaults.timeouts = {30s, 30s, 30s};
    config.defaults.max_pending = most;
    config.defaults.max_pending_bytes = most_bytes;
    redis_.emplace(std::move(config));
  }

  [[nodiscard]] RedisConnectionManager& redis() { return **redis_; }
  [[nodiscard]] std::size_t queued_bytes() { return redis().stats("main").pool.queued_bytes; }
  [[nodiscard]] std::size_t in_flight() { return redis().stats("main").pool.in_flight; }
  void heal() { proxy_.heal(); }
  [[nodiscard]] std::size_t executed() { return server_.count("SET"); }

 private:
  FakeServer server_{FakeServer::simple()};
  FaultProxy proxy_{server_.port()};
  std::optional<StartedManager> redis_{};
};

/// Waits until `refused` operations have failed, and returns the others, which still wait.
std::vector<std::future<bool>> wait_for_refusals(std::vector<std::future<bool>> all, std::size_t refused) {
  const auto ready = [](std::future<bool>& one) { return one.wait_for(0s) == std::future_status::ready; };
  EXPECT_TRUE(eventually([&] {
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), ready)) >= refused;
  })) << "too few operations were refused";
  std::vector<std::future<bool>> waiting;
  std::size_t ended = 0;
  for (std::future<bool>& one : all) {
    if (!ready(one)) {
      waiting.push_back(std::move(one));
      continue;
    }
    const Error error = error_of([&] { return one.get(); });
    EXPECT_EQ(error.code(), Errc::overloaded) << error.what();
    EXPECT_EQ(error.effect(), Effect::not_sent);
    ++ended;
  }
  EXPECT_EQ(ended, refused);
  return waiting;
}

TEST(Fault15, LargeCommandsOnExclusiveConnectionsShareByteLimit) {
  constexpr std::size_t most = 9 << 20;
  Stalled stage(100'000, most);
  const AsyncClient client = stage.redis().async_client("main");
  const std::string value(2 << 20, 'x');
  std::vector<std::future<bool>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(client.set("key", value)(use_future));
    ASSERT_LE(stage.queued_bytes(), most);
  }
  auto waiting = wait_for_refusals(std::move(all), 16);
  EXPECT_EQ(stage.in_flight(), 4U);
  EXPECT_GT(stage.queued_bytes(), 4 * value.size());
  stage.heal();
  for (auto& one : waiting) EXPECT_TRUE(one.get());
  EXPECT_EQ(stage.executed(), 4U) << "refused commands must not be sent";
  EXPECT_TRUE(eventually([&] { return stage.in_flight() == 0 && stage.queued_bytes() == 0; }));
  EXPECT_TRUE(client.set("key", value)(use_future).get()) << "the limit must have room again";
}

TEST(Fault15, LargeCommandQueuedForConnectionCountsItsBytes) {
  constexpr std::size_t most = 5 << 20;
  FakeServer server(FakeServer::simple());
  RedisConfig config = config_at(server.port());
  config.defaults.timeouts = {30s, 30s, 30s};
  config.defaults.max_connections = 1;
  config.defaults.max_pending_bytes = most;
  StartedManager redis(config);
  const AsyncClient client = redis->async_client("main");
  const std::string value(2 << 20, 'x');
  std::vector<std::future<bool>> all;
  {
    const ScopedClient held = redis->scoped_client("main");
    for (int i = 0; i < 6; ++i) all.push_back(client.set("key", value)(use_future));
    all = wait_for_refusals(std::move(all), 4);
    EXPECT_LE(redis->stats("main").pool.queued_bytes, most);
  }
  for (auto& one : all) EXPECT_TRUE(one.get());
  EXPECT_EQ(server.count("SET"), 2U);
}

TEST(Fault15, ScopedHandleRefusesBytesBeyondLimit) {
  constexpr std::size_t most = 2 << 20;
  Stalled stage(100'000, most);
  const AsyncScopedClient session = stage.redis().scoped_async_client("main")(use_future).get();
  const std::string value(256 << 10, 'x');
  std::vector<std::future<bool>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(session.set("key", value)(use_future));
    ASSERT_LE(stage.queued_bytes(), most);
  }
  auto waiting = wait_for_refusals(std::move(all), 13);
  stage.heal();
  for (auto& one : waiting) EXPECT_TRUE(one.get());
  EXPECT_EQ(stage.executed(), 7U);
  EXPECT_TRUE(session.set("key", value)(use_future).get()) << "the handle must remain usable";
}

TEST(Fault15, ScopedHandleRefusesCommandsBeyondLimit) {
  Stalled stage(10, 64 << 20);
  const AsyncScopedClient session = stage.redis().scoped_async_client("main")(use_future).get();
  const std::string value(64 << 10, 'x');
  std::vector<std::future<bool>> all;
  for (int i = 0; i < 20; ++i) all.push_back(session.set("key", value)(use_future));
  auto waiting = wait_for_refusals(std::move(all), 10);
  EXPECT_TRUE(stage.redis().async_client("main").set("key", "value")(use_future).get())
      << "a scoped handle must have its own limit";
  stage.heal();
  for (auto& one : waiting) EXPECT_TRUE(one.get());
}

TEST(Fault15, HandlerOfEndedCommandMayStartTheNext) {
  FakeServer server(FakeServer::simple());
  RedisConfig config = config_at(server.port());
  config.defaults.max_pending = 1;
  config.defaults.max_pending_bytes = 1 << 20;
  StartedManager redis(config);
  const AsyncClient client = redis->async_client("main").with_retry(RetryMode::off);
  const std::string value(2 << 20, 'x');
  constexpr int rounds = 20;
  std::promise<int> ended;
  std::atomic<int> done{0};
  const std::function<void()> next = [&] {
    client.results().set("key", value)([&](const Result<bool>& stored) {
      if (stored.has_value() && ++done != rounds) return next();
      ended.set_value(done);
    });
  };
  next();
  EXPECT_EQ(ended.get_future().get(), rounds);
}

}  // namespace
}  // namespace redstart::test
