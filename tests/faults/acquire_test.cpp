// SPDX-License-Identifier: Apache-2.0
// acquire_test.cpp: fault 115: all connections are in use, on each route.
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Clock = std::chrono::steady_clock;

class Fault115 : public ::testing::Test {
 protected:
  static constexpr auto acquire = 100ms;

  [[nodiscard]] RedisConfig config(std::size_t connections, std::size_t direct) const {
    RedisConfig config = config_at(server_.port());
    config.defaults.max_connections = connections;
    config.defaults.direct_limit = direct;
    config.defaults.timeouts = {60s, 60s, acquire};
    config.database("main").required = false;
    return config;
  }
  // Fails with `pool_timeout` after `acquire`, long before the time limit of the call.
  template <class Call>
  static void expect_in_time(Call call) {
    const auto begin = Clock::now();
    const Error error = error_of(call);
    EXPECT_EQ(error.code(), Errc::pool_timeout) << error.what();
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_GE(Clock::now() - begin, acquire);
    EXPECT_LT(Clock::now() - begin, acquire + slack);
  }

  FakeServer server_{FakeServer::simple()};
};

TEST_F(Fault115, SharedCallsFailAfterAcquireTimeout) {
  StartedManager redis(config(1, 10));
  const ScopedClient held = redis->scoped_client("main");
  expect_in_time([&] { return redis->client("main").get("key"); });
  expect_in_time([&] { return redis->client("main").get("key"); });
  expect_in_time([&] { return redis->pipeline("main", [](auto& pipe) { return pipe.get("key"); }); });
}

TEST_F(Fault115, SharedCallsFailAfterAcquireTimeoutWithoutDirectConnections) {
  StartedManager redis(config(2, 0));
  const ScopedClient first = redis->scoped_client("main");
  const ScopedClient second = redis->scoped_client("main");
  expect_in_time([&] { return redis->client("main").get("key"); });
}

TEST_F(Fault115, DirectCallsAndScopedHandlesFailAfterAcquireTimeout) {
  RedisConfig own = config(1, 10);
  own.database("main").sync_over_shared = false;
  StartedManager redis(std::move(own));
  const ScopedClient held = redis->scoped_client("main");
  expect_in_time([&] { return redis->client("main").get("key"); });
  expect_in_time([&] { return redis->scoped_client("main"); });
}

TEST_F(Fault115, AsyncOperationsFailAfterAcquireTimeout) {
  StartedManager redis(config(1, 10));
  const ScopedClient held = redis->scoped_client("main");
  const AsyncClient client = redis->async_client("main");
  expect_in_time([&] { return client.get("key")(use_future).get(); });
  expect_in_time([&] { return client.blpop("jobs", BlockFor{20s})(use_future).get(); });
  expect_in_time([&] { return redis->scoped_async_client("main")(use_future).get(); });
}

TEST_F(Fault115, EachOperationHasItsOwnAcquireTimeout) {
  StartedManager redis(config(1, 10));
  const ScopedClient held = redis->scoped_client("main");
  const AsyncClient client = redis->async_client("main");
  auto early = client.get("key")(use_future);
  let_pass(acquire / 2);
  expect_in_time([&] { return client.get("key")(use_future).get(); });
  EXPECT_EQ(error_of([&] { return early.get(); }).code(), Errc::pool_timeout);
}

}  // namespace
}  // namespace redstart::test
