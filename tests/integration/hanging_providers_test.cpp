// SPDX-License-Identifier: Apache-2.0
// hanging_providers_test.cpp: hanging credentials providers block no caller beyond its deadline.
#include <gmock/gmock.h>

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

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

// Answers the first `at_once` requests immediately, and all others once open() is called.
class SlowProvider final : public CredentialsProvider {
 public:
  explicit SlowProvider(std::size_t at_once = 0) : at_once_(at_once) {}
  [[nodiscard]] Credentials credentials() override {
    if (asked_++ >= at_once_) gate_.wait();
    ++answered_;
    return {"app", Secret("one")};
  }
  void open() const { gate_.open(); }
  [[nodiscard]] std::size_t asked() const noexcept { return asked_; }
  [[nodiscard]] std::size_t answered() const noexcept { return answered_; }

 private:
  const std::size_t at_once_;
  Gate gate_{};
  std::atomic<std::size_t> asked_{0};
  std::atomic<std::size_t> answered_{0};
};

class HangingProvider : public ::testing::Test {
 protected:
  void TearDown() override {
    provider_->open();
    EXPECT_TRUE(eventually([&] { return provider_->answered() == provider_->asked(); }));
    const std::weak_ptr<CredentialsProvider> left = std::exchange(provider_, nullptr);
    EXPECT_TRUE(eventually([&] { return left.expired(); })) << "the helper threads must release the provider";
  }
  [[nodiscard]] RedisConfig config(std::chrono::milliseconds connect) const {
    RedisConfig config = config_at(server_.port());
    config.defaults.credentials = provider_;
    config.defaults.timeouts = {connect, 30s, 30s};
    config.defaults.startup.attempts = 0;
    config.database("main").required = false;
    return config;
  }
  static void expect_timeout_of_provider(const Error& error) {
    EXPECT_EQ(error.code(), Errc::connect_timeout) << error.what();
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_EQ(error.remedy(), Remedy::retry);
    EXPECT_THAT(error.what(), HasSubstr("the credentials provider did not answer in time"));
  }

  FakeServer server_{FakeServer::simple()};
  std::shared_ptr<SlowProvider> provider_ = std::make_shared<SlowProvider>();
};

TEST_F(HangingProvider, FailsCallsAtConnectTimeoutAndConnectsOnceItAnswers) {
  for_all_sides([&](Side side) {
    provider_ = std::make_shared<SlowProvider>();
    StartedManager redis(on_side(side, config(100ms)));
    expect_timeout_of_provider(Caller(*redis, side).error_of("PING"));
    provider_->open();
    EXPECT_TRUE(eventually([&] { return Caller(*redis, side).command<std::string>("PING").has_value(); }));
  });
}

TEST_F(HangingProvider, EndsStartAtItsTimeout) {
  RedisConfig required = config(100ms);
  required.database("main").required = true;
  required.start_timeout = 100ms;
  StartedManager redis(std::move(required));
  EXPECT_TRUE(eventually([&] { return provider_->asked() > 0; }));
  provider_->open();
  EXPECT_TRUE(eventually([&] { return redis->optional_client("main").has_value(); }))
      << "must connect in the background once the provider answers";
}

TEST_F(HangingProvider, IsReportedByValidateConnection) {
  StartedManager redis(config(30s));
  const ConnectionReport report = redis->validate_connection("main", 100ms);
  ASSERT_FALSE(report.ok());
  EXPECT_FALSE(report.reachable);
  expect_timeout_of_provider(*report.problem);
}

// The server refuses the first password, so the provider is asked again and hangs.
TEST_F(HangingProvider, FailsAttemptThatAsksTwice) {
  FakeServer refusing([](FakeConnection& connection, std::size_t) {
    while (!connection.command().empty()) connection.send("-WRONGPASS invalid username-password pair\r\n");
  });
  for (const Side side : {Side::direct, Side::futures}) {
    SCOPED_TRACE(to_string(side));
    provider_ = std::make_shared<SlowProvider>(1);
    RedisConfig asking_twice = config(3s);
    asking_twice.database("main").endpoint.port = refusing.port();
    StartedManager redis(std::move(asking_twice));
    expect_timeout_of_provider(Caller(*redis, side).error_of("PING"));
    EXPECT_EQ(provider_->asked(), 2U);
    provider_->open();
  }
}

// More databases than may perform handshakes at once in a process.
TEST_F(HangingProvider, DoesNotAffectOtherDatabases) {
  constexpr std::size_t many = 33;
  for (const Side side : {Side::direct, Side::futures}) {
    SCOPED_TRACE(to_string(side));
    provider_ = std::make_shared<SlowProvider>();
    RedisConfig waiting = config(25s);
    for (std::size_t i = 0; i < many; ++i) waiting.database("main" + std::to_string(i)).required = false;
    RedisConfig other = config(25s);
    other.database("main").credentials = nullptr;
    StartedManager redis(std::move(waiting));
    StartedManager others(std::move(other));
    std::vector<std::future<std::string>> calls;
    for (std::size_t i = 0; i < many; ++i) {
      const std::string name = "main" + std::to_string(i);
      calls.push_back(side == Side::futures
                          ? redis->async_client(name).ping()(use_future)
                          : std::async(std::launch::async, [&, name] { return redis->client(name).ping(); }));
    }
    EXPECT_TRUE(eventually([&] { return provider_->asked() == many; }));
    EXPECT_EQ(others->client("main").ping(), "PONG");
    EXPECT_EQ(others->async_client("main").ping()(use_future).get(), "PONG");
    EXPECT_EQ(provider_->answered(), 0U);
    provider_->open();
    for (auto& call : calls) EXPECT_EQ(call.get(), "PONG");
  }
}

TEST_F(HangingProvider, DoesNotDelayShutdown) {
  RedisConnectionManager redis;
  redis.start(config(30s));
  std::thread caller(
      [&] { EXPECT_EQ(error_of([&] { return redis.client("main").ping(); }).code(), Errc::closed); });
  EXPECT_TRUE(eventually([&] { return provider_->asked() == 1; }));
  const auto begin = Clock::now();
  redis.shutdown(0ms);
  caller.join();
  EXPECT_LE(Clock::now() - begin, 15s) << "half the time that the provider may take";
  EXPECT_EQ(provider_->answered(), 0U);
}

}  // namespace
}  // namespace redstart::test
