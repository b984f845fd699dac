// SPDX-License-Identifier: Apache-2.0
// event_fields_test.cpp: the values of the typed fields of events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/fake_server.hpp"
#include "support/free_port.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Json = nlohmann::json;

class EventFields : public ::testing::Test {
 protected:
  RedisConfig config(std::uint16_t port) {
    RedisConfig config = config_at(port);
    config.listener = log_;
    config.defaults.timeouts.command = 30s;
    return config;
  }
  // A server that answers each command with this reply.
  static FakeServer answering(std::string reply) {
    return FakeServer([reply = std::move(reply)](FakeConnection& connection, std::size_t) {
      connection.serve(
          [&](const FakeConnection::Words& words) { return words.empty() ? std::string() : reply; });
    });
  }
  [[nodiscard]] Json only(EventKind kind) const {
    const std::vector<Json> found = log_->objects(kind);
    EXPECT_EQ(found.size(), 1U) << to_string(kind);
    return found.empty() ? Json() : found[0];
  }

  std::shared_ptr<EventLog> log_ = std::make_shared<EventLog>();
};

TEST_F(EventFields, InitializedHasTheMainSettings) {
  FakeServer server{FakeServer::simple()};
  RedisConfig settings = config(server.port());
  settings.database("main").max_connections = 7;
  settings.database("main").number = 0;
  StartedManager redis(std::move(settings));
  const Json event = only(EventKind::initialized);
  EXPECT_EQ(event["database"], "main");
  EXPECT_EQ(event["host"], "127.0.0.1");
  EXPECT_EQ(event["port"], server.port());
  EXPECT_EQ(event["db"], 0);
  EXPECT_EQ(event["max_connections"], 7);
}

TEST_F(EventFields, StartReportsRequiredDatabasesOnce) {
  FakeServer server{FakeServer::simple()};
  RedisConfig mixed = config(server.port());
  mixed.environment = "Production";
  mixed.database("main").min_idle = 2;
  mixed.database("users").required = true;
  const FreePort nobody;
  mixed.database("users").endpoint.port = nobody.number();
  mixed.database("users").impact = "nobody can log in";
  mixed.database("cache").endpoint.port = nobody.number();
  StartedManager redis(std::move(mixed));
  EXPECT_EQ(only(EventKind::init_succeeded)["database"], "main");
  const Json failed = only(EventKind::init_failed);
  EXPECT_EQ(failed["database"], "users");
  EXPECT_EQ(failed["level"], "error");
  EXPECT_EQ(failed["error"], "connect_refused");
  EXPECT_THAT(failed["remedy"].get<std::string>(), ::testing::HasSubstr("Is the server running?"));
  const Json critical = only(EventKind::production_unavailable);
  EXPECT_EQ(critical["database"], "users");
  EXPECT_EQ(critical["level"], "critical");
  EXPECT_THAT(critical["message"].get<std::string>(), ::testing::HasSubstr("impact: nobody can log in"));
}

TEST_F(EventFields, ErrorRepliesAreFailedOperations) {
  FakeServer server = answering("-WRONGTYPE not for this\r\n");
  for_all_sides([&](Side side) {
    log_ = std::make_shared<EventLog>();
    StartedManager redis(on_side(side, config(server.port())));
    Caller caller(*redis, side);
    for (int i = 0; i != 3; ++i) EXPECT_FALSE(caller.command<std::int64_t>("INCR", "n").has_value());
    ASSERT_TRUE(eventually([&] { return !log_->objects(EventKind::operation_failed).empty(); }));
    const Json event = only(EventKind::operation_failed);
    EXPECT_EQ(event["operation"], "INCR");
    EXPECT_EQ(event["error"], "server_error");
    EXPECT_EQ(event["outcome"], "server_error");
    EXPECT_EQ(event["reason"], "WRONGTYPE");
    EXPECT_EQ(event["count"], 1);
  });
}

TEST_F(EventFields, FailedPipelinesAreFailedOperations) {
  FakeServer server = answering("-WRONGTYPE not for this\r\n");
  StartedManager redis(config(server.port()));
  EXPECT_THROW(redis->client("main").pipeline([](auto& pipe) { return pipe.incr("n"); }), ServerError);
  EXPECT_EQ(only(EventKind::operation_failed)["operation"], "PIPELINE");
}

TEST_F(EventFields, UnansweredCommandsAreFailedOperations) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    if (!connection.handshake().empty()) connection.close();
  });
  for_all_sides([&](Side side) {
    log_ = std::make_shared<EventLog>();
    StartedManager redis(on_side(side, config(server.port())));
    EXPECT_FALSE(Caller(*redis, side).command<std::int64_t>("INCR", "n").has_value());
    ASSERT_TRUE(eventually([&] { return !log_->objects(EventKind::operation_failed).empty(); }));
    const Json event = log_->objects(EventKind::operation_failed)[0];
    EXPECT_EQ(event["operation"], "INCR");
    EXPECT_EQ(event["error"], "connection_lost");
    EXPECT_EQ(event["outcome"], "indeterminate");
    EXPECT_FALSE(event.contains("reason"));
    EXPECT_GT(event["duration_ms"], 0.0);
  });
}

