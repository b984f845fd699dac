// SPDX-License-Identifier: Apache-2.0
// server_test.cpp: each connection and server command once against a real server.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <redstart/resp/value.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/client_test.hpp"
#include "support/free_port.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

class ServerCommandsLive : public ClientTest {};
INSTANTIATE_TEST_SUITE_P(Protocols, ServerCommandsLive, both_protocols(), protocol_name);

TEST_P(ServerCommandsLive, InspectOwnConnection) {
  REDSTART_NEEDS_SINCE(6, 2);  // CLIENT INFO, CLIENT LIST ID, CLIENT TRACKINGINFO
  const Client client = redis();
  EXPECT_EQ(client.ping(), "PONG");
  EXPECT_EQ(client.ping("hello"), "hello");
  EXPECT_EQ(client.echo("hello"), "hello");
  EXPECT_EQ(client.echo<int>(5), 5);
  EXPECT_EQ(client.client_getname(), "tests:main");
  EXPECT_EQ(client.client_getredir(), -1);
  EXPECT_GT(client.client_id(), 0);
  EXPECT_NE(client.client_info().find("name=tests:main"), std::string::npos);
  EXPECT_NE(client.client_list({.kind = ClientKind::normal}).find("name=tests:main"), std::string::npos);
  EXPECT_EQ(client.client_list({.ids = {client.client_id()}}).find("id="), 0U);
  EXPECT_GT(client.client_trackinginfo().size(), 0U);
}

TEST_P(ServerCommandsLive, ManageOtherConnections) {
  REDSTART_NEEDS_SINCE(6, 2);  // CLIENT PAUSE WRITE, CLIENT UNPAUSE
  const Client client = redis();
  RawRedis other(server().socket_path());
  const std::int64_t id = other.integer({"CLIENT", "ID"});
  EXPECT_FALSE(client.client_unblock(id)) << "that client is not blocked";
  EXPECT_EQ(client.client_kill({.id = id}), 1);
  EXPECT_EQ(client.client_kill({.id = id}), 0);
  EXPECT_EQ(client.client_pause(1s, Pause::writes), Ok{});
  EXPECT_EQ(client.client_unpause(), Ok{});
}

TEST_P(ServerCommandsLive, ChangeSessionState) {
  REDSTART_NEEDS_SINCE(7, 0);  // CLIENT NO-EVICT
  auto session = manager().scoped_client("main");
  EXPECT_EQ(session.select(3), Ok{});
  session.set("k", 1);
  EXPECT_EQ(session.client_setname("changed"), Ok{});
  EXPECT_EQ(session.client_getname(), "changed");
  EXPECT_EQ(session.client_no_evict(true), Ok{});
  EXPECT_EQ(redis().exists("k"), 0) << "the key is in another database";
}

TEST_P(ServerCommandsLive, ManageDataSet) {
  REDSTART_NEEDS_SINCE(6, 2);  // FLUSHDB SYNC
  const Client client = redis();
  client.set("k", 1);
  EXPECT_EQ(client.dbsize(), 1);
  EXPECT_EQ(client.swapdb(0, 1), Ok{});
  EXPECT_EQ(client.dbsize(), 0);
  EXPECT_EQ(client.flushall(Flush::async), Ok{});
  client.set("k", 1);
  EXPECT_EQ(client.flushdb(Flush::sync), Ok{});
  EXPECT_EQ(client.dbsize(), 0);
}

TEST_P(ServerCommandsLive, ReadServerFacts) {
  const Client client = redis();
  EXPECT_NE(client.info().find("redis_version:"), std::string::npos);
  EXPECT_EQ(client.info("clients").find("# Clients"), 0U);
  // "Redis ver. 7.0.15", "Valkey ver. 9.1.2".
  EXPECT_NE(client.lolwut().find("ver. "), std::string::npos);
  EXPECT_NE(client.lolwut(5).find("ver. "), std::string::npos);
  EXPECT_EQ(client.role()[0].as_string(), "master");
  const auto now = std::chrono::system_clock::now();
  EXPECT_LT(now - client.time(), 60s);
  EXPECT_LT(client.time() - now, 60s);
}

