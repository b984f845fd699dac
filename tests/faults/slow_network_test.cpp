// SPDX-License-Identifier: Apache-2.0
// slow_network_test.cpp: faults 12 to 15: trickling, slow, uneven or unread connections.
#include <atomic>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/sanitizers.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Clock = std::chrono::steady_clock;
using Words = FakeConnection::Words;

FakeServer::Script echoing(std::size_t size_of_get = 10) {
  return [size_of_get](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) -> std::string {
      if (words[0] == "GET") return resp_bulk(std::string(size_of_get, 'x'));
      return words[0] == "ECHO" ? resp_bulk(words[1]) : "+OK\r\n";
    });
  };
}

RedisConfig patient_config(std::uint16_t port) {
  RedisConfig config = config_at(port);
  config.defaults.timeouts = {30s, 30s, 30s};
  config.defaults.timeouts.silence = 30s;
  return config;
}

// Sends a byte every few milliseconds until the client has closed.
void drip(FakeConnection& connection, std::string_view beginning, const Gate& gone) {
  connection.send(beginning);
  while (!gone.is_open()) {
    connection.send("x");
    std::this_thread::sleep_for(3ms);  // this pace is the fault
  }
}

template <class Call>
void expect_timeout_after(std::chrono::milliseconds limit, Errc code, Call call) {
  const auto begin = Clock::now();
  const Error error = error_of(call);
  const auto took = Clock::now() - begin;
  EXPECT_EQ(error.code(), code) << error.what();
  EXPECT_GE(took, limit - 1ms);
  EXPECT_LE(took, limit + 100ms + slack);
}

TEST(Fault12, DeadlineCoversCompleteReplyThatTrickles) {
  Gate gone;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    static_cast<void>(connection.handshake());
    drip(connection, "$1000000\r\n", gone);
  });
  StartedManager redis(patient_config(server.port()));
  const Client client = redis->client("main").with_timeout(1s);
  expect_timeout_after(1s, Errc::timeout,
                       [&] { return client.get("key"); });  // received directly into its final buffer
  expect_timeout_after(1s, Errc::timeout, [&] { return client.command<Value>("GET", "key"); });
  expect_timeout_after(1s, Errc::timeout,
                       [&] { return client.pipeline([](Pipeline& pipe) { return pipe.get("key"); }); });
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::timeout), 3U);
  gone.open();
}

TEST(Fault12, ConnectTimeoutCoversCompleteHandshakeThatTrickles) {
  Gate gone;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    static_cast<void>(connection.command());
    drip(connection, "$60000\r\n", gone);
  });
  RedisConfig config = patient_config(server.port());
  config.defaults.timeouts.connect = 300ms;
  config.start_timeout = 0ms;
  StartedManager redis(std::move(config));
  expect_timeout_after(300ms, Errc::connect_timeout, [&] { return redis->client("main"); });
  gone.open();
}

TEST(Fault13, LargeReplyOverSlowLinkDelaysNoOtherCaller) {
  constexpr std::size_t large = 4 << 20;
  FakeServer server(echoing(large));
  FaultProxy proxy(server.port());
  StartedManager redis(patient_config(proxy.port()));
  const Client client = redis->client("main");
  const AsyncClient async = redis->async_client("main");
  // Each connection that sends GET is slow from then on: the reply would take a minute.
  auto narrow = proxy.all_connections().on_command("GET").bandwidth(64 << 10, Direction::to_client);
  std::atomic<bool> arrived{false};
  std::jthread slow([&] {
    EXPECT_EQ(client.get("large")->size(), large);
    arrived = true;
  });
  narrow.await_fired();
  for (int i = 0; i < 100; ++i) {
    const std::string tag = std::to_string(i);
    ASSERT_EQ(client.echo(tag), tag);
    ASSERT_EQ(async.echo(tag)(use_future).get(), tag);
  }
  EXPECT_FALSE(arrived);
  proxy.heal();
  slow.join();
  EXPECT_TRUE(arrived);
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

TEST(Fault13, LargeReplyOverSlowLinkArrivesWithinItsDeadline) {
  constexpr std::size_t large = 1 << 20;
  FakeServer server(echoing(large));
  FaultProxy proxy(server.port());
  StartedManager redis(patient_config(proxy.port()));
  proxy.all_connections().bandwidth(8 << 20, Direction::to_client);
  EXPECT_EQ(redis->client("main").get("large")->size(), large);
  EXPECT_EQ(redis->async_client("main").get("large")(use_future).get()->size(), large);
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

TEST(Fault14, UnevenDelaysKeepTheOrderOfAConnection) {
  FakeServer server(echoing());
  FaultProxy proxy(server.endpoint(), {.seed = 14});
  for (const Direction direction : {Direction::to_client, Direction::to_server})
    proxy.all_connections().latency(0ms, 3ms, direction);
  proxy.all_connections().slice(7, Direction::to_client);
  RedisConfig config = patient_config(proxy.port());
  config.defaults.direct_limit = 2;  // two of the four callers below use shared connections
  StartedManager redis(config);
  const AsyncClient async = redis->async_client("main");
  std::vector<std::future<std::string>> replies;
  for (int i = 0; i < 300; ++i) replies.push_back(async.echo("async " + std::to_string(i))(use_future));
  std::vector<std::jthread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      const Client client = redis->client("main");
      for (int i = 0; i < 25; ++i) {
        const std::string tag = std::to_string(caller) + " " + std::to_string(i);
        ASSERT_EQ(client.echo(tag), tag);
      }
    });
  }
  for (int i = 0; i < 300; ++i)
    EXPECT_EQ(replies[static_cast<std::size_t>(i)].get(), "async " + std::to_string(i));
  callers.clear();
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

