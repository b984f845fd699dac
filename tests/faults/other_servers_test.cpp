// SPDX-License-Identifier: Apache-2.0
// other_servers_test.cpp: faults 98 to 102, 118, 119: servers and proxies unlike Redis.
#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Words = FakeConnection::Words;

// Answers every command with `answer`; an empty answer closes the connection.
FakeServer::Script answering(std::function<std::string(const Words&)> answer) {
  return [answer = std::move(answer)](FakeConnection& connection, std::size_t) {
    for (Words words = connection.command(); !words.empty(); words = connection.command()) {
      const std::string reply = answer(words);
      if (reply.empty()) return connection.close();
      connection.send(reply);
    }
  };
}

// The answers of a Redis version without HELLO.
std::string resp2_answer(const Words& words) {
  return words[0] == "PING" ? "+PONG\r\n" : words[0] == "GET" ? "$1\r\nv\r\n" : "+OK\r\n";
}

RedisConfig with_password(Side side, const FakeServer& server) {
  RedisConfig config = on_side(side, config_at(server.port()));
  config.defaults.username = "ann";
  config.defaults.password = "s3cret-pw";
  config.defaults.startup.attempts = 0;
  config.start_timeout = std::chrono::milliseconds(0);
  return config;
}

TEST(Fault98, UsesResp2WhateverMessageRefusesHello) {
  for (const std::string refusal :
       {"-unsupported command 'HELLO'\r\n", "-ERR unsupported command `hello`\r\n", "-ERR syntax error\r\n",
        "-NOAUTH Authentication required.\r\n", "-ERR unknown command 'HELLO'\r\n"}) {
    SCOPED_TRACE(refusal);
    for_all_sides([&](Side side) {
      FakeServer server(
          answering([&](const Words& words) { return words[0] == "HELLO" ? refusal : resp2_answer(words); }));
      StartedManager redis(with_password(side, server));
      const auto value = Caller(*redis, side).command<std::string>("GET", "key");
      ASSERT_TRUE(value) << value.error().what();
      EXPECT_EQ(*value, "v");
      EXPECT_GE(server.count("AUTH"), 1U);
      EXPECT_EQ(server.count("AUTH"), server.count("HELLO")) << "once on each connection attempt";
    });
  }
}

TEST(Fault98, ErrorContainsBothRefusalsWhenAuthFailsToo) {
  for_all_sides([](Side side) {
    FakeServer server(answering([](const Words& words) -> std::string {
      if (words[0] == "HELLO") return "-ERR syntax error near s3cret-pw\r\n";
      return words[0] == "AUTH" ? "-ERR no such command\r\n" : resp2_answer(words);
    }));
    StartedManager redis(with_password(side, server));
    const Error error = Caller(*redis, side).error_of("GET", "key");
    EXPECT_EQ(error.code(), Errc::handshake_failed);
    EXPECT_THAT(error.what(), HasSubstr("no such command"));
    EXPECT_THAT(error.what(), HasSubstr("syntax error"));
    EXPECT_THAT(error.what(), HasSubstr("protocol = resp2"));
    EXPECT_THAT(error.what(), Not(HasSubstr("s3cret")));
  });
}

// Closes the connection at unknown commands, as twemproxy does.
std::string closes_at_unknown_commands(const Words& words) {
  return words[0] == "HELLO" || words[0] == "CLIENT" || words[0] == "SELECT" ? "" : resp2_answer(words);
}

TEST(Fault99, MinimalHandshakeWorksWithProxyThatClosesAtUnknownCommands) {
  for_all_sides([](Side side) {
    FakeServer server(answering(closes_at_unknown_commands));
    RedisConfig config = with_password(side, server);
    config.defaults.handshake = Handshake::minimal;
    StartedManager redis(config);
    const auto value = Caller(*redis, side).command<std::string>("GET", "key");
    ASSERT_TRUE(value) << value.error().what();
    EXPECT_GE(server.count("AUTH"), 1U);
    EXPECT_EQ(server.count("HELLO") + server.count("CLIENT") + server.count("SELECT"), 0U);
  });
}

