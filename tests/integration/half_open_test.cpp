// SPDX-License-Identifier: Apache-2.0
// half_open_test.cpp: peers that vanish without a word while a command waits for them, with default settings;
// fault 7 of the catalogue.
#include <boost/asio/use_future.hpp>

#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Clock = std::chrono::steady_clock;
using Words = FakeConnection::Words;

// The promise is 5 s; the kernel's own timers add up to 2 s, a busy machine more.
constexpr auto longest = 5s + 2s + 8s;

// Answers SET, and nothing else.
void answer_set_only(FakeConnection& connection, std::size_t) {
  for (Words words = connection.handshake(); !words.empty(); words = connection.command()) {
    if (words[0] == "SET") connection.send("+OK\r\n");
  }
}

struct Lost {
  Error error = Error(ErrorInfo{});
  Clock::duration took{};
};

template <class Call>
Lost lost_in(Call call) {
  const auto began = Clock::now();
  Error error = error_of(call);
  return {std::move(error), Clock::now() - began};
}

void expect_detected(const Lost& lost, const char* which) {
  EXPECT_EQ(lost.error.code(), Errc::connection_lost) << which << ": " << lost.error.what();
  EXPECT_EQ(lost.error.effect(), Effect::indeterminate) << which;
  EXPECT_GE(lost.took, 3s) << which << ": this soon it was nothing but an accident";
  EXPECT_LE(lost.took, longest) << which;
}

TEST(HalfOpen, APeerThatSaysNothingIsGivenUpAfterFiveSeconds) {
  FakeServer server(answer_set_only);
  RedisConfig config = config_at(server.port());
  config.defaults.retry.mode = RetryMode::off;
  const auto events = std::make_shared<EventLog>();
  config.listener = events;
  StartedManager redis(std::move(config));
  const Client client = redis->client("main");
  client.set("key", "value");
  const AsyncClient async = redis->async_client("main").with_timeout(60s);
  async.set("key", "value")(use_future).get();
  auto shared = std::async(std::launch::async, [&] {
    return lost_in([&] {
      async.get("key")(use_future).get();
      return 0;
    });
  });
  const auto began = Clock::now();
  const Error late = error_of([&] { return client.get("key"); });
  EXPECT_EQ(late.code(), Errc::timeout);
  EXPECT_LE(Clock::now() - began, longest);
  expect_detected(shared.get(), "shared");
  EXPECT_EQ(events->count("redis.connection.closed timeout"), 2U);
}

// A network of its own for one thread, and all that it starts from then on.
bool enter_own_network() {
  return ::unshare(CLONE_NEWNET) == 0 && std::system("ip link set lo up 2>/dev/null") == 0 &&
         std::system("tc qdisc add dev lo clsact 2>/dev/null") == 0;
}

// Drops every packet to that port from now on.
bool drop_packets_to(std::uint16_t port) {
  const std::string command = "tc filter add dev lo ingress pref 1 bpf da bytecode '4,40 0 0 36,21 0 1 " +
                              std::to_string(port) + ",6 0 0 2,6 0 0 4294967295' 2>/dev/null";
  return std::system(command.c_str()) == 0;
}

void lose_packets_while_commands_wait() {
  FakeServer server(answer_set_only);
  RedisConfig config = config_at(server.port());
  config.defaults.retry.mode = RetryMode::off;
  const auto events = std::make_shared<EventLog>();
  config.listener = events;
  StartedManager redis(std::move(config));
  const Client client = redis->client("main").with_timeout(60s);
  const AsyncClient async = redis->async_client("main").with_timeout(60s);
  client.set("key", "value");
  async.set("key", "value")(use_future).get();
  // The blocking ones have arrived before the network breaks: nothing of theirs waits for being acknowledged.
  auto direct_blocking = std::async(
      std::launch::async, [&] { return lost_in([&] { return client.blpop("list", BlockFor{60s}); }); });
  auto leased_blocking = async.blpop("list", BlockFor{60s})(use_future);
  ASSERT_TRUE(eventually([&] { return server.count("BLPOP") == 2; }));
  client.set("key", "value");  // over another direct connection, which is idle then
  ASSERT_TRUE(drop_packets_to(server.port()));
  auto direct = std::async(std::launch::async, [&] { return lost_in([&] { return client.get("key"); }); });
  expect_detected(lost_in([&] { return async.get("key")(use_future).get(); }), "shared");
  expect_detected(direct.get(), "direct");
  expect_detected(direct_blocking.get(), "direct, blocking");
  EXPECT_EQ(leased_blocking.wait_for(longest), std::future_status::ready);
  EXPECT_EQ(error_of([&] { return leased_blocking.get(); }).code(), Errc::connection_lost);
  EXPECT_TRUE(eventually([&] { return events->count("redis.connection.closed timeout") == 4; }));
}

TEST(HalfOpen, DroppedPacketsAreNoticedWithinFiveSecondsAlsoWhileBlocked) {
  bool possible = false;
  std::thread([&] {
    possible = enter_own_network();
    if (possible) lose_packets_while_commands_wait();
  }).join();
  if (!possible) GTEST_SKIP() << "needs root, the tools ip and tc, and a kernel with cls_bpf";
}

}  // namespace
}  // namespace redstart::test
