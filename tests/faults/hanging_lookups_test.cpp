// SPDX-License-Identifier: Apache-2.0
// hanging_lookups_test.cpp: fault 111: a credentials provider or name server that hangs.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_names.hpp"
#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Clock = std::chrono::steady_clock;

class Fault111 : public ::testing::Test {
 protected:
  [[nodiscard]] RedisConfig config() const {
    RedisConfig config = config_at(server_.port());
    config.defaults.timeouts.connect = 300ms;
    config.defaults.startup.attempts = 0;
    config.database("main").required = false;
    return config;
  }
  // Runs 16 callers for two seconds, half of them asynchronous.
  static void call_for_a_while(RedisConnectionManager& redis) {
    const auto end = Clock::now() + 2s;
    std::vector<std::jthread> callers;
    for (int i = 0; i < 16; ++i) {
      callers.emplace_back([&redis, end, synchronous = i % 2 == 0] {
        while (Clock::now() < end) {
          try {
            if (synchronous)
              static_cast<void>(redis.client("main").ping());
            else
              static_cast<void>(redis.async_client("main").ping()(use_future).get());
            ADD_FAILURE() << "no call may succeed";
          } catch (const Error&) {
            let_pass(1ms);
          }
        }
      });
    }
  }

  FakeServer server_{FakeServer::simple()};
};

TEST_F(Fault111, HangingProviderIsCalledOnceThenAfterGrowingDelays) {
  struct Hanging final : CredentialsProvider {
    Credentials credentials() override {
      ++asked;
      gate.wait();
      return {};
    }
    Gate gate{};
    std::atomic<std::size_t> asked{0};
  };
  const auto provider = std::make_shared<Hanging>();
  RedisConfig own = config();
  own.database("main").credentials = provider;
  const auto begin = Clock::now();
  StartedManager redis(std::move(own));
  call_for_a_while(*redis);
  // Calls after 0, 1, 3, 7, … seconds.
  std::size_t most = 1;
  for (auto delay = Clock::duration(1s), at = delay; at <= Clock::now() - begin; at += delay *= 2) ++most;
  EXPECT_GE(provider->asked, 1U);
  EXPECT_LE(provider->asked, most);
  provider->gate.open();
  EXPECT_TRUE(eventually([&] { return redis->optional_client("main").has_value(); }))
      << "must connect once the provider answers";
}

TEST_F(Fault111, HangingLookupRunsOnceThenAfterGrowingDelays) {
  const auto gate = std::make_shared<Gate>();
  const auto asked = std::make_shared<std::atomic<std::size_t>>(0);
  net::replace_name_lookup([gate, asked](const std::string&, const std::string&) {
    ++*asked;
    gate->wait();
    return net::Resolved{{}, "nothing"};
  });
  RedisConfig own = config();
  own.database("main").endpoint.host = "redis.example";
  const auto begin = Clock::now();
  {
    StartedManager redis(std::move(own));
    call_for_a_while(*redis);
    std::size_t most = 1;
    for (auto delay = Clock::duration(1s), at = delay; at <= Clock::now() - begin; at += delay *= 2) ++most;
    EXPECT_GE(*asked, 1U);
    EXPECT_LE(*asked, most);
  }
  net::replace_name_lookup({});
  gate->open();
}

}  // namespace
}  // namespace redstart::test
