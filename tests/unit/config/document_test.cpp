// SPDX-License-Identifier: Apache-2.0
// document_test.cpp: configuration files, their faults and their limits.
#include "loading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace redstart {
namespace {

using namespace std::chrono_literals;
using test::faults_of;
using test::isolated;
using test::lines_of;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfigFile : public ::testing::Test {
 protected:
  RedisConfig load(std::string_view text, std::string_view name = "f.yaml") const {
    return isolated().file(folder_.write(name, text)).load();
  }
  // With the path of the folder removed, so that `f.yaml:1:1` remains.
  std::string faults(std::string_view text, std::string_view name = "f.yaml") const {
    return shortened(lines_of(faults_of(isolated().file(folder_.write(name, text)))));
  }
  std::string shortened(std::string lines) const {
    const std::string prefix = folder_.path() + "/";
    for (std::size_t at = 0; (at = lines.find(prefix)) != std::string::npos;) lines.erase(at, prefix.size());
    return lines;
  }
  TemporaryFolder folder_{};
};

constexpr std::string_view yaml_example = R"(# Every kind of value.
service: shop
environment: staging
start_timeout: 2
defaults:
  host: redis.internal
  port: 6380
  username: app
  password: "s3cret:#&"
  tls:
    enabled: true
    minimum: 1.3
  timeouts: {connect: 1s, command: 500ms}
  retry.mode: last_write_wins
databases:
  main:
    number: 0
    impact: Orders can't be stored.
  cache:
    timeouts:
      command: 50ms
    limits: {bulk: 1MiB}
  search:
)";

constexpr std::string_view json_example = R"({
  "service": "shop", "environment": "staging", "start_timeout": 2,
  "defaults": {
    "host": "redis.internal", "port": 6380, "username": "app", "password": "s3cret:#&",
    "tls": {"enabled": true, "minimum": 1.3},
    "timeouts": {"connect": "1s", "command": "500ms"},
    "retry.mode": "last_write_wins"
  },
  "databases": {
    "main": {"number": 0, "impact": "Orders can't be stored."},
    "cache": {"timeouts": {"command": "50ms"}, "limits": {"bulk": "1MiB"}},
    "search": null
  }
})";

TEST_F(ConfigFile, SetsEverythingInYamlAndJson) {
  for (const std::string_view text : {yaml_example, json_example}) {
    const RedisConfig config = load(text);
    EXPECT_EQ(config.service, "shop");
    EXPECT_EQ(config.environment, "staging");
    EXPECT_EQ(config.start_timeout, 2s);
    const DatabaseConfig& main = *config.find("main");
    EXPECT_EQ(to_string(main.endpoint), "redis.internal:6380");
    EXPECT_EQ(main.password.reveal(), "s3cret:#&");
    EXPECT_TRUE(main.tls.enabled);
    EXPECT_EQ(main.tls.minimum, TlsVersion::tls_1_3);
    EXPECT_EQ(main.timeouts.connect, 1s);
    EXPECT_EQ(main.retry.mode, RetryMode::last_write_wins);
    EXPECT_EQ(main.number, 0);
    EXPECT_EQ(main.impact, "Orders can't be stored.");
    EXPECT_EQ(config.find("cache")->timeouts.command, 50ms);
    EXPECT_EQ(config.find("cache")->limits.bulk, std::size_t{1} << 20);
    EXPECT_EQ(config.find("cache")->number, 1);
    EXPECT_EQ(config.databases.size(), 3U);
  }
}

// Each mistake is one fault with its place, all in one run.
constexpr std::string_view yaml_mistakes = R"(servce: shop
io_threads: 65
host: h
defaults:
  prot: 6379
  port: 70000
  tls: {verify: full, verfy: none}
  timeouts:
    connect: 5 parsecs
    command: 25h
  max_connections: many
  topology: cluster
databases:
  cache:
    required: perhaps
    limits: 12
  "my cache": {number: 1}
)";

