// SPDX-License-Identifier: Apache-2.0
// server_refusals_test.cpp: faults 39 to 44 and 51: error replies that refuse commands.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "support/free_port.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/server_states.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Repairs the fault once an event reports that the library will retry.
class RepairsFault final : public EventListener {
 public:
  explicit RepairsFault(std::function<void()> mend) : mend_(std::move(mend)) {}
  void on_event(const Event& event) noexcept override {
    if (event.kind == EventKind::retrying) std::call_once(once_, mend_);
  }

 private:
  std::once_flag once_{};
  std::function<void()> mend_;
};

class Refusals : public ::testing::Test {
 protected:
  void SetUp() override {
    REDSTART_NEEDS_REDIS();
    server_ = std::make_unique<RedisServer>();
    raw_ = std::make_unique<RawRedis>(server_->port());
  }
  [[nodiscard]] RedisConfig config(Side side) const { return on_side(side, config_at(*server_)); }
  [[nodiscard]] RawRedis& raw() const { return *raw_; }
  [[nodiscard]] RedisServer& server() const { return *server_; }
  // Redis 6.0 does not count rejected calls.
  [[nodiscard]] bool counts_rejections() const { return server_->version().since(6, 2); }
  // Makes the server a replica of a primary that does not exist.
  void lose_master() const { raw().text({"REPLICAOF", "127.0.0.1", nowhere_.text()}); }

 private:
  FreePort nowhere_{};
  std::unique_ptr<RedisServer> server_{};
  std::unique_ptr<RawRedis> raw_{};
};
class Fault40 : public Refusals {};
class Fault42 : public Refusals {};
class Fault43 : public Refusals {};
class Fault44 : public Refusals {};
class Fault51 : public Refusals {};

TEST_F(Fault40, WritesWithoutMemoryAreRefusedAndNotRetried) {
  raw().text({"SET", "key", "value"});
  for_all_sides([&](Side side) {
    raw().text({"CONFIG", "SET", "maxmemory", "1"});
    raw().text({"CONFIG", "RESETSTAT"});
    StartedManager redis(config(side));
    const Caller caller(*redis, side);
    EXPECT_EQ(caller.command<std::string>("GET", "key").value(), "value");
    const std::size_t created = redis->stats("main").pool.created;
    for (int i = 0; i < 20; ++i) {
      const Error error = caller.error_of("SET", "key", "other");
      EXPECT_EQ(error.code(), Errc::server_error) << error.what();
      EXPECT_EQ(error.server_code(), "OOM");
      EXPECT_EQ(error.effect(), Effect::not_sent);
      EXPECT_EQ(error.remedy(), Remedy::never);
    }
    if (counts_rejections()) {
      EXPECT_EQ(command_count(raw(), "set", "rejected_calls"), 20) << "no write may be retried";
    }
    EXPECT_EQ(caller.command<std::string>("GET", "key").value(), "value");
    const DatabaseStats stats = redis->stats("main");
    EXPECT_EQ(stats.operations.retries, 0U);
    EXPECT_EQ(stats.breaker, BreakerState::closed);
    EXPECT_EQ(stats.breaker_changes, 0U);
    EXPECT_EQ(stats.pool.created, created) << "the connection must be kept";
    raw().text({"CONFIG", "SET", "maxmemory", "0"});
    EXPECT_TRUE(caller.command<Value>("SET", "key", "value"));
  });
}

TEST_F(Fault42, WriteRefusedByReplicaIsRetriedOnNewConnection) {
  for_all_sides([&](Side side) {
    raw().text({"FLUSHALL"});
    raw().text({"CONFIG", "RESETSTAT"});
    RedisConfig config = this->config(side);
    config.listener = std::make_shared<RepairsFault>([&] {
      RawRedis(server().port()).text({"REPLICAOF", "NO", "ONE"});
    });
    StartedManager redis(std::move(config));
    const Caller caller(*redis, side);
    ASSERT_TRUE(caller.command<Value>("GET", "n"));
    lose_master();
    const auto counted = caller.command<std::int64_t>("INCR", "n");
    raw().text({"REPLICAOF", "NO", "ONE"});
    ASSERT_TRUE(counted.has_value()) << counted.error().what();
    EXPECT_EQ(*counted, 1);
    EXPECT_EQ(command_count(raw(), "incr", "calls"), 1) << "must be executed exactly once";
    if (counts_rejections()) {
      EXPECT_EQ(command_count(raw(), "incr", "rejected_calls"), 1);
    }
    EXPECT_GE(redis->stats("main").pool.closed_for(CloseReason::role), 1U);
    EXPECT_EQ(redis->stats("main").operations.retries, 1U);
  });
}

