// SPDX-License-Identifier: Apache-2.0
// half_open_test.cpp: fault 7: the peer is gone without a FIN or RST.
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/own_network.hpp"
#include "support/slack.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Clock = std::chrono::steady_clock;

template <class Manager>
void expect_service(Manager& redis) {
  EXPECT_TRUE(eventually([&] {
    try {
      return redis->client("main").echo("again") == "again" &&
             redis->async_client("main").echo("again")(use_future).get() == "again";
    } catch (const Error&) {
      return false;
    }
  }));
}

TEST(Fault07, SilentPeerIsDetectedWithinFiveSecondsByDefault) {
  FakeServer server(FakeServer::simple());
  FaultProxy proxy(server.port());
  RedisConfig config = config_at(proxy.port());
  config.defaults.timeouts.command = 60s;  // a long limit, so that only silence ends the call
  StartedManager redis(config);
  const Client client = redis->client("main").with_timeout(5s);
  const AsyncClient async = redis->async_client("main");
  EXPECT_EQ(client.echo("there"), "there");
  EXPECT_EQ(async.echo("there")(use_future).get(), "there");
  proxy.open_connections().silent();
  const auto begin = Clock::now();
  auto lost = async.incr("n")(use_future);
  std::jthread caller([&] {
    const Error error = error_of([&] { return client.incr("n"); });
    EXPECT_EQ(error.code(), Errc::timeout) << error.what();
    EXPECT_EQ(error.effect(), Effect::indeterminate);
    EXPECT_LE(Clock::now() - begin, 5s + slack);
  });
  const Error error = error_of([&] { return lost.get(); });
  EXPECT_LE(Clock::now() - begin, 5s + slack);
  EXPECT_EQ(error.code(), Errc::connection_lost) << error.what();
  EXPECT_EQ(error.effect(), Effect::indeterminate);
  caller.join();
  EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.closed_for(CloseReason::timeout) == 2; }));
  expect_service(redis);
  proxy.heal();
  EXPECT_TRUE(eventually([&] { return server.count("INCR") == 2; })) << "the late command may still run";
}

TEST(Fault07, SilentPeerDelaysNoOtherCaller) {
  FakeServer server(FakeServer::simple());
  FaultProxy proxy(server.port());
  RedisConfig config = config_at(proxy.port());
  config.defaults.timeouts.command = 5s;  // also the time that the shared connection may be silent
  StartedManager redis(config);
  const AsyncClient async = redis->async_client("main").with_timeout(2s);
  const Client client = redis->client("main").with_timeout(2s);
  EXPECT_EQ(client.with_timeout(30s).echo("there"), "there");
  EXPECT_EQ(async.with_timeout(5s).echo("there")(use_future).get(), "there");
  proxy.open_connections().silent();
  for (const Error& error : {error_of([&] { return client.incr("n"); }),
                             error_of([&] { return async.incr("n")(use_future).get(); })}) {
    EXPECT_EQ(error.code(), Errc::timeout);
    EXPECT_EQ(error.effect(), Effect::indeterminate);
  }
  EXPECT_EQ(client.with_retry(RetryMode::off).with_timeout(30s).echo("at once"), "at once")
      << "a new connection must be used";
  expect_service(redis);
}

TEST(Fault07, ConnectionSilentWhileIdleIsDetectedBeforeUse) {
  FakeServer server(FakeServer::simple());
  FaultProxy proxy(server.port());
  RedisConfig config = config_at(proxy.port());
  config.defaults.check_after_idle = 20ms;
  config.defaults.timeouts.health = 2s;
  StartedManager redis(config);
  const Client client = redis->client("main");
  const AsyncClient async = redis->async_client("main");
  EXPECT_EQ(client.incr("n"), 1);
  EXPECT_EQ(async.incr("n")(use_future).get(), 2);
  let_pass(21ms);
  proxy.open_connections().silent();
  EXPECT_EQ(client.incr("n"), 3);
  EXPECT_EQ(async.incr("n")(use_future).get(), 4);
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::timeout), 2U);
}

// From now on drops packets to this port in the calling thread's network namespace.
bool drop_packets_to(std::uint16_t port) {
  const std::string program = "4,40 0 0 36,21 0 1 " + std::to_string(port) + ",6 0 0 2,6 0 0 4294967295";
  const std::string commands =
      "tc qdisc add dev lo clsact 2>/dev/null && tc filter add dev lo ingress pref 1 bpf da "
      "bytecode '" +
      program + "' 2>/dev/null";
  return std::system(commands.c_str()) == 0;
}

