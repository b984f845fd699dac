// SPDX-License-Identifier: Apache-2.0
// time_limits_test.cpp: expired and unlimited time limits of every call.
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/sides.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using std::chrono::milliseconds;

constexpr milliseconds expired[] = {0ms, -1ms, milliseconds::min()};
const TimeLimit longest[] = {milliseconds::max(), std::chrono::nanoseconds::max(), std::chrono::hours::max()};

class TimeLimits : public RedisTest {
 protected:
  // The call fails at once, and nothing is sent.
  static void expect_expired(const std::function<void()>& call) {
    const TimePoint begin = Clock::now();
    const Error error = error_of([&] {
      call();
      return 0;
    });
    EXPECT_LE(Clock::now() - begin, 100ms + slack);
    EXPECT_EQ(error.code(), Errc::timeout) << error.what();
    EXPECT_EQ(error.effect(), Effect::not_sent) << error.what();
  }
};

TEST_F(TimeLimits, OfCallsFailAtOnceWhenExpired) {
  for_all_sides([](Side side) {
    StartedManager redis(on_side(side, config_at(server())));
    const std::string key = std::string("expired:") + std::string(to_string(side));
    for (const milliseconds limit : expired) {
      SCOPED_TRACE(limit.count());
      const Error error = Caller(*redis, side).within(limit).error_of("INCR", key);
      EXPECT_EQ(error.code(), Errc::timeout) << error.what();
      EXPECT_EQ(error.effect(), Effect::not_sent) << error.what();
      const Client client = redis->client("main").with_timeout(limit);
      expect_expired([&] { client.blpop(key, {10s}); });
      expect_expired([&] { client.pipeline([&](auto& pipe) { return pipe.incr(key); }); });
    }
    EXPECT_EQ(redis->client("main").exists(key), 0) << "no command may run";
    EXPECT_EQ(redis->stats("main").operations.timeouts, 9U);
  });
}

TEST_F(TimeLimits, OfCallsMayBeUnlimited) {
  for_all_sides([](Side side) {
    StartedManager redis(on_side(side, config_at(server())));
    for (const TimeLimit& limit : longest) {
      const Client client = redis->client("main").with_timeout(limit);
      const AsyncClient async = redis->async_client("main").with_timeout(limit);
      EXPECT_EQ(client.echo("x"), "x");
      EXPECT_EQ(client.pipeline([](auto& pipe) { return pipe.echo("y"); }), "y");
      EXPECT_EQ(async.echo("z")(use_future).get(), "z");
      EXPECT_EQ(client.blpop("none", {1ms}), std::nullopt);
    }
    EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::timeout), 0U);
  });
}

TEST_F(TimeLimits, OfHandleRequestsFailAtOnceWhenExpired) {
  StartedManager redis(config_at(server()));
  for (const milliseconds limit : expired) {
    SCOPED_TRACE(limit.count());
    expect_expired([&] { static_cast<void>(redis->client("main", limit)); });
    expect_expired([&] { static_cast<void>(redis->scoped_client("main", limit)); });
    expect_expired([&] { static_cast<void>(redis->scoped_async_client("main", limit)(use_future).get()); });
    EXPECT_FALSE(redis->optional_client("main", limit).has_value());
    EXPECT_FALSE(redis->optional_async_client("main", limit)(use_future).get().has_value());
    EXPECT_FALSE(redis->validate_connection("main", limit).ok());
  }
}

TEST_F(TimeLimits, OfHandleRequestsMayBeUnlimited) {
  StartedManager redis(config_at(server()));
  for (const TimeLimit& limit : longest) {
    EXPECT_EQ(redis->client("main", limit).echo("x"), "x");
    EXPECT_EQ(redis->scoped_client("main", limit).echo("x"), "x");
    EXPECT_TRUE(redis->optional_client("main", limit).has_value());
    EXPECT_TRUE(redis->optional_async_client("main", limit)(use_future).get().has_value());
    EXPECT_EQ(redis->scoped_async_client("main", limit)(use_future).get().echo("x")(use_future).get(), "x");
    const ConnectionReport report = redis->validate_connection("main", limit);
    EXPECT_TRUE(report.ok()) << report.explain();
  }
}