constexpr std::string_view json_mistakes = R"({"servce": "shop",
"io_threads": 65,
"host": "h",
"defaults": {
  "prot": 6379,
  "port": 70000,
  "tls": {"verify": "full", "verfy": "none"},
  "timeouts": {
    "connect": "5 parsecs",
    "command": "25h"},
  "max_connections": "many",
  "topology": "cluster"},
"databases": {
  "cache": {
    "required": "perhaps",
    "limits": 12},
  "my cache": {"number": 1}}})";

TEST_F(ConfigFile, ReportsEveryMistakeWithItsPlaceInOneRun) {
  struct Row {
    int line;
    std::string_view shown;
    std::string_view text;
  };
  constexpr Row rows[] = {
      {1, "servce", "is an unknown setting; did you mean service?"},
      {2, "io_threads", "is 65; use a whole number, 1 to 64"},
      {3, "host", "is a setting of databases, at the top level"},
      {5, "defaults.prot", "is an unknown setting; did you mean port?"},
      {6, "defaults.port", "is 70000; use a whole number, 1 to 65535"},
      {7, "defaults.tls.verfy", "is an unknown setting; did you mean tls.verify?"},
      {9, "defaults.timeouts.connect", "is not a duration; use a duration such as 500ms"},
      {10, "defaults.timeouts.command", "is 25h; use a duration"},
      {11, "defaults.max_connections", "is not a whole number; use a whole number, 1 to 10000"},
      {12, "defaults.topology", "is reserved for a later release"},
      {15, "databases.cache.required", "is neither true nor false"},
      {16, "databases.cache.limits", "is not a mapping"},
      {17, "databases", "has the name of a database with a space"},
  };
  for (const bool json : {false, true}) {
    const std::string name = json ? "f.json" : "f.yaml";
    const auto found = faults_of(isolated().file(folder_.write(name, json ? json_mistakes : yaml_mistakes)));
    SCOPED_TRACE(lines_of(found));
    ASSERT_EQ(found.size(), std::size(rows));
    for (std::size_t i = 0; i != std::size(rows); ++i) {
      const std::string line = shortened(lines_of({found[i]}));
      EXPECT_THAT(line, AllOf(::testing::StartsWith(name + ":" + std::to_string(rows[i].line) + ":"),
                              HasSubstr("(" + std::string(rows[i].shown) + "): "), HasSubstr(rows[i].text)));
      EXPECT_FALSE(found[i].remedy.empty());
    }
  }
}

TEST_F(ConfigFile, NamesBothPlacesOfADuplicate) {
  EXPECT_THAT(faults("defaults:\n  host: a\n  port: 1\n  host: b\n"),
              AllOf(HasSubstr("f.yaml:4:3"), HasSubstr("f.yaml:2:3"), HasSubstr("set it once")));
  EXPECT_THAT(faults("defaults:\n  timeouts.connect: 1s\n  timeouts:\n    connect: 2s\n"),
              AllOf(HasSubstr("f.yaml:4:14"), HasSubstr("f.yaml:2:21")));
  EXPECT_THAT(faults("defaults:\n  db: 1\n  number: 2\n"),
              AllOf(HasSubstr("f.yaml:3:11"), HasSubstr("f.yaml:2:7")));
  EXPECT_THAT(faults("databases:\n  cache: {host: a}\n  cache: {host: b}\n"), HasSubstr("f.yaml:3:3"));
}

TEST_F(ConfigFile, RejectsContradictions) {
  EXPECT_THAT(faults("defaults:\n  url: redis://a\n  host: b\n"),
              AllOf(HasSubstr("f.yaml:3:9"), HasSubstr("f.yaml:2:8")));
  EXPECT_THAT(faults("defaults:\n  password: a\n  password_file: /b\n"), HasSubstr("set one of the two"));
  EXPECT_THAT(faults("defaults:\n  unix_path: /a\n  host: b\n"), HasSubstr("set one of the two"));
}

