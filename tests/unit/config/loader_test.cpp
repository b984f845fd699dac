// SPDX-License-Identifier: Apache-2.0
// loader_test.cpp: the loader reads REDIS_URL over the defaults.
#include <redstart/config/loader.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace redstart {
namespace {

// Sets REDIS_URL for one test and restores its value.
class UrlVariable {
 public:
  explicit UrlVariable(const char* url) {
    if (const char* before = std::getenv("REDIS_URL")) before_ = before;
    if (url != nullptr)
      ::setenv("REDIS_URL", url, 1);
    else
      ::unsetenv("REDIS_URL");
  }
  UrlVariable(const UrlVariable&) = delete;
  UrlVariable& operator=(const UrlVariable&) = delete;
  ~UrlVariable() {
    if (before_)
      ::setenv("REDIS_URL", before_->c_str(), 1);
    else
      ::unsetenv("REDIS_URL");
  }

 private:
  std::optional<std::string> before_{};
};

TEST(RedisConfigLoader, ReturnsTheDefaultsWithoutAVariable) {
  for (const char* const url : {static_cast<const char*>(nullptr), ""}) {
    const UrlVariable environment(url);
    const RedisConfig config = RedisConfigLoader{}.load();
    ASSERT_NE(config.find("main"), nullptr);
    EXPECT_EQ(to_string(config.find("main")->endpoint), "localhost:6379");
    EXPECT_TRUE(config.find("main")->password.empty());
    EXPECT_TRUE(config.find("main")->required);
  }
}

TEST(RedisConfigLoader, AppliesTheUrlToEveryDatabase) {
  const UrlVariable environment("redis://ann:pw@redis.internal:7000/9");
  RedisConfig config = RedisConfigLoader{}.load();
  const DatabaseConfig& main = *config.find("main");
  EXPECT_EQ(to_string(main.endpoint), "redis.internal:7000");
  EXPECT_EQ(main.username, "ann");
  EXPECT_EQ(main.password.reveal(), "pw");
  EXPECT_EQ(main.number, 9);
  const DatabaseConfig& cache = config.database("cache");
  EXPECT_EQ(to_string(cache.endpoint), "redis.internal:7000");
  EXPECT_EQ(cache.password.reveal(), "pw");
  EXPECT_EQ(cache.number, 1) << "the number of the URL is the main database's";
}

TEST(RedisConfigLoader, IgnoresBlanksAndQuotesAroundAUrlWithANotice) {
  for (const char* const url :
       {"redis://:s3cret@h:7000\n", "redis://:s3cret@h:7000\r\n", "  redis://:s3cret@h:7000",
        "\"redis://:s3cret@h:7000\"", "'redis://:s3cret@h:7000'\n", "\" redis://:s3cret@h:7000\n\""}) {
    SCOPED_TRACE(url);
    const UrlVariable environment(url);
    const RedisConfig config = RedisConfigLoader{}.load();
    EXPECT_EQ(to_string(config.find("main")->endpoint), "h:7000");
    EXPECT_EQ(config.find("main")->password.reveal(), "s3cret");
    ASSERT_FALSE(config.notices.empty());
    for (const ConfigFault& notice : config.notices) {
      EXPECT_EQ(notice.where, "REDIS_URL");
      EXPECT_THAT(notice.what + notice.remedy, ::testing::Not(::testing::HasSubstr("s3cret")));
    }
  }
}

TEST(RedisConfigLoader, AddsNoNoticeForACleanUrl) {
  const UrlVariable environment("redis://h");
  EXPECT_TRUE(RedisConfigLoader{}.load().notices.empty());
}

TEST(RedisConfigLoader, RejectsAUrlOfBlanksOrQuotesOnly) {
  for (const char* const url : {" ", "\n", "\"", "\"\"", "''", "\"redis://h"}) {
    const UrlVariable environment(url);
    EXPECT_THROW(static_cast<void>(RedisConfigLoader{}.load()), ConfigError) << url;
  }
}

TEST(RedisConfigLoader, NamesTheVariableInAFault) {
  const UrlVariable environment("redis://:s3cret@host:port");
  try {
    static_cast<void>(RedisConfigLoader{}.load());
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    ASSERT_EQ(error.faults().size(), 1U);
    EXPECT_EQ(error.faults()[0].where, "REDIS_URL");
    EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr("s3cret")));
  }
}

TEST(RedisConfigLoader, RejectsAUrlWithAnInvalidHost) {
  const UrlVariable environment("redis://a%20b");
  EXPECT_THROW(static_cast<void>(RedisConfigLoader{}.load()), ConfigError);
}

}  // namespace
}  // namespace redstart