TEST_F(TimeLimits, OfScopedHandlesApplyToEachCall) {
  StartedManager redis(config_at(server()));
  ScopedClient scoped = redis->scoped_client("main");
  AsyncScopedClient async = redis->scoped_async_client("main")(use_future).get();
  for (const milliseconds limit : expired) {
    scoped.set_timeout(limit);
    async.set_timeout(limit);
    expect_expired([&] { scoped.incr("n"); });
    expect_expired([&] { static_cast<void>(async.incr("n")(use_future).get()); });
  }
  for (const TimeLimit& limit : longest) {
    scoped.set_timeout(limit);
    async.set_timeout(limit);
    EXPECT_EQ(scoped.echo("x"), "x");
    EXPECT_EQ(async.echo("x")(use_future).get(), "x");
  }
  scoped.set_timeout({});
  EXPECT_EQ(scoped.exists("n"), 0) << "the connection must be usable, and no command may run";
}

TEST_F(TimeLimits, OfBlockingCommandsMayBeUnlimited) {
  StartedManager redis(config_at(server()));
  const Client client = redis->client("main");
  client.rpush("list", "a");
  client.rpush("list", "b");
  // The timeout exceeds the server's limit: the server's error is returned, not a client timeout or a lost
  // connection.
  const Error error = error_of([&] { return client.blpop("list", {milliseconds::max()}); });
  EXPECT_EQ(error.code(), Errc::server_error) << error.what();
  EXPECT_EQ(client.blpop("list", {std::chrono::hours(24 * 365)}).value().second, "a");
  auto pipe = client.pipeline();
  const auto first = pipe.blpop("list", {std::chrono::hours(24 * 365)});
  const auto second = pipe.blpop("list", {milliseconds::max()});
  const auto replies = pipe.execute();
  EXPECT_EQ(replies[first].value().value().second, "b");
  ASSERT_FALSE(replies[second].has_value());
  EXPECT_EQ(replies[second].error().code(), Errc::server_error);
}

TEST_F(TimeLimits, InConfigurationMayBeUnlimited) {
  RedisConfig config = config_at(server());
  config.start_timeout = milliseconds::max();
  config.cleanup_interval = milliseconds::max();
  DatabaseConfig& main = config.database("main");
  main.min_idle = 1;
  main.max_lifetime = milliseconds::max();
  main.idle_timeout = milliseconds::max();
  main.check_after_idle = milliseconds::max();
  main.lease_warning = milliseconds::max();
  main.keepalive.idle = std::chrono::seconds::max();
  main.keepalive.interval = std::chrono::seconds::max();
  StartedManager redis(config);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(redis->client("main").echo("x"), "x");
    EXPECT_EQ(redis->async_client("main").echo("x")(use_future).get(), "x");
    EXPECT_EQ(redis->scoped_client("main").echo("x"), "x");
    EXPECT_EQ(redis->scoped_async_client("main")(use_future).get().echo("x")(use_future).get(), "x");
    EXPECT_EQ(redis->cleanup_idle_connections(), 0U);
  }
  const PoolStats pool = redis->stats("main").pool;
  EXPECT_EQ(pool.closed_for(CloseReason::lifetime), 0U);
  EXPECT_EQ(pool.closed_for(CloseReason::idle), 0U);
  EXPECT_LE(pool.created, 5U);
}

TEST_F(TimeLimits, OfShutdownMayHaveAnyLength) {
  const std::vector<TimeLimit> limits{
      0ms, -1ms, milliseconds::min(), milliseconds::max(), std::chrono::hours::max(), TimeLimit()};
  for (const TimeLimit& limit : limits) {
    RedisConnectionManager redis;
    redis.start(config_at(server()));
    EXPECT_EQ(redis.client("main").echo("x"), "x");
    EXPECT_EQ(redis.async_client("main").echo("x")(use_future).get(), "x");
    const TimePoint begin = Clock::now();
    redis.shutdown(limit);
    EXPECT_LE(Clock::now() - begin, 1s + slack) << "nothing is in flight";
    EXPECT_FALSE(redis.started());
  }
}

}  // namespace
}  // namespace redstart::test
