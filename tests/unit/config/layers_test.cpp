// SPDX-License-Identifier: Apache-2.0
// layers_test.cpp: higher layers win field by field.
#include "loading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace redstart {
namespace {

using namespace std::chrono_literals;
using test::explained;
using test::faults_of;
using test::isolated;
using test::lines_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;

class OwnCredentials : public CredentialsProvider {
 public:
  Credentials credentials() override { return {"ann", "pw"}; }
};

TEST(ConfigLayers, AreExplainedWithTheHighestThatSetsAKey) {
  const TemporaryFolder folder;
  const std::string file = folder.write("f.yaml", "defaults:\n  host: of-file\n");
  const auto registry = static_registry({{"redis", {{"of-registry", 7000}}}});
  const auto host = [](const RedisConfigLoader& loader) {
    return explained(loader.explain(), "main", "host");
  };

  RedisConfigLoader loader = isolated();
  EXPECT_EQ(host(loader).value, "localhost");
  EXPECT_EQ(host(loader).layer, "default");
  loader.file(file);
  EXPECT_EQ(host(loader).value, "of-file");
  EXPECT_EQ(host(loader).source, file + ":2:9 (defaults.host)");
  loader.registry(registry);
  EXPECT_EQ(host(loader).value, "of-registry");
  EXPECT_EQ(host(loader).layer, "service registry");
  EXPECT_EQ(host(loader).source, "static registry (redis)");
  loader.environment({{"REDIS_HOST", "of-environment"}});
  EXPECT_EQ(host(loader).value, "of-environment");
  EXPECT_EQ(host(loader).source, "REDIS_HOST");
  EXPECT_EQ(explained(loader.explain(), "main", "port").value, "7000") << "field by field";
  loader.set("host", "of-code");
  EXPECT_EQ(host(loader).value, "of-code");
  EXPECT_EQ(host(loader).source, "RedisConfigLoader::set(\"host\")");
  loader.code([](RedisConfig& config) { config.database("main").endpoint.host = "of-function"; });
  EXPECT_EQ(host(loader).value, "of-function");
  EXPECT_EQ(host(loader).layer, "code");
  EXPECT_EQ(loader.load().find("main")->endpoint.host, "of-function");
}

TEST(ConfigLayers, KeepTheLowerValueOfFieldsThatAHigherOneLeavesUnset) {
  const TemporaryFolder folder;
  const std::string file = folder.write("f.yaml",
                                        "defaults:\n"
                                        "  host: of-file\n"
                                        "  username: ann\n"
                                        "  timeouts: {connect: 1s, command: 2s}\n"
                                        "databases:\n"
                                        "  cache: {max_connections: 7, host: null}\n"
                                        "  search:\n");
  const RedisConfig config =
      isolated({{"REDIS_SOCKET_TIMEOUT", "3s"}}).file(file).set("cache", "min_idle", "2").load();
  for (const char* const name : {"main", "cache", "search"}) {
    SCOPED_TRACE(name);
    ASSERT_NE(config.find(name), nullptr);
    EXPECT_EQ(config.find(name)->endpoint.host, "of-file");
    EXPECT_EQ(config.find(name)->username, "ann");
    EXPECT_EQ(config.find(name)->timeouts.connect, 1s);
    EXPECT_EQ(config.find(name)->timeouts.command, 3s);
  }
  EXPECT_EQ(config.find("cache")->max_connections, 7U);
  EXPECT_EQ(config.find("cache")->min_idle, 2U);
  EXPECT_EQ(config.find("main")->max_connections, 50U);
  EXPECT_TRUE(config.find("main")->required);
  EXPECT_FALSE(config.find("cache")->required);
}

TEST(ConfigLayers, WinBeforeTheDatabaseDoes) {
  const TemporaryFolder folder;
  const std::string file =
      folder.write("f.yaml", "defaults: {host: a, port: 1}\ndatabases: {cache: {host: b, port: 2}}\n");
  const RedisConfig config = isolated({{"REDIS_HOST", "c"}}).file(file).load();
  EXPECT_EQ(to_string(config.find("cache")->endpoint), "c:2");
  EXPECT_EQ(to_string(config.find("main")->endpoint), "c:1");
}

TEST(ConfigLayers, DisplaceAlternativesOfLowerLayers) {
  const TemporaryFolder folder;
  const std::string file =
      folder.write("f.yaml", "defaults: {unix_path: /run/redis.sock, password_file: /does/not/exist}\n");
  const RedisConfig config = isolated({{"REDIS_HOST", "h"}, {"REDIS_PASSWORD", "pw"}}).file(file).load();
  EXPECT_EQ(to_string(config.find("main")->endpoint), "h:6379");
  EXPECT_EQ(config.find("main")->password.reveal(), "pw");
  const RedisConfig unix_socket = isolated({{"REDIS_URL", "redis+unix:///run/other.sock"}})
                                      .file(folder.write("g.yaml", "defaults: {host: h}"))
                                      .load();
  EXPECT_EQ(unix_socket.find("main")->endpoint.unix_path, "/run/other.sock");
}

TEST(ConfigLayers, ReplaceHostAndPortTogetherByAUrl) {
  const TemporaryFolder folder;
  const std::string file = folder.write("f.yaml", "defaults: {host: a, port: 7000}\n");
  const RedisConfig config = isolated({{"REDIS_URL", "redis://b"}}).file(file).load();
  EXPECT_EQ(to_string(config.find("main")->endpoint), "b:6379");
}

TEST(ConfigLayers, ReportUnknownKeysOfCode) {
  const auto faults = faults_of(isolated()
                                    .set("timeouts.conect", "1s")
                                    .set("cache", "service", "x")
                                    .set("topology", "cluster")
                                    .set("port", "0"));
  ASSERT_EQ(faults.size(), 4U);
  EXPECT_THAT(faults[0].remedy, HasSubstr("did you mean timeouts.connect?"));
  EXPECT_THAT(faults[1].what, HasSubstr("setting of the manager"));
  EXPECT_THAT(faults[2].what, HasSubstr("reserved"));
  EXPECT_EQ(faults[3].where, "RedisConfigLoader::set(\"port\")");
}

TEST(ConfigLayers, PassACredentialsProviderInCode) {
  const auto provider = std::make_shared<OwnCredentials>();
  const RedisConfig config =
      isolated({{"ENVIRONMENT", "production"}, {"REDIS_HOST", "h"}})
          .code([&](RedisConfig& changed) { changed.database("main").credentials = provider; })
          .load();
  EXPECT_EQ(config.find("main")->credentials, provider);
}

TEST(ConfigLayers, NamePlacesInFaultsOfSeveralFields) {
  const TemporaryFolder folder;
  const std::string file = folder.write("f.yaml",
                                        "defaults:\n"
                                        "  min_idle: 60\n"
                                        "databases:\n"
                                        "  cache:\n"
                                        "    reconnect: {initial: 2s, maximum: 1s}\n");
  const auto faults = faults_of(isolated({{"REDIS__JOBS__TLS__KEY_FILE", "/k"}}).file(file));
  const std::string lines = lines_of(faults);
  EXPECT_EQ(faults.size(), 3U) << lines;
  EXPECT_THAT(lines, HasSubstr(file + ":2:13 (defaults.min_idle): is 60, above max_connections"));
  EXPECT_THAT(lines, HasSubstr(file + ":5:26 (databases.cache.reconnect.initial): goes from"));
  EXPECT_THAT(lines, HasSubstr("REDIS__JOBS__TLS__KEY_FILE: has a key_file without"));
}

TEST(ConfigExplanation, ShowsEveryValueWithItsSourceAsTextAndJson) {
  const ConfigExplanation explanation = isolated({{"REDIS_URL", "rediss://ann:s3cret@h:7000/2"},
                                                  {"REDIS__CACHE__PASSWORD", "s3cret2"},
                                                  {"REDIS_DATA_DIR", "x"}})
                                            .explain();
  const std::string text = explanation.text();
  EXPECT_THAT(text, HasSubstr("database main"));
  EXPECT_THAT(text, HasSubstr("environment: REDIS_URL"));
  EXPECT_THAT(text, HasSubstr("password = (secret)"));
  EXPECT_THAT(text, HasSubstr("REDIS_DATA_DIR: is deprecated"));
  const std::string json = explanation.json();
  EXPECT_THAT(json, HasSubstr("\"REDIS__CACHE__PASSWORD\""));
  EXPECT_THAT(text + json, Not(HasSubstr("s3cret")));
  EXPECT_EQ(explained(explanation, "cache", "number").value, "1");
  EXPECT_EQ(explained(explanation, "main", "number").source, "REDIS_URL");
  EXPECT_EQ(explained(explanation, "main", "tls.enabled").value, "true");
  EXPECT_EQ(explained(explanation, "*", "host").value, "h");
}

TEST(ConfigExplanation, ShowsFaultsAndTheDefaultsOfTheirKeys) {
  const ConfigExplanation explanation = isolated({{"REDIS_PORT", "x"}}).explain();
  ASSERT_EQ(explanation.faults.size(), 1U);
  EXPECT_EQ(explained(explanation, "main", "port").value, "6379");
  EXPECT_THAT(explanation.text(), HasSubstr("faults\n  REDIS_PORT: is not a whole number"));
}

TEST(ConfigProduction, DemandsAnExplicitHostAndARealCredential) {
  const auto lines = [](Environment variables) {
    variables.emplace_back("ENVIRONMENT", "Production");
    return lines_of(faults_of(isolated(std::move(variables))));
  };
  EXPECT_THAT(lines({}), HasSubstr("no explicit host"));
  EXPECT_THAT(lines({}), HasSubstr("no credential"));
  EXPECT_EQ(lines({{"REDIS_HOST", "localhost"}, {"REDIS_PASSWORD", "Tr0ub4dor"}}), "");
  EXPECT_EQ(lines({{"REDIS_URL", "redis://:Tr0ub4dor@h"}}), "");
  for (const char* const placeholder : {"changeme", "CHANGE_ME_please", "<password>", "${REDIS_PASSWORD}",
                                        "password", "xxxxxxxx", "your-password-here", "foobared"}) {
    const std::string text = lines({{"REDIS_HOST", "h"}, {"REDIS_PASSWORD", placeholder}});
    EXPECT_THAT(text, HasSubstr("REDIS_PASSWORD: has a placeholder"));
    EXPECT_THAT(text, Not(HasSubstr(std::string(placeholder) + " ")));
  }
  EXPECT_THAT(lines({{"REDIS_HOST", "redis://bad"}, {"REDIS_PASSWORD", "Tr0ub4dor"}}),
              Not(HasSubstr("explicit")));
}

TEST(ConfigProduction, DemandsNothingElsewhere) {
  for (const char* const name : {"development", "staging", "qa", ""})
    EXPECT_EQ(lines_of(faults_of(isolated({{"ENVIRONMENT", name}}))), "") << name;
}

}  // namespace
}  // namespace redstart
