// SPDX-License-Identifier: Apache-2.0
// wrong_replies_test.cpp: faults 30 to 32: lost, repeated, swapped or late replies.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <future>
#include <memory>
#include <optional>
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
using Text = std::optional<std::string>;
using Words = FakeConnection::Words;

// Each value contains its key.
void honest(FakeConnection& connection, std::size_t) {
  connection.serve([](const Words& words) {
    return words[0] == "GET" ? resp_bulk("value of " + words[1]) : resp_bulk(words.back());
  });
}

// A manager whose connections go through a fault proxy.
struct Stage {
  explicit Stage(bool integrity = false) : redis(logged(config(proxy.port(), integrity), log)) {}

  static RedisConfig config(std::uint16_t port, bool integrity) {
    RedisConfig config = config_at(port);
    config.defaults.integrity = integrity;
    config.defaults.timeouts.command = 30s;
    config.defaults.retry.mode = RetryMode::off;  // each command is sent once
    return config;
  }
  static RedisConfig logged(RedisConfig config, std::shared_ptr<EventLog> log) {
    config.listener = std::move(log);
    return config;
  }
  // Expects that many connections closed as `desync`, and none for another reason.
  void expect_desync(std::size_t connections) {
    EXPECT_TRUE(eventually([&] { return closed_for(CloseReason::desync) == connections; }));
    EXPECT_TRUE(eventually([&] { return log->count("redis.connection.closed desync") == connections; }));
    EXPECT_EQ(log->count("redis.connection.closed"), connections);
  }
  [[nodiscard]] std::size_t closed_for(CloseReason reason) {
    return redis->stats("main").pool.closed_for(reason);
  }

  std::shared_ptr<EventLog> log = std::make_shared<EventLog>();
  FakeServer server{honest};
  FaultProxy proxy{server.port()};
  StartedManager redis;
};

// Expects that each reply is the caller's own, or an error that states that it is unknown.
std::size_t expect_own_or_unknown(std::vector<std::future<Text>>& replies) {
  std::size_t own = 0;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    try {
      EXPECT_EQ(replies[i].get(), "value of " + std::to_string(i));
      ++own;
    } catch (const Error& error) {
      EXPECT_NE(error.effect(), Effect::not_sent) << error.what();
    }
  }
  return own;
}

void expect_service(Stage& stage) {
  EXPECT_TRUE(eventually([&] {
    try {
      return stage.redis->async_client("main").get("again")(use_future).get() == "value of again" &&
             stage.redis->client("main").get("again") == "value of again" &&
             stage.redis->stats("main").breaker == BreakerState::closed;
    } catch (const Error&) {
      return false;
    }
  }));
}

std::vector<std::future<Text>> ask_for(const AsyncClient& client, std::size_t keys) {
  std::vector<std::future<Text>> replies;
  for (std::size_t i = 0; i < keys; ++i) replies.push_back(client.get(std::to_string(i))(use_future));
  return replies;
}

TEST(Fault30, SwallowedReplyOfManyInFlightShiftsNoReplyWithIntegrity) {
  Stage stage(true);
  const AsyncClient client = stage.redis->async_client("main").with_timeout(2s);
  EXPECT_EQ(stage.redis->async_client("main").get("before")(use_future).get(), "value of before");
  auto swallowed = stage.proxy.open_connections().on_reply_to("GET", 40).swallow();
  auto replies = ask_for(client, 100);
  EXPECT_LT(expect_own_or_unknown(replies), 100U);
  EXPECT_EQ(swallowed.fired(), 1U);
  expect_service(stage);
  auto later = ask_for(client, 100);
  EXPECT_EQ(expect_own_or_unknown(later), 100U);
}

TEST(Fault30, SwallowedReplyWithOneInFlightClosesTheConnection) {
  Stage stage;
  const Client client = stage.redis->client("main");
  EXPECT_EQ(client.get("a"), "value of a");
  stage.proxy.open_connections().on_reply_to("GET").swallow();
  const Error error = error_of([&] { return client.with_timeout(3s).get("b"); });
  EXPECT_EQ(error.code(), Errc::timeout);
  EXPECT_EQ(error.effect(), Effect::indeterminate);
  EXPECT_EQ(client.get("c"), "value of c");
  EXPECT_EQ(stage.closed_for(CloseReason::timeout), 1U);
  EXPECT_EQ(stage.server.accepted(), 2U);
}

TEST(Fault31, RepeatedReplyOfManyInFlightShiftsNoReplyWithIntegrity) {
  Stage stage(true);
  const AsyncClient client = stage.redis->async_client("main").with_timeout(2s);
  EXPECT_EQ(stage.redis->async_client("main").get("before")(use_future).get(), "value of before");
  auto repeated = stage.proxy.open_connections().on_reply_to("GET", 40).duplicate();
  auto replies = ask_for(client, 100);
  EXPECT_LT(expect_own_or_unknown(replies), 100U);
  EXPECT_EQ(repeated.fired(), 1U);
  stage.expect_desync(1);
  expect_service(stage);
}

TEST(Fault31, ReplySwappedWithNextBatchIsDetectedWithIntegrity) {
  Stage stage(true);
  const AsyncClient client = stage.redis->async_client("main").with_timeout(2s);
  EXPECT_EQ(stage.redis->async_client("main").get("before")(use_future).get(), "value of before");
  auto swapped = stage.proxy.open_connections().on_reply_to("GET").swap_with_next();
  const Error error = error_of([&] { return client.get("key")(use_future).get(); });
  EXPECT_EQ(error.code(), Errc::protocol_error) << error.what();
  EXPECT_EQ(error.effect(), Effect::indeterminate);
  EXPECT_EQ(swapped.fired(), 1U);
  stage.expect_desync(1);
  expect_service(stage);
}

