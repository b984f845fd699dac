// SPDX-License-Identifier: Apache-2.0
// lost_sessions_test.cpp: fault 96: an authenticated connection starts to answer NOAUTH.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = redstart::testing::Words;

constexpr std::string_view no_auth = "-NOAUTH Authentication required.\r\n";

class Fault96 : public ::testing::Test {
 protected:
  static RedisConfig config(Side side, const FakeServer& server) {
    RedisConfig config = on_side(side, config_at(server.port()));
    config.defaults.password = Secret("secret");
    return config;
  }
  // Executes and counts one command.
  std::string execute() { return resp_integer(++executed_); }
  [[nodiscard]] std::int64_t executed() const { return executed_.load(); }

 private:
  std::atomic<std::int64_t> executed_{0};
};

TEST_F(Fault96, CommandIsRetriedOnNewConnection) {
  for_all_sides([&](Side side) {
    FakeServer proxy([&](FakeConnection& connection, std::size_t) {
      int left = 2;  // then the proxy drops the session
      connection.serve([&](const Words&) { return left-- > 0 ? execute() : std::string(no_auth); });
    });
    StartedManager redis(config(side, proxy));
    const Caller caller(*redis, side);
    const std::int64_t before = executed();
    for (int i = 1; i <= 10; ++i) {
      const auto counted = caller.command<std::int64_t>("INCR", "n");
      ASSERT_TRUE(counted.has_value()) << i << ": " << counted.error().what();
      EXPECT_EQ(*counted, before + i) << "must be executed exactly once";
    }
    EXPECT_GE(proxy.accepted(), 5U);
    EXPECT_TRUE(eventually(
        [&] { return redis->stats("main").pool.closed_for(CloseReason::role) + 1 >= proxy.accepted(); }));
  });
}

TEST_F(Fault96, ErrorNamesNoauthWhenNewConnectionsFailToo) {
  for_all_sides([&](Side side) {
    FakeServer proxy([](FakeConnection& connection, std::size_t) {
      connection.serve([](const Words&) { return std::string(no_auth); });
    });
    StartedManager redis(config(side, proxy));
    const Error error = Caller(*redis, side).error_of("INCR", "n");
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_THAT(error.what(), HasSubstr("NOAUTH"));
    EXPECT_THAT(error.what(), Not(HasSubstr("secret")));
    EXPECT_GE(proxy.count("INCR"), 2U) << "must be retried on a new connection";
  });
}

TEST_F(Fault96, DoesNotReconnectWithoutCredentials) {
  for_all_sides([&](Side side) {
    FakeServer server([](FakeConnection& connection, std::size_t) {
      connection.serve([](const Words&) { return std::string(no_auth); });
    });
    RedisConfig config = on_side(side, config_at(server.port()));
    StartedManager redis(config);
    const Caller caller(*redis, side);
    static_cast<void>(caller.error_of("INCR", "n"));
    const std::size_t connections = server.accepted();
    const Error error = caller.error_of("INCR", "n");
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_EQ(error.remedy(), Remedy::never);
    EXPECT_EQ(server.accepted(), connections);
  });
}

// READONLY and MASTERDOWN do not close the other connections. Connections from before the role change must
// not be used again.
TEST_F(Fault96, ConnectionsFromBeforeRoleChangeAreNotReused) {
  for (const std::string_view refusal : {"-READONLY You can't write against a read only replica.\r\n",
                                         "-MASTERDOWN Link with MASTER is down\r\n"}) {
    constexpr std::size_t old = 6;
    FakeServer server([&](FakeConnection& connection, std::size_t index) {
      connection.serve([&, index](const Words& words) {
        return words.front() == "INCR" && index < old ? std::string(refusal) : execute();
      });
    });
    StartedManager redis(config_at(server.port()));
    {
      std::vector<ScopedClient> held;
      for (std::size_t i = 0; i < old - 1; ++i) held.push_back(redis->scoped_client("main"));
      const auto counted = redis->client("main").results().command<std::int64_t>("INCR", "n");
      ASSERT_TRUE(counted.has_value()) << counted.error().what();
    }
    for (std::size_t i = 0; i < old; ++i) {
      const auto counted = redis->client("main").results().command<std::int64_t>("INCR", "n");
      ASSERT_TRUE(counted.has_value()) << i << ": " << counted.error().what();
    }
    EXPECT_EQ(server.accepted(), old + 1) << "one new connection is enough";
  }
}

// A client that keeps writing to a replica must not open a connection for each command.
TEST_F(Fault96, WritesToReplicaDoNotReconnectForEachCommand) {
  for_all_sides([&](Side side) {
    FakeServer replica([](FakeConnection& connection, std::size_t) {
      connection.serve([](const Words&) {
        return std::string("-READONLY You can't write against a read only replica.\r\n");
      });
    });
    RedisConfig config = on_side(side, config_at(replica.port()));
    config.defaults.reconnect = {500ms, 500ms, 1.0, Jitter::none};
    StartedManager redis(config);
    const Caller caller(*redis, side);
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 30; ++i) EXPECT_EQ(caller.error_of("INCR", "n").remedy(), Remedy::reconnect) << i;
    const auto delays = static_cast<std::size_t>((std::chrono::steady_clock::now() - began) / 500ms);
    EXPECT_LE(replica.accepted(), 4 + delays);
  });
}

}  // namespace
}  // namespace redstart::test