// The endpoint is the path of a socket (as a name would be) that leads to another server after the failover.
TEST_F(Fault42, ResolvesNameAgainAfterFailover) {
  REDSTART_NEEDS_SINCE(6, 2);  // FAILOVER
  RedisServer other({"--repl-diskless-sync-delay", "0"});
  raw().text({"CONFIG", "SET", "repl-diskless-sync-delay", "0"});
  RawRedis there(other.port());
  RedisServer* master = &server();
  RedisServer* replica = &other;
  const std::string name = server().directory() + "/name";
  for_all_sides([&](Side side) {
    RawRedis at_master(master->port());
    RawRedis at_replica(replica->port());
    at_replica.text({"REPLICAOF", "127.0.0.1", std::to_string(master->port())});
    ASSERT_TRUE(eventually([&] { return at_replica.info("master_link_status") == "up"; }));
    ASSERT_TRUE(
        eventually([&] { return at_master.info("slave0").find("state=online") != std::string::npos; }));
    at_master.text({"FLUSHALL"});
    const auto point_to = [name](const RedisServer& to) {
      std::filesystem::remove(name);
      std::filesystem::create_symlink(to.socket_path(), name);
    };
    point_to(*master);
    RedisConfig config = this->config(side);
    config.defaults.endpoint.unix_path = name;
    config.listener = std::make_shared<RepairsFault>([&] { point_to(*replica); });
    StartedManager redis(std::move(config));
    const Caller caller(*redis, side);
    ASSERT_TRUE(caller.command<Value>("GET", "n"));
    at_master.text({"FAILOVER", "TO", "127.0.0.1", std::to_string(replica->port())});
    ASSERT_TRUE(
        eventually([&] { return at_master.info("role") == "slave" && at_replica.info("role") == "master"; }));
    at_replica.text({"CONFIG", "RESETSTAT"});
    const auto counted = caller.command<std::int64_t>("INCR", "n");
    ASSERT_TRUE(counted.has_value()) << counted.error().what();
    EXPECT_EQ(*counted, 1);
    EXPECT_EQ(command_count(at_replica, "incr", "calls"), 1);
    EXPECT_GE(redis->stats("main").pool.closed_for(CloseReason::role), 1U);
    std::swap(master, replica);
  });
}

TEST_F(Fault43, ReplicaWithoutPrimaryIsReportedAndWaitedFor) {
  REDSTART_NEEDS_SINCE(7, 0);  // before 7.0 such a replica answers PING
  raw().text({"SET", "key", "value"});
  raw().text({"CONFIG", "SET", "replica-serve-stale-data", "no"});
  for_all_sides([&](Side side) {
    RedisConfig config = this->config(side);
    config.start_timeout = 0ms;
    StartedManager redis(std::move(config));
    const Caller caller(*redis, side);
    ASSERT_TRUE(caller.command<Value>("GET", "key"));
    lose_master();
    ASSERT_TRUE(eventually([&] { return raw().command({"PING"}).text.starts_with("MASTERDOWN"); }));
    const Error error = caller.retrying(RetryMode::off).error_of("GET", "key");
    const bool redirects = server().version().product == "Valkey";  // after CLIENT CAPA redirect
    EXPECT_EQ(error.server_code(), redirects ? "REDIRECT" : "MASTERDOWN") << error.what();
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_EQ(error.remedy(), Remedy::reconnect);
    // A new connection is ready only once its PING is answered by PONG.
    const Error late = caller.within(1s).error_of("GET", "key");
    EXPECT_EQ(late.code(), Errc::loading) << late.what();
    EXPECT_EQ(late.effect(), Effect::not_sent);
    EXPECT_THAT(late.what(), HasSubstr("master"));
    EXPECT_EQ(redis->stats("main").state, ConnectionState::loading);
    std::jthread mends([&] {
      static_cast<void>(eventually([&] { return command_count(raw(), "ping", "calls") > 0; }));
      raw().text({"REPLICAOF", "NO", "ONE"});
    });
    const auto value = caller.command<std::string>("GET", "key");
    ASSERT_TRUE(value.has_value()) << value.error().what();
    EXPECT_EQ(*value, "value");
    EXPECT_EQ(redis->stats("main").breaker_changes, 0U);
  });
}

