// SPDX-License-Identifier: Apache-2.0
// server_identity_test.cpp: tests the identity in replies to HELLO and INFO.
#include "protocol/server_identity.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace redstart::inline v0::protocol {
namespace {

// Replies as the servers have sent them; Valkey with `availability-zone eu-1a`.
constexpr std::string_view hello_redis_6_0 =
    "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n6.0.16\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:"
    "4\r\n"
    "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n";
constexpr std::string_view hello_redis_7_0 =
    "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:"
    "3\r\n"
    "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n";
constexpr std::string_view hello_redis_8_6 =
    "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n8.6.3\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:"
    "4\r\n"
    "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*1\r\n%4\r\n$"
    "4\r\nname\r\n"
    "$9\r\nvectorset\r\n$3\r\nver\r\n:1\r\n$4\r\npath\r\n$0\r\n\r\n$4\r\nargs\r\n*0\r\n";
constexpr std::string_view hello_valkey_8_1 =
    "%7\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n$7\r\nversion\r\n$5\r\n8.1.1\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:"
    "2\r\n"
    "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$7\r\nreplica\r\n$7\r\nmodules\r\n*0\r\n";
constexpr std::string_view hello_valkey_9_1 =
    "%8\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n$7\r\nversion\r\n$5\r\n9.1.2\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:"
    "3\r\n"
    "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*1\r\n%4\r\n$"
    "4\r\nname\r\n"
    "$3\r\nlua\r\n$3\r\nver\r\n:1\r\n$4\r\npath\r\n$3\r\nlua\r\n$4\r\nargs\r\n*0\r\n"
    "$17\r\navailability_zone\r\n$5\r\neu-1a\r\n";

ServerIdentity identity(std::string product, std::string version, std::string role = "master",
                        std::string zone = {}, std::string run_id = {}) {
  return {product, version, "standalone", role, zone, run_id};
}

TEST(ServerIdentity, ComesFromHelloOfEachServer) {
  EXPECT_EQ(read_greeting(hello_redis_6_0).server, identity("Redis", "6.0.16"));
  EXPECT_EQ(read_greeting(hello_redis_7_0).server, identity("Redis", "7.0.15"));
  EXPECT_EQ(read_greeting(hello_redis_8_6).server, identity("Redis", "8.6.3"));
  EXPECT_EQ(read_greeting(hello_valkey_8_1).server, identity("Valkey", "8.1.1", "replica"));
  EXPECT_EQ(read_greeting(hello_valkey_9_1).server, identity("Valkey", "9.1.2", "master", "eu-1a"));
}

TEST(ServerIdentity, ComesFromInfoOfEachServer) {
  EXPECT_EQ(read_identity("# Server\r\nredis_version:6.0.16\r\nredis_mode:standalone\r\n"
                          "run_id:2be4988762908b13\r\n# Replication\r\nrole:master\r\n"),
            identity("Redis", "6.0.16", "master", "", "2be4988762908b13"));
  EXPECT_EQ(read_identity("# Server\r\nredis_version:8.6.3\r\nredis_mode:standalone\r\n"
                          "run_id:55b8dfbd6bb678d8\r\n# Replication\r\nrole:slave\r\n"),
            identity("Redis", "8.6.3", "replica", "", "55b8dfbd6bb678d8"));
  EXPECT_EQ(read_identity("# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\n"
                          "server_mode:standalone\r\nrun_id:6b52ab7acb53aeb8\r\navailability_zone:eu-1a\r\n"
                          "# Replication\r\nrole:master\r\n"),
            identity("Valkey", "9.1.2", "master", "eu-1a", "6b52ab7acb53aeb8"));
}

TEST(ServerIdentity, IsRedisIfInfoHasNoServerName) {
  const auto server = read_identity("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n");
  EXPECT_EQ(server.product, "Redis");
  EXPECT_EQ(server.version, "7.0.15");
  EXPECT_EQ(server.mode, "standalone");
}

TEST(ServerIdentity, PrefersTheProductsOwnVersionAndMode) {
  const auto server = read_identity(
      "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1\r\n"
      "server_mode:cluster\r\n");
  EXPECT_EQ(server.product, "Valkey");
  EXPECT_EQ(server.version, "8.1.1");
  EXPECT_EQ(server.mode, "cluster");
}

TEST(ServerIdentity, IsRedisIfNamedProductHasNoVersion) {
  const auto server = read_identity("server_name:other\r\nredis_version:7.4.0\r\nredis_mode:standalone\r\n");
  EXPECT_EQ(server.product, "Redis");
  EXPECT_EQ(server.version, "7.4.0");
  EXPECT_EQ(read_identity("").product, "Redis");
  EXPECT_EQ(read_identity("").version, "");
}

TEST(ServerIdentity, HasBoundedTexts) {
  const std::string endless(1000, 'v');
  const auto server = read_greeting("%1\r\n$6\r\nserver\r\n$1000\r\n" + endless + "\r\n").server;
  EXPECT_LT(server.product.size(), 100U);
}

TEST(Greeting, HasConnectionNumber) {
  EXPECT_EQ(read_greeting(hello_redis_7_0).id, 3);
  EXPECT_EQ(read_greeting("*2\r\n$2\r\nid\r\n:42\r\n").id, 42) << "a flat array";
}

TEST(Greeting, IsEmptyIfReplyIsNoMap) {
  EXPECT_EQ(read_greeting("+OK\r\n").id, 0);
  EXPECT_EQ(read_greeting("+OK\r\n").server, ServerIdentity{});
}

}  // namespace
}  // namespace redstart::inline v0::protocol
