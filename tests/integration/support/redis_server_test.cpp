// SPDX-License-Identifier: Apache-2.0
// redis_server_test.cpp: the private redis-server that other tests use.
#include <gtest/gtest.h>

#include <signal.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

TEST(RedisServerSupport, AnswersOnPortAndSocketUntilDestroyed) {
  REDSTART_NEEDS_REDIS();
  pid_t pid = -1;
  std::string directory;
  {
    const RedisServer server;
    pid = server.pid();
    directory = server.directory();
    EXPECT_EQ(RawRedis(server.port()).text({"PING"}), "PONG");
    EXPECT_EQ(RawRedis(server.socket_path()).text({"PING"}), "PONG");
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST(RedisServerSupport, CanBeKilledRestartedAndPaused) {
  REDSTART_NEEDS_REDIS();
  RedisServer server;
  RawRedis before(server.port());
  before.command({"SET", "k", "v"});
  server.kill();
  EXPECT_FALSE(server.running());
  EXPECT_THROW(before.command({"PING"}), std::exception);
  server.restart();
  RawRedis after(server.port());
  EXPECT_EQ(after.integer({"DBSIZE"}), 0) << "no data may survive the restart";
  server.pause();
  RawRedis paused(server.port());
  paused.send("*1\r\n$4\r\nPING\r\n");
  server.resume();
  EXPECT_EQ(paused.receive().text, "PONG");
}

TEST(RedisServerSupport, PassesArgumentsAndReportsInvalidOnes) {
  REDSTART_NEEDS_REDIS();
  const RedisServer server({"--requirepass", "secret"});
  RawRedis raw(server.port());
  EXPECT_EQ(raw.command({"GET", "k"}).text, "NOAUTH Authentication required.");
  EXPECT_EQ(raw.text({"AUTH", "secret"}), "OK");
  EXPECT_THROW(RedisServer({"--maxmemory", "nonsense"}), std::runtime_error);
}

TEST(RedisServerSupport, ReturnsItsClientsAndInfo) {
  REDSTART_NEEDS_REDIS();
  const RedisServer server;
  RawRedis raw(server.port());
  EXPECT_EQ(raw.client_list().size(), 1U);
  EXPECT_EQ(raw.info("tcp_port"), std::to_string(server.port()));
  EXPECT_EQ(raw.info("nonsense"), "");
}

}  // namespace
}  // namespace redstart::test
