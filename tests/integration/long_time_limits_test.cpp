// SPDX-License-Identifier: Apache-2.0
// long_time_limits_test.cpp: time limits beyond the silence limit of shared connections.
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <future>
#include <string>
#include <utility>

#include "support/fake_server.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;

// A server that answers SLOW late, and other connections at once.
class LongTimeLimits : public ::testing::Test {
 protected:
  [[nodiscard]] RedisConfig config(Side side) {
    RedisConfig config = on_side(side, config_at(server_.port()));
    config.defaults.timeouts.command = silence;
    return config;
  }
  // Answers SLOW long after the silence limit of a shared connection.
  void answer_late() {
    ASSERT_TRUE(eventually([&] { return server_.count("SLOW") == 1; }));
    let_pass(2 * silence);
    gate_.open();
  }
  static void expect_nothing_lost(RedisConnectionManager& redis) {
    const DatabaseStats stats = redis.stats("main");
    EXPECT_EQ(stats.operations.failed, 0U);
    EXPECT_EQ(stats.pool.closed_for(CloseReason::timeout), 0U);
    EXPECT_EQ(stats.pool.closed_for(CloseReason::lost), 0U);
  }

  static constexpr auto silence = 500ms;
  Gate gate_{};
  FakeServer server_{[this](FakeConnection& connection, std::size_t) {
    connection.serve([&](const FakeConnection::Words& words) -> std::string {
      if (words[0] == "SLOW") connection.wait(gate_);
      return resp_bulk("answer");
    });
  }};
};
class LongTimeLimitsOnAllSides : public LongTimeLimits, public ::testing::WithParamInterface<Side> {};

INSTANTIATE_TEST_SUITE_P(Sides, LongTimeLimitsOnAllSides, ::testing::ValuesIn(all_sides),
                         [](const auto& side) {
                           return std::string(side.param == Side::direct   ? "direct"
                                              : side.param == Side::shared ? "shared"
                                                                           : "futures");
                         });

TEST_P(LongTimeLimitsOnAllSides, AreKeptWithoutAffectingOtherCalls) {
  StartedManager redis(config(GetParam()));
  auto slow = std::async(std::launch::async,
                         [&] { return Caller(*redis, GetParam()).within(30s).command<std::string>("SLOW"); });
  answer_late();
  const auto value = slow.get();
  ASSERT_TRUE(value.has_value()) << value.error().what();
  EXPECT_EQ(*value, "answer");
  expect_nothing_lost(*redis);
}

TEST_P(LongTimeLimitsOnAllSides, EndCallAtItsDeadlineWhenServerIsSilent) {
  StartedManager redis(config(GetParam()));
  const auto begin = std::chrono::steady_clock::now();
  const Error error = Caller(*redis, GetParam()).within(4 * silence).error_of("SLOW");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 4 * silence);
  EXPECT_EQ(error.code(), Errc::timeout) << error.what();
  EXPECT_EQ(error.effect(), Effect::indeterminate);
  gate_.open();
}

TEST_F(LongTimeLimits, SilenceOfItsOwnEndsCallsBeforeTheirDeadline) {
  for (const Side side : {Side::shared, Side::futures}) {
    RedisConfig settings = config(side);
    settings.defaults.timeouts.command = 60s;
    settings.defaults.timeouts.silence = silence;
    StartedManager redis(settings);
    const Error error = Caller(*redis, side).error_of("SLOW");
    EXPECT_EQ(error.code(), Errc::connection_lost) << error.what();
    EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.closed_for(CloseReason::timeout) == 1; }));
  }
  gate_.open();
}

// The late reply is dropped. A limit below the silence needs no other connection.
TEST_F(LongTimeLimits, LongerSilenceKeepsConnectionOfLateReply) {
  RedisConfig settings = config(Side::futures);
  settings.defaults.timeouts.silence = 60s;
  StartedManager redis(settings);
  const Error error = Caller(*redis, Side::futures).error_of("SLOW");
  EXPECT_EQ(error.code(), Errc::timeout) << error.what();
  gate_.open();
  EXPECT_TRUE(Caller(*redis, Side::futures).within(30s).command<std::string>("FAST").has_value());
  EXPECT_EQ(server_.accepted(), 1U);
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::timeout), 0U);
}

TEST_F(LongTimeLimits, OfSynchronousPipelineAreKept) {
  StartedManager redis(config(Side::shared));
  auto slow = std::async(std::launch::async, [&] {
    auto pipe = redis->client("main").with_timeout(30s).pipeline();
    const auto first = pipe.command<std::string>("SLOW");
    const auto second = pipe.command<std::string>("QUICK");
    const auto replies = pipe.execute();
    return replies[first].value() + " " + replies[second].value();
  });
  answer_late();
  EXPECT_EQ(slow.get(), "answer answer");
  expect_nothing_lost(*redis);
}

TEST_F(LongTimeLimits, OfAsyncScopedHandleAreKept) {
  StartedManager redis(config(Side::futures));
  AsyncScopedClient session = redis->scoped_async_client("main")(use_future).get();
  session.set_timeout(30s);
  auto slow = session.command<std::string>("SLOW")(use_future);
  answer_late();
  EXPECT_EQ(slow.get(), "answer");
  expect_nothing_lost(*redis);
}

}  // namespace
}  // namespace redstart::test
