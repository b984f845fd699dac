// SPDX-License-Identifier: Apache-2.0
// handshake_test.cpp: faults 3, 34, 37, 38, 45 and 48 of the catalogue: servers that keep a connection
// from becoming ready.
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

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using Clock = std::chrono::steady_clock;
using Words = FakeConnection::Words;
constexpr auto slack = 1500ms;

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

TEST(Fault34, AStepThatIsNotAnsweredDiscardsTheConnectionWhicheverItIs) {
  for (const Step& step :
       {Step{"HELLO", "", Protocol::automatic}, Step{"AUTH", "", Protocol::resp2},
        Step{"CLIENT", "SETNAME", Protocol::resp2}, Step{"CLIENT", "SETINFO", Protocol::automatic},
        Step{"SELECT", "", Protocol::automatic}, Step{"PING", "", Protocol::automatic},
        Step{"PING", "", Protocol::resp2}}) {
    SCOPED_TRACE(std::string(step.command) + " " + std::string(step.sub));
    CommandLog log;
    FakeServer server([&](FakeConnection& connection, std::size_t) {
      for (Words words = connection.command(); !words.empty(); words = connection.command()) {
        log.add(words);
        if (words[0] == step.command && (step.sub.empty() || words[1] == step.sub)) break;
        connection.send(words[0] == "HELLO"  ? "%1\r\n+proto\r\n:3\r\n"
                        : words[0] == "PING" ? "+PONG\r\n"
                                             : "+OK\r\n");
      }
      connection.await_close();
    });
    RedisConfig config = config_at(server.port());
    config.defaults.protocol = step.protocol;
    config.defaults.username = "ann";
    config.defaults.password = "s3cret";
    config.defaults.timeouts.connect = 200ms;
    config.start_timeout = 0ms;
    config.database("main").number = 3;
    StartedManager redis(config);
    const auto begin = Clock::now();
    const Error error = error_of([&] { return redis->client("main"); });
    EXPECT_EQ(error.code(), Errc::connect_timeout) << error.what();
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_LE(Clock::now() - begin, 200ms + 100ms + slack);
    EXPECT_TRUE(eventually([&] { return server.ended() == server.accepted(); })) << "the client closed it";
    const auto names = log.names();
    EXPECT_EQ(std::count(names.begin(), names.end(), "GET"), 0);
    EXPECT_EQ(redis->stats("main").pool.in_use + redis->stats("main").pool.idle, 0U);
  }
}

TEST(Fault03, NoUserCommandIsSentBeforeTheServerIsReady) {
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

TEST(Fault37, WhileTheServerIsLoadingCallsWaitAndThenWork) {
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
  ASSERT_TRUE(eventually([&] { return log.names().size() >= 7; })) << "it goes on asking";
  loaded.open();
  caller.join();
  EXPECT_EQ(redis->stats("main").state, ConnectionState::ready);
  EXPECT_EQ(redis->stats("main").pool.connect_failures, 0U) << "loading is no failure";
  const auto names = log.names();
  EXPECT_EQ(names.back(), "GET");
  EXPECT_EQ(std::count(names.begin(), names.end(), "GET"), 1);
}

TEST(Fault38, LoadingThatNeverEndsIsToldAtTheDeadline) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    for (Words words = connection.command(); !words.empty(); words = connection.command()) {
      connection.send(words[0] == "HELLO"  ? "%1\r\n+proto\r\n:3\r\n"
                      : words[0] == "PING" ? "-LOADING Redis is loading the dataset in memory\r\n"
                                           : "+OK\r\n");
    }
  });
  RedisConfig config = config_at(server.port());
  config.defaults.timeouts.connect = 300ms;
  config.start_timeout = 0ms;
  StartedManager redis(config);
  const auto begin = Clock::now();
  const Error error = error_of([&] { return redis->client("main"); });
  EXPECT_EQ(error.code(), Errc::loading);
  EXPECT_EQ(error.effect(), Effect::not_sent);
  EXPECT_EQ(error.remedy(), Remedy::retry);
  EXPECT_LE(Clock::now() - begin, 300ms + 100ms + slack);
}

