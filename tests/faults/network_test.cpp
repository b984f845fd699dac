// SPDX-License-Identifier: Apache-2.0
// network_test.cpp: faults 1, 2, 8-11, 16, 17: refused, cut, silent connections.
#include <gmock/gmock.h>

#include <atomic>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iomanip>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/free_port.hpp"
#include "support/full_queue.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/sides.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using Words = FakeConnection::Words;

// Time limits that a test does not measure are longer than the delays of a busy machine.
RedisConfig impatient_config(std::uint16_t port) {
  RedisConfig config = config_at(port);
  config.defaults.timeouts = {300ms, 60s, 60s};
  config.start_timeout = 0ms;
  return config;
}

// Answers as a minimal Redis does.
std::string answer(const Words& words) {
  if (words[0] == "GET") return resp_bulk("value of " + words[1]);
  if (words[0] == "ECHO") return resp_bulk(words[1]);
  if (words[0] == "INCR") return ":1\r\n";
  return "+OK\r\n";
}

TEST(Fault01, RefusedConnectionsFailFastAndAreRetriedWithBackoff) {
  const FreePort nobody;
  const std::uint16_t port = nobody.number();
  StartedManager redis(impatient_config(port));
  const auto begin = Clock::now();
  for (int i = 0; i < 2000; ++i) {
    const Error error = error_of([&] { return redis->client("main"); });
    ASSERT_EQ(error.code(), Errc::connect_refused);
    ASSERT_EQ(error.effect(), Effect::not_sent);
    ASSERT_EQ(error.remedy(), Remedy::retry);
    ASSERT_THAT(error.what(), HasSubstr("127.0.0.1:" + std::to_string(port)));
  }
  EXPECT_THROW(static_cast<void>(redis->client("main")), Unavailable);
  EXPECT_FALSE(redis->optional_client("main").has_value());
  const auto attempts = redis->stats("main").pool.connect_failures;
  const auto most = static_cast<std::uint64_t>((Clock::now() - begin) / 50ms) + 2;
  EXPECT_LE(attempts, most) << "attempts must be at least the shortest delay apart";
  EXPECT_GE(attempts, 1U);
  EXPECT_EQ(redis->stats("main").state, ConnectionState::backing_off);
  EXPECT_EQ(redis->stats("main").pool.in_use, 0U);
}

class Fault01WithRedis : public RedisTest {};

TEST_F(Fault01WithRedis, RepeatedFailuresAreReportedOnceWithCount) {
  auto log = std::make_shared<EventLog>();
  RedisServer server;
  RedisConfig config = config_at(server);
  config.listener = log;
  StartedManager redis(config);
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  server.kill();
  ASSERT_TRUE(eventually([&] {
    static_cast<void>(redis->optional_client("main"));
    try {
      redis->client("main").ping();
    } catch (const Error&) {
    }
    return redis->stats("main").pool.connect_failures >= 4;
  }));
  const std::size_t told = log->count("redis.connection.failed");
  EXPECT_GE(told, 1U);
  EXPECT_LT(told, redis->stats("main").pool.connect_failures);
  server.restart();
  ASSERT_TRUE(eventually([&] { return redis->optional_client("main").has_value(); }));
  // The event follows the change of state.
  EXPECT_TRUE(eventually([&] { return log->count("redis.connection.opened after ") == 1; }));
}

TEST(Fault02, UnansweredAttemptFailsWithConnectTimeoutAndLeaksNoDescriptor) {
  const FullQueue hole;
  {
    StartedManager redis(impatient_config(hole.port()));
    static_cast<void>(redis->stats("main"));  // creates the pool and starts the I/O thread
    const std::size_t before = open_descriptors();
    const auto begin = Clock::now();
    const Error error = error_of([&] { return redis->client("main"); });
    const auto took = Clock::now() - begin;
    EXPECT_EQ(error.code(), Errc::connect_timeout);
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_GE(took, 299ms);
    EXPECT_LE(took, 300ms + 100ms + slack);
    EXPECT_TRUE(eventually([&] { return open_descriptors() <= before; }));
  }
}

