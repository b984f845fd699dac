// SPDX-License-Identifier: Apache-2.0
// handshake_test.cpp: faults 3, 34, 37, 38, 48: handshakes that never end.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/sides.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using Words = FakeConnection::Words;

class CommandLog {
 public:
  void add(const Words& words) {
    const std::scoped_lock lock(mutex_);
    names_.push_back(words[0] + (words[0] == "CLIENT" ? " " + words[1] : ""));
  }
  [[nodiscard]] std::vector<std::string> names() const {
    const std::scoped_lock lock(mutex_);
    return names_;
  }

 private:
  mutable std::mutex mutex_{};
  std::vector<std::string> names_{};
};

struct Step {
  std::string_view command;
  std::string_view sub;
  Protocol protocol;
};

// Answers as Redis does up to that step, and reads without an answer from there on.
FakeServer::Script stuck_at(Step step) {
  return [step](FakeConnection& connection, std::size_t) {
    bool stuck = false;
    for (Words words = connection.command(); !words.empty(); words = connection.command()) {
      stuck = stuck || (words[0] == step.command && (step.sub.empty() || words[1] == step.sub));
      if (stuck) continue;
      connection.send(words[0] == "HELLO"  ? "%1\r\n+proto\r\n:3\r\n"
                      : words[0] == "PING" ? "+PONG\r\n"
                                           : "+OK\r\n");
    }
  };
}

TEST(Fault34, UnansweredHandshakeStepDiscardsConnection) {
  for (const Step& step :
       {Step{"HELLO", "", Protocol::automatic}, Step{"AUTH", "", Protocol::resp2},
        Step{"CLIENT", "SETNAME", Protocol::resp2}, Step{"CLIENT", "SETINFO", Protocol::automatic},
        Step{"SELECT", "", Protocol::automatic}, Step{"PING", "", Protocol::automatic},
        Step{"PING", "", Protocol::resp2}}) {
    SCOPED_TRACE(std::string(step.command) + " " + std::string(step.sub));
    for_all_sides([&](Side side) {
      FakeServer server(stuck_at(step));
      RedisConfig config = on_side(side, config_at(server.port()));
      config.defaults.protocol = step.protocol;
      config.defaults.username = "ann";
      config.defaults.password = "s3cret";
      config.defaults.timeouts.connect = 200ms;
      config.defaults.startup.attempts = 0;
      config.defaults.when_away = WhenAway::wait;  // so that a command waits all the time
      config.start_timeout = 0ms;
      config.database("main").number = 3;
      StartedManager redis(config);
      const Caller caller(*redis, side);
      ASSERT_TRUE(eventually([&] {  // on a busy machine an attempt may end before it reaches the step
        const auto begin = Clock::now();
        const Error error = caller.within(300ms).error_of("GET", "key");
        EXPECT_LE(Clock::now() - begin, 300ms + 100ms + slack);
        EXPECT_EQ(error.effect(), Effect::not_sent) << error.what();
        EXPECT_TRUE(error.code() == Errc::connect_timeout || error.code() == Errc::timeout) << error.what();
        return server.count(step.command) != 0;
      }));
      EXPECT_TRUE(eventually([&] { return server.ended() == server.accepted(); }))
          << "the client must close every connection";
      EXPECT_EQ(server.count("GET"), 0U);
      EXPECT_EQ(redis->stats("main").pool.created, 0U) << "no connection may become ready";
    });
  }
}

TEST(Fault03, SendsNoUserCommandBeforeServerIsReady) {
  Gate answer_ping;
  CommandLog log;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    for (Words words = connection.command(); !words.empty(); words = connection.command()) {
      log.add(words);
      if (words[0] == "PING") connection.wait(answer_ping);
      connection.send(words[0] == "HELLO"  ? "%1\r\n+proto\r\n:3\r\n"
                      : words[0] == "PING" ? "+PONG\r\n"
                      : words[0] == "GET"  ? "$1\r\nv\r\n"
                                           : "+OK\r\n");
    }
  });
  RedisConfig config = config_at(server.port());
  config.start_timeout = 0ms;
  StartedManager redis(config);
  std::jthread caller([&] { EXPECT_EQ(redis->client("main").get("key"), "v"); });
  ASSERT_TRUE(eventually([&] { return log.names().size() == 4; }));
  EXPECT_EQ(redis->stats("main").state, ConnectionState::connecting);
  answer_ping.open();
  caller.join();
  EXPECT_EQ(log.names().back(), "GET");
  EXPECT_EQ(log.names()[3], "PING");
}