class Fault39 : public RedisTest {};
class Fault45 : public RedisTest {};
class Fault48 : public RedisTest {};

TEST_F(Fault45, RefusedCredentialsAreClearPermanentAndSecret) {
  RedisServer guarded;
  {
    RawRedis admin(guarded.port());
    admin.text({"ACL", "SETUSER", "ann", "on", ">annspass", "~*", "+@all", "-ping"});
    admin.text({"ACL", "SETUSER", "bob", "off", ">bobspass", "~*", "+@all"});
    admin.text({"CONFIG", "SET", "requirepass", "open-sesame"});
  }
  struct Row {
    const char* user;
    const char* password;
  };
  for (const Protocol protocol : {Protocol::automatic, Protocol::resp2}) {
    for (const Row row : {Row{"", ""}, Row{"", "wr0ng-s3cret"}, Row{"ann", "wr0ng-s3cret"},
                          Row{"bob", "bobspass"}, Row{"nobody", "wr0ng-s3cret"}}) {
      SCOPED_TRACE(std::string(row.user) + "/" + row.password);
      auto log = std::make_shared<EventLog>();
      RedisConfig config = config_at(guarded);
      config.listener = log;
      config.defaults.protocol = protocol;
      config.defaults.username = row.user;
      config.defaults.password = row.password;
      StartedManager redis(config);
      const Error error = error_of([&] { return redis->client("main"); });
      EXPECT_EQ(error.code(), Errc::authentication_failed) << error.what();
      EXPECT_EQ(error.remedy(), Remedy::never);
      EXPECT_EQ(error.effect(), Effect::not_sent);
      EXPECT_THROW(error.raise(), Unavailable);
      EXPECT_THAT(error.what(), HasSubstr("user name and password"));
      if (*row.password != '\0') {
        EXPECT_THAT(error.what(), Not(HasSubstr(row.password)));
        for (const std::string& line : log->lines()) EXPECT_THAT(line, Not(HasSubstr(row.password)));
        for (const auto& last : redis->stats("main").operations.last_errors)
          EXPECT_THAT(last.message, Not(HasSubstr(row.password)));
      }
    }
    for (const Row row : {Row{"", "open-sesame"}, Row{"default", "open-sesame"}, Row{"ann", "annspass"}}) {
      SCOPED_TRACE(row.user);
      RedisConfig config = config_at(guarded);
      config.defaults.protocol = protocol;
      config.defaults.username = row.user;
      config.defaults.password = row.password;
      StartedManager redis(config);
      EXPECT_EQ(redis->client("main").command<std::string>("ACL", "WHOAMI"),
                *row.user == '\0' ? "default" : row.user);
    }
  }
}

TEST_F(Fault48, AFullServerIsToldAndUsedAgainOnceItHasRoom) {
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

TEST_F(Fault39, ABusyServerKeepsNewConnectionsWaitingUntilTheScriptEnds) {
  RedisServer busy({"--busy-reply-threshold", "50"});
  RawRedis runner(busy.port());
  RawRedis killer(busy.port());
  runner.send(resp_command({"EVAL", "while true do end", "0"}));
  ASSERT_TRUE(eventually([&] { return killer.command({"GET", "x"}).text.starts_with("BUSY"); }));
  RedisConfig config = config_at(busy);
  config.start_timeout = 0ms;
  config.database("main").number = 2;
  StartedManager redis(config);
  std::jthread caller([&] { EXPECT_EQ(redis->client("main").get("key"), std::nullopt); });
  ASSERT_TRUE(eventually([&] { return redis->stats("main").state == ConnectionState::loading; }));
  killer.text({"SCRIPT", "KILL"});
  static_cast<void>(runner.receive());
  caller.join();
  const auto lines = killer.client_list();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& line) {
                            return line.find("name=test:main") != std::string::npos &&
                                   line.find(" db=2 ") != std::string::npos;
                          }),
            1)
      << "named and on its database all the same";
}

}  // namespace
}  // namespace redstart::test
