// SPDX-License-Identifier: Apache-2.0
// socket_options_test.cpp: socket options of each kind of connection.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdint>
#include <ostream>
#include <thread>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/sides.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;

struct AppliedOptions {
  int no_delay = -1;
  int keepalive = -1;
  int idle = -1;
  int interval = -1;
  int count = -1;
  int user_timeout = -1;
  friend bool operator==(const AppliedOptions&, const AppliedOptions&) = default;
  friend std::ostream& operator<<(std::ostream& out, const AppliedOptions& options) {
    return out << "TCP_NODELAY " << options.no_delay << ", SO_KEEPALIVE " << options.keepalive
               << ", TCP_KEEPIDLE " << options.idle << ", TCP_KEEPINTVL " << options.interval
               << ", TCP_KEEPCNT " << options.count << ", TCP_USER_TIMEOUT " << options.user_timeout;
  }
};

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

// The options of each client connection of this process to that port.
std::vector<AppliedOptions> connections_to(std::uint16_t port) {
  std::vector<AppliedOptions> found;
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sin_family != AF_INET || ntohs(peer.sin_port) != port) continue;
    found.push_back({option(fd, IPPROTO_TCP, TCP_NODELAY) != 0 ? 1 : 0,
                     option(fd, SOL_SOCKET, SO_KEEPALIVE) != 0 ? 1 : 0, option(fd, IPPROTO_TCP, TCP_KEEPIDLE),
                     option(fd, IPPROTO_TCP, TCP_KEEPINTVL), option(fd, IPPROTO_TCP, TCP_KEEPCNT),
                     option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT)});
  }
  return found;
}

// The options of the only connection that a call of this kind opens.
AppliedOptions options_of(Side side, RedisConfig config, const FakeServer& server) {
  config.database("main").required = false;
  StartedManager redis(on_side(side, std::move(config)));
  EXPECT_TRUE(Caller(*redis, side).command<std::string>("PING").has_value());
  const std::vector<AppliedOptions> found = connections_to(server.port());
  EXPECT_EQ(found.size(), 1U);
  return found.empty() ? AppliedOptions{} : found.front();
}

TEST(SocketOptionsTest, HaveDocumentedDefaults) {
  const FakeServer server(FakeServer::simple());
  for_all_sides([&](Side side) {
    EXPECT_EQ(options_of(side, config_at(server.port()), server), (AppliedOptions{1, 1, 600, 60, 5, 5000}));
  });
}

TEST(SocketOptionsTest, FollowTheConfiguration) {
  const FakeServer server(FakeServer::simple());
  for_all_sides([&](Side side) {
    RedisConfig config = config_at(server.port());
    config.defaults.keepalive = {42s, 7s, 3};
    config.defaults.timeouts.command = 1700ms;
    EXPECT_EQ(options_of(side, config, server), (AppliedOptions{1, 1, 42, 7, 3, 1700}));
    config.defaults.timeouts.command = 1h;
    EXPECT_EQ(options_of(side, config, server).user_timeout, 5000) << "must not exceed 5 s";
    config.defaults.keepalive.idle = 0s;
    EXPECT_EQ(options_of(side, config, server).keepalive, 0);
  });
}

// A blocking command leaves nothing to acknowledge: only keepalive probes can detect a dead peer.
TEST(SocketOptionsTest, ProbeMoreOftenWhileBlockingCommandWaits) {
  const Gate gate;
  FakeServer server([&gate](FakeConnection& connection, std::size_t) {
    connection.serve([&](const FakeConnection::Words& words) {
      if (words[0] == "BLPOP") connection.wait(gate);
      return words[0] == "BLPOP" ? std::string("*-1\r\n") : std::string("+PONG\r\n");
    });
  });
  RedisConfig config = config_at(server.port());
  config.defaults.timeouts.command = 1s;  // also the delay until the usual options are restored
  config.database("main").required = false;
  StartedManager redis(config);
  std::thread caller(
      [&] { EXPECT_FALSE(redis->client("main").with_timeout(60s).blpop("list", {20s}).has_value()); });
  auto operation = redis->async_client("main").with_timeout(60s).blpop("list", {20s})(use_future);
  EXPECT_TRUE(eventually([&] { return server.count("BLPOP") == 2; }));
  const auto count_of = [&](const AppliedOptions& options) {
    const std::vector<AppliedOptions> all = connections_to(server.port());
    return std::count(all.begin(), all.end(), options);
  };
  const AppliedOptions probing{1, 1, 2, 1, 5, 1000};
  EXPECT_TRUE(eventually([&] { return count_of(probing) == 2; }));
  gate.open();
  caller.join();
  EXPECT_FALSE(operation.get().has_value());
  const AppliedOptions usual{1, 1, 600, 60, 5, 1000};
  EXPECT_TRUE(eventually([&] { return count_of(probing) == 0 && count_of(usual) >= 2; }))
      << "the usual options must be restored";
}

}  // namespace
}  // namespace redstart::test
