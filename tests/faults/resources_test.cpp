// SPDX-License-Identifier: Apache-2.0
// resources_test.cpp: faults 18 to 20: killed sockets, no descriptors, no local ports.
#include <sys/resource.h>

#include <array>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/own_network.hpp"
#include "support/redis_test.hpp"
#include "support/sanitizers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

RedisConfig one_attempt_config(std::uint16_t port) {
  RedisConfig config = config_at(port);
  config.start_timeout = 0ms;
  config.defaults.startup.attempts = 0;  // the delays of `reconnect` from the first attempt on
  config.defaults.retry.mode = RetryMode::off;
  return config;
}

// The output of a shell command.
std::string output_of(const std::string& command) {
  std::string text;
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 4096> chunk{};
  while (std::fgets(chunk.data(), chunk.size(), pipe) != nullptr) text += chunk.data();
  ::pclose(pipe);
  return text;
}

// Kills the client's side of all connections to the server; false if the system can't.
bool kill_sockets(const FakeServer& server) {
  const std::string port = ":" + std::to_string(server.port());
  return output_of("ss -K -tn dst 127.0.0.1" + port).find(port) != std::string::npos;
}

// Tried on a separate connection.
bool sockets_can_be_killed() {
  FakeServer server(FakeServer::simple());
  StartedManager redis(one_attempt_config(server.port()));
  static_cast<void>(redis->client("main").echo("there"));
  return kill_sockets(server);
}
constexpr const char* why_not = "needs root, ss (iproute2) and a kernel with CONFIG_INET_DIAG_DESTROY";

// Answers ECHO; GET waits for the gate.
FakeServer::Script holding_get(const Gate& gate) {
  return [gate](FakeConnection& connection, std::size_t) {
    connection.serve([&](const FakeConnection::Words& words) {
      if (words[0] == "GET") connection.wait(gate);
      return resp_bulk(words.back());
    });
  };
}

TEST(Fault18, SocketKilledByKernelIsALostConnection) {
  if (!sockets_can_be_killed()) GTEST_SKIP() << why_not;
  const Gate gate;
  FakeServer server(holding_get(gate));
  StartedManager redis(one_attempt_config(server.port()));
  std::jthread caller([&] {
    const Error error = error_of([&] { return redis->client("main").get("key"); });
    EXPECT_EQ(error.code(), Errc::connection_lost) << error.what();
    EXPECT_EQ(error.effect(), Effect::indeterminate);
  });
  auto async = redis->async_client("main").get("key")(use_future);
  ASSERT_TRUE(eventually([&] { return server.count("GET") == 2; }));
  ASSERT_TRUE(kill_sockets(server));
  caller.join();
  const Error error = error_of([&] { return async.get(); });
  EXPECT_EQ(error.code(), Errc::connection_lost) << error.what();
  EXPECT_EQ(error.effect(), Effect::indeterminate);
  gate.open();
  EXPECT_EQ(redis->client("main").echo("again"), "again");
  EXPECT_EQ(redis->async_client("main").echo("again")(use_future).get(), "again");
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::lost), 2U);
}

