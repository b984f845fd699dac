// SPDX-License-Identifier: Apache-2.0
// handshake_permits_test.cpp: fault 105: one server freezes under many connect attempts.
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;

constexpr std::size_t caller_count = 45;  // more than may perform handshakes at once in a process

class Fault105 : public ::testing::Test {
 protected:
  // Accepts connections and never answers.
  FakeServer frozen_{[](FakeConnection& connection, std::size_t) { connection.await_close(); }};
  FakeServer healthy_{FakeServer::simple()};
};

TEST_F(Fault105, OtherDatabasesConnectAtOnce) {
  RedisConfig config = config_at(healthy_.port());
  config.defaults.timeouts = {60s, 60s, 60s};
  config.defaults.startup.attempts = 0;
  config.database("main").required = false;
  config.database("sessions").required = false;
  config.database("cache").endpoint.port = frozen_.port();
  config.database("cache").sync_over_shared = false;
  RedisConnectionManager redis;
  redis.start(std::move(config));
  std::vector<std::jthread> waiting;
  waiting.emplace_back([&] { EXPECT_THROW(static_cast<void>(redis.client("cache")), Error); });
  for (std::size_t i = 0; i < caller_count; ++i)
    waiting.emplace_back([&] {
      EXPECT_THROW(static_cast<void>(redis.scoped_async_client("cache", 60s)(use_future).get()), Error);
    });
  // Silent attempts lose their handshake permits while others wait, so all of them reach the server.
  EXPECT_TRUE(eventually([&] { return frozen_.accepted() >= caller_count; }));
  EXPECT_EQ(redis.client("main").ping(), "PONG");
  EXPECT_EQ(redis.async_client("sessions").ping()(use_future).get(), "PONG");
  redis.shutdown(0ms);
}

}  // namespace
}  // namespace redstart::test