TEST_P(ServerCommandsLive, SaveDataSet) {
  const RedisServer own;  // a save must not overlap with that of another test
  RedisConnectionManager manager;
  manager.start(config_for(own));
  const Client client = manager.client("main");
  EXPECT_EQ(client.save(), Ok{});
  EXPECT_GT(client.lastsave(), TimeSeconds(1700000000s));
  EXPECT_EQ(client.bgsave(), "Background saving started");
  EXPECT_NE(client.bgrewriteaof().find("rewriting"), std::string::npos);
}

TEST_P(ServerCommandsLive, ManageReplication) {
  const RedisServer own;
  RedisConnectionManager manager;
  manager.start(config_for(own));
  const Client client = manager.client("main");
  EXPECT_THROW(client.failover(), ServerError) << "must fail without a replica";
  EXPECT_THROW(client.failover_abort(), ServerError);
  const FreePort nowhere;
  EXPECT_EQ(client.replicaof("127.0.0.1", nowhere.number()), Ok{});
  EXPECT_EQ(client.role()[0].as_string(), "slave");
  EXPECT_EQ(client.replicaof_no_one(), Ok{});
  EXPECT_EQ(client.role()[0].as_string(), "master");
}

TEST_P(ServerCommandsLive, ReadAndChangeConfiguration) {
  REDSTART_NEEDS_SINCE(7, 0);  // CONFIG GET and SET of several parameters, MODULE LOADEX
  const Client client = redis();
  EXPECT_EQ(client.config_set("maxmemory-samples", 7, "timeout", "0"), Ok{});
  EXPECT_EQ((client.config_get<std::map<std::string, std::string>>("maxmemory-s*", "timeout")),
            (std::map<std::string, std::string>{{"maxmemory-samples", "7"}, {"timeout", "0"}}));
  EXPECT_EQ(client.config_set("maxmemory-samples", 5), Ok{});
  EXPECT_EQ(client.config_resetstat(), Ok{});
  EXPECT_THROW(client.config_rewrite(), ServerError) << "must fail without a configuration file";
  EXPECT_TRUE(client.module_list().is_aggregate());
  EXPECT_THROW(client.module_load("/missing.so", "a"), ServerError);
  EXPECT_THROW(client.module_loadex("/missing.so", {.settings = {{"a", "b"}}}), ServerError);
  EXPECT_THROW(client.module_unload("missing"), ServerError);
}

TEST_P(ServerCommandsLive, DescribeCommands) {
  REDSTART_NEEDS_SINCE(7, 0);  // COMMAND DOCS, COMMAND LIST
  const Client client = redis();
  EXPECT_EQ(client.command_count(), static_cast<std::int64_t>(client.command_all().size()));
  EXPECT_GT(client.command_docs("get", "set").size(), 0U);
  EXPECT_EQ(client.command_info("get", "nonsense").size(), 2U);
  EXPECT_EQ(client.command_getkeys("MSET", "a", 1, "b", 2), (Texts{"a", "b"}));
  EXPECT_EQ(client.command_getkeysandflags("GET", "a"),
            (std::vector<std::pair<std::string, Texts>>{{"a", {"RO", "access"}}}));
  // Newer servers list more commands, such as MSETEX.
  const auto listed = client.command_list<std::set<std::string>>({.pattern = "mset*"});
  EXPECT_TRUE(listed.contains("mset"));
  EXPECT_TRUE(listed.contains("msetnx"));
  EXPECT_FALSE(listed.contains("get")) << "the pattern must exclude it";
}