TEST(Fault99, ErrorNamesSettingWhenFullHandshakeIsCut) {
  for (const Protocol protocol : {Protocol::automatic, Protocol::resp2}) {
    for_all_sides([&](Side side) {
      FakeServer server(answering(closes_at_unknown_commands));
      RedisConfig config = with_password(side, server);
      config.defaults.protocol = protocol;
      StartedManager redis(config);
      const Error error = Caller(*redis, side).error_of("GET", "key");
      EXPECT_EQ(error.code(), Errc::handshake_failed);
      EXPECT_THAT(error.what(), HasSubstr(protocol == Protocol::resp2 ? "CLIENT" : "HELLO"));
      EXPECT_THAT(error.what(), HasSubstr("handshake = minimal"));
    });
  }
}

TEST(Fault100, UsesServerThatRefusesPing) {
  for (const std::string refusal : {"-ERR unknown command 'PING'\r\n", "-unsupported command 'PING'\r\n"}) {
    for_all_sides([&](Side side) {
      FakeServer server(
          answering([&](const Words& words) { return words[0] == "PING" ? refusal : resp2_answer(words); }));
      RedisConfig config = with_password(side, server);
      config.defaults.protocol = Protocol::resp2;
      StartedManager redis(config);
      const auto value = Caller(*redis, side).command<std::string>("GET", "key");
      ASSERT_TRUE(value) << value.error().what();
    });
  }
}

class Fault100WithRedis : public RedisTest {};

TEST_F(Fault100WithRedis, PingMayBeRenamed) {
  RedisServer renamed({"--rename-command", "PING", ""});
  for_all_sides([&](Side side) {
    StartedManager redis(on_side(side, config_at(renamed)));
    const auto set = Caller(*redis, side).command<std::string>("SET", "key", "v");
    ASSERT_TRUE(set) << set.error().what();
  });
  StartedManager redis(config_at(renamed));
  const ConnectionReport report = redis->validate_connection("main");
  EXPECT_TRUE(report.ok()) << report.explain();
  EXPECT_EQ(report.writable, true);
  ASSERT_EQ(report.notes.size(), 1U) << report.explain();
  EXPECT_THAT(report.notes[0], HasSubstr("PING"));
}

class Fault101 : public RedisTest {};

TEST_F(Fault101, IntegrityWithoutEchoPermissionIsRefusedOnce) {
  raw().text({"ACL", "SETUSER", "mute", "on", ">pw", "~*", "+@all", "-echo"});
  RedisConfig config = config_at(server());
  config.defaults.username = "mute";
  config.defaults.password = "pw";
  config.defaults.integrity = true;
  config.start_timeout = std::chrono::milliseconds(0);
  for (const Side side : {Side::shared, Side::futures}) {
    StartedManager redis(on_side(side, config));
    const Error error = Caller(*redis, side).error_of("GET", "key");
    EXPECT_EQ(error.code(), Errc::authentication_failed);
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_EQ(error.remedy(), Remedy::never);
    EXPECT_THAT(error.what(), HasSubstr("ECHO"));
    EXPECT_THAT(error.what(), HasSubstr("`integrity`"));
    EXPECT_THAT(error.what(), HasSubstr("+echo"));
    for (int i = 0; i < 20; ++i) static_cast<void>(Caller(*redis, side).error_of("GET", "key"));
    EXPECT_LT(redis->stats("main").pool.connect_failures, 20U) << "must not connect for each call";
    EXPECT_EQ(redis->stats("main").pool.created, 0U);
  }
  raw().text({"ACL", "SETUSER", "mute", "+echo"});
  StartedManager redis(config);
  EXPECT_TRUE(Caller(*redis, Side::futures).command<std::optional<std::string>>("GET", "key"));
  raw().command({"ACL", "DELUSER", "mute"});
}