TEST(Fault07DroppedPackets, ConnectionIsLostByKernelOrSilence) {
  bool dropped = false;
  const std::string reason = in_own_network([&] {
    FakeServer server(FakeServer::simple());
    RedisConfig config = config_at(server.port());
    config.defaults.timeouts.command = 60s;  // longer than TCP_USER_TIMEOUT and the silence limit
    StartedManager redis(config);
    const Client client = redis->client("main");
    const AsyncClient async = redis->async_client("main");
    EXPECT_EQ(client.echo("there"), "there");
    EXPECT_EQ(async.echo("there")(use_future).get(), "there");
    dropped = drop_packets_to(server.port());
    if (!dropped) return;
    const auto begin = Clock::now();
    auto lost = async.incr("n")(use_future);
    const Error by_kernel = error_of([&] { return client.incr("n"); });
    EXPECT_EQ(by_kernel.code(), Errc::connection_lost) << by_kernel.what();
    EXPECT_EQ(by_kernel.effect(), Effect::indeterminate);
    const Error by_silence = error_of([&] { return lost.get(); });
    EXPECT_EQ(by_silence.code(), Errc::connection_lost) << by_silence.what();
    EXPECT_EQ(by_silence.effect(), Effect::indeterminate);
    EXPECT_LE(Clock::now() - begin, 5s + slack);
    EXPECT_EQ(std::system("tc filter del dev lo ingress"), 0);
    expect_service(redis);
  });
  if (!reason.empty()) GTEST_SKIP() << reason;
  if (!dropped) GTEST_SKIP() << "needs tc (iproute2) and a kernel with clsact and cls_bpf";
}

// With default settings. The blocking command was acknowledged before packets are dropped, so only keepalive
// can detect the loss.
TEST(Fault07DroppedPackets, BlockingCommandsAreLostAfterFiveSeconds) {
  bool dropped = false;
  const std::string reason = in_own_network([&] {
    FakeServer server([](FakeConnection& connection, std::size_t) {
      for (auto words = connection.handshake(); !words.empty(); words = connection.command()) continue;
    });
    const auto events = std::make_shared<EventLog>();
    RedisConfig config = config_at(server.port());
    config.defaults.retry.mode = RetryMode::off;
    config.listener = events;
    StartedManager redis(config);
    const Client client = redis->client("main");
    auto exclusive = redis->async_client("main").blpop("list", {60s})(use_future);
    Clock::duration took{};
    Errc code{};
    std::jthread caller([&] {
      const auto begin = Clock::now();
      code = error_of([&] { return client.blpop("list", {60s}); }).code();
      took = Clock::now() - begin;
    });
    ASSERT_TRUE(eventually([&] { return server.count("BLPOP") == 2; }));
    dropped = drop_packets_to(server.port());
    if (!dropped) return redis->shutdown(0ms);
    EXPECT_EQ(error_of([&] { return exclusive.get(); }).code(), Errc::connection_lost);
    caller.join();
    EXPECT_EQ(code, Errc::connection_lost);
    EXPECT_GE(took, 3s) << "a loss this early has another cause";
    EXPECT_LE(took, 5s + 2s + slack) << "the kernel probes once a second";
    EXPECT_TRUE(eventually([&] { return events->count("redis.connection.closed timeout") == 2; }));
  });
  if (!reason.empty()) GTEST_SKIP() << reason;
  if (!dropped) GTEST_SKIP() << "needs tc (iproute2) and a kernel with clsact and cls_bpf";
}

// BLPOP without a time limit has no deadline. Only keepalive ends it, on each kind of handle.
TEST(Fault07DroppedPackets, CommandsThatBlockWithoutLimitAreLost) {
  bool dropped = false;
  const std::string reason = in_own_network([&] {
    FakeServer server([](FakeConnection& connection, std::size_t) {
      for (auto words = connection.handshake(); !words.empty(); words = connection.command()) continue;
    });
    RedisConfig config = config_at(server.port());
    config.defaults.retry.mode = RetryMode::off;
    StartedManager redis(config);
    const AsyncClient async = redis->async_client("main");
    const AsyncScopedClient async_scoped = redis->scoped_async_client("main")(use_future).get();
    const auto later = [](auto call) { return std::async(std::launch::async, std::move(call)); };
    std::vector<std::future<Errc>> lost;
    lost.push_back(later([client = redis->client("main")] {
      return error_of([&] { return client.blpop("list", {0ms}); }).code();
    }));
    lost.push_back(later([scoped = redis->scoped_client("main")] {
      return error_of([&] { return scoped.blpop("list", {0ms}); }).code();
    }));
    lost.push_back(later([client = redis->client("main")] {
      Pipeline pipe = client.pipeline();
      const auto slot = pipe.blpop("list", {0ms});
      return pipe.execute()[slot].error().code();
    }));
    const auto wait_for = [&](auto operation) {
      lost.push_back(later([result = std::make_shared<decltype(operation)>(std::move(operation))] {
        return error_of([&] { return result->get(); }).code();
      }));
    };
    wait_for(async.blpop("list", {0ms})(use_future));
    wait_for(async_scoped.blpop("list", {0ms})(use_future));
    AsyncPipeline pipe = async.pipeline();
    const auto slot = pipe.blpop("list", {0ms});
    wait_for(pipe.execute(slot)(use_future));
    const bool blocked = eventually([&] { return server.count("BLPOP") == 6; });
    EXPECT_TRUE(blocked);
    dropped = blocked && drop_packets_to(server.port());
    if (!dropped) redis->shutdown(0ms);
    const auto begin = Clock::now();
    for (std::future<Errc>& code : lost)
      EXPECT_EQ(code.get(), dropped ? Errc::connection_lost : Errc::closed);
    EXPECT_LE(Clock::now() - begin, 5s + 2s + slack);
  });
  if (!reason.empty()) GTEST_SKIP() << reason;
  if (!dropped) GTEST_SKIP() << "needs tc (iproute2) and a kernel with clsact and cls_bpf";
}

}  // namespace
}  // namespace redstart::test