TEST_F(ConfigFile, TakesAliasesAndMergedMappings) {
  const RedisConfig config = load(
      "defaults: &base\n  tls: &tls {enabled: true, ca_file: /ca}\n  host: a\n"
      "databases:\n  cache:\n    tls: *tls\n    host: b\n  jobs:\n    <<: *base\n    host: c\n");
  EXPECT_EQ(config.find("cache")->tls.ca_file, "/ca");
  EXPECT_EQ(config.find("cache")->endpoint.host, "b");
  EXPECT_EQ(config.find("jobs")->endpoint.host, "c");
  EXPECT_TRUE(config.find("jobs")->tls.enabled);
}

TEST_F(ConfigFile, LimitsTheWorkOfAliases) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c != 'k'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i != 9; ++i) bomb += std::string(i == 0 ? "*" : ", *") + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(faults(bomb), HasSubstr("is an unknown setting"));
  std::string wide = "defaults: &d\n";
  for (int i = 0; i != 300; ++i) wide += "  x" + std::to_string(i) + ": 1\n";
  wide += "databases:\n";
  for (int i = 0; i != 300; ++i) wide += "  n" + std::to_string(i) + ": *d\n";
  const auto found = faults_of(isolated().file(folder_.write("f.yaml", wide)));
  EXPECT_LE(found.size(), 201U);
}

TEST_F(ConfigFile, RejectsAnAliasInsideItsAnchor) {
  EXPECT_THAT(faults("defaults: &a\n  tls: *a\n"), HasSubstr("alias inside of its own anchor"));
}