TEST_F(Fault44, WritesWithoutEnoughReplicasAreRetriedAsPolicyAllows) {
  for_all_sides([&](Side side) {
    raw().text({"CONFIG", "SET", "min-replicas-to-write", "0"});
    raw().text({"FLUSHALL"});
    raw().text({"CONFIG", "SET", "min-replicas-to-write", "1"});
    raw().text({"CONFIG", "RESETSTAT"});
    {
      StartedManager redis(config(side));
      const Caller caller(*redis, side);
      EXPECT_TRUE(caller.command<Value>("GET", "n")) << "reads must work";
      const std::size_t created = redis->stats("main").pool.created;
      const Error error = caller.error_of("INCR", "n");
      EXPECT_EQ(error.code(), Errc::server_error) << error.what();
      EXPECT_EQ(error.server_code(), "NOREPLICAS");
      EXPECT_EQ(error.effect(), Effect::not_sent);
      EXPECT_EQ(error.remedy(), Remedy::retry);
      if (counts_rejections()) {
        EXPECT_EQ(command_count(raw(), "incr", "rejected_calls"), 3) << "the default is three attempts";
      }
      EXPECT_EQ(caller.retrying(RetryMode::off).error_of("INCR", "n").server_code(), "NOREPLICAS");
      if (counts_rejections()) {
        EXPECT_EQ(command_count(raw(), "incr", "rejected_calls"), 4);
      }
      EXPECT_EQ(redis->stats("main").pool.created, created);
      EXPECT_EQ(redis->stats("main").breaker_changes, 0U);
    }
    RedisConfig config = this->config(side);
    config.listener = std::make_shared<RepairsFault>([&] {
      RawRedis(server().port()).text({"CONFIG", "SET", "min-replicas-to-write", "0"});
    });
    StartedManager redis(std::move(config));
    EXPECT_EQ(Caller(*redis, side).command<std::int64_t>("INCR", "n").value(), 1);
    EXPECT_EQ(command_count(raw(), "incr", "calls"), 1) << "must be executed exactly once";
  });
}

// Scripts with a fallback to EVAL come with a later version. This is the behaviour that they will rely on.
TEST_F(Fault51, MissingScriptIsNotExecutedAndNotRetried) {
  const std::string script = "return redis.call('INCR', KEYS[1])";
  for_all_sides([&](Side side) {
    raw().text({"FLUSHALL"});
    const std::string sha = raw().text({"SCRIPT", "LOAD", script});
    raw().text({"SCRIPT", "FLUSH"});
    raw().text({"CONFIG", "RESETSTAT"});
    StartedManager redis(config(side));
    const Caller caller(*redis, side);
    const Error error = caller.error_of("EVALSHA", sha, "1", "n");
    EXPECT_EQ(error.code(), Errc::server_error) << error.what();
    EXPECT_EQ(error.server_code(), "NOSCRIPT");
    EXPECT_EQ(error.effect(), Effect::not_sent) << "the caller may use EVAL safely";
    EXPECT_EQ(command_count(raw(), "evalsha", "calls"), 1) << "repeating EVALSHA can't help";
    EXPECT_EQ(caller.command<std::int64_t>("EVAL", script, "1", "n").value(), 1);
    EXPECT_EQ(caller.command<std::int64_t>("EVALSHA", sha, "1", "n").value(), 2);
    EXPECT_EQ(command_count(raw(), "eval", "calls"), 1);
    EXPECT_EQ(command_count(raw(), "evalsha", "calls"), 2);
  });
}

