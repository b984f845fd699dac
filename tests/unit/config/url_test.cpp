// SPDX-License-Identifier: Apache-2.0
// url_test.cpp: accepted URLs, their meaning, and faults without secrets.
#include <redstart/config/loader.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string text_of(const std::vector<ConfigFault>& faults) {
  std::string text;
  for (const ConfigFault& fault : faults)
    text += fault.where + ": " + fault.what + "; " + fault.remedy + "\n";
  return text;
}

struct Good {
  std::string_view url;
  std::string_view host;
  std::uint16_t port;
  std::string_view user;
  std::string_view password;
  std::optional<int> number;
};

constexpr auto none = std::nullopt;

constexpr Good good[] = {
    {"redis://", "localhost", 6379, "", "", none},
    {"redis://example.com", "example.com", 6379, "", "", none},
    {"redis://example.com/", "example.com", 6379, "", "", none},
    {"redis://example.com:7000", "example.com", 7000, "", "", none},
    {"redis://example.com:1", "example.com", 1, "", "", none},
    {"redis://example.com:65535/15", "example.com", 65535, "", "", 15},
    {"redis:///3", "localhost", 6379, "", "", 3},
    {"redis://:7000/3", "localhost", 7000, "", "", 3},
    {"redis://10.1.2.3:6380/0", "10.1.2.3", 6380, "", "", 0},
    {"redis://[::1]", "::1", 6379, "", "", none},
    {"redis://[2001:db8::7]:7000/2", "2001:db8::7", 7000, "", "", 2},
    {"redis://[fe80::1%25eth0]:7000", "fe80::1%eth0", 7000, "", "", none},
    {"redis://ann:pass@h", "h", 6379, "ann", "pass", none},
    {"redis://:pass@h:7000/1", "h", 7000, "", "pass", 1},
    {"redis://ann:pa:ss@h", "h", 6379, "ann", "pa:ss", none},
    {"redis://ann:p%40%2F%3F%23%3A%25@h", "h", 6379, "ann", "p@/?#:%", none},
    {"redis://a%3Ann:x@h", "h", 6379, "a:nn", "x", none},
    {"redis://ann:p@ss@h:7000", "h", 7000, "ann", "p@ss", none},
    {"redis://ann:%c3%bc%C3%BC@h", "h", 6379, "ann", "\xc3\xbc\xc3\xbc", none},
    {"redis://:%00%0d%0a@h", "h", 6379, "", std::string_view("\0\r\n", 3), none},
    {"redis://ann:pass@[::1]:7000/4", "::1", 7000, "ann", "pass", 4},
    {"redis://h:", "h", 6379, "", "", none},
    {"redis://h:/3", "h", 6379, "", "", 3},
    {"redis://ann:pass@[::1]:/4", "::1", 6379, "ann", "pass", 4},
    {"redis://[::ffff:10.1.2.3]", "::ffff:10.1.2.3", 6379, "", "", none},
    {"REDIS://Example.com", "Example.com", 6379, "", "", none},
    {"valkey://ann:pass@h:7000/1", "h", 7000, "ann", "pass", 1},
    {"Valkey://h", "h", 6379, "", "", none},
};

TEST(RedisUrl, SetsEndpointCredentialsAndNumber) {
  for (const Good& row : good) {
    SCOPED_TRACE(row.url);
    DatabaseConfig config;
    EXPECT_EQ(text_of(apply_url(row.url, "REDIS_URL", config)), "");
    EXPECT_EQ(config.endpoint.host, row.host);
    EXPECT_EQ(config.endpoint.port, row.port);
    EXPECT_FALSE(config.endpoint.is_unix());
    EXPECT_EQ(config.username, row.user);
    EXPECT_EQ(config.password.reveal(), row.password);
    EXPECT_EQ(config.number, row.number);
  }
}

