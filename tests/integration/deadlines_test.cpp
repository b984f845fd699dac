// SPDX-License-Identifier: Apache-2.0
// deadlines_test.cpp: calls end by their deadlines; blocking commands get extra time.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Stops a server process, and resumes it on destruction.
class Paused {
 public:
  explicit Paused(RedisServer& server) : server_(server) { server_.pause(); }
  Paused(const Paused&) = delete;
  Paused& operator=(const Paused&) = delete;
  ~Paused() { server_.resume(); }

 private:
  RedisServer& server_;
};

class Deadlines : public RedisTest {
 protected:
  // All limits but the call's own are longer than the delays of a busy machine. The guarantee is 100 ms.
  static RedisConfig patient(const RedisServer& server) {
    RedisConfig config = config_at(server);
    config.defaults.timeouts = {60s, 60s, 60s};
    return config;
  }
  template <class Call>
  static Error expect_ends_after(std::chrono::milliseconds limit, Call call) {
    const auto begin = Clock::now();
    Error error = error_of(call);
    const auto took = Clock::now() - begin;
    EXPECT_GE(took, limit - 1ms);
    EXPECT_LE(took, limit + 100ms + slack);
    EXPECT_GE(error.info().elapsed, limit - 1ms);
    return error;
  }
};

TEST_F(Deadlines, EndCallAndConnectionWhenServerHangs) {
  RedisServer own;
  StartedManager redis(patient(own));
  const Client client = redis->client("main");
  client.set("key", "before");
  {
    const Paused paused(own);
    const Error error = expect_ends_after(200ms, [&] { return client.with_timeout(200ms).incr("count"); });
    EXPECT_EQ(error.code(), Errc::timeout);
    EXPECT_EQ(error.effect(), Effect::indeterminate);
    EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::timeout), 1U);
    EXPECT_EQ(redis->stats("main").pool.idle, 0U) << "the connection must not be used again";
  }
  EXPECT_EQ(client.get("key"), "before") << "must not be the reply of INCR";
  EXPECT_EQ(client.get<std::int64_t>("count"), 1) << "the indeterminate INCR ran late, and once";
  EXPECT_EQ(redis->stats("main").operations.timeouts, 1U);
}

TEST_F(Deadlines, HoldForPipelinesAndScopedHandles) {
  RedisServer own;
  StartedManager redis(patient(own));
  const Client client = redis->client("main").with_timeout(200ms);
  ScopedClient scoped = redis->scoped_client("main");
  scoped.set_timeout(200ms);
  const Paused paused(own);
  EXPECT_EQ(expect_ends_after(200ms, [&] { return scoped.incr("count"); }).code(), Errc::timeout);
  EXPECT_EQ(error_of([&] { return scoped.incr("count"); }).code(), Errc::connection_lost)
      << "its connection and session state are lost";
  const Error error = expect_ends_after(
      200ms, [&] { return client.pipeline([](Pipeline& pipe) { return pipe.incr("count"); }); });
  EXPECT_TRUE(error.code() == Errc::timeout || error.code() == Errc::connect_timeout) << error.what();
}

TEST_F(Deadlines, HoldWhileServerPausesClients) {
  REDSTART_NEEDS_SINCE(6, 2);  // CLIENT PAUSE … WRITE
  RedisServer own;
  RawRedis control(own.socket_path());
  StartedManager redis(patient(own));
  const Client client = redis->client("main");
  control.text({"CLIENT", "PAUSE", "60000", "WRITE"});
  EXPECT_EQ(expect_ends_after(150ms, [&] { return client.with_timeout(150ms).incr("key"); }).code(),
            Errc::timeout);
  control.text({"CLIENT", "UNPAUSE"});
  EXPECT_EQ(client.get("key"), std::nullopt);
}

TEST_F(Deadlines, HoldWhileLargeValueIsSentToServerThatDoesNotRead) {
  RedisServer own;
  StartedManager redis(patient(own));
  const Client client = redis->client("main");
  const std::string value(64 << 20, 'x');
  {
    const Paused paused(own);
    const Error error =
        expect_ends_after(200ms, [&] { return client.with_timeout(200ms).set("key", value); });
    EXPECT_EQ(error.code(), Errc::timeout);
    EXPECT_EQ(error.effect(), Effect::not_sent) << "its last byte was not sent";
    Pipeline pipe = client.with_timeout(200ms).pipeline();
    const auto slot = pipe.set("key", value);
    EXPECT_FALSE(pipe.execute()[slot].has_value());
  }
  EXPECT_EQ(client.exists("key"), 0) << "half a command must not run";
}