// Resident memory of this process, in bytes.
std::size_t resident() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t pages = 0;
  file >> total >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(Fault15, ServerThatDoesNotReadFillsQueueOnlyToItsLimit) {
  constexpr std::size_t most = 8 << 20;
  const std::string value(48 << 10, 'x');  // a larger one would get a connection of its own
  FakeServer server(echoing());
  FaultProxy proxy(server.port());
  RedisConfig config = patient_config(proxy.port());
  config.defaults.max_pending_bytes = most;
  StartedManager redis(config);
  const AsyncClient client = redis->async_client("main");
  EXPECT_EQ(client.echo("there")(use_future).get(), "there");
  proxy.open_connections().stop_reading(Direction::to_server);

  const std::size_t before = resident();
  std::vector<std::future<bool>> taken;
  std::size_t refused = 0;
  for (int i = 0; i < 5000; ++i) {  // 240 MiB
    auto reply = client.set("key", value)(use_future);
    const auto pool = redis->stats("main").pool;
    ASSERT_LE(pool.queued_bytes, most + value.size());
    if (refused == 0 && pool.queued_bytes + value.size() + 100 < most) {
      taken.push_back(std::move(reply));
      continue;
    }
    // From here on some commands may still fit as the kernel's buffers grow. The others are refused at once.
    if (reply.wait_for(i % 16 == 0 ? 5ms : 0ms) != std::future_status::ready) {
      taken.push_back(std::move(reply));
      continue;
    }
    const Error error = error_of([&] { return reply.get(); });
    ASSERT_EQ(error.code(), Errc::overloaded) << error.what();
    ASSERT_EQ(error.effect(), Effect::not_sent);
    ++refused;
  }
  if (!with_address_sanitizer && !with_thread_sanitizer) {
    EXPECT_LE(resident(), before + most + (16U << 20));
  }
  proxy.heal();
  for (auto& reply : taken) {
    try {
      EXPECT_TRUE(reply.get());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::overloaded) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 100U);  // the kernel's buffers accepted the others
  EXPECT_EQ(server.count("SET") + refused, 5000U) << "each command must be executed or refused";
}

TEST(Fault15, SynchronousCallFailsAsNotSentAtItsDeadline) {
  FakeServer server(echoing());
  FaultProxy proxy(server.port());
  StartedManager redis(patient_config(proxy.port()));
  const Client client = redis->client("main");
  EXPECT_EQ(client.echo("there"), "there");
  proxy.open_connections().stop_reading(Direction::to_server);
  const std::string value(32 << 20, 'x');
  const Error error =
      error_of([&] { return client.with_retry(RetryMode::off).with_timeout(300ms).set("key", value); });
  EXPECT_EQ(error.code(), Errc::timeout) << error.what();
  EXPECT_EQ(error.effect(), Effect::not_sent) << "its last byte was not sent";
  EXPECT_EQ(client.echo("elsewhere"), "elsewhere") << "another connection must work";
  proxy.heal();
  EXPECT_EQ(server.count("SET"), 0U);
}

}  // namespace
}  // namespace redstart::test
