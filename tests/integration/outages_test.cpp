// SPDX-License-Identifier: Apache-2.0
// outages_test.cpp: increments survive outages of a server without loss or double execution.
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "support/fake_server.hpp"
#include "support/free_port.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/server_states.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

enum class Way { direct, shared, async };

// Callers that each increment a counter of their own until stopped, and count the outcomes.
class Traffic {
 public:
  Traffic(RedisConnectionManager& redis, Way way, std::chrono::milliseconds timeout = 5s) {
    // The handles are acquired before a test stops the server: a thread that starts late would not get one.
    const Client client = redis.client("main").with_timeout(timeout);
    const AsyncClient async = redis.async_client("main").with_timeout(timeout);
    for (std::size_t i = 0; i < counts_.size(); ++i)
      callers_.emplace_back(
          [this, client, async, way, i](const std::stop_token& stop) { run(client, async, way, i, stop); });
  }

  [[nodiscard]] std::uint64_t answered() const noexcept { return answered_; }
  [[nodiscard]] std::uint64_t failed() const noexcept { return failed_; }
  [[nodiscard]] std::string last_failure() const {
    const std::scoped_lock lock(mutex_);
    return last_failure_;
  }
  /// True if `more` further commands are answered within 30 s.
  [[nodiscard]] bool flows(std::uint64_t more = 20) const {
    const std::uint64_t enough = answered_ + more;
    return eventually([&] { return answered_ >= enough; });
  }

  /// Stops the callers and compares every counter with the server's.
  void end_and_check(RawRedis& raw) {
    for (std::jthread& caller : callers_) caller.request_stop();
    callers_.clear();
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      const RawReply stored = raw.command({"GET", key(i)});
      const std::int64_t value = stored.null ? 0 : std::stoll(stored.text);
      EXPECT_GE(value, counts_[i].answered) << "an answered increment must not be lost";
      EXPECT_LE(value, counts_[i].answered + counts_[i].indeterminate) << "no increment may run twice";
    }
  }

 private:
  struct Count {
    std::int64_t answered = 0;
    std::int64_t indeterminate = 0;
  };

  [[nodiscard]] static std::string key(std::size_t caller) { return "count:" + std::to_string(caller); }

  void run(const Client& client, const AsyncClient& async, Way way, std::size_t index,
           const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const Result<std::int64_t> result =
          way == Way::async ? async.results().incr(key(index))(boost::asio::use_future).get()
                            : client.results().incr(key(index));
      if (result) {
        ++counts_[index].answered;
        ++answered_;
        continue;
      }
      counts_[index].indeterminate += result.error().effect() == Effect::indeterminate ? 1 : 0;
      {
        const std::scoped_lock lock(mutex_);
        last_failure_ = result.error().what();
      }
      ++failed_;
      std::this_thread::sleep_for(1ms);  // limits the rate of calls that fail at once
    }
  }

  std::vector<Count> counts_{8};  // enough for their first timeouts to open a breaker
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> failed_{0};
  mutable std::mutex mutex_{};
  std::string last_failure_{};
  std::vector<std::jthread> callers_{};
};

class Outages : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override { REDSTART_NEEDS_REDIS(); }

  [[nodiscard]] static RedisConfig config(const RedisServer& server) {
    RedisConfig config = config_at(server);
    DatabaseConfig& main = config.database("main");
    if (GetParam() == Way::shared) main.direct_limit = 0;
    if (GetParam() == Way::direct) main.sync_over_shared = false;
    return config;
  }
};

INSTANTIATE_TEST_SUITE_P(
    Ways, Outages, ::testing::Values(Way::direct, Way::shared, Way::async), [](const auto& way) {
      return std::string(way.param == Way::direct ? "direct" : way.param == Way::shared ? "shared" : "async");
    });

TEST_P(Outages, KilledServerRestarts) {
  RedisServer server({"--appendonly", "yes", "--appendfsync", "always"});
  StartedManager redis(config(server));
  Traffic traffic(*redis, GetParam(), 2s);
  ASSERT_TRUE(traffic.flows());
  for (int round = 0; round < 3; ++round) {
    const std::uint64_t failed = traffic.failed();
    server.kill();
    ASSERT_TRUE(eventually([&] { return traffic.failed() > failed + 4; }));
    server.restart();
    ASSERT_TRUE(traffic.flows()) << traffic.last_failure();
  }
  RawRedis raw(server.port());
  traffic.end_and_check(raw);
}