TEST_F(Deadlines, IncludeTimeInTheQueue) {
  RedisServer own;
  RedisConfig config = config_at(own);
  config.defaults.max_connections = 1;
  config.defaults.timeouts = {60s, 60s, 60s};
  StartedManager redis(config);
  constexpr auto limit = 8s;
  const Client client = redis->client("main").with_timeout(limit);
  std::optional<ScopedClient> holder = redis->scoped_client("main");
  std::jthread caller([&] {
    const auto begin = Clock::now();
    const Error error = error_of([&] { return client.incr("count"); });
    EXPECT_EQ(error.code(), Errc::timeout) << error.what();
    EXPECT_GE(Clock::now() - begin, limit - 1ms);
  });
  ASSERT_TRUE(eventually([&] { return redis->stats("main").pool.waiting == 1; }));
  const Paused paused(own);
  const auto in_queue = limit / 2;
  let_pass(in_queue);
  const auto granted = Clock::now();
  holder.reset();
  caller.join();
  EXPECT_LT(Clock::now() - granted, limit)
      << "the deadline must not start over when the connection is granted";
}

TEST_F(Deadlines, ShortDeadlineDoesNotShortenLaterCalls) {
  RedisServer own;
  StartedManager redis(patient(own));
  const Client client = redis->client("main");
  EXPECT_EQ(client.with_timeout(3s).get("key"), std::nullopt);
  std::optional<Paused> paused(std::in_place, own);
  std::jthread waker([&] {
    let_pass(4s);
    paused.reset();
  });
  EXPECT_EQ(client.with_timeout(30s).incr("count"), 1);
  waker.join();
  EXPECT_EQ(redis->stats("main").pool.created, 1U);
}

TEST_F(Deadlines, OfBlockingCommandsAreExtendedByTheirTimeout) {
  StartedManager redis(config_at(server()));
  const Client client = redis->client("main").with_timeout(4s);
  const auto begin = Clock::now();
  EXPECT_EQ(client.blpop("nothing", {5s}), std::nullopt);
  EXPECT_GE(Clock::now() - begin, 4999ms);
  std::jthread pusher([&] {
    ASSERT_TRUE(eventually([&] { return raw().info("blocked_clients") == "1"; }));
    raw().integer({"RPUSH", "queue", "job"});
  });
  const auto popped = client.blpop("queue", {0ms});  // no timeout
  pusher.join();
  ASSERT_TRUE(popped.has_value());
  EXPECT_EQ(popped->second, "job");
  EXPECT_EQ(redis->stats("main").pool.created, 1U);
}

TEST_F(Deadlines, ShorterDeadlineOfCallEndsHandshake) {
  RedisServer own;
  StartedManager redis(patient(own));
  const Client client = redis->client("main").with_timeout(200ms);
  RawRedis(own.port())
      .integer({"CLIENT", "KILL", "TYPE", "normal"});  // so that the call opens a new connection
  let_pass(10ms);  // connections used less than a millisecond ago are not checked
  const Paused paused(own);
  const Error error = expect_ends_after(200ms, [&] { return client.get("key"); });
  EXPECT_EQ(error.code(), Errc::connect_timeout) << error.what();
  EXPECT_EQ(error.effect(), Effect::not_sent);
}

TEST_F(Deadlines, CoverConnectAttemptAndQueueBehindIt) {
  RedisServer own;
  StartedManager redis(patient(own));
  const Client client = redis->client("main").with_timeout(200ms);
  const ScopedClient holder = redis->scoped_client("main");  // so that the next call needs a new connection
  const Paused paused(own);
  const Error error = expect_ends_after(200ms, [&] { return client.get("key"); });
  EXPECT_EQ(error.code(), Errc::pool_timeout) << error.what();
  EXPECT_EQ(error.effect(), Effect::not_sent);
  EXPECT_NE(std::string(error.what()).find("(connect_timeout)"), std::string::npos) << error.what();
}

}  // namespace
}  // namespace redstart::test