TEST_P(ServerCommandsLive, ReadLatency) {
  REDSTART_NEEDS_SINCE(7, 0);  // LATENCY HISTOGRAM
  const Client client = redis();
  client.config_set("latency-monitor-threshold", 50);
  raw().command({"DEBUG", "SLEEP", "0.06"});
  const std::vector<LatencySpike> spikes = client.latency_history("command");
  // A stalling machine may add further events.
  EXPECT_TRUE(
      std::any_of(spikes.begin(), spikes.end(), [](const LatencySpike& one) { return one.took >= 50ms; }));
  const std::vector<LatencyEvent> latest = client.latency_latest();
  const auto command = std::find_if(latest.begin(), latest.end(),
                                    [](const LatencyEvent& one) { return one.name == "command"; });
  ASSERT_NE(command, latest.end());
  EXPECT_GE(command->most, command->latest);
  EXPECT_NE(client.latency_graph("command").find("command"), std::string::npos);
  EXPECT_FALSE(client.latency_doctor().empty());
  EXPECT_GT(client.latency_histogram("debug").size(), 0U);
  EXPECT_EQ(client.latency_reset("command", "nonsense"), 1);
  EXPECT_EQ(client.latency_reset(), 0);
  client.config_set("latency-monitor-threshold", 0);
}

TEST_P(ServerCommandsLive, ReadMemoryUsage) {
  const Client client = redis();
  client.set("k", 1);
  EXPECT_GT(client.memory_usage("k"), 0);
  EXPECT_EQ(client.memory_usage("missing", 0), std::nullopt);
  EXPECT_FALSE(client.memory_doctor().empty());
  EXPECT_FALSE(client.memory_malloc_stats().empty());
  EXPECT_EQ(client.memory_purge(), Ok{});
  EXPECT_GT(client.memory_stats().size(), 0U);
}

TEST_P(ServerCommandsLive, ReadSlowlog) {
  const Client client = redis();
  EXPECT_EQ(client.slowlog_reset(), Ok{});
  client.config_set("slowlog-log-slower-than", 0);
  client.set("k", "v");
  client.config_set("slowlog-log-slower-than", 10000);
  EXPECT_GE(client.slowlog_len(), 2);
  const std::vector<SlowCommand> slow = client.slowlog_get(-1);
  const auto set =
      std::find_if(slow.begin(), slow.end(), [](const SlowCommand& c) { return c.arguments[0] == "SET"; });
  ASSERT_NE(set, slow.end());
  EXPECT_EQ(set->arguments, (Texts{"SET", "k", "v"}));
  EXPECT_EQ(set->client_name, "tests:main");
}

TEST_P(ServerCommandsLive, ManageUsers) {
  REDSTART_NEEDS_SINCE(7, 0);  // ACL DRYRUN
  const Client client = redis();
  EXPECT_EQ(client.acl_whoami(), "default");
  EXPECT_EQ(client.acl_setuser("reader", "on", "nopass", "~*", "+@read"), Ok{});
  EXPECT_EQ(client.acl_users<std::set<std::string>>(), (std::set<std::string>{"default", "reader"}));
  EXPECT_EQ(client.acl_list().size(), 2U);
  EXPECT_TRUE(client.acl_getuser("reader"));
  EXPECT_FALSE(client.acl_getuser("missing"));
  EXPECT_EQ(client.acl_dryrun("reader", "GET", "k"), "OK");
  EXPECT_NE(client.acl_dryrun("reader", "SET", "k", 1), "OK");
  EXPECT_EQ(client.acl_deluser("reader", "missing"), 1);
  const Texts categories = client.acl_cat();
  EXPECT_NE(std::find(categories.begin(), categories.end(), "read"), categories.end());
  EXPECT_FALSE(client.acl_cat("read").empty());
  EXPECT_EQ(client.acl_genpass(32).size(), 8U);
  EXPECT_EQ(client.acl_log_reset(), Ok{});
  EXPECT_EQ(client.acl_log().size(), 0U);
  EXPECT_THROW(client.acl_load(), ServerError) << "must fail without an ACL file";
  EXPECT_THROW(client.acl_save(), ServerError);
}

}  // namespace
}  // namespace redstart::test
