// SPDX-License-Identifier: Apache-2.0
// credentials_test.cpp: faults 45 to 47: refused credentials, rotated passwords, deleted users.
#include <gmock/gmock.h>

#include <atomic>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using ::testing::HasSubstr;
using ::testing::Not;
using Clock = std::chrono::steady_clock;

// A credentials provider whose password changes, as a vault's does.
class Vault final : public CredentialsProvider {
 public:
  explicit Vault(std::string password) : password_(std::move(password)) {}
  [[nodiscard]] Credentials credentials() override {
    const std::scoped_lock lock(mutex_);
    return {"app", Secret(password_)};
  }
  void set(const std::string& password) {
    const std::scoped_lock lock(mutex_);
    password_ = password;
  }

 private:
  std::mutex mutex_{};
  std::string password_;
};

class ServerWithUser : public ::testing::Test {
 protected:
  void SetUp() override {
    REDSTART_NEEDS_REDIS();
    server_ = std::make_unique<RedisServer>();
    allow("p0");
  }
  void allow(const std::string& password) {
    admin({"ACL", "SETUSER", "app", "on", ">" + password, "~*", "+@all"});
  }
  void admin(const std::vector<std::string>& words) {
    EXPECT_FALSE(RawRedis(server_->socket_path()).command(words).is_error()) << words[1];
  }
  [[nodiscard]] RedisConfig config() const {
    RedisConfig config = config_at(*server_);
    config.defaults.credentials = vault_;
    config.defaults.timeouts = {30s, 30s, 30s};
    return config;
  }

  std::shared_ptr<Vault> vault_ = std::make_shared<Vault>("p0");
  std::unique_ptr<RedisServer> server_{};
};

class Fault46 : public ServerWithUser {};

TEST_F(Fault46, PasswordRotationFailsNoCommand) {
  RedisConfig short_lived = config();
  short_lived.defaults.max_lifetime = 5ms;  // connections are renewed all the time
  StartedManager redis(std::move(short_lived));
  std::atomic<bool> stop{false};
  std::atomic<int> done{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 2; ++t) {
    callers.emplace_back([&, db = redis->client("main")] {
      for (; !stop; ++done) EXPECT_NO_THROW(db.incr("sync"));
    });
    callers.emplace_back([&, db = redis->async_client("main")] {
      for (; !stop; ++done) EXPECT_NO_THROW(db.incr("async")(use_future).get());
    });
    callers.emplace_back([&] {
      for (; !stop; ++done) EXPECT_NO_THROW(redis->scoped_client("main").incr("scoped"));
    });
  }
  const auto renewed = [&](std::size_t more) {
    const auto enough = redis->stats("main").pool.created + more;
    return eventually([&, enough] { return redis->stats("main").pool.created >= enough; });
  };
  std::string password = "p0";
  for (int round = 1; round <= 5; ++round) {
    const std::string next = "p" + std::to_string(round);
    allow(next);
    EXPECT_TRUE(renewed(5)) << "with the old password";
    vault_->set(next);
    admin({"ACL", "SETUSER", "app", "<" + password});
    EXPECT_TRUE(renewed(5)) << "with the new password";
    password = next;
  }
  stop = true;
  for (std::thread& caller : callers) caller.join();
  const DatabaseStats stats = redis->stats("main");
  EXPECT_EQ(stats.operations.failed, 0U);
  EXPECT_EQ(stats.operations.server_errors, 0U);
  RawRedis raw(server_->socket_path());
  EXPECT_EQ(std::stoi(raw.text({"GET", "sync"})) + std::stoi(raw.text({"GET", "async"})) +
                std::stoi(raw.text({"GET", "scoped"})),
            done);
}

