// SPDX-License-Identifier: Apache-2.0
// redis_config_test.cpp: databases by name, and validation of configurations.
#include <redstart/config/redis_config.hpp>
#include <redstart/config/redis_database.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace redstart {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(RedisConfig, MakesADatabaseFromTheDefaultsAndTheNumberOfItsName) {
  RedisConfig config;
  config.defaults.endpoint.host = "h";
  config.defaults.max_connections = 3;
  EXPECT_EQ(config.database("cache").number, 1);
  EXPECT_EQ(config.database("db15").number, 15);
  EXPECT_EQ(config.database("main").number, std::nullopt);
  EXPECT_EQ(config.database("my-own").number, std::nullopt);
  EXPECT_EQ(config.database("cache").endpoint.host, "h");
  EXPECT_EQ(config.database("cache").max_connections, 3U);
  EXPECT_EQ(config.databases.size(), 4U);
}

TEST(RedisConfig, ReturnsTheExistingDatabase) {
  RedisConfig config;
  config.database("cache").max_connections = 9;
  EXPECT_EQ(config.database("cache").max_connections, 9U);
  ASSERT_NE(config.find("cache"), nullptr);
  EXPECT_EQ(config.find("cache")->max_connections, 9U);
  EXPECT_EQ(config.find("sessions"), nullptr) << "find() makes none";
}

TEST(RedisConfig, AppliesADefaultNumberToMainAndUnknownNames) {
  RedisConfig config;
  config.defaults.number = 7;
  EXPECT_EQ(config.database("main").number, 7);
  EXPECT_EQ(config.database("cache").number, 1);
  EXPECT_EQ(config.database("my-own").number, 7);
}

TEST(RedisConfig, KeepsNumberZeroApartFromNone) {
  RedisConfig config;
  config.defaults.number = 0;
  EXPECT_EQ(config.database("main").number, 0);
  EXPECT_EQ(config.database("my-own").number, 0);
  EXPECT_TRUE(validate(config).empty());
}

TEST(RedisConfig, RequiresOnlyMainByDefault) {
  RedisConfig config;
  EXPECT_TRUE(config.database("main").required);
  EXPECT_FALSE(config.database("cache").required);
}

TEST(RedisDatabase, HasANameForEachNumber) {
  for (std::size_t i = 0; i < database_names.size(); ++i) {
    EXPECT_EQ(default_number(database_names[i]), static_cast<int>(i));
    EXPECT_EQ(to_string(static_cast<RedisDatabase>(i)), database_names[i]);
  }
  EXPECT_EQ(default_number("nothing"), std::nullopt);
  EXPECT_EQ(default_number(""), std::nullopt);
}

class Nobody final : public CredentialsProvider {
 public:
  Credentials credentials() override { return {}; }
};

struct Case {
  const char* where;
  std::function<void(RedisConfig&)> breakage;
};