TEST(Fault37, CallsWaitWhileServerIsLoadingThenSucceed) {
  Gate loaded;
  CommandLog log;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    for (Words words = connection.command(); !words.empty(); words = connection.command()) {
      log.add(words);
      if (words[0] == "HELLO")
        connection.send("%1\r\n+proto\r\n:3\r\n");
      else if (words[0] == "CLIENT" || words[0] == "SELECT")
        connection.send("+OK\r\n");
      else if (!loaded.is_open())
        connection.send("-LOADING Redis is loading the dataset in memory\r\n");
      else
        connection.send(words[0] == "PING" ? "+PONG\r\n" : "$1\r\nv\r\n");
    }
  });
  RedisConfig config = config_at(server.port());
  config.start_timeout = 0ms;
  StartedManager redis(config);
  std::jthread caller([&] { EXPECT_EQ(redis->client("main").get("key"), "v"); });
  ASSERT_TRUE(eventually([&] { return redis->stats("main").state == ConnectionState::loading; }));
  ASSERT_TRUE(eventually([&] { return log.names().size() >= 7; })) << "the client must keep polling";
  loaded.open();
  caller.join();
  EXPECT_EQ(redis->stats("main").state, ConnectionState::ready);
  EXPECT_EQ(redis->stats("main").pool.connect_failures, 0U) << "loading is not a failure";
  EXPECT_EQ(redis->stats("main").breaker_changes, 0U) << "loading must not change the circuit breaker";
  const auto names = log.names();
  EXPECT_EQ(names.back(), "GET");
  EXPECT_EQ(std::count(names.begin(), names.end(), "GET"), 1);
}

TEST(Fault38, EndlessLoadingFailsCallsAtTheirDeadlines) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    for (Words words = connection.command(); !words.empty(); words = connection.command()) {
      connection.send(words[0] == "HELLO"  ? "%1\r\n+proto\r\n:3\r\n"
                      : words[0] == "PING" ? "-LOADING Redis is loading the dataset in memory\r\n"
                                           : "+OK\r\n");
    }
  });
  RedisConfig config = config_at(server.port());
  config.defaults.timeouts = {2s, 30s, 30s};
  config.start_timeout = 0ms;
  StartedManager redis(config);
  const auto begin = Clock::now();
  const Error error = error_of([&] { return redis->client("main"); });
  EXPECT_EQ(error.code(), Errc::loading);
  EXPECT_EQ(error.effect(), Effect::not_sent);
  EXPECT_EQ(error.remedy(), Remedy::retry);
  EXPECT_LE(Clock::now() - begin, 2s + slack);
  for (const Side side : {Side::direct, Side::futures}) {  // more calls than the failures that open a breaker
    for (int i = 0; i < 6; ++i) {
      const Error again = Caller(*redis, side).within(20ms).error_of("GET", "key");
      EXPECT_EQ(again.code(), Errc::loading) << again.what();
    }
  }
  EXPECT_EQ(redis->stats("main").breaker, BreakerState::closed);
  EXPECT_EQ(redis->stats("main").breaker_changes, 0U);
}

class Fault48 : public RedisTest {};

TEST_F(Fault48, FullServerIsReportedAndUsedOnceItHasRoom) {
  RedisServer full;
  for (const bool over_unix : {false, true}) {
    RawRedis raw(full.socket_path());
    raw.text({"CONFIG", "SET", "maxclients", "1"});
    RedisConfig config = config_at(full);
    if (over_unix) config.defaults.endpoint.unix_path = full.socket_path();
    StartedManager redis(config);
    const Error error = error_of([&] { return redis->client("main"); });
    EXPECT_EQ(error.code(), Errc::handshake_failed);
    EXPECT_EQ(error.remedy(), Remedy::retry);
    EXPECT_THAT(error.what(), HasSubstr("max number of clients reached"));
    raw.text({"CONFIG", "SET", "maxclients", "1000"});
    EXPECT_TRUE(eventually([&] { return redis->optional_client("main").has_value(); }));
    EXPECT_EQ(redis->client("main").ping(), "PONG");
  }
}

}  // namespace
}  // namespace redstart::test