TEST_F(Fault46, OpenConnectionsStayWhenTheirPasswordIsRemoved) {
  StartedManager redis(config());
  const AsyncClient async = redis->async_client("main");
  const Client db = redis->client("main");
  EXPECT_EQ(async.ping()(use_future).get() + db.ping(), "PONGPONG");
  allow("p1");
  admin({"ACL", "SETUSER", "app", "<p0"});
  const std::size_t before = redis->stats("main").pool.created;
  EXPECT_EQ(async.ping()(use_future).get() + db.ping(), "PONGPONG");
  EXPECT_EQ(redis->stats("main").pool.created, before);
  EXPECT_EQ(redis->stats("main").pool.connect_failures, 0U);
}

class Fault47 : public ServerWithUser {};

TEST_F(Fault47, DeletedUserIsReportedAndServiceResumesOnceRestored) {
  RedisConfig tried_once = config();
  tried_once.defaults.retry.mode = RetryMode::off;
  StartedManager redis(std::move(tried_once));
  const AsyncClient async = redis->async_client("main");
  const Client db = redis->client("main");
  EXPECT_EQ(async.ping()(use_future).get() + db.ping(), "PONGPONG");
  std::thread in_flight([&] {
    const Error error = error_of([&] { return async.blpop("never", {30s})(use_future).get(); });
    EXPECT_EQ(error.code(), Errc::connection_lost) << error.what();
    EXPECT_EQ(error.effect(), Effect::indeterminate);
  });
  EXPECT_TRUE(eventually([&] {
    return RawRedis(server_->socket_path()).text({"CLIENT", "LIST"}).find("cmd=blpop") != std::string::npos;
  }));
  admin({"ACL", "DELUSER", "app"});  // closes its connections, without an error reply
  in_flight.join();
  const auto is_refused = [](const Error& error) {
    if (error.code() != Errc::authentication_failed) return false;
    EXPECT_EQ(error.remedy(), Remedy::never);
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_THAT(error.what(), HasSubstr("WRONGPASS"));
    return true;
  };
  EXPECT_TRUE(eventually([&] { return is_refused(error_of([&] { return db.ping(); })); }));
  EXPECT_TRUE(
      eventually([&] { return is_refused(error_of([&] { return async.ping()(use_future).get(); })); }));
  allow("p0");
  const auto served = [](auto ping) {
    try {
      return ping() == "PONG";
    } catch (const Error&) {
      return false;
    }
  };
  EXPECT_TRUE(eventually([&] { return served([&] { return db.ping(); }); }));
  EXPECT_TRUE(eventually([&] { return served([&] { return async.ping()(use_future).get(); }); }));
}

class Fault45 : public RedisTest {};

std::int64_t connections_received(RawRedis& admin) {
  return std::stoll(admin.info("total_connections_received"));
}

TEST_F(Fault45, RefusedCredentialsAreNotRetriedInALoop) {
  RedisServer guarded;
  RawRedis admin(guarded.port());
  admin.text({"CONFIG", "SET", "requirepass", "open-sesame"});
  for (const std::uint32_t startup : {0U, 5U}) {  // delays of `reconnect`, and of `startup`
    for_all_sides([&](Side side) {
      RedisConfig config = on_side(side, config_at(guarded));
      config.defaults.password = "wr0ng-s3cret";
      config.defaults.startup.attempts = startup;
      config.start_timeout = 0ms;
      const std::int64_t before = connections_received(admin);
      StartedManager redis(config);
      const Caller caller(*redis, side);
      const auto begin = Clock::now();
      for (int i = 0; i < 500; ++i) {
        const Error error = caller.error_of("GET", "key");
        ASSERT_EQ(error.code(), Errc::authentication_failed) << error.what();
        ASSERT_EQ(error.effect(), Effect::not_sent);
        ASSERT_EQ(error.remedy(), Remedy::never);
      }
      const std::int64_t attempts = connections_received(admin) - before;
      EXPECT_GE(attempts, 1);
      EXPECT_LE(attempts, (Clock::now() - begin) / 50ms + 2)
          << "attempts must be at least the shortest delay apart";
    });
  }
}

TEST_F(Fault45, RefusedCredentialsAreAPermanentErrorWithoutSecrets) {
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

}  // namespace
}  // namespace redstart::test
