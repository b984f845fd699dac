// SPDX-License-Identifier: Apache-2.0
// secret_file_test.cpp: passwords in files, and who may write those.
#include "config/file.hpp"

#include "loading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>
#include <memory>
#include <stdexcept>
#include <string>

namespace redstart {
namespace {

using test::explained;
using test::faults_of;
using test::isolated;
using test::lines_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(SecretFile, IsReadWithoutTheLineBreakAtItsEnd) {
  const TemporaryFolder folder;
  const std::pair<std::string, std::string> rows[] = {{"s3cret\n", "s3cret"},
                                                      {"s3cret\r\n", "s3cret"},
                                                      {"s3cret", "s3cret"},
                                                      {"a\nb\n\n", "a\nb\n"},
                                                      {" s ", " s "}};
  for (const auto& [content, secret] : rows) {
    const std::string path = folder.write("secret", content);
    const RedisConfig config = isolated({{"REDIS_PASSWORD_FILE", path}}).load();
    EXPECT_EQ(config.find("main")->password.reveal(), secret);
    EXPECT_TRUE(config.notices.empty());
  }
  const RedisConfig keyed =
      isolated({{"REDIS__CACHE__TLS__KEY_PASSWORD_FILE", folder.write("key", "pw\n")}}).load();
  EXPECT_EQ(keyed.find("cache")->tls.key_password.reveal(), "pw");
}

TEST(SecretFile, IsFoundThroughLinksAsKubernetesMountsThem) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkdir(folder.path("..data").c_str(), 0755), 0);
  folder.write("..data/password", "s3cret");
  ASSERT_EQ(::symlink("..data/password", folder.path("password").c_str()), 0);
  EXPECT_EQ(
      isolated({{"REDIS_PASSWORD_FILE", folder.path("password")}}).load().find("main")->password.reveal(),
      "s3cret");
}

TEST(SecretFile, IsRefusedWhenOthersMayWriteIt) {
  const TemporaryFolder folder;
  for (const mode_t mode : {0620U, 0602U, 0666U}) {
    const std::string path = folder.write("secret", "s3cret", mode);
    const auto faults = faults_of(isolated({{"REDIS_PASSWORD_FILE", path}}));
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].where, "REDIS_PASSWORD_FILE");
    EXPECT_THAT(faults[0].what, HasSubstr("may be written by other users"));
    EXPECT_EQ(faults[0].remedy, "chmod go-w");
  }
}

TEST(SecretFile, IsReportedWhenEveryUserMayReadIt) {
  const TemporaryFolder folder;
  const RedisConfig config =
      isolated({{"REDIS_PASSWORD_FILE", folder.write("secret", "s3cret", 0644)}}).load();
  EXPECT_EQ(config.find("main")->password.reveal(), "s3cret");
  ASSERT_EQ(config.notices.size(), 1U);
  EXPECT_THAT(config.notices[0].what, HasSubstr("may be read by every user"));
}

TEST(SecretFile, BelongsToRootOrToTheUser) {
  EXPECT_FALSE(detail::fault_of_owner(0, 0400, 1000).has_value());
  EXPECT_FALSE(detail::fault_of_owner(1000, 0400, 1000).has_value());
  EXPECT_TRUE(detail::fault_of_owner(1001, 0400, 1000).has_value());
  EXPECT_TRUE(detail::fault_of_owner(1001, 0400, 0).has_value());
  EXPECT_TRUE(detail::fault_of_owner(0, 0420, 1000).has_value());
  EXPECT_FALSE(detail::fault_of_owner(0, 0444, 1000).has_value());
}