TEST_F(ConfigFile, LimitsDepthSizeAndNumberOfValues) {
  const std::string closed = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_THAT(faults("x: " + closed), HasSubstr("nested deeper than 16 levels"));
  EXPECT_NE(faults("x: " + std::string(100'000, '[')), "");
  EXPECT_NE(faults("x: " + std::string(100'000, '{')), "");
  std::string dashes;
  for (int i = 0; i != 5'000; ++i) dashes += "- ";
  EXPECT_THAT(faults(dashes), HasSubstr("nested deeper than 16 levels"));
  EXPECT_THAT(faults(std::string((1U << 20) + 1, '#')), HasSubstr("longer than 1048576 bytes"));
  std::string many = "x: [";
  for (int i = 0; i != 20'000; ++i) many += "1,";
  EXPECT_THAT(faults(many + "1]"), HasSubstr("more than 10000 values"));
}

TEST_F(ConfigFile, RejectsWhatIsNoConfiguration) {
  const std::pair<std::string, std::string_view> rows[] = {
      {"", "contains no settings"},
      {"# nothing\n", "contains no settings"},
      {"just text", "not a mapping at its top level"},
      {"[1, 2]", "not a mapping at its top level"},
      {"service: a\n---\nservice: b\n", "second document"},
      {"defaults: {host: [a, b]}", "is not a single value"},
      {"defaults: {host: !vault abc}", "has a tag"},
      {"? {a: 1}\n: 2\n", "a name that is a list or a mapping"},
      {"service: \xff\xfe\n", "is not UTF-8"},
      {std::string("service: a\0b\n", 13), "contains a control character"},
      {"defaults: {host: a", "can't be parsed"},
      {"defaults: {host: \"abc", "can't be parsed"},
      {"defaults:\n\thost: a\n", "can't be parsed"},
      {"defaults:\n  username: \"ann\n  host: h\n", "f.yaml:2:13: has a quote without an end"},
      {"service: 'it''s\n", "f.yaml:1:10: has a quote without an end"},
      {"service: &name !!str \"a\\\"\n", "f.yaml:1:10: has a quote without an end"},
      {"databases: [main, cache]", "is not a mapping"},
      {"defaults: text", "is not a mapping"},
      {"defaults: {service: a}", "is a setting of the manager"},
  };
  for (const auto& [text, what] : rows) EXPECT_THAT(faults(text), HasSubstr(what)) << text;
}

TEST_F(ConfigFile, TakesQuotesOfEveryForm) {
  for (const std::string_view text :
       {"service: 'it''s'\n", "service: \"it's\"\n", "service: &name \"it's\"\n", "service: it's\n",
        "service: !!str 'it''s'", "{\"service\": \"it\\u0027s\"}",
        "# \xc3\xa9 \"\r\n'service': \"it's\"\r\n"})
    EXPECT_EQ(load(text).service, "it's") << text;
  EXPECT_EQ(load("defaults:\n  impact: |-\n    \"as it is\n").defaults.impact, "\"as it is");
}

TEST_F(ConfigFile, AcceptsAByteOrderMarkAndLineEndsOfWindows) {
  EXPECT_EQ(load("\xef\xbb\xbfservice: shop\r\ndefaults:\r\n  host: h\r\n").find("main")->endpoint.host, "h");
}

TEST_F(ConfigFile, AcceptsADeprecatedKeyWithANotice) {
  const RedisConfig config = load("defaults:\n  decode_responses: true\n");
  ASSERT_EQ(config.notices.size(), 1U);
  EXPECT_THAT(config.notices[0].where, HasSubstr("f.yaml:2:3"));
}

TEST_F(ConfigFile, NeverShowsAValueInAFault) {
  for (const std::string_view text :
       {"defaults: {password: *s3cret}", "defaults: {password: !s3cret x}", "defaults: {port: s3cret}",
        "defaults: {password: s3cret, host: redis://:s3cret@h}", "defaults: {url: 'redis://:s3cret@h:port'}",
        "defaults: {password: [s3cret]}", "defaults: {password: \"s3cret}", "defaults: {'s3cret!': 1}",
        "defaults: {password: s3cret, password: s3cret2}", "s3cret", "defaults: s3cret"}) {
    const std::string lines = faults(text);
    EXPECT_NE(lines, "") << text;
    EXPECT_THAT(lines, Not(HasSubstr("s3cret"))) << text;
  }
}

TEST_F(ConfigFile, IsFoundByPathVariableAndFolder) {
  const std::string file = folder_.write("redis-databases.yaml", "service: found\n");
  const std::string other = folder_.write("other.yaml", "service: other\n");
  EXPECT_EQ(isolated().search({folder_.path("missing"), folder_.path()}).load().service, "found");
  EXPECT_EQ(isolated({{"REDIS_CONFIG_FILE", other}}).search({folder_.path()}).load().service, "other");
  EXPECT_EQ(isolated({{"REDIS_CONFIG_FILE", other}}).file(file).load().service, "found");
  EXPECT_EQ(isolated({{"REDIS_CONFIG_FILE", other}}).no_file().load().service, "redstart");
  EXPECT_EQ(isolated().search({folder_.path("missing")}).load().service, "redstart");
}

TEST_F(ConfigFile, IsAFaultWhenItIsMissingUnreadableOrAmbiguous) {
  const auto lines = [this](const RedisConfigLoader& loader) {
    return shortened(lines_of(faults_of(loader)));
  };
  EXPECT_THAT(lines(isolated().file(folder_.path("none.yaml"))), HasSubstr("none.yaml: does not exist"));
  EXPECT_THAT(lines(isolated({{"REDIS_CONFIG_FILE", folder_.path("none.yaml")}})),
              HasSubstr("REDIS_CONFIG_FILE: names the file none.yaml, which does not exist"));
  EXPECT_THAT(lines(isolated().file(folder_.path())), HasSubstr("is a directory"));
  ASSERT_EQ(::mkfifo(folder_.path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(lines(isolated().file(folder_.path("pipe"))), HasSubstr("is not a regular file"));
  ASSERT_EQ(::symlink("loop", folder_.path("loop").c_str()), 0);
  EXPECT_THAT(lines(isolated().file(folder_.path("loop"))), HasSubstr("is a link to itself"));
  folder_.write("redis-databases.yaml", "service: a\n");
  folder_.write("redis-databases.json", "{}");
  EXPECT_THAT(lines(isolated().search({folder_.path()})), HasSubstr("redis-databases.json: is beside"));
  if (::geteuid() != 0) {  // root reads every file
    EXPECT_THAT(lines(isolated().file(folder_.write("closed.yaml", "service: a\n", 0))),
                HasSubstr("may not be read"));
  }
}

}  // namespace
}  // namespace redstart