TEST(RedisUrl, SetsAUnixSocket) {
  struct Row {
    std::string_view url, path, user, password;
    std::optional<int> number;
  };
  constexpr Row rows[] = {
      {"redis+unix:///run/redis.sock", "/run/redis.sock", "", "", none},
      {"unix:///run/redis.sock?db=3", "/run/redis.sock", "", "", 3},
      {"redis+unix://ann:p%2Fw@/run/redis.sock?db=0", "/run/redis.sock", "ann", "p/w", 0},
      {"redis+unix://:pw@/run/redis.sock", "/run/redis.sock", "", "pw", none},
      {"redis+unix:///run/my%20socket", "/run/my socket", "", "", none},
      {"redis+unix:///run/a@b", "/run/a@b", "", "", none},
      {"valkey+unix:///run/valkey.sock?db=1", "/run/valkey.sock", "", "", 1},
      {"UNIX:///run/redis.sock", "/run/redis.sock", "", "", none},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.url);
    DatabaseConfig config;
    EXPECT_EQ(text_of(apply_url(row.url, "REDIS_URL", config)), "");
    EXPECT_EQ(config.endpoint.unix_path, row.path);
    EXPECT_EQ(config.username, row.user);
    EXPECT_EQ(config.password.reveal(), row.password);
    EXPECT_EQ(config.number, row.number);
  }
}

TEST(RedisUrl, WithATcpEndpointClearsTheUnixSocket) {
  DatabaseConfig config;
  config.endpoint.unix_path = "/run/redis.sock";
  EXPECT_THAT(apply_url("redis://h", "REDIS_URL", config), IsEmpty());
  EXPECT_EQ(to_string(config.endpoint), "h:6379");
}

TEST(RedisUrl, KeepsSettingsThatItDoesNotName) {
  DatabaseConfig config;
  config.username = "ann";
  config.password = "pw";
  config.number = 4;
  config.max_connections = 7;
  EXPECT_THAT(apply_url("redis://other:7000", "REDIS_URL", config), IsEmpty());
  EXPECT_EQ(config.username, "ann");
  EXPECT_EQ(config.password.reveal(), "pw");
  EXPECT_EQ(config.number, 4);
  EXPECT_EQ(config.max_connections, 7U);
}

struct Bad {
  std::string_view url;
  std::string_view what;
};