TEST_P(Outages, FrozenServerResumes) {
  RedisServer server;
  StartedManager redis(config(server));
  Traffic traffic(*redis, GetParam(), 100ms);
  ASSERT_TRUE(traffic.flows());
  for (int round = 0; round < 2; ++round) {
    server.pause();
    // The breaker opens by timeouts of sent commands or, if few connections are open, of connect attempts.
    ASSERT_TRUE(eventually([&] {
      const ConnectionState state = redis->stats("main").state;
      return state == ConnectionState::circuit_open || state == ConnectionState::backing_off;
    })) << traffic.last_failure();
    server.resume();
    ASSERT_TRUE(traffic.flows()) << traffic.last_failure();
    ASSERT_TRUE(eventually([&] { return redis->stats("main").breaker == BreakerState::closed; }));
  }
  RawRedis raw(server.port());
  traffic.end_and_check(raw);
}

TEST_P(Outages, ServerIsBusyWithAScript) {
  RedisServer server({"--lua-time-limit", "50"});
  StartedManager redis(config(server));
  Traffic traffic(*redis, GetParam());
  ASSERT_TRUE(traffic.flows());
  RawRedis killer(server.port());
  RawRedis runner(server.port());
  runner.send(resp_command({"EVAL", "while true do end", "0"}));
  ASSERT_TRUE(eventually([&] { return killer.command({"GET", "x"}).text.starts_with("BUSY"); }));
  const std::uint64_t failed = traffic.failed();
  ASSERT_TRUE(eventually([&] { return traffic.failed() > failed + 4; }));
  EXPECT_NE(traffic.last_failure().find("BUSY"), std::string::npos) << traffic.last_failure();
  killer.command({"SCRIPT", "KILL"});
  ASSERT_TRUE(traffic.flows()) << traffic.last_failure();
  EXPECT_GT(redis->stats("main").operations.retries, 0U);
  traffic.end_and_check(killer);
}

TEST_P(Outages, PrimaryBecomesReplicaAndPrimaryAgain) {
  RedisServer server;
  const FreePort nowhere;
  StartedManager redis(config(server));
  Traffic traffic(*redis, GetParam(), 5s);
  RawRedis raw(server.port());
  ASSERT_TRUE(traffic.flows());
  raw.command({"CONFIG", "SET", "replica-serve-stale-data", "yes"});
  raw.command({"REPLICAOF", "127.0.0.1", nowhere.text()});
  const std::uint64_t failed = traffic.failed();
  ASSERT_TRUE(eventually([&] { return traffic.failed() > failed + 4; }));
  EXPECT_NE(traffic.last_failure().find("READONLY"), std::string::npos) << traffic.last_failure();
  EXPECT_GT(redis->stats("main").pool.closed_for(CloseReason::role), 0U)
      << "connections must close: the name may resolve to another server";
  raw.command({"REPLICAOF", "NO", "ONE"});
  ASSERT_TRUE(traffic.flows()) << traffic.last_failure();
  traffic.end_and_check(raw);
}

TEST_P(Outages, ServerLoadsItsDataForLong) {
  std::vector<std::string> arguments = slow_to_load();
  arguments.insert(arguments.end(), {"--appendonly", "yes", "--appendfsync", "always"});
  RedisServer server(arguments);
  {
    RawRedis raw(server.port());
    fill_to_load_slowly(raw, 10);
    raw.command({"BGREWRITEAOF"});
    ASSERT_TRUE(eventually([&] { return raw.info("aof_rewrite_in_progress") == "0"; }));
  }
  StartedManager redis(config(server));
  Traffic traffic(*redis, GetParam());
  ASSERT_TRUE(traffic.flows());
  server.kill();
  server.start();
  ASSERT_TRUE(traffic.flows()) << traffic.last_failure();
  RawRedis raw(server.port());
  traffic.end_and_check(raw);
}

}  // namespace
}  // namespace redstart::test
