// SPDX-License-Identifier: Apache-2.0
// states_test.cpp: tests servers that are loading, busy, full, replicas, or restarted.
#include "servers/each_server.hpp"

#include <chrono>
#include <future>
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

TEST_P(ServerStates, CallsWaitWhileServerIsLoading) {
  const auto own = start(slow_to_load());
  {
    RawRedis raw(own->port());
    raw.command({"SET", "key", "value"});
    fill_to_load_slowly(raw, 20);
    ASSERT_EQ(raw.text({"SAVE"}), "OK");
  }
  own->kill();
  own->start();
  ASSERT_TRUE(is_loading(*own));
  RedisConfig config = config_at(*own);
  config.start_timeout = 0ms;
  config.defaults.timeouts = {20s, 20s, 20s};
  config.defaults.when_away = WhenAway::wait;
  const auto log = std::make_shared<EventLog>();
  config.listener = log;
  StartedManager redis(config);
  auto value = std::async(std::launch::async, [&] { return redis->client("main").get("key"); });
  EXPECT_TRUE(eventually([&] { return log->count("redis.loading") > 0; }));
  RawRedis(own->port()).command({"CONFIG", "SET", "key-load-delay", "0"});  // refused by Redis 6.0
  EXPECT_EQ(value.get(), "value");
  EXPECT_EQ(log->count("redis.loading over"), 1U);
}

TEST_P(ServerStates, ReportNamesBusyWhileScriptRuns) {
  const auto own = start(EndlessScript::impatient());
  EndlessScript script(*own);
  ASSERT_TRUE(script.noticed());
  EXPECT_EQ(problem_of(*own), "BUSY");
  script.end();
  EXPECT_EQ(problem_of(*own), "");
}

TEST_P(ServerStates, WritesFailWithOomWhenMemoryIsFull) {
  raw().text({"CONFIG", "SET", "maxmemory", "1"});
  StartedManager redis(config_at(server()));
  const Error error = error_of([&] { return redis->client("main").set("k", "v"); });
  const std::string problem = problem_of(server());
  raw().text({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_EQ(error.server_code(), "OOM");
  EXPECT_EQ(error.effect(), Effect::not_sent);
  EXPECT_EQ(problem, "OOM");
}

TEST_P(ServerStates, ReportNamesReadonlyOrMasterdownOnReplicas) {
  const FreePort nowhere;  // a master that never answers, so that no data transfer is active
  // Two arguments: Redis 6.0 does not split one.
  const auto replica = start({"--replicaof", "127.0.0.1", nowhere.text()});
  EXPECT_EQ(problem_of(*replica), "READONLY");
  const auto orphan = start({"--replicaof", "127.0.0.1", nowhere.text(), "--replica-serve-stale-data", "no"});
  if (version().since(7, 0)) {
    EXPECT_EQ(problem_of(*orphan), "MASTERDOWN");
    return;
  }
  // Redis 6.0 answers PING without its master and refuses only other commands.
  EXPECT_EQ(problem_of(*orphan), "READONLY");
  StartedManager redis(config_at(*orphan));
  const Error error = error_of([&] { return redis->client("main").get("k"); });
  EXPECT_EQ(error.server_code(), "MASTERDOWN") << error.what();
  EXPECT_EQ(error.effect(), Effect::not_sent);
}

TEST_P(ServerStates, ReplicasServeReads) {
  const auto replica = start();
  RawRedis(replica->port()).command({"SET", "key", "value"});
  const FreePort nowhere;
  RawRedis(replica->port()).text({"REPLICAOF", "127.0.0.1", nowhere.text()});
  for_all_sides([&](Side side) {
    StartedManager redis(on_side(side, config_at(*replica)));
    EXPECT_EQ(Caller(*redis, side).command<std::string>("GET", "key").value(), "value");
    EXPECT_EQ(Caller(*redis, side).error_of("SET", "key", "other").server_code(), "READONLY");
  });
}

TEST_P(ServerStates, ValkeyNamesThePrimaryWhenItBecomesReplica) {
  if (version().product != "Valkey") GTEST_SKIP() << "only Valkey knows CLIENT CAPA redirect";
  const auto own = start();
  const FreePort nowhere;
  for_all_sides([&](Side side) {
    RawRedis raw(own->port());
    raw.command({"SET", "key", "value"});
    const auto log = std::make_shared<EventLog>();
    RedisConfig config = on_side(side, config_at(*own));
    config.listener = log;
    StartedManager redis(config);
    const Caller caller(*redis, side);
    ASSERT_TRUE(caller.command<Value>("GET", "key"));
    raw.text({"REPLICAOF", "127.0.0.1", nowhere.text()});
    const Error error = caller.retrying(RetryMode::off).error_of("SET", "key", "other");
    EXPECT_EQ(error.server_code(), "REDIRECT") << error.what();
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_EQ(error.remedy(), Remedy::reconnect);
    EXPECT_EQ(
        log->count("redis.server_changed role master -> replica, its primary is 127.0.0.1:" + nowhere.text()),
        1U);
    EXPECT_EQ(caller.command<std::string>("GET", "key").value(), "value") << "a new connection serves reads";
    EXPECT_GE(redis->stats("main").pool.closed_for(CloseReason::role), 1U);
    raw.text({"REPLICAOF", "NO", "ONE"});
  });
}

TEST_P(ServerStates, CallsFailWithServerMessageWhenMaxclientsIsReached) {
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

TEST_P(ServerStates, RestartEmitsServerChanged) {
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
