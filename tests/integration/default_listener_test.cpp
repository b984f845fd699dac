// SPDX-License-Identifier: Apache-2.0
// default_listener_test.cpp: messages on standard error when no listener is configured.
#include <gmock/gmock.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// The configuration of a user who sets only the endpoint.
RedisConfig usual(std::uint16_t port) {
  RedisConfig config;
  config.defaults.endpoint = {"127.0.0.1", port, {}};
  config.database("main");
  return config;
}

// Returns the text that standard error receives while `body` runs.
template <class Body>
std::string written(Body body) {
  ::testing::internal::CaptureStderr();
  body();
  return ::testing::internal::GetCapturedStderr();
}

TEST(DefaultListener, ReportsConnectedDatabase) {
  FakeServer server{FakeServer::simple()};
  const std::string text = written([&] {
    StartedManager redis(usual(server.port()));
    EXPECT_EQ(redis->client("main").incr("n"), 1);
    EXPECT_EQ(redis->scoped_client("main").incr("n"), 2);
  });
  EXPECT_EQ(text, "redstart: main at 127.0.0.1:" + std::to_string(server.port()) + ": connected\n");
}

TEST(DefaultListener, ReportsUnreachableDatabaseWithoutPassword) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.reset(); });
  const std::string text = written([&] {
    RedisConfig config = usual(server.port());
    config.defaults.password = "s3cret-password";
    config.database("main").password = "s3cret-password";
    StartedManager redis(std::move(config));
    EXPECT_FALSE(redis->optional_client("main").has_value());
  });
  EXPECT_THAT(text, AllOf(HasSubstr("redstart: main at 127.0.0.1:"), HasSubstr(": connection failed: ")));
  EXPECT_THAT(text, Not(HasSubstr("s3cret")));
}

TEST(DefaultListener, ReportsOpeningAndClosingOfBreaker) {
  FakeServer server{FakeServer::simple()};
  const std::string text = written([&] {
    StartedManager redis(usual(server.port()));
    redis->breaker("main").force_open();
    redis->breaker("main").automatic();
  });
  EXPECT_THAT(text, AllOf(HasSubstr("circuit breaker opens"), HasSubstr("circuit breaker closes")));
}

TEST(DefaultListener, ReportsNoticesOfConfiguration) {
  FakeServer server{FakeServer::simple()};
  const std::string text = written([&] {
    RedisConfig config = usual(server.port());
    config.notices = {{"REDIS_URL", "was in quotes, which were ignored", "remove them"}};
    const StartedManager redis(std::move(config));
  });
  EXPECT_THAT(text, HasSubstr("redstart: configuration: REDIS_URL was in quotes"));
}

TEST(DefaultListener, IsSilentWhenDisabled) {
  FakeServer server{FakeServer::simple()};
  const std::string text = written([&] {
    RedisConfig config = usual(server.port());
    config.listener = nullptr;
    StartedManager redis(std::move(config));
    EXPECT_EQ(redis->client("main").incr("n"), 1);
    redis->breaker("main").force_open();
  });
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace redstart::test