TEST_F(EventFields, SlowCommandsHaveNoArguments) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.serve([](const FakeConnection::Words& words) -> std::string {
      if (words.empty()) return {};
      let_pass(20ms);
      return words[0] == "BLPOP" ? "*-1\r\n" : ":1\r\n";
    });
  });
  RedisConfig watched = config(server.port());
  watched.database("main").slow_command = 10ms;
  StartedManager redis(std::move(watched));
  const Client client = redis->client("main");
  EXPECT_EQ(client.incr("secret-key"), 1);
  EXPECT_EQ(client.incr("secret-key"), 1);
  EXPECT_EQ(client.blpop("list", {1s}), std::nullopt);
  const Json event = only(EventKind::slow_command);
  EXPECT_EQ(event["operation"], "INCR");
  EXPECT_EQ(event["count"], 1);
  EXPECT_GE(event["duration_ms"], 10.0);
  EXPECT_EQ(event.dump().find("secret-key"), std::string::npos);
}

TEST_F(EventFields, FastCommandsAreNotSlow) {
  FakeServer server{FakeServer::simple()};
  RedisConfig watched = config(server.port());
  watched.database("main").slow_command = 1h;
  StartedManager redis(std::move(watched));
  EXPECT_EQ(redis->client("main").incr("n"), 1);
  EXPECT_TRUE(log_->objects(EventKind::slow_command).empty());
}

TEST_F(EventFields, CircuitHasItsStates) {
  FakeServer server{FakeServer::simple()};
  StartedManager redis(config(server.port()));
  redis->breaker("main").force_open();
  const Json event = only(EventKind::circuit_changed);
  EXPECT_EQ(event["from"], "closed");
  EXPECT_EQ(event["to"], "forced_open");
  EXPECT_EQ(event["level"], "warning");
}

TEST_F(EventFields, ShutdownThatEndsAllCallsSucceeds) {
  FakeServer server{FakeServer::simple()};
  {
    StartedManager redis(config(server.port()));
    EXPECT_EQ(redis->client("main").incr("n"), 1);
    EXPECT_EQ(redis->async_client("main").incr("n")(use_future).get(), 2);
  }
  EXPECT_EQ(only(EventKind::shutdown_begin)["database"], "main");
  EXPECT_EQ(only(EventKind::shutdown_succeeded)["database"], "main");
  EXPECT_TRUE(log_->objects(EventKind::shutdown_failed).empty());
  EXPECT_TRUE(log_->lines().back().starts_with("redis.shutdown.complete"));
}

// The server never answers.
TEST_F(EventFields, ShutdownCountsInterruptedCalls) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    if (!connection.handshake().empty()) connection.await_close();
  });
  for_all_sides([&](Side side) {
    log_ = std::make_shared<EventLog>();
    const std::size_t before = server.count("INCR");
    StartedManager redis(on_side(side, config(server.port())));
    auto call = std::async(std::launch::async, [&] {
      return Caller(*redis, side).command<std::int64_t>("INCR", "n").has_value();
    });
    ASSERT_TRUE(eventually([&] { return server.count("INCR") > before; }));
    redis->shutdown(10ms);
    EXPECT_FALSE(call.get());
    EXPECT_EQ(only(EventKind::shutdown_failed)["count"], 1);
    EXPECT_TRUE(log_->objects(EventKind::shutdown_succeeded).empty());
  });
}

class EventsOfRedis : public RedisTest {
 protected:
  RedisConfig config() {
    RedisConfig config = config_at(server());
    config.listener = log_;
    config.database("main").timeouts.command = 30s;
    return config;
  }
  std::shared_ptr<EventLog> log_ = std::make_shared<EventLog>();
};

TEST_F(EventsOfRedis, ShowErrorsAsTheServerSendsThem) {
  raw().command({"SET", "text", "no number"});
  raw().command({"LPUSH", "list", "1"});
  StartedManager redis(config());
  const Client client = redis->client("main");
  EXPECT_THROW(client.incr("list"), ServerError);
  EXPECT_THROW(client.incr("text"), ServerError);  // counted, not reported: the second within 10 s
  const std::vector<Json> failed = log_->objects(EventKind::operation_failed);
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0]["operation"], "INCR");
  EXPECT_EQ(failed[0]["reason"], "WRONGTYPE");
  EXPECT_EQ(failed[0]["message"],
            "operation failed: " + std::string(error_of([&] { client.incr("list"); }).what()));
  EXPECT_GT(failed[0]["duration_ms"], 0.0);
}

TEST_F(EventsOfRedis, ShowSlowCommandsButNotBlockingOnes) {
  RedisConfig watched = config();
  watched.database("main").slow_command = 20ms;
  StartedManager redis(std::move(watched));
  const auto client = redis->async_client("main");
  static_cast<void>(client.blpop("list", {100ms})(use_future).get());
  raw().command({"CLIENT", "PAUSE", "100"});
  static_cast<void>(client.get("key")(use_future).get());
  ASSERT_TRUE(eventually([&] { return !log_->objects(EventKind::slow_command).empty(); }));
  const std::vector<Json> slow = log_->objects(EventKind::slow_command);
  ASSERT_EQ(slow.size(), 1U);
  EXPECT_EQ(slow[0]["operation"], "GET");
  EXPECT_GE(slow[0]["duration_ms"], 20.0);
}

}  // namespace
}  // namespace redstart::test
