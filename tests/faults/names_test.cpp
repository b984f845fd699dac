// SPDX-License-Identifier: Apache-2.0
// names_test.cpp: faults 4 to 6: names with several, no, or changing addresses.
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "support/fake_names.hpp"
#include "support/fake_server.hpp"
#include "support/free_port.hpp"
#include "support/full_queue.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

RedisConfig named_config() {
  RedisConfig config = config_at(6379);
  config.defaults.endpoint.host = "redis.test";
  config.defaults.timeouts.connect = 10s;
  config.defaults.timeouts.command = 20s;
  config.start_timeout = 0ms;
  config.defaults.startup.attempts = 0;  // the delays of `reconnect` from the first attempt on
  return config;
}

// The error of an asynchronous call.
template <class Call>
Error async_error_of(Call call) {
  return error_of([&] { return call().get(); });
}

TEST(Fault04, ConnectsToNextAddressWhenFirstRefuses) {
  FakeServer server(FakeServer::simple());
  const FreePort first;
  const FreePort second;
  const FakeNames names({first.number(), second.number(), server.port()});
  StartedManager redis(named_config());
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  EXPECT_EQ(redis->stats("main").pool.connect_failures, 0U);
}

TEST(Fault04, ConnectsToNextAddressWhenFirstDoesNotAnswer) {
  const FullQueue hole;
  FakeServer server(FakeServer::simple());
  const FakeNames names({hole.port(), server.port()});
  StartedManager redis(named_config());
  EXPECT_EQ(redis->client("main").ping(), "PONG") << "each address must get its share of the time limit";
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  EXPECT_EQ(server.accepted(), 2U);
  EXPECT_EQ(redis->stats("main").pool.connect_failures, 0U);
}

TEST(Fault04, AllAddressesShareOneTimeLimit) {
  const FullQueue first;
  const FullQueue second;
  const FullQueue third;
  const FakeNames names({first.port(), second.port(), third.port()});
  RedisConfig config = named_config();
  config.defaults.timeouts.connect = 300ms;
  StartedManager redis(config);
  const auto begin = Clock::now();
  const Error error = error_of([&] { return redis->client("main"); });
  EXPECT_EQ(error.code(), Errc::connect_timeout);
  EXPECT_EQ(error.effect(), Effect::not_sent);
  StartedManager other(config);
  EXPECT_EQ(async_error_of([&] { return other->async_client("main").ping()(use_future); }).code(),
            Errc::connect_timeout);
  EXPECT_LE(Clock::now() - begin, 5s) << "two attempts of 300 ms, with slack for a busy machine";
}

TEST(Fault05, NameWithoutAddressIsADistinctErrorAndLookedUpAgain) {
  FakeServer server(FakeServer::simple());
  FakeNames names([] { return net::Resolved{{}, "Name or service not known"}; });
  StartedManager redis(named_config());
  const auto begin = Clock::now();
  for (int i = 0; i < 500; ++i) {
    const Error error = error_of([&] { return redis->client("main"); });
    ASSERT_EQ(error.code(), Errc::resolve_failed);
    ASSERT_EQ(error.effect(), Effect::not_sent);
    ASSERT_EQ(error.remedy(), Remedy::retry);
    ASSERT_THAT(error.what(), HasSubstr("redis.test"));
    ASSERT_THAT(error.what(), HasSubstr("Name or service not known"));
  }
  const auto most = static_cast<std::size_t>((Clock::now() - begin) / 50ms) + 2;
  EXPECT_LE(names.asked(), most) << "lookups must be at least the shortest delay apart";
  names.now_failing("Temporary failure in name resolution");
  ASSERT_TRUE(eventually([&] {
    const Error error = error_of([&] { return redis->client("main"); });
    return std::string(error.what()).find("Temporary failure") != std::string::npos;
  }));
  names.now({server.port()});
  EXPECT_TRUE(eventually([&] { return redis->optional_client("main").has_value(); }));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
}

TEST(Fault05, AsyncCallsFailWithResolveFailed) {
  FakeServer old_server(FakeServer::simple());
  FakeServer new_server(FakeServer::simple());
  FakeNames names({old_server.port()});
  StartedManager redis(named_config());
  const AsyncClient client = redis->async_client("main");
  EXPECT_EQ(client.ping()(use_future).get(), "PONG");
  names.now_failing("Name or service not known");
  const auto begin = Clock::now();
  old_server.stop();
  ASSERT_TRUE(eventually([&] {
    const Error error = async_error_of([&] { return client.ping()(use_future); });
    return error.code() == Errc::resolve_failed && error.effect() == Effect::not_sent && names.asked() >= 5;
  }));
  const auto most = static_cast<std::size_t>((Clock::now() - begin) / 25ms) + 4;
  EXPECT_LE(names.asked(), most) << "lookups must not run in a busy loop";
  names.now({new_server.port()});
  EXPECT_TRUE(eventually([&] { return redis->optional_client("main").has_value(); }));
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
}

TEST(Fault05, HangingLookupFailsAtConnectTimeout) {
  const Gate gate;
  const FakeNames names([gate] {
    gate.wait();
    return net::Resolved{{}, "too late"};
  });
  RedisConfig config = named_config();
  config.defaults.timeouts.connect = 200ms;
  StartedManager redis(config);
  const Error error = error_of([&] { return redis->client("main"); });
  EXPECT_EQ(error.code(), Errc::resolve_failed);
  EXPECT_THAT(error.what(), HasSubstr("did not complete in time"));
  StartedManager other(config);
  EXPECT_EQ(async_error_of([&] { return other->async_client("main").ping()(use_future); }).code(),
            Errc::resolve_failed);
  gate.open();  // the helper threads end after the manager
}

// Resolves the name again after each loss, synchronously and asynchronously, and connects to the new address.
template <class Ping>
void follow_the_name(Ping ping) {
  FakeServer old_server(FakeServer::simple());
  FakeServer new_server(FakeServer::simple());
  FakeNames names({old_server.port()});
  StartedManager redis(named_config());
  ping(*redis);
  EXPECT_EQ(old_server.accepted(), 1U);
  names.now({new_server.port()});
  old_server.stop();
  EXPECT_TRUE(eventually([&] {
    try {
      ping(*redis);
    } catch (const Error&) {
    }
    return new_server.accepted() != 0;
  }));
  ping(*redis);
  const std::size_t asked = names.asked();
  EXPECT_GE(asked, 2U);
  new_server.stop();
  FakeServer third_server(FakeServer::simple());
  names.now({third_server.port()});
  EXPECT_TRUE(eventually([&] {
    try {
      ping(*redis);
    } catch (const Error&) {
    }
    return third_server.accepted() != 0;
  }));
  EXPECT_GT(names.asked(), asked) << "each connect attempt must resolve the name";
}

TEST(Fault06, SynchronousCallsUseNewAddressAfterLoss) {
  follow_the_name([](RedisConnectionManager& redis) { redis.client("main").ping(); });
}

TEST(Fault06, AsyncCallsUseNewAddressAfterLoss) {
  follow_the_name([](RedisConnectionManager& redis) { redis.async_client("main").ping()(use_future).get(); });
}

}  // namespace
}  // namespace redstart::test