TEST(Fault02, HandlesAreRefusedAtOnceAfterUnansweredAttempt) {
  const FullQueue hole;
  RedisConfig config = config_at(hole.port());
  config.defaults.timeouts.connect = 5s;
  config.database("main").required = false;
  StartedManager redis(config);
  EXPECT_EQ(error_of([&] { return redis->client("main"); }).code(), Errc::connect_timeout);
  // Further connect attempts happen during this time, but not by the callers that request a handle.
  const auto end = Clock::now() + 1500ms;
  std::vector<std::jthread> callers;
  std::atomic<Clock::rep> longest{0};
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (Clock::now() < end) {
        const auto begin = Clock::now();
        EXPECT_FALSE(redis->optional_client("main").has_value());
        EXPECT_EQ(error_of([&] { return redis->scoped_client("main"); }).code(), Errc::connect_timeout);
        const auto took = (Clock::now() - begin).count();
        for (auto seen = longest.load(); took > seen && !longest.compare_exchange_weak(seen, took);) {
        }
        std::this_thread::sleep_for(1ms);  // a pause between calls, not a wait for a condition
      }
    });
  }
  callers.clear();
  EXPECT_LT(Clock::duration(longest.load()), 4s);
}

TEST(Fault02, HandleRequestsWaitNoLongerThanTheirTimeLimit) {
  const FullQueue hole;
  RedisConfig config = config_at(hole.port());
  config.defaults.timeouts = {30s, 30s, 30s};
  config.database("main").required = false;
  StartedManager redis(config);
  const auto begin = Clock::now();
  EXPECT_EQ(error_of([&] { return redis->client("main", 50ms); }).code(), Errc::connect_timeout);
  EXPECT_EQ(redis->optional_client("main", 50ms), std::nullopt);
  EXPECT_EQ(error_of([&] { return redis->scoped_client("main", 50ms); }).code(), Errc::connect_timeout);
  EXPECT_LT(Clock::now() - begin, 20s);
}

// Local ports with an unanswered connect attempt (SYN_SENT) to that port of loopback.
std::set<std::string> unanswered_attempts(std::uint16_t port) {
  std::ostringstream peer;
  peer << "0100007F:" << std::uppercase << std::hex << std::setw(4) << std::setfill('0') << port;
  std::set<std::string> found;
  std::ifstream table("/proc/net/tcp");
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string number;
    std::string from;
    std::string to;
    std::string state;
    words >> number >> from >> to >> state;
    if (to == peer.str() && state == "02") found.insert(from);
  }
  return found;
}

// The kernel alone would retransmit at growing intervals.
TEST(Fault02, UnansweredAttemptIsFollowedByNewAttempt) {
  FakeServer server(FakeServer::simple());
  for (const bool asynchronous : {false, true}) {
    SCOPED_TRACE(asynchronous ? "asynchronous" : "synchronous");
    FaultProxy proxy(server.port());
    RedisConfig config = config_at(proxy.port());
    config.defaults.timeouts = {60s, 60s, 60s};
    config.database("main").required = false;
    StartedManager redis(config);
    proxy.blackhole();
    std::set<std::string> attempts = unanswered_attempts(proxy.port());  // the attempts that fill the queue
    const std::size_t before = attempts.size();
    std::thread caller([&] {
      EXPECT_NO_THROW(asynchronous ? redis->async_client("main").ping()(boost::asio::use_future).get()
                                   : redis->client("main").ping());
    });
    EXPECT_TRUE(eventually([&] {
      attempts.merge(unanswered_attempts(proxy.port()));
      return attempts.size() >= before + 2;
    }));
    proxy.heal();
    caller.join();
    EXPECT_EQ(redis->stats("main").pool.connect_failures, 0U)
        << "all attempts must be within one connect timeout";
  }
}

TEST(Fault08, HalfCloseDeliversArrivedRepliesAndRestIsIndeterminate) {
  FakeServer server([](FakeConnection& connection, std::size_t index) {
    if (index > 0) return connection.serve(answer);
    Words words = connection.handshake();
    for (int i = 0; i < 5; ++i) {
      if (i < 3) connection.send(answer(words));
      if (i < 4) words = connection.command();
    }
    connection.half_close();
    connection.await_close();
  });
  StartedManager redis(config_at(server.port()));
  const Client client = redis->client("main");
  Pipeline pipe = client.pipeline();
  std::vector<Slot<std::optional<std::string>>> slots;
  for (int i = 0; i < 5; ++i) slots.push_back(pipe.get("key" + std::to_string(i)));
  const Replies replies = pipe.execute();
  for (std::size_t i = 0; i < 5; ++i) {
    const auto reply = replies[slots[i]];
    if (i < 3) {
      EXPECT_EQ(reply.value(), "value of key" + std::to_string(i));
    } else {
      ASSERT_FALSE(reply.has_value());
      EXPECT_EQ(reply.error().code(), Errc::connection_lost);
      EXPECT_EQ(reply.error().effect(), Effect::indeterminate);
    }
  }
  const RedisStats stats = redis->stats("main").operations;
  EXPECT_EQ(stats.ok, 3U);
  EXPECT_EQ(stats.failed, 2U);
  EXPECT_EQ(client.get("next"), "value of next");
}