TEST_F(Fault51, MissingScriptInTransactionIsAnErrorOfItsReply) {
  StartedManager redis(config(Side::direct));
  const ScopedClient session = redis->scoped_client("main");
  session.command<Value>("MULTI");
  session.command<Value>("EVALSHA", std::string(40, 'a'), "1", "n");
  session.command<Value>("INCR", "n");
  const Value replies = session.command<Value>("EXEC");
  ASSERT_EQ(replies.size(), 2U);
  EXPECT_THAT(std::string(replies[0].as_string()), HasSubstr("NOSCRIPT"));
  EXPECT_EQ(replies[1].as_integer(), 1);
  EXPECT_EQ(command_count(raw(), "evalsha", "calls"), 1);
  EXPECT_EQ(command_count(raw(), "eval", "calls"), 0);
}

class Fault39 : public RedisTest {};
class Fault41 : public RedisTest {};

TEST_F(Fault39, NewConnectionsWaitWhileServerIsBusy) {
  RedisServer busy(EndlessScript::impatient());
  EndlessScript script(busy);
  ASSERT_TRUE(script.noticed());
  RedisConfig config = config_at(busy);
  config.start_timeout = 0ms;
  config.database("main").number = 2;
  StartedManager redis(config);
  std::jthread caller([&] { EXPECT_EQ(redis->client("main").get("key"), std::nullopt); });
  ASSERT_TRUE(eventually([&] { return redis->stats("main").state == ConnectionState::loading; }));
  script.end();
  caller.join();
  const auto lines = RawRedis(busy.port()).client_list();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& line) {
                            return line.find("name=test:main") != std::string::npos &&
                                   line.find(" db=2 ") != std::string::npos;
                          }),
            1)
      << "the connection must have its name and database number";
}

TEST_F(Fault39, BusyServerRefusesCommandsOnOpenConnectionsThatAreKept) {
  RedisServer busy(EndlessScript::impatient());
  for_all_sides([&](Side side) {
    RawRedis(busy.port()).text({"FLUSHALL"});
    StartedManager redis(on_side(side, config_at(busy)));
    const Caller caller = Caller(*redis, side).retrying(RetryMode::off);
    ASSERT_EQ(caller.command<std::int64_t>("INCR", "n").value(), 1);
    const std::size_t created = redis->stats("main").pool.created;
    EndlessScript script(busy);
    ASSERT_TRUE(script.noticed());
    for (int i = 0; i < 20; ++i) {  // more calls than the failures that open a breaker
      const Error error = i % 2 == 0 ? caller.error_of("INCR", "n") : caller.error_of("GET", "n");
      EXPECT_EQ(error.code(), Errc::server_error) << error.what();
      EXPECT_EQ(error.server_code(), "BUSY");
      EXPECT_EQ(error.effect(), Effect::not_sent);
      EXPECT_EQ(error.remedy(), Remedy::retry);
    }
    EXPECT_EQ(redis->stats("main").pool.created, created) << "the connection must be kept";
    script.end();
    EXPECT_EQ(caller.command<std::int64_t>("INCR", "n").value(), 2) << "no refused command may be executed";
    EXPECT_EQ(redis->stats("main").pool.created, created);
    EXPECT_EQ(redis->stats("main").operations.failed, 0U);
    EXPECT_EQ(redis->stats("main").breaker_changes, 0U);
  });
}

TEST_F(Fault41, ServerThatCannotSaveServesReadsAndRefusesWrites) {
  RedisServer server(slow_to_save());
  ASSERT_TRUE(let_saving_fail(server));
  StartedManager redis(config_at(server));
  auto main = redis->client("main");
  EXPECT_EQ(main.get("key"), "value");
  const Error error = error_of([&] { return main.set("key", "other"); });
  EXPECT_EQ(error.effect(), Effect::not_sent) << error.what();
  EXPECT_EQ(error.remedy(), Remedy::never);
  EXPECT_THAT(error.what(), HasSubstr("MISCONF"));
  EXPECT_EQ(main.get("key"), "value");
}

}  // namespace
}  // namespace redstart::test
