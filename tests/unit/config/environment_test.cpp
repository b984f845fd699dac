// SPDX-License-Identifier: Apache-2.0
// environment_test.cpp: settings in environment variables.
#include "loading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

namespace redstart {
namespace {

using namespace std::chrono_literals;
using test::faults_of;
using test::isolated;
using test::lines_of;
using ::testing::HasSubstr;
using ::testing::Not;

DatabaseConfig main_with(Environment environment) {
  return *isolated(std::move(environment)).load().find("main");
}

TEST(ConfigEnvironment, SetsFlatVariablesForEveryDatabase) {
  RedisConfig config = isolated({{"REDIS_HOST", "redis.internal"},
                                 {"REDIS_PORT", "7000"},
                                 {"REDIS_USERNAME", "ann"},
                                 {"REDIS_PASSWORD", "s3cret"},
                                 {"REDIS_DB", "3"},
                                 {"REDIS_MAX_CONNECTIONS", "7"},
                                 {"REDIS_CONNECTION_TIMEOUT", "2"},
                                 {"REDIS_SOCKET_TIMEOUT", "500ms"},
                                 {"REDIS_TLS", "yes"},
                                 {"REDIS_TLS_MINIMUM", "1.3"}})
                           .load();
  const DatabaseConfig& main = *config.find("main");
  EXPECT_EQ(to_string(main.endpoint), "redis.internal:7000");
  EXPECT_EQ(main.username, "ann");
  EXPECT_EQ(main.password.reveal(), "s3cret");
  EXPECT_EQ(main.number, 3);
  EXPECT_EQ(main.max_connections, 7U);
  EXPECT_EQ(main.timeouts.connect, 2s) << "a bare number is seconds";
  EXPECT_EQ(main.timeouts.command, 500ms);
  EXPECT_TRUE(main.tls.enabled);
  EXPECT_EQ(main.tls.minimum, TlsVersion::tls_1_3);
  const DatabaseConfig& cache = config.database("cache");
  EXPECT_EQ(cache.endpoint.port, 7000);
  EXPECT_EQ(cache.number, 1) << "REDIS_DB is the number of main";
}

TEST(ConfigEnvironment, TakesATokenAsPassword) {
  EXPECT_EQ(main_with({{"REDIS_AUTH_TOKEN", "t0ken"}}).password.reveal(), "t0ken");
}

TEST(ConfigEnvironment, SetsNestedVariables) {
  EXPECT_EQ(main_with({{"REDIS__HOST", "h"}}).endpoint.host, "h");
  EXPECT_EQ(main_with({{"REDIS__TIMEOUTS__CONNECT", "250ms"}}).timeouts.connect, 250ms);
  EXPECT_EQ(main_with({{"REDIS__STARTUP__BACKOFF__MAXIMUM", "1m"}}).startup.backoff.maximum, 1min);
  EXPECT_EQ(isolated({{"REDIS__SERVICE", "shop"}}).load().service, "shop");
}

TEST(ConfigEnvironment, SetsOneDatabase) {
  const RedisConfig config = isolated({{"REDIS_HOST", "a"},
                                       {"REDIS__CACHE__HOST", "b"},
                                       {"REDIS__SEARCH__TIMEOUTS__COMMAND", "1s"},
                                       {"REDIS__DB11__NUMBER", "5"}})
                                 .load();
  EXPECT_EQ(config.find("main")->endpoint.host, "a");
  EXPECT_EQ(config.find("cache")->endpoint.host, "b");
  ASSERT_NE(config.find("search"), nullptr) << "any other name by configuration";
  EXPECT_EQ(config.find("search")->timeouts.command, 1s);
  EXPECT_EQ(config.find("search")->endpoint.host, "a");
  EXPECT_EQ(config.find("db11")->number, 5);
  EXPECT_EQ(config.find("sessions"), nullptr) << "only databases that a layer names have an entry";
}

TEST(ConfigEnvironment, SetsNumbersByName) {
  const RedisConfig config = isolated({{"REDIS__CACHE_DB", "5"},
                                       {"REDIS__SESSION_DB", "6"},
                                       {"REDIS__PUBSUB_DB", "0"},
                                       {"REDIS__KNOWLEDGE_DB", "7"}})
                                 .load();
  EXPECT_EQ(config.find("cache")->number, 5);
  EXPECT_EQ(config.find("sessions")->number, 6);
  EXPECT_EQ(config.find("pubsub")->number, 0) << "0 is a number that is set";
  EXPECT_EQ(config.find("knowledge")->number, 7);
  EXPECT_FALSE(config.find("main")->number.has_value());
}

TEST(ConfigEnvironment, IgnoresAddressesThatKubernetesSetsWithANotice) {
  for (const char* const value : {"tcp://10.0.0.1:6379", "udp://10.0.0.1:6379"}) {
    const RedisConfig config = isolated({{"REDIS_PORT", value},
                                         {"REDIS_PORT_6379_TCP", value},
                                         {"REDIS_PORT_6379_TCP_ADDR", "10.0.0.1"},
                                         {"REDIS_SERVICE_HOST", "10.0.0.1"},
                                         {"REDIS_SERVICE_PORT", "6379"}})
                                   .load();
    EXPECT_EQ(config.find("main")->endpoint.port, 6379);
    ASSERT_EQ(config.notices.size(), 1U);
    EXPECT_EQ(config.notices[0].where, "REDIS_PORT");
  }
}

TEST(ConfigEnvironment, IgnoresUnknownFlatVariables) {
  EXPECT_EQ(lines_of(faults_of(isolated({{"REDIS_FOO", "1"}, {"REDIS_HOSTNAME", "x"}, {"HOME", "/"}}))), "");
}

TEST(ConfigEnvironment, RejectsUnknownNestedVariablesWithASuggestion) {
  const std::pair<const char*, const char*> rows[] = {
      {"REDIS__HSOT", "REDIS__HOST"},
      {"REDIS__TIMOUTS__CONNECT", "REDIS__TIMEOUTS__CONNECT"},
      {"REDIS__CACHE__PROT", "REDIS__CACHE__PORT"},
      {"REDIS__CAHCE_DB", "REDIS__CACHE_DB"},
      {"REDIS__CAHCE__HOST", "cache"},
      {"REDIS__CAHCE__PROT", "REDIS__CACHE__PORT"},
      {"REDIS__SESIONS__TIMEOUT__CONNECT", "REDIS__SESSIONS__TIMEOUTS__CONNECT"},
      {"REDIS__DATABASE", "did you mean"}};
  for (const auto& [name, meant] : rows) {
    const auto faults = faults_of(isolated({{name, "1"}}));
    ASSERT_EQ(faults.size(), 1U) << name;
    EXPECT_EQ(faults[0].where, name);
    EXPECT_THAT(faults[0].remedy, HasSubstr(meant));
  }
  for (const char* const name : {"REDIS__SOMETHING__ELSE__WHOLLY", "REDIS__FOO", "REDIS__CACHE__X",
                                 "REDIS__timeouts__connect", "REDIS__TIMEOUTS.CONNECT"}) {
    const auto faults = faults_of(isolated({{name, "1"}}));
    ASSERT_EQ(faults.size(), 1U) << name;
    EXPECT_EQ(faults[0].what, "is an unknown setting") << name;
  }
  EXPECT_THAT(lines_of(faults_of(isolated({{"REDIS__FOO", "1"}, {"REDIS__CACHE__X", "1"}}))),
              Not(HasSubstr("did you mean")))
      << "the prefix that all variables share makes none of them similar";
}

TEST(ConfigEnvironment, AcceptsANameNearToAnotherWhenItIsDeclared) {
  const RedisConfig config =
      isolated({{"REDIS__DATABASES", "db16, geo"}, {"REDIS__DB16__HOST", "h"}, {"REDIS__GEO_DB", "4"}})
          .load();
  EXPECT_EQ(config.find("db16")->endpoint.host, "h");
  EXPECT_EQ(config.find("geo")->number, 4);
  EXPECT_EQ(faults_of(isolated({{"REDIS__DB16__HOST", "h"}})).size(), 1U);
  EXPECT_EQ(faults_of(isolated({{"REDIS__DATABASES", "a,,b c"}})).size(), 1U);
}

TEST(ConfigEnvironment, RejectsReservedNames) {
  for (const char* const name :
       {"REDIS__TOPOLOGY", "REDIS__SENTINEL__SERVICE", "REDIS__CACHE__KEY_PREFIX", "REDIS__READ_FROM",
        "REDIS__CLUSTER__REFRESH", "REDIS__SEEDS", "REDIS__ZONE"}) {
    const auto faults = faults_of(isolated({{name, "x"}}));
    ASSERT_EQ(faults.size(), 1U) << name;
    EXPECT_THAT(faults[0].what, HasSubstr("reserved"));
  }
}

TEST(ConfigEnvironment, AcceptsDeprecatedVariablesWithOneNotice) {
  for (const char* const name :
       {"REDIS_DATA_DIR", "REDIS_STARTUP_TIMEOUT", "MANAGE_REDIS_LIFECYCLE", "REDIS__DECODE_RESPONSES"}) {
    const RedisConfig config = isolated({{name, "whatever"}}).load();
    ASSERT_EQ(config.notices.size(), 1U) << name;
    EXPECT_EQ(config.notices[0].where, name);
    EXPECT_FALSE(config.notices[0].remedy.empty());
  }
}

TEST(ConfigEnvironment, TreatsAnEmptyVariableAsNotSet) {
  const DatabaseConfig main = main_with(
      {{"REDIS_HOST", ""}, {"REDIS_PORT", ""}, {"REDIS_PASSWORD", ""}, {"REDIS__TIMEOUTS__CONNECT", ""}});
  EXPECT_EQ(to_string(main.endpoint), "localhost:6379");
  EXPECT_EQ(main.timeouts.connect, 5s);
}

TEST(ConfigEnvironment, RejectsContradictions) {
  const Environment rows[] = {
      {{"REDIS_URL", "redis://a"}, {"REDIS_HOST", "b"}},
      {{"REDIS_URL", "redis://a"}, {"REDIS_PORT", "7000"}},
      {{"REDIS_URL", "redis://:pw@a"}, {"REDIS_PASSWORD", "s3cret"}},
      {{"REDIS_URL", "redis://a/3"}, {"REDIS_DB", "4"}},
      {{"REDIS_URL", "rediss://a"}, {"REDIS_TLS", "false"}},
      {{"REDIS_URL", "redis+unix:///run/redis.sock"}, {"REDIS_HOST", "b"}},
      {{"REDIS_PASSWORD", "s3cret"}, {"REDIS_AUTH_TOKEN", "s3cret2"}},
      {{"REDIS_PASSWORD", "a"}, {"REDIS_PASSWORD_FILE", "/run/secret"}},
      {{"REDIS_HOST", "a"}, {"REDIS__HOST", "b"}},
      {{"REDIS__CACHE_DB", "1"}, {"REDIS__CACHE__NUMBER", "2"}},
      {{"REDIS_HOST", "a"}, {"REDIS__UNIX_PATH", "/run/redis.sock"}},
  };
  for (const Environment& row : rows) {
    SCOPED_TRACE(row[0].first + " and " + row[1].first);
    const auto faults = faults_of(isolated(row));
    ASSERT_GE(faults.size(), 1U);
    const std::string text = lines_of(faults);
    EXPECT_THAT(text, HasSubstr(row[0].first));
    EXPECT_THAT(text, HasSubstr(row[1].first));
    EXPECT_THAT(text, Not(HasSubstr("s3cret")));
  }
}

TEST(ConfigEnvironment, AcceptsEqualValuesInTwoVariables) {
  EXPECT_EQ(lines_of(faults_of(isolated({{"REDIS_URL", "redis://:pw@a:7000/3"},
                                         {"REDIS_HOST", "a"},
                                         {"REDIS_PORT", "7000"},
                                         {"REDIS_PASSWORD", "pw"},
                                         {"REDIS_DB", "3"}}))),
            "");
  EXPECT_EQ(
      main_with({{"REDIS_SOCKET_TIMEOUT", "5"}, {"REDIS__TIMEOUTS__COMMAND", "5000ms"}}).timeouts.command,
      5s);
}

TEST(ConfigEnvironment, AcceptsAUrlAndWhatItDoesNotSet) {
  const DatabaseConfig main = main_with({{"REDIS_URL", "redis://a:7000"}, {"REDIS_PASSWORD", "pw"}});
  EXPECT_EQ(to_string(main.endpoint), "a:7000");
  EXPECT_EQ(main.password.reveal(), "pw");
}

TEST(ConfigEnvironment, NeverShowsAValueInAFault) {
  const std::string lines = lines_of(faults_of(isolated({{"REDIS_PORT", "redis://:s3cret@h"},
                                                         {"REDIS_HOST", "redis://:s3cret@h"},
                                                         {"REDIS_DB", "s3cret"},
                                                         {"REDIS_TLS", "s3cret"},
                                                         {"REDIS__PROTOCOL", "s3cret"},
                                                         {"REDIS_SOCKET_TIMEOUT", "s3cret"},
                                                         {"REDIS_PASSWORD", "s3cret"},
                                                         {"REDIS_AUTH_TOKEN", "s3cret2"}})));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 7) << lines;
  EXPECT_THAT(lines, Not(HasSubstr("s3cret")));
}

TEST(ConfigEnvironment, OfTheProcessIsReadWithoutAnInjectedOne) {
  ::setenv("REDIS__SERVICE", "of-the-process", 1);
  const RedisConfig config = RedisConfigLoader{}.no_file().load();
  ::unsetenv("REDIS__SERVICE");
  EXPECT_EQ(config.service, "of-the-process");
}

}  // namespace
}  // namespace redstart