TEST(Fault09, ResetInsideReplyIsIndeterminateAndNextConnectionStartsClean) {
  FakeServer server([](FakeConnection& connection, std::size_t index) {
    if (index > 0) return connection.serve(answer);
    static_cast<void>(connection.handshake());
    connection.send("$100\r\nabc");
    connection.reset();
  });
  StartedManager redis(config_at(server.port()));
  const Client client = redis->client("main");
  const Error error = error_of([&] { return client.incr("counter"); });
  EXPECT_EQ(error.code(), Errc::connection_lost);
  EXPECT_EQ(error.effect(), Effect::indeterminate);
  EXPECT_EQ(client.echo("tag"), "tag");
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::lost), 1U);
}

TEST(Fault09, LostConnectionRetriesOnlyCommandsSafeToRepeat) {
  FakeServer server([](FakeConnection& connection, std::size_t index) {
    if (index == 2) return connection.serve(answer);
    connection.send(answer(connection.handshake()));
    static_cast<void>(connection.command());
    connection.reset();
  });
  StartedManager redis(config_at(server.port()));
  const Client client = redis->client("main");
  EXPECT_EQ(client.get("a"), "value of a");
  EXPECT_EQ(client.get("b"), "value of b") << "a read on a reused connection must be retried transparently";
  EXPECT_EQ(redis->stats("main").operations.retries, 1U);
  const Error error = error_of([&] { return client.incr("counter"); });
  EXPECT_EQ(error.effect(), Effect::indeterminate);
  EXPECT_EQ(redis->stats("main").operations.retries, 1U) << "an increment must not be retried";
  EXPECT_EQ(client.get("c"), "value of c");
  EXPECT_EQ(server.accepted(), 3U);
}

TEST(Fault10, ResetBeforeRequestIsReadIsNeverASuccess) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.reset(); });
  StartedManager redis(config_at(server.port()));
  const Error error = error_of([&] { return redis->client("main"); });
  EXPECT_TRUE(is_unavailable(error.code())) << error.what();
  EXPECT_EQ(error.effect(), Effect::not_sent);
}

// Answers the first command of all. A further command on that connection is still unread when it is reset.
// Other connections work.
FakeServer::Script reads_one_command() {
  return [first = std::make_shared<std::atomic<bool>>(true)](FakeConnection& connection, std::size_t) {
    const Words words = connection.handshake();
    if (words.empty()) return;
    connection.send(answer(words));
    if (!first->exchange(false)) return connection.serve(answer);
    connection.await_bytes();
    connection.reset();
  };
}

TEST(Fault10, ReadResetUnreadIsRetriedOnNextConnection) {
  for_all_sides([](Side side) {
    FakeServer server(reads_one_command());
    StartedManager redis(on_side(side, config_at(server.port())));
    const Caller caller(*redis, side);
    ASSERT_EQ(caller.command<std::string>("ECHO", "there").value(), "there");
    const auto read = caller.command<std::string>("GET", "key");
    ASSERT_TRUE(read.has_value()) << read.error().what();
    EXPECT_EQ(*read, "value of key");
    EXPECT_EQ(redis->stats("main").operations.retries, 1U);
    EXPECT_EQ(server.count("GET"), 1U) << "the server must not have read the first attempt";
  });
}

TEST(Fault10, IncrementResetUnreadIsNeitherASuccessNorRetried) {
  for (const RetryMode mode : {RetryMode::off, RetryMode::reads, RetryMode::last_write_wins}) {
    for_all_sides([mode](Side side) {
      FakeServer server(reads_one_command());
      StartedManager redis(on_side(side, config_at(server.port())));
      const Caller caller(*redis, side);
      ASSERT_EQ(caller.command<std::string>("ECHO", "there").value(), "there");
      const Error error = caller.retrying(mode).error_of("INCR", "counter");
      EXPECT_EQ(error.code(), Errc::connection_lost) << error.what();
      EXPECT_EQ(error.effect(), Effect::indeterminate)
          << "the kernel accepted it, so the server may have received it";
      EXPECT_EQ(redis->stats("main").operations.retries, 0U);
      EXPECT_EQ(caller.command<std::string>("ECHO", "again").value(), "again");
      EXPECT_EQ(server.count("INCR"), 0U);
    });
  }
}