TEST(Validation, NamesTheFieldOfEachFault) {
  const auto main = [](auto change) {
    return [change](RedisConfig& config) { change(config.database("main")); };
  };
  const Case cases[] = {
      {"endpoint.host", main([](DatabaseConfig& c) { c.endpoint.host = ""; })},
      {"endpoint.host", main([](DatabaseConfig& c) { c.endpoint.host = "a b"; })},
      {"endpoint.host", main([](DatabaseConfig& c) { c.endpoint.host = std::string("a\0b", 3); })},
      {"endpoint.host", main([](DatabaseConfig& c) { c.endpoint.host = "[::1]"; })},
      {"endpoint.host", main([](DatabaseConfig& c) { c.endpoint.host = "[::1]:6379"; })},
      {"endpoint.host", main([](DatabaseConfig& c) { c.endpoint.host = "h:6379"; })},
      {"endpoint.host", main([](DatabaseConfig& c) { c.endpoint.host = "a:b:c"; })},
      {"endpoint.host", main([](DatabaseConfig& c) { c.endpoint.host = "redis://h"; })},
      {"endpoint.host", main([](DatabaseConfig& c) { c.endpoint.host = "ann:pw@h"; })},
      {"endpoint.host", main([](DatabaseConfig& c) { c.endpoint.host = "h/3"; })},
      {"endpoint.host", main([](DatabaseConfig& c) { c.endpoint.host = "h\n"; })},
      {"endpoint.port", main([](DatabaseConfig& c) { c.endpoint.port = 0; })},
      {"endpoint.unix_path", main([](DatabaseConfig& c) { c.endpoint.unix_path = std::string(108, 'x'); })},
      {"endpoint.unix_path", main([](DatabaseConfig& c) { c.endpoint.unix_path = "/run/s\n"; })},
      {"endpoint.unix_path",
       main([](DatabaseConfig& c) { c.endpoint.unix_path = std::string("/run/s\0x", 8); })},
      {"limits.depth", main([](DatabaseConfig& c) { c.limits.depth = 0; })},
      {"limits.line", main([](DatabaseConfig& c) { c.limits.line = 0; })},
      {"limits.bulk", main([](DatabaseConfig& c) { c.limits.bulk = 0; })},
      {"limits.elements", main([](DatabaseConfig& c) { c.limits.elements = 0; })},
      {"limits.push", main([](DatabaseConfig& c) { c.limits.push = 0; })},
      {"limits.reply", main([](DatabaseConfig& c) { c.limits.reply = 0; })},
      {"tls.ca_file", main([](DatabaseConfig& c) { c.tls.ca_file = "ca.pem\n"; })},
      {"tls.ca_directory", main([](DatabaseConfig& c) { c.tls.ca_directory = "\x1b[2J"; })},
      {"tls.certificate_file", main([](DatabaseConfig& c) {
         c.tls.certificate_file = std::string("a\0b", 3);
         c.tls.key_file = "k";
       })},
      {"tls.key_file", main([](DatabaseConfig& c) {
         c.tls.certificate_file = "c";
         c.tls.key_file = "k\r";
       })},
      {"username", main([](DatabaseConfig& c) {
         c.username = "ann\n";
         c.password = "pw";
       })},
      {"number", main([](DatabaseConfig& c) { c.number = -1; })},
      {"max_connections", main([](DatabaseConfig& c) { c.max_connections = 0; })},
      {"max_connections", main([](DatabaseConfig& c) { c.max_connections = 10'001; })},
      {"shared_connections", main([](DatabaseConfig& c) { c.shared_connections = 0; })},
      {"shared_connections", main([](DatabaseConfig& c) { c.shared_connections = 17; })},
      {"direct_limit", main([](DatabaseConfig& c) { c.direct_limit = 10'001; })},
      {"max_pending", main([](DatabaseConfig& c) { c.max_pending = 0; })},
      {"max_pending", main([](DatabaseConfig& c) { c.max_pending = 100'000'001; })},
      {"max_pending_bytes", main([](DatabaseConfig& c) { c.max_pending_bytes = 1023; })},
      {"io_threads", [](RedisConfig& c) { c.io_threads = 0; }},
      {"io_threads", [](RedisConfig& c) { c.io_threads = 65; }},
      {"min_idle", main([](DatabaseConfig& c) { c.min_idle = 51; })},
      {"idle_timeout", main([](DatabaseConfig& c) { c.idle_timeout = -1ms; })},
      {"max_lifetime", main([](DatabaseConfig& c) { c.max_lifetime = -1ms; })},
      {"check_after_idle", main([](DatabaseConfig& c) { c.check_after_idle = -1ms; })},
      {"lease_warning", main([](DatabaseConfig& c) { c.lease_warning = -1ms; })},
      {"slow_command", main([](DatabaseConfig& c) { c.slow_command = -1ms; })},
      {"startup.backoff", main([](DatabaseConfig& c) { c.startup.backoff.initial = 0ms; })},
      {"reconnect", main([](DatabaseConfig& c) { c.reconnect.maximum = 49ms; })},
      {"reconnect", main([](DatabaseConfig& c) { c.reconnect.maximum = 24h + 1ms; })},
      {"breaker.recovery", main([](DatabaseConfig& c) { c.breaker.recovery.factor = 0.5; })},
      {"breaker.consecutive_failures", main([](DatabaseConfig& c) { c.breaker.consecutive_failures = 0; })},
      {"breaker.minimum_calls", main([](DatabaseConfig& c) { c.breaker.minimum_calls = 0; })},
      {"breaker.probes", main([](DatabaseConfig& c) { c.breaker.probes = 0; })},
      {"breaker.failure_share", main([](DatabaseConfig& c) { c.breaker.failure_share = 1.5; })},
      {"retry.attempts", main([](DatabaseConfig& c) { c.retry.attempts = 0; })},
      {"retry.backoff", main([](DatabaseConfig& c) { c.retry.backoff.factor = std::nan(""); })},
      {"retry_budget.share", main([](DatabaseConfig& c) { c.retry_budget.share = -0.1; })},
      {"retry_budget.trickle", main([](DatabaseConfig& c) { c.retry_budget.trickle = -1; })},
      {"retry_budget.capacity", main([](DatabaseConfig& c) { c.retry_budget.capacity = 0.5; })},
      {"tls", main([](DatabaseConfig& c) { c.tls.certificate_file = "client.pem"; })},
      {"tls", main([](DatabaseConfig& c) { c.tls.key_file = "client.key"; })},
      {"tls.server_name", main([](DatabaseConfig& c) { c.tls.server_name = "a b"; })},
      {"tls.enabled", main([](DatabaseConfig& c) {
         c.tls.enabled = true;
         c.endpoint.unix_path = "/run/redis.sock";
       })},
      {"credentials", main([](DatabaseConfig& c) {
         c.credentials = std::make_shared<Nobody>();
         c.password = Secret("the other way");
       })},
      {"timeouts.connect", main([](DatabaseConfig& c) { c.timeouts.connect = 0ms; })},
      {"timeouts.connect", main([](DatabaseConfig& c) { c.timeouts.connect = 24h + 1ms; })},
      {"timeouts.command", main([](DatabaseConfig& c) { c.timeouts.command = -5ms; })},
      {"timeouts.acquire", main([](DatabaseConfig& c) { c.timeouts.acquire = 0ms; })},
      {"timeouts.health", main([](DatabaseConfig& c) { c.timeouts.health = 0ms; })},
      {"timeouts.silence", main([](DatabaseConfig& c) { c.timeouts.silence = 9ms; })},
      {"timeouts.silence", main([](DatabaseConfig& c) { c.timeouts.silence = 24h + 1ms; })},
      {"keepalive", main([](DatabaseConfig& c) { c.keepalive.idle = -1s; })},
      {"keepalive", main([](DatabaseConfig& c) { c.keepalive.interval = 0s; })},
      {"keepalive", main([](DatabaseConfig& c) { c.keepalive.count = 0; })},
      {"protocol", main([](DatabaseConfig& c) {
         c.handshake = Handshake::minimal;
         c.protocol = Protocol::resp3;
       })},
      {"client_name", main([](DatabaseConfig& c) {
         c.handshake = Handshake::minimal;
         c.client_name = "me";
       })},
      {"client_name", main([](DatabaseConfig& c) { c.client_name = "a b"; })},
      {"client_name", main([](DatabaseConfig& c) { c.client_name = "a\nb"; })},
      {"client_name", main([](DatabaseConfig& c) { c.client_name = "\xc3\xbc"; })},
      {"start_timeout", [](RedisConfig& c) { c.start_timeout = -1ms; }},
      {"cleanup_interval", [](RedisConfig& c) { c.cleanup_interval = -1ms; }},
      {"metrics_interval", [](RedisConfig& c) { c.metrics_interval = -1ms; }},
      {"databases", [](RedisConfig& c) { c.database(""); }},
      {"databases", [](RedisConfig& c) { c.databases = {{"x", {}}, {"x", {}}}; }},
      {"service", [](RedisConfig& c) { c.service = "my service"; }},
      {"my cache", [](RedisConfig& c) { c.database("my cache"); }},
      {"databases[1]", [](RedisConfig& c) { c.database("\x1b[2Jname"); }},
      {"databases[1]", [](RedisConfig& c) { c.database(std::string_view("a\0b", 3)).client_name = "c"; }},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.where);
    RedisConfig config;
    config.database("main");
    each.breakage(config);
    const auto faults = validate(config);
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_THAT(faults[0].where + " " + faults[0].what, HasSubstr(each.where));
    EXPECT_FALSE(faults[0].remedy.empty());
    for (const char c : std::string(ConfigError(faults).what())) EXPECT_TRUE(c >= ' ' || c == '\n') << int{c};
  }
}

TEST(Validation, AcceptsHostsOfEachKind) {
  for (const char* const host : {"localhost", "redis.internal", "redis_1", "a.example.", "10.1.2.3", "::1",
                                 "2001:db8::7", "fe80::1%eth0", "::ffff:10.1.2.3", "xn--bcher-kva.example"}) {
    RedisConfig config;
    config.defaults.endpoint.host = host;
    EXPECT_TRUE(validate(config).empty()) << host;
  }
}

// None wraps: the longest durations are accepted, or rejected with the name of the field.
TEST(Validation, AcceptsTheLongestDurationsOrNamesTheField) {
  RedisConfig config;
  DatabaseConfig& main = config.database("main");
  main.idle_timeout = main.max_lifetime = main.check_after_idle = main.lease_warning =
      std::chrono::milliseconds::max();
  main.keepalive.idle = main.keepalive.interval = std::chrono::seconds::max();
  config.start_timeout = config.cleanup_interval = config.metrics_interval = std::chrono::milliseconds::max();
  EXPECT_TRUE(validate(config).empty());
  const std::pair<const char*, std::chrono::milliseconds*> ranged[] = {
      {"timeouts.connect", &main.timeouts.connect},
      {"timeouts.command", &main.timeouts.command},
      {"timeouts.acquire", &main.timeouts.acquire},
      {"timeouts.health", &main.timeouts.health},
      {"timeouts.silence", &main.timeouts.silence.emplace(1s)},
      {"startup.backoff", &main.startup.backoff.maximum},
      {"reconnect", &main.reconnect.maximum},
      {"breaker.recovery", &main.breaker.recovery.maximum},
      {"retry.backoff", &main.retry.backoff.maximum}};
  for (const auto& [field, value] : ranged) {
    for (const auto extreme : {std::chrono::milliseconds::max(), std::chrono::milliseconds::min()}) {
      const auto before = std::exchange(*value, extreme);
      const auto faults = validate(config);
      ASSERT_EQ(faults.size(), 1U) << field;
      EXPECT_THAT(faults[0].where, ::testing::EndsWith(field));
      *value = before;
    }
  }
}

// The silence may be shorter or longer than every other limit.
TEST(Validation, AcceptsSilenceFrom10MillisecondsTo24Hours) {
  RedisConfig config;
  DatabaseConfig& main = config.database("main");
  EXPECT_FALSE(main.timeouts.silence.has_value());
  for (const auto value : {10ms, 60'000ms, 86'400'000ms}) {
    main.timeouts.silence = value;
    EXPECT_TRUE(validate(config).empty()) << value.count();
  }
}

TEST(Validation, FindsAllFaultsAndNamesTheirDatabases) {
  RedisConfig config;
  config.database("main").endpoint.port = 0;
  config.database("cache").number = -1;
  config.database("cache").timeouts.command = 0ms;
  const auto faults = validate(config);
  ASSERT_EQ(faults.size(), 3U);
  EXPECT_EQ(faults[0].where, "databases[\"main\"].endpoint.port");
  EXPECT_THAT(faults[1].where, HasSubstr("cache"));
  EXPECT_THAT(faults[2].where, HasSubstr("cache"));
}

TEST(Validation, AcceptsTheDefaultsAndTheEndsOfEveryRange) {
  RedisConfig config;
  EXPECT_TRUE(validate(config).empty());
  DatabaseConfig& edge = config.database("main");
  edge.endpoint.port = 65535;
  edge.endpoint.unix_path = std::string(107, 'x');
  edge.max_connections = 10'000;
  edge.min_idle = 10'000;
  edge.shared_connections = 16;
  edge.direct_limit = 0;
  edge.max_pending = 1;
  edge.max_pending_bytes = 1024;
  config.io_threads = 64;
  edge.idle_timeout = 0ms;
  edge.timeouts = {1ms, 24h, 1ms};
  edge.keepalive = {0s, 1s, 1};
  edge.username = "ann";
  edge.password = "pw";
  config.start_timeout = 0ms;
  config.cleanup_interval = 0ms;
  EXPECT_TRUE(validate(config).empty());
}

TEST(Validation, AcceptsAUserWithoutPassword) {
  RedisConfig config;
  config.database("main").username = "free";
  EXPECT_TRUE(validate(config).empty());
}

TEST(Validation, NeverShowsAPassword) {
  RedisConfig config;
  DatabaseConfig& main = config.database("main");
  main.password = "s3cret";
  main.endpoint.port = 0;
  main.client_name = "a b";
  main.number = -1;
  EXPECT_THAT(ConfigError(validate(config)).what(), ::testing::Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace redstart
