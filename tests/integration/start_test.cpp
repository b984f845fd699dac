// SPDX-License-Identifier: Apache-2.0
// start_test.cpp: `start()` and the connections it waits for.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <utility>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

TEST(Start, ConnectsAllDatabasesConcurrently) {
  Gate over;
  const auto silent = [&](FakeConnection& connection, std::size_t) { connection.wait(over); };
  FakeServer one(silent);
  FakeServer other(silent);
  FakeServer healthy(FakeServer::simple());
  RedisConfig config = config_at(healthy.port());
  config.defaults.timeouts.connect = 60s;
  config.start_timeout = 60s;
  config.database("cache").endpoint.port = one.port();
  config.database("cache").required = true;
  config.database("queue").endpoint.port = other.port();
  config.database("queue").required = true;
  config.database("sessions").required = true;
  RedisConnectionManager redis;
  std::jthread starts([&] { redis.start(std::move(config)); });
  EXPECT_TRUE(eventually([&] {
    return one.accepted() == 1 && other.accepted() == 1 && healthy.accepted() >= 1;
  })) << "all must connect before the first attempt ends";
  over.open();
  starts.join();
  EXPECT_EQ(redis.client("sessions").ping(), "PONG");
}

}  // namespace
}  // namespace redstart::test
