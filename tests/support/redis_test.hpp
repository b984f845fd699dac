// SPDX-License-Identifier: Apache-2.0
// redis_test.hpp: fixture and macros for tests that need a redis-server.
#pragma once

#include <gtest/gtest.h>

#include "raw_redis.hpp"
#include "redis_server.hpp"

/// Skips the current test with a message if no redis-server is installed.
#define REDSTART_NEEDS_REDIS()                                                               \
  do {                                                                                       \
    if (!::redstart::test::RedisServer::available())                                         \
      GTEST_SKIP() << "no redis-server in PATH (Debian: apt install redis-server); or name " \
                      "one in REDSTART_TEST_SERVER";                                         \
  } while (false)

/// Skips the current test with a message if the server of the tests is older than this.
#define REDSTART_NEEDS_SINCE(...)                                                                   \
  do {                                                                                              \
    REDSTART_NEEDS_REDIS();                                                                         \
    const auto& redstart_version = ::redstart::test::RedisServer::available_version();              \
    if (!redstart_version.since(__VA_ARGS__))                                                       \
      GTEST_SKIP() << redstart_version.product << " " << redstart_version.text                      \
                   << " lacks what is tested here: it has come with (Redis, Valkey) " #__VA_ARGS__; \
  } while (false)

namespace redstart::test {

/// Returns the one server that all tests of a program use. The first call starts it.
inline RedisServer& shared_redis() {
  static RedisServer server;
  return server;
}

/// Gives each test the common server, emptied.
class RedisTest : public ::testing::Test {
 protected:
  void SetUp() override {
    REDSTART_NEEDS_REDIS();
    raw().command({"FLUSHALL"});
  }

  static RedisServer& server() { return shared_redis(); }
  /// A connection to the server that bypasses the library.
  static RawRedis& raw() {
    static RawRedis connection(shared_redis().socket_path());
    return connection;
  }
};

}  // namespace redstart::test