TEST(SecretFile, IsAFaultWhenItHasNoSecret) {
  const TemporaryFolder folder;
  const auto lines = [](const std::string& path) {
    return lines_of(faults_of(isolated({{"REDIS_PASSWORD_FILE", path}})));
  };
  EXPECT_THAT(lines(folder.path("none")), HasSubstr("REDIS_PASSWORD_FILE: names a file that does not exist"));
  EXPECT_THAT(lines(folder.path()), HasSubstr("is a directory"));
  EXPECT_THAT(lines(folder.write("empty", "\n")), HasSubstr("is empty"));
  EXPECT_THAT(lines(folder.write("long", std::string(70'000, 'x'))), HasSubstr("longer than"));
}

TEST(SecretFile, IsExplainedAsSourceOfThePassword) {
  const TemporaryFolder folder;
  const ConfigExplanation explanation =
      isolated({{"REDIS_PASSWORD_FILE", folder.write("secret", "s3cret\n")}}).explain();
  EXPECT_EQ(explained(explanation, "main", "password").value, "(secret)");
  EXPECT_EQ(explained(explanation, "main", "password").source, "REDIS_PASSWORD_FILE");
  EXPECT_EQ(explained(explanation, "main", "password_file").value, folder.path("secret"));
  EXPECT_THAT(explanation.text() + explanation.json(), Not(HasSubstr("s3cret")));
}

TEST(ServiceRegistry, ResolvesTheServiceOfADatabase) {
  const auto registry = static_registry({{"redis", {{"a", 1}}},
                                         {"redis-cache", {{"b", 2}, {"c", 3}}},
                                         {"local", {{"", 0, "/run/redis.sock"}}}});
  RedisConfigLoader loader = isolated({{"REDIS__JOBS__SERVICE_NAME", "local"}});
  loader.registry(registry).set("cache", "service_name", "redis-cache");
  const RedisConfig config = loader.load();
  EXPECT_EQ(to_string(config.find("main")->endpoint), "a:1");
  EXPECT_EQ(to_string(config.find("cache")->endpoint), "b:2");
  EXPECT_EQ(to_string(config.find("jobs")->endpoint), "/run/redis.sock");
}

TEST(ServiceRegistry, IsAFaultForAnUnknownServiceAndWithoutARegistry) {
  EXPECT_THAT(lines_of(faults_of(isolated().registry(static_registry({})).set("service_name", "nobody"))),
              HasSubstr("not in the static registry"));
  EXPECT_EQ(lines_of(faults_of(isolated().registry(static_registry({})))), "");
  EXPECT_THAT(lines_of(faults_of(isolated().set("service_name", "redis"))),
              HasSubstr("there is no registry"));
}

TEST(ServiceRegistry, IsAFaultIfItThrows) {
  class Throwing final : public ServiceRegistry {
   public:
    explicit Throwing(bool standard) : standard_(standard) {}
    [[nodiscard]] std::vector<Endpoint> resolve(std::string_view) const override {
      if (standard_) throw std::runtime_error("no route");
      throw 7;
    }
    [[nodiscard]] std::string description() const override { return "my registry"; }

   private:
    bool standard_;
  };
  for (const bool standard : {true, false}) {
    const auto faults = faults_of(isolated().registry(std::make_shared<Throwing>(standard)));
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].where, "my registry");
    EXPECT_THAT(faults[0].what, HasSubstr(standard ? "failed: no route" : "no std::exception"));
  }
}

TEST(ServiceRegistry, ReadsVariablesOfKubernetes) {
  const std::pair<Environment, std::string> rows[] = {
      {{{"MY_REDIS_SERVICE_HOST", "10.0.0.1"}, {"MY_REDIS_SERVICE_PORT", "7000"}}, "10.0.0.1:7000"},
      {{{"MY_REDIS_SERVICE_HOST", "10.0.0.1"}}, "10.0.0.1:6379"},
      {{{"MY_REDIS_SERVICE_HOST", "10.0.0.1"}, {"MY_REDIS_SERVICE_PORT", "tcp://10.0.0.9:7001"}},
       "10.0.0.1:7001"},
      {{{"MY_REDIS_SERVICE_PORT", "tcp://10.0.0.9:7001"}}, "10.0.0.9:7001"},
      {{{"MY_REDIS_SERVICE_HOST", "fd00::1"}, {"MY_REDIS_SERVICE_PORT", "tcp://[fd00::1]:7001"}},
       "[fd00::1]:7001"},
  };
  for (const auto& [variables, endpoint] : rows) {
    const auto found = kubernetes_registry(variables)->resolve("my-redis");
    ASSERT_EQ(found.size(), 1U) << endpoint;
    EXPECT_EQ(to_string(found[0]), endpoint);
  }
  EXPECT_TRUE(kubernetes_registry({})->resolve("my-redis").empty());
  EXPECT_THROW(static_cast<void>(
                   kubernetes_registry({{"R_SERVICE_HOST", "h"}, {"R_SERVICE_PORT", "x"}})->resolve("r")),
               ConfigError);
  const RedisConfig config = isolated({{"REDIS__REGISTRY__KUBERNETES", "true"},
                                       {"REDIS_SERVICE_HOST", "10.0.0.1"},
                                       {"REDIS_SERVICE_PORT", "7000"},
                                       {"REDIS_PORT", "tcp://10.0.0.1:7000"}})
                                 .load();
  EXPECT_EQ(to_string(config.find("main")->endpoint), "10.0.0.1:7000");
}

TEST(ServiceRegistry, ReadsAJsonFile) {
  const TemporaryFolder folder;
  const std::string path = folder.write(
      "s.json",
      R"({"redis": "a:1", "cache": {"host": "b"}, "jobs": ["[::1]:2", {"host": "d", "port": 3}], "x": 1})");
  const auto registry = file_registry(path);
  EXPECT_EQ(to_string(registry->resolve("redis").at(0)), "a:1");
  EXPECT_EQ(to_string(registry->resolve("cache").at(0)), "b:6379");
  EXPECT_EQ(to_string(registry->resolve("jobs").at(0)), "[::1]:2");
  EXPECT_EQ(to_string(registry->resolve("jobs").at(1)), "d:3");
  EXPECT_TRUE(registry->resolve("nobody").empty());
  EXPECT_THROW(static_cast<void>(registry->resolve("x")), ConfigError);
  EXPECT_EQ(to_string(isolated({{"REDIS__REGISTRY__FILE", path}}).load().find("main")->endpoint), "a:1");
  for (const std::string_view broken :
       {"", "[]", "{", "{\"redis\": \"a:b\"}", "{\"redis\": {\"host\": \"a:b\"}}"}) {
    const auto faults = faults_of(isolated({{"REDIS__REGISTRY__FILE", folder.write("b.json", broken)}}));
    ASSERT_EQ(faults.size(), 1U) << broken;
    EXPECT_EQ(faults[0].where, folder.path("b.json"));
  }
  const std::string deep = "{\"redis\":" + std::string(100'000, '[');
  EXPECT_EQ(faults_of(isolated({{"REDIS__REGISTRY__FILE", folder.write("d.json", deep)}})).size(), 1U);
}

}  // namespace
}  // namespace redstart
