// SPDX-License-Identifier: Apache-2.0
// server_info_test.cpp: figures of INFO, also missing and malformed ones.
#include "health/server_info.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace redstart::health {
namespace {

using namespace std::chrono_literals;

const std::string sample_info =
    "# "
    "Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrun_id:0123abcd\r\nuptime_in_seconds:3600\r\n"
    "# Clients\r\nconnected_clients:12\r\nmaxclients:10000\r\n"
    "# Memory\r\nused_memory:1048576\r\nused_memory_human:1.00M\r\nmaxmemory:0\r\n"
    "# Stats\r\nkeyspace_hits:70\r\nkeyspace_misses:30\r\nevicted_keys:4\r\n"
    "# Replication\r\nrole:master\r\nconnected_slaves:1\r\n"
    "# "
    "Keyspace\r\ndb0:keys=5,expires=2,avg_ttl=0\r\ndb3:keys=18446744073709551615,expires=1,avg_ttl=1,"
    "subexpiry=0\r\n";

TEST(ServerInfo, ReadsEachFigure) {
  const ServerHealth server = read_server_info(sample_info, 0);
  EXPECT_EQ(server.result, CheckResult::ok);
  EXPECT_EQ(server.identity.product, "Redis");
  EXPECT_EQ(server.identity.version, "7.0.15");
  EXPECT_EQ(server.identity.role, "master");
  EXPECT_EQ(server.uptime, 1h);
  EXPECT_EQ(server.connected_clients, 12U);
  EXPECT_EQ(server.maximum_clients, 10000U);
  EXPECT_EQ(server.used_memory, 1048576U);
  EXPECT_EQ(server.used_memory_human, "1.00M");
  EXPECT_EQ(server.maximum_memory, 0U);
  EXPECT_EQ(server.connected_replicas, 1U);
  EXPECT_EQ(server.hits, 70U);
  EXPECT_EQ(server.misses, 30U);
  EXPECT_EQ(server.evicted_keys, 4U);
  EXPECT_EQ(server.hit_ratio, std::nullopt) << "a matter of several probes";
}

TEST(ServerInfo, CountsKeysOfTheDatabase) {
  EXPECT_EQ(read_server_info(sample_info, 0).keys, 5U);
  EXPECT_EQ(read_server_info(sample_info, 0).expiring_keys, 2U);
  EXPECT_EQ(read_server_info(sample_info, 3).keys, 18446744073709551615U);
  EXPECT_EQ(read_server_info(sample_info, 3).expiring_keys, 1U);
  EXPECT_EQ(read_server_info(sample_info, 1).keys, 0U) << "a database without keys has no line";
}

TEST(ServerInfo, LeavesUnknownFiguresEmpty) {
  for (const char* const info : {"", "garbage", "connected_clients:many\r\nuptime_in_seconds:-1\r\n",
                                 "used_memory:99999999999999999999999\r\n"}) {
    const ServerHealth server = read_server_info(info, 0);
    EXPECT_EQ(server.uptime, std::nullopt) << info;
    EXPECT_EQ(server.connected_clients, std::nullopt) << info;
    EXPECT_EQ(server.used_memory, std::nullopt) << info;
    EXPECT_EQ(server.keys, std::nullopt) << info;
  }
  EXPECT_EQ(read_server_info("# Keyspace\r\ndb0:keys=x,expires\r\n", 0).keys, std::nullopt);
  EXPECT_EQ(read_server_info("# Keyspace\r\ndb0:keys=x,expires\r\n", 0).expiring_keys, std::nullopt);
}

}  // namespace
}  // namespace redstart::health