TEST(Fault11, ReplySplitAtEveryByteIsUnchanged) {
  const std::string reply = "*4\r\n$3\r\nfoo\r\n$0\r\n\r\n+ok\r\n$12\r\n\r\n$5\r\nhello\r\r\n";
  const std::vector<std::string> expected{"foo", "", "ok", "\r\n$5\r\nhello\r"};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    static_cast<void>(connection.handshake());
    for (std::size_t cut = 1; cut < reply.size(); ++cut) {
      connection.send(std::string_view(reply).substr(0, cut));
      std::this_thread::yield();
      connection.send(std::string_view(reply).substr(cut));
      static_cast<void>(connection.command());
    }
    for (const char c : reply) {
      connection.send({&c, 1});
      std::this_thread::yield();
    }
    connection.await_close();
  });
  StartedManager redis(config_at(server.port()));
  const Client client = redis->client("main");
  for (std::size_t i = 0; i < reply.size(); ++i)
    ASSERT_EQ(client.lrange("list", 0, -1), expected) << "cut " << i + 1;
  EXPECT_EQ(server.accepted(), 1U);
}

TEST(Fault16, SilentConnectionIsClosedAndNeverReused) {
  Gate closed;
  FakeServer server([&](FakeConnection& connection, std::size_t index) {
    if (index > 0) return connection.serve(answer);
    static_cast<void>(connection.handshake());
    EXPECT_EQ(connection.await_close(), 0U) << "no further bytes may be sent on this connection";
    closed.open();
  });
  RedisConfig config = config_at(server.port());
  config.defaults.timeouts.command = 60s;
  StartedManager redis(std::move(config));
  const Client client = redis->client("main");
  const auto begin = Clock::now();
  const Error error = error_of([&] { return client.with_timeout(200ms).incr("counter"); });
  EXPECT_LE(Clock::now() - begin, 200ms + 100ms + slack);
  EXPECT_EQ(error.code(), Errc::timeout);
  EXPECT_EQ(error.effect(), Effect::indeterminate);
  EXPECT_THROW(error.raise(), Timeout);
  closed.wait();
  EXPECT_EQ(client.get("key"), "value of key");
  EXPECT_EQ(redis->stats("main").operations.timeouts, 1U);
}

TEST(Fault17, WritingToResetConnectionIsAnErrorWithoutSignal) {
  ASSERT_NE(std::signal(SIGPIPE, SIG_DFL), SIG_ERR);
  FakeServer server([](FakeConnection& connection, std::size_t index) {
    if (index > 3) return connection.serve(answer);
    static_cast<void>(connection.handshake());  // reads the complete command, or all that the client has sent
    connection.reset();
  });
  RedisConfig config = config_at(server.port());
  // By default, connect attempts to a server that completes handshakes and then closes are delayed.
  config.database("main").reconnect = {1ms, 1ms, 1.0, Jitter::none};
  StartedManager redis(config);
  const Client client = redis->client("main");
  for (int i = 0; i < 2; ++i) {
    let_pass(5ms);
    const Error error = error_of([&] { return client.set("key", "value"); });
    EXPECT_EQ(error.code(), Errc::connection_lost);
  }
  for (int i = 0; i < 2; ++i) {
    let_pass(5ms);
    Pipeline pipe = client.pipeline();
    const auto slot = pipe.set("key", "value");
    static_cast<void>(pipe.set("other", std::string(8 << 20, 'x')));
    EXPECT_FALSE(pipe.execute()[slot].has_value());
  }
  let_pass(5ms);
  EXPECT_EQ(client.get("key"), "value of key");
}

TEST(Fault17, LargeValueCutWhileWrittenIsUnsentAndRetried) {
  FakeServer server([](FakeConnection& connection, std::size_t index) {
    if (index > 0) return connection.serve(answer);
    for (int i = 0; i < 4; ++i) {  // HELLO, two SETINFO, PING: then nothing more is read
      const Words words = connection.command();
      connection.send(words[0] == "HELLO"  ? "%1\r\n+proto\r\n:3\r\n"
                      : words[0] == "PING" ? "+PONG\r\n"
                                           : "+OK\r\n");
    }
    connection.reset();
  });
  StartedManager redis(config_at(server.port()));
  const Client client = redis->client("main");
  static_cast<void>(eventually([&] { return server.ended() == 1; }));
  // The idle connection has been closed by the server. Nothing of the value reached it.
  EXPECT_NO_THROW(client.set("key", std::string(8 << 20, 'x')));
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

}  // namespace
}  // namespace redstart::test
