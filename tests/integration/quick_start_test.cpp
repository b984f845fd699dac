// SPDX-License-Identifier: Apache-2.0
// quick_start_test.cpp: first steps of users, and their error messages when Redis is away.
#include <chrono>
#include <optional>
#include <string>
#include <tuple>

#include "support/managers.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class QuickStart : public RedisTest {};

TEST_F(QuickStart, SetsAndGetsThroughTheInstance) {
  auto& redis = RedisConnectionManager::instance();
  EXPECT_FALSE(redis.started());
  redis.start(config_at(server()));
  auto main = redis.client("main");
  main.set("greeting", "hello", {.expire = 300s});
  const std::optional<std::string> text = main.get("greeting");
  EXPECT_EQ(text, "hello");
  EXPECT_GT(raw().integer({"TTL", "greeting"}), 290);
  EXPECT_EQ(error_of([&] {
              redis.start(RedisConfig{});
              return 0;
            }).code(),
            Errc::invalid_argument);
  redis.shutdown();
  EXPECT_EQ(error_of([&] { return redis.client("main"); }).code(), Errc::closed);
  EXPECT_EQ(error_of([&] { return main.get("greeting"); }).code(), Errc::closed);
  redis.start(config_at(server()));
  EXPECT_EQ(redis.client("main").get("greeting"), "hello") << "must work after a second start";
  redis.shutdown();
}

TEST_F(QuickStart, UnstartedManagerExplainsHowToStartIt) {
  RedisConnectionManager redis;
  const Error error = error_of([&] { return redis.client("main"); });
  EXPECT_EQ(error.code(), Errc::not_started);
  EXPECT_THAT(error.what(), HasSubstr("start(RedisConfigLoader{}.load())"));
  EXPECT_EQ(error_of([&] { return redis.optional_client("main"); }).code(), Errc::not_started);
  redis.shutdown();
  EXPECT_EQ(error_of([&] { return redis.client("main"); }).code(), Errc::not_started);
  EXPECT_TRUE(redis.stats().databases.empty());
}

TEST_F(QuickStart, PipelineReturnsTypedReplies) {
  StartedManager redis(config_at(server()));
  raw().text({"SET", "name", "ann"});
  auto [hits, name] = redis->pipeline("main", [](Pipeline& pipe) {
    return std::tuple{pipe.incr("hits"), pipe.get("name")};
  });
  EXPECT_EQ(hits, 1);
  EXPECT_EQ(name, "ann");
  EXPECT_EQ(redis->pipeline(RedisDatabase::main, [](Pipeline& pipe) { return pipe.incr("hits"); }), 2);
}

TEST_F(QuickStart, OverrideReplacesTheInstance) {
  StartedManager mine(config_at(server()));
  RedisConnectionManager inner;
  auto& process_wide = RedisConnectionManager::instance();
  {
    const testing::ScopedOverride overriding(*mine);
    EXPECT_EQ(&RedisConnectionManager::instance(), &*mine);
    EXPECT_EQ(RedisConnectionManager::instance().client("main").ping(), "PONG");
    {
      const testing::ScopedOverride nested(inner);
      EXPECT_EQ(&RedisConnectionManager::instance(), &inner);
    }
    EXPECT_EQ(&RedisConnectionManager::instance(), &*mine);
  }
  EXPECT_EQ(&RedisConnectionManager::instance(), &process_wide);
}

TEST_F(QuickStart, UnknownDatabaseFailsAtOnceAndSuggestsNearestName) {
  StartedManager redis(config_at(server()));
  const Error error = error_of([&] { return redis->client("cahce"); });
  EXPECT_EQ(error.code(), Errc::unknown_database);
  EXPECT_THAT(error.what(), HasSubstr("Did you mean \"cache\"?"));
  EXPECT_EQ(error_of([&] { return redis->optional_client("cahce"); }).code(), Errc::unknown_database)
      << "must not be an error of an unavailable server";
  EXPECT_EQ(error_of([&] { return redis->scoped_client("cahce"); }).code(), Errc::unknown_database);
  EXPECT_EQ(error_of([&] { return redis->stats("cahce"); }).code(), Errc::unknown_database);
}

TEST_F(QuickStart, InvalidConfigurationIsRefusedWithAllFaultsAndStartsNothing) {
  RedisConfig config = config_at(server());
  config.database("main").number = -1;
  config.database("cache").max_connections = 0;
  RedisConnectionManager redis;
  try {
    redis.start(config);
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.faults().size(), 2U);
  }
  EXPECT_FALSE(redis.started());
  EXPECT_EQ(error_of([&] { return redis.client("main"); }).code(), Errc::not_started);
}

TEST_F(QuickStart, StoppedServerFailsWithAdviceWithinConnectTimeout) {
  RedisServer stopped;
  stopped.stop();
  const auto begin = std::chrono::steady_clock::now();
  StartedManager redis(
      config_at(stopped));  // an unreachable database must not prevent a service from starting
  const Error error = error_of([&] { return redis->client("main"); });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_EQ(error.code(), Errc::connect_refused);
  EXPECT_THROW(error.raise(), Unavailable);
  EXPECT_THAT(error.what(), HasSubstr("database \"main\" at 127.0.0.1:" + std::to_string(stopped.port())));
  EXPECT_THAT(error.what(), HasSubstr("Is the server running?"));
  EXPECT_FALSE(redis->optional_client("main").has_value());
  EXPECT_FALSE(redis->optional_client("cache").has_value());
  stopped.restart();
  EXPECT_TRUE(eventually([&] { return redis->optional_client("main").has_value(); }));
}

TEST_F(QuickStart, ServerStartedLaterIsFoundWithoutCalls) {
  RedisServer late;
  late.kill();
  RedisConfig config = config_at(late);
  config.database("main").startup.backoff = {20ms, 40ms, 2.0};
  StartedManager redis(config);
  EXPECT_EQ(redis->stats("main").state, ConnectionState::backing_off);
  late.restart();
  EXPECT_TRUE(eventually([&] { return redis->stats("main").state == ConnectionState::ready; }));
}

TEST_F(QuickStart, WrongHostNameIsNamedInTheError) {
  RedisConfig config = config_at(server());
  config.defaults.endpoint.host = "no-such-host.invalid";
  config.defaults.timeouts.connect = 5s;
  config.start_timeout = 0ms;
  StartedManager redis(config);
  const Error error = error_of([&] { return redis->client("main"); });
  EXPECT_EQ(error.code(), Errc::resolve_failed) << error.what();
  EXPECT_THAT(error.what(), HasSubstr("no-such-host.invalid"));
  EXPECT_THAT(error.what(), HasSubstr("Check the host name"));
}

TEST_F(QuickStart, ResultsReportErrorsWithoutExceptions) {
  StartedManager redis(config_at(server()));
  const Results results = redis->client("main").results();
  EXPECT_TRUE(results.set("key", "text").has_value());
  EXPECT_EQ(results.get("key").value(), "text");
  const auto wrong = results.incr("key");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code(), Errc::server_error);
  EXPECT_EQ(wrong.error().server_code(), "ERR");
  EXPECT_EQ(error_of([&] { return redis->client("main").incr("key"); }).code(), Errc::server_error);
}

}  // namespace
}  // namespace redstart::test