TEST(Fault18, IdleSocketKilledByKernelIsReplaced) {
  FakeServer server(FakeServer::simple());
  StartedManager redis(one_attempt_config(server.port()));
  EXPECT_EQ(redis->client("main").echo("before"), "before");
  if (!kill_sockets(server)) GTEST_SKIP() << why_not;
  let_pass(2ms);  // connections used less than a millisecond ago are not checked
  EXPECT_EQ(redis->client("main").echo("again"), "again");
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

// No further descriptor can be opened during its lifetime.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest = ::dup(STDIN_FILENO);
    ::close(lowest);
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(lowest);
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

class Fault19 : public RedisTest {
 protected:
  void SetUp() override {
    if (with_address_sanitizer)
      GTEST_SKIP() << "UndefinedBehaviorSanitizer looks at objects through a pipe, for which there is no "
                      "descriptor here";
    RedisTest::SetUp();
  }
};

TEST_F(Fault19, CallsFailWithoutDescriptorsAndAttemptsBackOff) {
  RedisConfig config = one_attempt_config(server().port());
  config.database("main").required = false;
  StartedManager redis(config);
  static_cast<void>(redis->stats("main"));
  {
    const NoDescriptors none;
    const auto begin = Clock::now();
    for (int i = 0; i < 1000; ++i) {
      const Error error = error_of([&] { return redis->client("main"); });
      ASSERT_EQ(error.code(), Errc::resource_exhausted) << error.what();
      ASSERT_EQ(error.effect(), Effect::not_sent);
      ASSERT_EQ(error.remedy(), Remedy::retry);
      ASSERT_THAT(error.what(), HasSubstr("ulimit"));
    }
    const auto most = static_cast<std::uint64_t>((Clock::now() - begin) / 50ms) + 2;
    EXPECT_LE(redis->stats("main").pool.connect_failures, most);
  }
  EXPECT_TRUE(eventually([&] { return redis->optional_client("main").has_value(); }));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
}

TEST_F(Fault19, AsyncCallsFailWithoutDescriptors) {
  RedisConfig config = one_attempt_config(server().port());
  config.database("main").required = false;
  StartedManager redis(config);
  static_cast<void>(redis->stats("main"));
  {
    const NoDescriptors none;
    for (int i = 0; i < 100; ++i) {
      const Error error = error_of([&] { return redis->async_client("main").ping()(use_future).get(); });
      ASSERT_EQ(error.code(), Errc::resource_exhausted) << error.what();
      ASSERT_EQ(error.effect(), Effect::not_sent);
    }
  }
  EXPECT_TRUE(eventually([&] { return redis->optional_client("main").has_value(); }));
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
}

TEST_F(Fault19, OpenConnectionsKeepWorkingWithoutDescriptors) {
  StartedManager redis(one_attempt_config(server().port()));
  const Client client = redis->client("main");
  const AsyncClient async = redis->async_client("main");
  EXPECT_EQ(client.ping(), "PONG");
  EXPECT_EQ(async.ping()(use_future).get(), "PONG");
  const NoDescriptors none;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(client.ping(), "PONG");
    EXPECT_EQ(async.ping()(use_future).get(), "PONG");
  }
}

void set_local_ports(int first, int last) {
  std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << first << ' ' << last << '\n';
}

bool local_ports_are(int first, int last) {
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  int low = 0;
  int high = 0;
  file >> low >> high;
  return low == first && high == last;
}

TEST(Fault20, NewConnectionsFailWithoutLocalPortsAndOpenOnesKeepWorking) {
  bool restricted = false;
  const std::string reason = in_own_network([&] {
    FakeServer server(FakeServer::simple());
    RedisConfig config = one_attempt_config(server.port());
    config.defaults.timeouts.acquire = 20ms;
    config.database("main").required = false;
    StartedManager redis(config);
    set_local_ports(40000, 40001);
    restricted = local_ports_are(40000, 40001);
    if (!restricted) return;
    const Client client = redis->client("main");  // one port
    EXPECT_EQ(client.echo("here"), "here");
    std::vector<ScopedClient> scopes;
    const Error error = error_of([&] {
      for (int i = 0; i < 3; ++i) scopes.push_back(redis->scoped_client("main"));
    });
    EXPECT_EQ(error.code(), Errc::pool_timeout)
        << "other connections work, so the call waits for one of them";
    EXPECT_THAT(error.what(), HasSubstr("(resource_exhausted)"));
    EXPECT_EQ(error.effect(), Effect::not_sent);
    ASSERT_EQ(scopes.size(), 2U);
    for (ScopedClient& scope : scopes) EXPECT_EQ(scope.echo("here"), "here");
    const auto begin = Clock::now();
    const auto failures = redis->stats("main").pool.connect_failures;
    for (int i = 0; i < 50; ++i)
      ASSERT_EQ(error_of([&] { return redis->scoped_client("main"); }).code(), Errc::pool_timeout);
    const auto most = static_cast<std::uint64_t>((Clock::now() - begin) / 50ms) + 2;
    EXPECT_LE(redis->stats("main").pool.connect_failures - failures, most);
    EXPECT_EQ(error_of([&] { return redis->async_client("main").ping()(use_future).get(); }).code(),
              Errc::pool_timeout);
    set_local_ports(40000, 50000);
    EXPECT_TRUE(eventually([&] {
      try {
        return redis->scoped_client("main").echo("again") == "again";
      } catch (const Error&) {
        return false;
      }
    }));
    EXPECT_EQ(redis->async_client("main").echo("again")(use_future).get(), "again");
  });
  if (!reason.empty()) GTEST_SKIP() << reason;
  if (!restricted) GTEST_SKIP() << "needs /proc/sys/net/ipv4/ip_local_port_range to be writable";
}

}  // namespace
}  // namespace redstart::test
