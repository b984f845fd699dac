// SPDX-License-Identifier: Apache-2.0
// unsolicited_replies_test.cpp: faults 28 and 29: unsolicited replies on idle and busy connections.
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using boost::asio::use_future;
using Words = FakeConnection::Words;

constexpr std::string_view reply = "$31\r\na reply that no caller expects.\r\n";

std::string answer(const Words& words) {
  if (words[0] == "GET") return resp_bulk("value of " + words[1]);
  if (words[0] == "ECHO") return resp_bulk(words[1]);
  return ":1\r\n";
}

// A server that sends an unsolicited reply on the idle connection of GET "a", and a manager with a log.
struct Idle {
  explicit Idle(std::string_view unsolicited, std::size_t min_idle = 0) : bytes(unsolicited) {
    RedisConfig config = config_at(server.port());
    config.listener = log;
    config.database("main").min_idle = min_idle;
    config.defaults.retry.mode = RetryMode::off;
    redis.emplace(config);
  }

  void send_unsolicited() {
    may_send.open();
    sent.wait();
    let_pass(2ms);  // connections used less than a millisecond ago are not checked
  }
  [[nodiscard]] PoolStats pool() { return (*redis)->stats("main").pool; }
  void expect_closed_once_for(CloseReason reason) {
    const PoolStats stats = pool();
    for (std::size_t i = 0; i < close_reasons; ++i)
      EXPECT_EQ(stats.closed[i], i == static_cast<std::size_t>(reason) ? 1U : 0U)
          << to_string(static_cast<CloseReason>(i));
    EXPECT_TRUE(eventually([&] { return log->count("redis.connection.closed") == 1; }));
    EXPECT_EQ(log->count("redis.connection.closed " + std::string(to_string(reason))), 1U);
    EXPECT_EQ((*redis)->stats("main").operations.failed, 0U);
  }

  std::string bytes;
  Gate may_send{};
  Gate sent{};
  std::shared_ptr<EventLog> log = std::make_shared<EventLog>();
  FakeServer server{[this](FakeConnection& connection, std::size_t) {
    const Words first = connection.handshake();
    if (first.empty()) return;
    connection.send(answer(first));
    if (first.back() != "a") return connection.serve(answer);
    connection.wait(may_send);
    connection.send(bytes);
    sent.open();
    if (bytes.starts_with('>')) return connection.serve(answer);
    EXPECT_EQ(connection.await_close(), 0U);
  }};
  std::optional<StartedManager> redis{};
};

TEST(Fault28, UnsolicitedReplyClosesDirectConnectionBeforeReuse) {
  for (const std::string_view unsolicited : {reply, "+OK\r\n"sv, "-ERR gone\r\n"sv, ":1"sv, "*2\r\n"sv}) {
    SCOPED_TRACE(std::string(unsolicited));
    Idle idle(unsolicited);
    const Client client = (*idle.redis)->client("main");
    EXPECT_EQ(client.get("a"), "value of a");
    idle.send_unsolicited();
    EXPECT_EQ(client.get("b"), "value of b");
    idle.expect_closed_once_for(CloseReason::desync);
    EXPECT_EQ(idle.server.accepted(), 2U);
  }
}

TEST(Fault28, UnsolicitedReplyClosesSharedConnectionAtOnce) {
  Idle idle(reply);
  const AsyncClient client = (*idle.redis)->async_client("main");
  EXPECT_EQ(client.get("a")(use_future).get(), "value of a");
  idle.send_unsolicited();
  ASSERT_TRUE(eventually([&] { return idle.pool().closed_for(CloseReason::desync) == 1; }));
  EXPECT_EQ(client.get("b")(use_future).get(), "value of b");
  idle.expect_closed_once_for(CloseReason::desync);
}

TEST(Fault28, CleanUpReplacesConnectionWithUnsolicitedReply) {
  Idle idle(reply, 1);
  EXPECT_EQ((*idle.redis)->client("main").get("a"), "value of a");
  idle.send_unsolicited();
  static_cast<void>((*idle.redis)->cleanup_idle_connections());
  idle.expect_closed_once_for(CloseReason::desync);
  EXPECT_TRUE(eventually([&] { return idle.pool().idle == 1; }));
  EXPECT_EQ(idle.server.accepted(), 2U);
}

TEST(Fault28, CloseReasonDistinguishesNonRespBytesFromPushes) {
  for (const auto& [unsolicited, reason] :
       {std::pair{"HTTP/1.1 408 Request Timeout\r\n"sv, CloseReason::protocol},
        std::pair{">2\r\n+message\r\n+x\r\n"sv, CloseReason::stale}}) {
    SCOPED_TRACE(std::string(unsolicited));
    Idle idle(unsolicited);
    const Client client = (*idle.redis)->client("main");
    EXPECT_EQ(client.get("a"), "value of a");
    idle.send_unsolicited();
    EXPECT_EQ(client.get("b"), "value of b");
    idle.expect_closed_once_for(reason);
  }
}

TEST(Fault28, PushKeepsSharedConnectionOpen) {
  Idle idle(">2\r\n+message\r\n+x\r\n");
  const AsyncClient client = (*idle.redis)->async_client("main");
  EXPECT_EQ(client.get("a")(use_future).get(), "value of a");
  idle.send_unsolicited();
  EXPECT_EQ(client.get("b")(use_future).get(), "value of b");
  EXPECT_EQ(idle.log->count("redis.connection.closed"), 0U);
}

TEST(Fault29, ExtraReplyAfterTheLastClosesTheConnection) {
  for (const auto& [extra, reason] :
       {std::pair{"+OK\r\n"sv, CloseReason::desync}, std::pair{":1"sv, CloseReason::desync},
        std::pair{"x"sv, CloseReason::protocol}, std::pair{">2\r\n+half"sv, CloseReason::stale}}) {
    SCOPED_TRACE(std::string(extra));
    FakeServer server([extra = extra](FakeConnection& connection, std::size_t index) {
      if (index > 1) return connection.serve(answer);
      const Words words = connection.handshake();
      std::string bytes = answer(words);
      if (index == 1) bytes += answer(connection.command());
      connection.send(bytes.append(extra));
      EXPECT_EQ(connection.await_close(), 0U);
    });
    StartedManager redis(config_at(server.port()));
    const Client client = redis->client("main");
    EXPECT_EQ(client.incr("n"), 1) << "the expected reply must be delivered";
    EXPECT_EQ(redis->stats("main").pool.closed_for(reason), 1U);
    const auto [first, second] = client.pipeline([](Pipeline& pipe) {
      return std::tuple{pipe.get("p"), pipe.get("q")};
    });
    EXPECT_EQ(first, "value of p");
    EXPECT_EQ(second, "value of q");
    EXPECT_EQ(redis->stats("main").pool.closed_for(reason), 2U);
    EXPECT_EQ(client.echo("tag"), "tag");
    EXPECT_EQ(server.accepted(), 3U);
  }
}

TEST(Fault29, ExtraReplyInHandshakeFailsTheAttempt) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    static_cast<void>(connection.command());
    connection.send("%1\r\n+proto\r\n:3\r\n+OK\r\n");  // one too many
    for (int i = 0; i < 3; ++i) static_cast<void>(connection.command());
    connection.send("+OK\r\n+OK\r\n+PONG\r\n");
    connection.await_close();
  });
  RedisConfig config = config_at(server.port());
  config.defaults.timeouts.connect = 1s;
  StartedManager redis(config);
  EXPECT_EQ(error_of([&] { return redis->client("main"); }).code(), Errc::handshake_failed);
}

}  // namespace
}  // namespace redstart::test