TEST(Fault31, RepeatedReplyWithOneInFlightClosesTheConnection) {
  Stage stage;
  const Client client = stage.redis->client("main");
  EXPECT_EQ(client.get("a"), "value of a");
  auto repeated = stage.proxy.open_connections().on_reply_to("GET").duplicate();
  EXPECT_EQ(client.get("b"), "value of b");
  repeated.await_fired();
  let_pass(2ms);  // connections used less than a millisecond ago are not checked
  for (const std::string key : {"c", "d", "e"}) EXPECT_EQ(client.get(key), "value of " + key);
  EXPECT_EQ(stage.server.accepted(), 2U);
  stage.expect_desync(1);
}

TEST(Fault32, LateReplyIsDroppedOnSharedConnection) {
  Stage stage;
  const AsyncClient client = stage.redis->async_client("main");
  EXPECT_EQ(client.get("before")(use_future).get(), "value of before");
  auto held = stage.proxy.open_connections().on_reply_to("GET").hold(Direction::to_client);
  auto late = client.with_timeout(3s).get("late")(use_future);
  auto patient = client.get("patient")(use_future);
  const Error error = error_of([&] { return late.get(); });
  EXPECT_EQ(error.code(), Errc::timeout);
  EXPECT_EQ(error.effect(), Effect::indeterminate);
  held.await_fired();
  auto next = client.get("next")(use_future);
  held.release();
  EXPECT_EQ(patient.get(), "value of patient");
  EXPECT_EQ(next.get(), "value of next");
  EXPECT_EQ(stage.server.accepted(), 1U) << "the connection must not be replaced";
}

TEST(Fault32, LateReplyToSynchronousCallerIsDroppedOnSharedConnection) {
  Stage stage;
  RedisConfig config = Stage::config(stage.proxy.port(), false);
  config.defaults.direct_limit = 0;  // all calls use shared connections
  StartedManager redis(config);
  const Client client = redis->client("main");
  EXPECT_EQ(client.get("before"), "value of before");
  const std::size_t connections = stage.server.accepted();
  auto held = stage.proxy.open_connections().on_reply_to("GET").hold(Direction::to_client);
  EXPECT_EQ(error_of([&] { return client.with_timeout(3s).get("late"); }).code(), Errc::timeout);
  std::jthread patient([&] { EXPECT_EQ(client.get("patient"), "value of patient"); });
  ASSERT_TRUE(eventually([&] { return stage.server.count("GET") == 3; }));
  held.release();
  patient.join();
  EXPECT_EQ(client.get("next"), "value of next");
  EXPECT_EQ(stage.server.accepted(), connections);
}

TEST(Fault32, LateReplyClosesDirectConnection) {
  Stage stage;
  const Client client = stage.redis->client("main");
  EXPECT_EQ(client.get("before"), "value of before");
  auto held = stage.proxy.open_connections().on_reply_to("GET").hold(Direction::to_client);
  EXPECT_EQ(error_of([&] { return client.with_timeout(3s).get("late"); }).code(), Errc::timeout);
  held.release();
  EXPECT_EQ(client.get("next"), "value of next");
  EXPECT_EQ(stage.server.accepted(), 2U);
  EXPECT_EQ(stage.closed_for(CloseReason::timeout), 1U);
}

// Starts GET, cancels it while its reply is held, and returns its error.
template <class C>
Error cancel_while_held(const C& client, FaultScript& held) {
  boost::asio::cancellation_signal signal;
  std::promise<Error> ended;
  boost::asio::post(client.get_executor(), [&] {
    client.get("cancelled")(boost::asio::bind_executor(
        client.get_executor(),
        boost::asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr& error, const Text&) {
          ended.set_value(error_of([&] {
            if (error) std::rethrow_exception(error);
          }));
        })));
  });
  held.await_fired();
  boost::asio::post(client.get_executor(), [&] { signal.emit(boost::asio::cancellation_type::terminal); });
  return ended.get_future().get();
}

TEST(Fault32, ReplyOfCancelledCommandReachesNoCallerOnSharedConnection) {
  Stage stage;
  const AsyncClient client = stage.redis->async_client("main");
  EXPECT_EQ(client.get("before")(use_future).get(), "value of before");
  auto held = stage.proxy.open_connections().on_reply_to("GET").hold(Direction::to_client);
  const Error error = cancel_while_held(client, held);
  EXPECT_EQ(error.code(), Errc::cancelled);
  EXPECT_EQ(error.effect(), Effect::indeterminate);
  auto next = client.get("next")(use_future);
  held.release();
  EXPECT_EQ(next.get(), "value of next");
  EXPECT_EQ(stage.server.accepted(), 1U);
}

TEST(Fault32, CancelledCommandClosesConnectionOfScopedHandle) {
  Stage stage;
  {
    const auto scoped = stage.redis->scoped_async_client("main")(use_future).get();
    auto held = stage.proxy.open_connections().on_reply_to("GET").hold(Direction::to_client);
    EXPECT_EQ(cancel_while_held(scoped, held).code(), Errc::cancelled);
    held.release();
  }
  const auto scoped = stage.redis->scoped_async_client("main")(use_future).get();
  EXPECT_EQ(scoped.get("next")(use_future).get(), "value of next");
  EXPECT_EQ(stage.server.accepted(), 2U);
}

}  // namespace
}  // namespace redstart::test