constexpr Bad bad[] = {
    {"localhost:6379", "is not a URL"},
    {"redis:localhost", "is not a URL"},
    {"http://localhost", "unknown scheme"},
    {"://localhost", "unknown scheme"},
    {"rediss://localhost?tls_verify=no", "tls_verify"},
    {"rediss://localhost?tls_minimum=1.1", "tls_minimum"},
    {"rediss://localhost?tls_key=", "empty or invalid"},
    {"rediss://localhost?db=1", "unknown option"},
    {"redis://localhost?tls_verify=full", "unknown option"},
    {"redis://local host", "space or a control character"},
    {"redis://local\nhost", "space or a control character"},
    {"redis://h\x7f", "space or a control character"},
    {"redis://h:0", "port"},
    {"redis://h:65536", "port"},
    {"redis://h:99999999999999999999", "port"},
    {"redis://h:-1", "port"},
    {"redis://h:+1", "port"},
    {"redis://h:0x10", "port"},
    {"redis://h:63 79", "space"},
    {"redis://h:6379x", "port"},
    {"redis://::1", "more than one ':'"},
    {"redis://[::1", "no ']'"},
    {"redis://[::1]6379", "after the ']'"},
    {"redis://h%2", "percent-encoding"},
    {"redis://h%zz", "percent-encoding"},
    {"redis://ann:pa%ss@h", "percent-encoding"},
    {"redis://an%n:pass@h", "percent-encoding"},
    {"redis://ann@h", "no password"},
    {"redis://h/x", "database"},
    {"redis://h/-1", "database"},
    {"redis://h/-0", "database"},
    {"redis://h/+1", "database"},
    {"redis://h/2147483648", "database"},
    {"redis://h/1/2", "database"},
    {"redis://h/99999999999", "database"},
    {"redis://h/1?db=2", "unknown option"},
    {"redis://h?timeout=1", "unknown option"},
    {"redis://h#1", "fragment"},
    {"redis+unix://", "no socket path"},
    {"redis+unix://run", "no socket path"},
    {"redis+unix://host/run/redis.sock", "host before the path"},
    {"redis+unix:///run%", "invalid path"},
    {"redis+unix:///run%00/x", "invalid path"},
    {"redis+unix:///run/redis.sock?db=x", "database"},
    {"redis+unix:///run/redis.sock?db", "the option db without a value"},
    {"redis+unix:///run/redis.sock?db=1&x=2", "unknown option"},
    {"redis+unix:///run/redis.sock?db=1&db=2", "the option db twice"},
    {"redis+unix:///run/a%0ab", "invalid path"},
    {"", "is empty"},
    {"redis://h\n", "begins or ends with whitespace"},
    {" redis://h", "begins or ends with whitespace"},
    {"\"redis://h\"", "in quotes"},
    {"'redis://h'", "in quotes"},
    {"redis://:pw@:6379", "no host after the '@'"},
    {"redis://:pw@", "no host after the '@'"},
    {"redis://ann:pw@/3", "no host after the '@'"},
    {"redis://:@h", "neither a user name nor a password"},
    {"redis://@h", "neither a user name nor a password"},
    {"redis+unix://:@/run/redis.sock", "neither a user name nor a password"},
    {"redis://[]:1/", "no IPv6 address in the brackets"},
    {"redis://[h]:1/", "no IPv6 address in the brackets"},
    {"redis://[a:b:z]", "not an IPv6 address"},
    {"redis://h%3A6379", "a host that contains a port"},
    {"redis://a%20b", "a host that contains a space"},
    {"redis://h%00", "a host that contains a space, a control character"},
    {"redis://redis%3A%2F%2Fh", "a host that contains a scheme"},
    {"rediss://h?tls_verify", "the option tls_verify without a value"},
    {"rediss://h?tls_verify=full&tls_verify=insecure", "the option tls_verify twice"},
    {"rediss://h?tls_ca_file=a&tls_key=k&tls_ca_file=b", "the option tls_ca_file twice"},
    {"rediss://h?tls_ca_file=a%0a", "the option tls_ca_file with an empty or invalid value"},
    {"redis://h?a@b", "an '@' after the '?'"},
    {"redis://a%0ab:pw@h", "a user name with a control character"},
    {"rediss://h?tls_server_name=a%20b", "the option tls_server_name with an empty or invalid value"},
};

TEST(RedisUrl, IsRejectedWithAReasonAndARemedyWhenInvalid) {
  for (const Bad& row : bad) {
    SCOPED_TRACE(row.url);
    DatabaseConfig config;
    const auto faults = apply_url(row.url, "REDIS_URL", config);
    ASSERT_FALSE(faults.empty());
    EXPECT_EQ(faults[0].where, "REDIS_URL");
    EXPECT_THAT(faults[0].what, HasSubstr(row.what));
    for (const ConfigFault& fault : faults) EXPECT_FALSE(fault.remedy.empty());
  }
}

TEST(RedisUrl, ChangesNothingWhenRejected) {
  for (const Bad& row : bad) {
    SCOPED_TRACE(row.url);
    DatabaseConfig config;
    config.endpoint = {"before", 1, "/before"};
    config.username = "before";
    config.password = "before";
    config.number = 9;
    ASSERT_FALSE(apply_url(row.url, "REDIS_URL", config).empty());
    EXPECT_EQ(config.endpoint, (Endpoint{"before", 1, "/before"}));
    EXPECT_EQ(config.username, "before");
    EXPECT_EQ(config.password.reveal(), "before");
    EXPECT_EQ(config.number, 9);
  }
}

