// SPDX-License-Identifier: Apache-2.0
// states_test.cpp: servers that are loading, busy, full, replicas, or started anew.
#include "servers/each_server.hpp"

#include <chrono>
#include <memory>
#include <optional>

#include "support/free_port.hpp"
#include "support/server_states.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

class ServerStates : public OnEachServer {
 protected:
  static std::string problem_of(const RedisServer& server) {
    const ConnectionReport report = StartedManager(config_at(server))->validate_connection("main", 5s);
    return report.ok() ? "" : std::string(report.problem->server_code());
  }
};
INSTANTIATE_TEST_SUITE_P(Servers, ServerStates, each_server(), server_name);

TEST_P(ServerStates, CallsWaitWhileItLoads) {
  const auto own = start({"--appendonly", "yes", "--appendfsync", "always"});
  {
    RawRedis raw(own->port());
    for (int i = 0; i < 200; ++i) raw.command({"SET", "key:" + std::to_string(i), "value"});
    raw.command({"BGREWRITEAOF"});
    ASSERT_TRUE(eventually([&] { return raw.info("aof_rewrite_in_progress") == "0"; }));
  }
  own->kill();
  own->start({"--key-load-delay", "3000", "--loading-process-events-interval-bytes", "1024"});
  RedisConfig config = config_at(*own);
  config.start_timeout = 0ms;
  config.defaults.timeouts = {20s, 20s, 20s};
  config.defaults.when_away = WhenAway::wait;
  const auto log = std::make_shared<EventLog>();
  config.listener = log;
  StartedManager redis(config);
  EXPECT_EQ(redis->client("main").get("key:199"), "value");
  EXPECT_GE(log->count("redis.loading"), 1U) << "it did not have to wait";
}

TEST_P(ServerStates, Busy) {
  const auto own = start(EndlessScript::impatient());
  EndlessScript script(*own);
  ASSERT_TRUE(script.noticed());
  EXPECT_EQ(problem_of(*own), "BUSY");
  script.end();
  EXPECT_EQ(problem_of(*own), "");
}

TEST_P(ServerStates, OutOfMemory) {
  raw().text({"CONFIG", "SET", "maxmemory", "1"});
  StartedManager redis(config_at(server()));
  const Error error = error_of([&] { return redis->client("main").set("k", "v"); });
  const std::string problem = problem_of(server());
  raw().text({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_EQ(error.server_code(), "OOM");
  EXPECT_EQ(error.effect(), Effect::not_sent);
  EXPECT_EQ(problem, "OOM");
}

TEST_P(ServerStates, ReplicasRefuseWrites) {
  const FreePort nowhere;  // a master that never answers, so that no transfer of its data is under way
  const std::string master = "127.0.0.1 " + nowhere.text();
  const auto replica = start({"--replicaof", master});
  EXPECT_EQ(problem_of(*replica), "READONLY");
  const auto orphan = start({"--replicaof", master, "--replica-serve-stale-data", "no"});
  EXPECT_EQ(problem_of(*orphan), "MASTERDOWN");
}

TEST_P(ServerStates, NoRoomForClients) {
  const auto full = start();
  RawRedis only(full->port());
  only.text({"CONFIG", "SET", "maxclients", "1"});
  RedisConfig config = config_at(*full);
  config.start_timeout = 0ms;
  config.defaults.startup.attempts = 0;
  StartedManager redis(config);
  const Error error = Caller(*redis, Side::futures).error_of("GET", "key");
  EXPECT_EQ(error.code(), Errc::handshake_failed) << error.what();
  EXPECT_EQ(error.remedy(), Remedy::retry);
  EXPECT_THAT(error.what(), ::testing::HasSubstr("max number of clients"));
}

TEST_P(ServerStates, ARestartIsNoticed) {
  const auto own = start();
  RedisConfig config = config_at(*own);
  const auto log = std::make_shared<EventLog>();
  config.listener = log;
  StartedManager redis(config);
  for (int i = 0; i < 5; ++i)
    RawRedis(own->port()).command({"PING"});  // raises the server's connection numbers
  redis->client("main").set("k", "v");
  own->restart();
  ASSERT_TRUE(eventually([&] {
    const auto client = redis->optional_client("main");
    return client && client->results().set("k", "v").has_value();
  }));
  EXPECT_EQ(redis->client("main").get("k"), "v");
  EXPECT_GE(log->count("redis.server_changed"), 1U);
}

}  // namespace
}  // namespace redstart::test