TEST(Fault102, UnusualDoublesAreValuesOrDecodeErrorsAndConnectionStays) {
  for_all_sides([](Side side) {
    FakeServer server([](FakeConnection& connection, std::size_t) {
      connection.serve([](const Words& words) { return "," + words.at(1) + "\r\n"; });
    });
    StartedManager redis(on_side(side, config_at(server.port())));
    const Caller caller(*redis, side);
    ASSERT_TRUE(caller.command<double>("SCORE", "1"));
    const std::size_t connections = server.accepted();
    for (const char* text : {"nan", "NaN", "NAN", "-nan", "nan(0x1)"}) {
      const auto value = caller.command<double>("SCORE", text);
      ASSERT_TRUE(value) << value.error().what();
      EXPECT_TRUE(std::isnan(*value)) << text;
    }
    for (const char* text : {"inf", "INF", "Inf"}) {
      const auto value = caller.command<double>("SCORE", text);
      ASSERT_TRUE(value) << value.error().what();
      EXPECT_EQ(*value, std::numeric_limits<double>::infinity());
    }
    const auto huge = caller.command<double>("SCORE", "1e999");
    ASSERT_FALSE(huge);
    EXPECT_EQ(huge.error().code(), Errc::decode_error);
    EXPECT_EQ(caller.error_of("SCORE", "1e999").code(), Errc::decode_error) << "also when decoded as a Value";
    using Score = std::variant<double, std::string>;
    const auto score = caller.command<Score>("SCORE", "1.5");
    ASSERT_TRUE(score);
    EXPECT_EQ(*score, Score(1.5));
    EXPECT_EQ(server.accepted(), connections) << "no connection may be closed";
  });
}

TEST(Fault118, ErrorOfMovedNamesClusterAndAlternative) {
  for (const char* moved : {"-MOVED 866 127.0.0.1:7002\r\n", "-ASK 866 127.0.0.1:7002\r\n",
                            "-CLUSTERDOWN The cluster is down\r\n"}) {
    SCOPED_TRACE(moved);
    for_all_sides([&](Side side) {
      FakeServer server([&](FakeConnection& connection, std::size_t) {
        connection.serve([&](const Words&) { return std::string(moved); });
      });
      RedisConfig config = on_side(side, config_at(server.port()));
      config.defaults.retry.mode = RetryMode::off;
      StartedManager redis(config);
      const Error error = Caller(*redis, side).error_of("GET", "key");
      EXPECT_EQ(error.code(), Errc::server_error);
      EXPECT_THAT(error.what(), HasSubstr("node of Redis Cluster"));
      EXPECT_THAT(error.what(), HasSubstr("use a server that is no cluster"));
    });
  }
}

TEST(Fault118, ErrorOfMovedInPipelineNamesCluster) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.serve([](const Words&) { return std::string("-MOVED 866 127.0.0.1:7002\r\n"); });
  });
  StartedManager redis(config_at(server.port()));
  auto pipe = redis->client("main").pipeline();
  const auto slot = pipe.get("key");
  const auto replies = pipe.execute();
  EXPECT_THAT(replies[slot].error().what(), HasSubstr("node of Redis Cluster"));
}

class Fault119 : public RedisTest {};

TEST_F(Fault119, WritabilityIsUnknownWithoutSetrange) {
  RedisServer renamed({"--rename-command", "SETRANGE", ""});
  StartedManager redis(config_at(renamed));
  const ConnectionReport report = redis->validate_connection("main");
  EXPECT_TRUE(report.ok()) << report.explain();
  EXPECT_EQ(report.writable, std::nullopt);
  ASSERT_EQ(report.notes.size(), 1U) << report.explain();
  EXPECT_THAT(report.notes[0], HasSubstr("unknown whether the server accepts writes"));
  EXPECT_THAT(report.explain(), HasSubstr("writable  unknown"));
}

}  // namespace
}  // namespace redstart::test
