// SPDX-License-Identifier: Apache-2.0
// handshake_test.cpp: tests the handshake and the detected identity of each server.
#include "servers/each_server.hpp"

#include <optional>

#include "support/sides.hpp"

namespace redstart::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ServerHandshake : public OnEachServer {
 protected:
  // The one connection of `name` in CLIENT LIST.
  std::string connection_of(const std::string& name) {
    for (const std::string& line : raw().client_list())
      if (line.find("name=" + name + " ") != std::string::npos) return line;
    return {};
  }
  // How many error replies the server has sent since the last call; -1 if it does not count them.
  std::int64_t errors() {
    if (!version().since(6, 2)) return -1;
    const std::string count = raw().info("total_error_replies");
    raw().command({"CONFIG", "RESETSTAT"});
    return count.empty() ? -1 : std::stoll(count);
  }
};
INSTANTIATE_TEST_SUITE_P(Servers, ServerHandshake, each_server(), server_name);

TEST_P(ServerHandshake, UsesResp3ByDefault) {
  for_all_sides([this](Side side) {
    StartedManager redis(on_side(side, config_at(server())));
    const auto fields = Caller(*redis, side).command<Value>("HGETALL", "missing");
    ASSERT_TRUE(fields) << fields.error().what();
    EXPECT_EQ(fields->type(), resp::Type::map);
  });
}

TEST_P(ServerHandshake, UsesResp2WhenHelloIsRenamed) {
  const auto old = start({"--rename-command", "HELLO", ""});
  for_all_sides([&](Side side) {
    StartedManager redis(on_side(side, config_at(*old)));
    const auto fields = Caller(*redis, side).command<Value>("HGETALL", "missing");
    ASSERT_TRUE(fields) << fields.error().what();
    EXPECT_EQ(fields->type(), resp::Type::array);
  });
}

TEST_P(ServerHandshake, SetsClientNameWithoutErrorReplies) {
  for (const Handshake handshake : {Handshake::minimal, Handshake::full}) {
    RedisConfig config = config_at(server());
    config.defaults.handshake = handshake;
    config.database("main").number = 3;
    static_cast<void>(errors());
    StartedManager redis(config);
    redis->client("main").set("k", "v");
    EXPECT_LE(errors(), 0);
    const std::string connection = connection_of("test:main");
    if (handshake == Handshake::minimal) {
      EXPECT_EQ(connection, "");
      continue;
    }
    EXPECT_THAT(connection, HasSubstr(" db=3 "));
    if (version().since(7, 2)) {
      EXPECT_THAT(connection, HasSubstr("lib-name=redstart"));
    }
  }
}

TEST_P(ServerHandshake, AuthenticatesUsersWithEveryProtocol) {
  raw().text({"ACL", "SETUSER", "ann", "on", ">s3cret-pw", "~*", "+@all"});
  raw().text({"ACL", "SETUSER", "free", "on", "nopass", "~*", "+@all"});
  struct User {
    const char* name;
    const char* password;
    const char* refused;
  };
  for (const User& user :
       {User{"ann", "s3cret-pw", ""}, User{"free", "", ""}, User{"ann", "wr0ng-pw", "WRONGPASS"},
        User{"ann", "", "WRONGPASS"}, User{"nobody", "", "WRONGPASS"}}) {
    for (const Protocol protocol : {Protocol::resp2, Protocol::automatic, Protocol::resp3}) {
      for_all_sides([&](Side side) {
        SCOPED_TRACE(std::string(user.name) + ":" + user.password);
        RedisConfig config = on_side(side, config_at(server()));
        config.defaults.protocol = protocol;
        config.defaults.username = user.name;
        config.defaults.password = Secret(user.password);
        config.start_timeout = std::chrono::milliseconds(0);
        config.defaults.startup.attempts = 0;
        StartedManager redis(config);
        const auto who = Caller(*redis, side).command<std::string>("ACL", "WHOAMI");
        if (*user.refused == '\0') {
          ASSERT_TRUE(who) << who.error().what();
          EXPECT_EQ(*who, user.name);
          return;
        }
        ASSERT_FALSE(who);
        EXPECT_EQ(who.error().code(), Errc::authentication_failed) << who.error().what();
        EXPECT_EQ(who.error().server_code(), user.refused);
        EXPECT_THAT(who.error().what(), Not(HasSubstr("wr0ng")));
      });
    }
  }
  raw().command({"ACL", "DELUSER", "ann", "free"});
}

TEST_P(ServerHandshake, ReportsNoauthWhenPasswordIsMissing) {
  raw().text({"CONFIG", "SET", "requirepass", "sesame-1"});
  const ConnectionReport report = StartedManager(config_at(server()))->validate_connection("main");
  raw().text({"CONFIG", "SET", "requirepass", ""});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.problem->code(), Errc::authentication_failed);
  EXPECT_EQ(report.problem->server_code(), "NOAUTH");
}

TEST_P(ServerHandshake, IntegrityWorksOrNamesTheMissingPermission) {
  raw().text({"ACL", "SETUSER", "mute", "on", ">pw", "~*", "+@all", "-echo"});
  RedisConfig config = config_at(server());
  config.defaults.integrity = true;
  config.start_timeout = std::chrono::milliseconds(0);
  config.defaults.startup.attempts = 0;
  EXPECT_EQ(StartedManager(config)->client("main").ping(), "PONG");
  config.defaults.username = "mute";
  config.defaults.password = "pw";
  StartedManager redis(config);
  const Error error = Caller(*redis, Side::futures).error_of("GET", "key");
  EXPECT_EQ(error.code(), Errc::authentication_failed);
  EXPECT_EQ(error.server_code(), "NOPERM");
  EXPECT_THAT(error.what(), HasSubstr("+echo"));
  raw().command({"ACL", "DELUSER", "mute"});
}

TEST_P(ServerHandshake, ReportNamesProductAndVersion) {
  const ConnectionReport report = StartedManager(config_at(server()))->validate_connection("main");
  EXPECT_TRUE(report.ok()) << report.explain();
  EXPECT_EQ(report.writable, true);
  EXPECT_EQ(report.server.product, version().product);
  EXPECT_EQ(report.server.version, version().text);
  EXPECT_EQ(report.server.mode, "standalone");
  EXPECT_EQ(report.server.role, "master");
  EXPECT_THAT(report.explain(), HasSubstr(version().product + " " + version().text + ", standalone"));
}

TEST_P(ServerHandshake, WorksWhenPingAndSetrangeAreRenamed) {
  const auto renamed = start({"--rename-command", "PING", "", "--rename-command", "SETRANGE", ""});
  StartedManager redis(config_at(*renamed));
  EXPECT_TRUE(redis->client("main").set("k", "v"));
  const ConnectionReport report = redis->validate_connection("main");
  EXPECT_TRUE(report.ok()) << report.explain();
  EXPECT_EQ(report.writable, std::nullopt);
}

}  // namespace
}  // namespace redstart::test