TEST(RedisUrl, NamesUnknownOptionsInFaultsUnlessTheyMayBeSecret) {
  DatabaseConfig config;
  const auto faults =
      apply_url("rediss://h?tls_verfy=full&timeout=1&whatever=2&tls_minimm=1.2", "REDIS_URL", config);
  ASSERT_EQ(faults.size(), 4U);
  EXPECT_THAT(faults[0].what, HasSubstr("unknown option tls_verfy"));
  EXPECT_THAT(faults[0].remedy, HasSubstr("did you mean tls_verify?"));
  EXPECT_THAT(faults[1].what, HasSubstr("unknown option timeout"));
  EXPECT_THAT(faults[1].remedy, HasSubstr("DatabaseConfig"));
  EXPECT_THAT(faults[2].what, HasSubstr("unknown option (number 3)"));
  EXPECT_THAT(faults[2].remedy, HasSubstr("tls_ca_file"));
  EXPECT_THAT(faults[3].remedy, HasSubstr("did you mean tls_minimum?"));
}

TEST(RedisUrl, HasFewFaultsForManyUnknownOptions) {
  std::string url = "rediss://h?";
  for (int i = 0; i < 10'000; ++i) url += "x=1&";
  DatabaseConfig config;
  EXPECT_LE(apply_url(url, "REDIS_URL", config).size(), 20U);
}

TEST(RedisUrl, TurnsTlsOnForTheSchemesOfTls) {
  for (const std::string_view url : {"valkeys://h", "VALKEYS://h", "REDISS://h?tls_verify=full"}) {
    DatabaseConfig config;
    EXPECT_EQ(text_of(apply_url(url, "REDIS_URL", config)), "");
    EXPECT_TRUE(config.tls.enabled) << url;
  }
}

// An unencoded password: the parser may take its pieces for other parts of the URL but must not repeat them.
// Each of its pieces is unique.
TEST(RedisUrl, NeverShowsAPartOfAPasswordInFaults) {
  constexpr std::string_view pieces[] = {"Qs3cretA", "Qs3cretB", "Qs3cretC"};
  constexpr std::string_view separators[] = {"/", "@", "?", "#", ":",  "%",  "%zz", "://", " ",  "\n",
                                             "[", "]", "&", "=", "@/", "/@", "?@",  "//",  "\\", "\x7f"};
  constexpr std::string_view frames[][2] = {
      {"redis://:", "@host:6379/0"}, {"redis://ann:", "@host"},         {"redis://", "@host:6379"},
      {"redis+unix://:", "@/run/s"}, {"redis+unix://", "/run/s"},       {"rediss://:", "@host"},
      {":", "@host:6379"},           {"", "@redis://host:6379"},        {"redis:", "@host"},
      {"ann:", "://host"},           {"redis://host:6379/", ""},        {"redis://host?password=", ""},
      {"redis://host#", ""},         {"redis://[::1]:", "@host"},       {"redis://host:", "/0"},
      {"http://:", "@host"},         {"redis+unix:///run/s?db=1&", ""}, {"redis+unix:///run/s?db=", ""},
  };
  std::size_t refused = 0;
  for (const auto& frame : frames) {
    for (const std::string_view first : separators) {
      for (const std::string_view second : separators) {
        std::string url(frame[0]);
        url.append(pieces[0]).append(first).append(pieces[1]).append(second).append(pieces[2]).append(
            frame[1]);
        DatabaseConfig config;
        const auto faults = apply_url(url, "REDIS_URL", config);
        refused += faults.empty() ? 0U : 1U;
        ASSERT_THAT(text_of(faults), Not(HasSubstr("s3cret"))) << url;
        ASSERT_THAT(std::string(faults.empty() ? "" : ConfigError(faults).what()), Not(HasSubstr("s3cret")));
      }
    }
  }
  EXPECT_GT(refused, 1000U);
}

TEST(RedisUrl, OfAnyBytesIsAcceptedOrRejectedWithoutMisreading) {
  // Every single-byte change of a valid URL: the parser must not crash, and accepted values must be in range.
  constexpr std::string_view url = "redis://ann:p%40ss@[2001:db8::1]:6379/12";
  for (std::size_t i = 0; i < url.size(); ++i) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::string changed(url);
      changed[i] = static_cast<char>(byte);
      DatabaseConfig config;
      if (!apply_url(changed, "REDIS_URL", config).empty()) continue;
      EXPECT_GT(config.endpoint.port, 0);
      EXPECT_GE(config.number.value_or(0), 0);
    }
  }
}

}  // namespace
}  // namespace redstart
