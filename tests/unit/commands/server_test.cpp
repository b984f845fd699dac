// SPDX-License-Identifier: Apache-2.0
// server_test.cpp: bytes and retry categories of connection and server commands.
#include <gtest/gtest.h>

#include <chrono>

#include "capture.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

TEST(ConnectionCommandsEncoding, WritesClientCommands) {
  expect(capture.client_getname(), {"CLIENT", "GETNAME"}, kRead);
  expect(capture.client_getredir(), {"CLIENT", "GETREDIR"}, kRead);
  expect(capture.client_id(), {"CLIENT", "ID"}, kRead);
  expect(capture.client_info(), {"CLIENT", "INFO"}, kRead);
  expect(capture.client_kill({.id = 7, .skip_me = false}), {"CLIENT", "KILL", "ID", "7", "SKIPME", "no"},
         kAccumulates);
  expect(capture.client_kill(
             {.kind = ClientKind::pubsub, .user = "u", .address = "1.2.3.4:5", .local_address = "l:1"}),
         {"CLIENT", "KILL", "TYPE", "pubsub", "USER", "u", "ADDR", "1.2.3.4:5", "LADDR", "l:1"});
  expect(capture.client_list(), {"CLIENT", "LIST"}, kRead);
  expect(capture.client_list({.kind = ClientKind::normal}), {"CLIENT", "LIST", "TYPE", "normal"});
  expect(capture.client_list({.ids = {1, 2}}), {"CLIENT", "LIST", "ID", "1", "2"});
  expect(capture.client_pause(100ms), {"CLIENT", "PAUSE", "100"}, kLastWins);
  expect(capture.client_pause(100ms, Pause::writes), {"CLIENT", "PAUSE", "100", "WRITE"}, kLastWins);
  expect(capture.client_trackinginfo(), {"CLIENT", "TRACKINGINFO"}, kRead);
  expect(capture.client_unblock(5), {"CLIENT", "UNBLOCK", "5"}, kAccumulates);
  expect(capture.client_unblock(5, Unblock::error), {"CLIENT", "UNBLOCK", "5", "ERROR"}, kAccumulates);
  expect(capture.client_unpause(), {"CLIENT", "UNPAUSE"}, kLastWins);
  expect(capture.echo("hello"), {"ECHO", "hello"}, kRead);
  expect(capture.echo(5), {"ECHO", "5"}, kRead);
  expect(capture.ping(), {"PING"}, kRead);
  expect(capture.ping("hello"), {"PING", "hello"}, kRead);
}

TEST(SessionCommandsEncoding, WritesChangesOfTheConnection) {
  expect(capture.select(3), {"SELECT", "3"});
  expect(capture.client_setname("me"), {"CLIENT", "SETNAME", "me"});
  expect(capture.client_no_evict(true), {"CLIENT", "NO-EVICT", "ON"});
  expect(capture.client_no_evict(false), {"CLIENT", "NO-EVICT", "OFF"});
}

TEST(ServerCommandsEncoding, WritesDataSetAndReplicationCommands) {
  expect(capture.bgrewriteaof(), {"BGREWRITEAOF"}, kLastWins);
  expect(capture.bgsave(), {"BGSAVE"}, kLastWins);
  expect(capture.bgsave(true), {"BGSAVE", "SCHEDULE"}, kLastWins);
  expect(capture.dbsize(), {"DBSIZE"}, kRead);
  expect(capture.failover(), {"FAILOVER"}, kAccumulates);
  expect(capture.failover({.host = "h", .port = 1, .force = true, .timeout = 5s}),
         {"FAILOVER", "TO", "h", "1", "FORCE", "TIMEOUT", "5000"}, kAccumulates);
  expect(capture.failover_abort(), {"FAILOVER", "ABORT"}, kAccumulates);
  expect(capture.flushall(), {"FLUSHALL"}, kLastWins);
  expect(capture.flushall(Flush::async), {"FLUSHALL", "ASYNC"}, kLastWins);
  expect(capture.flushdb(Flush::sync), {"FLUSHDB", "SYNC"}, kLastWins);
  expect(capture.info(), {"INFO"}, kRead);
  expect(capture.info("server", "clients"), {"INFO", "server", "clients"}, kRead);
  expect(capture.lastsave(), {"LASTSAVE"}, kRead);
  expect(capture.lolwut(), {"LOLWUT"}, kRead);
  expect(capture.lolwut(5), {"LOLWUT", "VERSION", "5"}, kRead);
  expect(capture.replicaof("h", 6379), {"REPLICAOF", "h", "6379"}, kLastWins);
  expect(capture.replicaof_no_one(), {"REPLICAOF", "NO", "ONE"}, kLastWins);
  expect(capture.role(), {"ROLE"}, kRead);
  expect(capture.save(), {"SAVE"}, kLastWins);
  expect(capture.swapdb(0, 1), {"SWAPDB", "0", "1"}, kAccumulates);
  expect(capture.time(), {"TIME"}, kRead);
}

TEST(ConfigurationCommandsEncoding, WritesCommandConfigAndModule) {
  expect(capture.command_all(), {"COMMAND"}, kRead);
  expect(capture.command_count(), {"COMMAND", "COUNT"}, kRead);
  expect(capture.command_docs("get", "set"), {"COMMAND", "DOCS", "get", "set"}, kRead);
  expect(capture.command_getkeys("MSET", "a", 1), {"COMMAND", "GETKEYS", "MSET", "a", "1"}, kRead);
  expect(capture.command_getkeysandflags("GET", "a"), {"COMMAND", "GETKEYSANDFLAGS", "GET", "a"}, kRead);
  expect(capture.command_info("get"), {"COMMAND", "INFO", "get"}, kRead);
  expect(capture.command_list(), {"COMMAND", "LIST"}, kRead);
  expect(capture.command_list({.module = "m"}), {"COMMAND", "LIST", "FILTERBY", "MODULE", "m"});
  expect(capture.command_list({.acl_category = "read"}), {"COMMAND", "LIST", "FILTERBY", "ACLCAT", "read"});
  expect(capture.command_list({.pattern = "a*"}), {"COMMAND", "LIST", "FILTERBY", "PATTERN", "a*"});
  expect(capture.config_get("a*", "b"), {"CONFIG", "GET", "a*", "b"}, kRead);
  expect(capture.config_resetstat(), {"CONFIG", "RESETSTAT"}, kLastWins);
  expect(capture.config_rewrite(), {"CONFIG", "REWRITE"}, kLastWins);
  expect(capture.config_set("a", 1, "b", "x"), {"CONFIG", "SET", "a", "1", "b", "x"}, kLastWins);
  expect(capture.module_list(), {"MODULE", "LIST"}, kRead);
  expect(capture.module_load("/m.so", "a", "b"), {"MODULE", "LOAD", "/m.so", "a", "b"}, kAccumulates);
  expect(capture.module_loadex("/m.so", {.settings = {{"n", "v"}}, .arguments_of_module = {"a", "b"}}),
         {"MODULE", "LOADEX", "/m.so", "CONFIG", "n", "v", "ARGS", "a", "b"}, kAccumulates);
  expect(capture.module_unload("m"), {"MODULE", "UNLOAD", "m"}, kAccumulates);
}

TEST(DiagnosticsCommandsEncoding, WritesLatencyMemoryAndSlowlog) {
  expect(capture.latency_doctor(), {"LATENCY", "DOCTOR"}, kRead);
  expect(capture.latency_graph("command"), {"LATENCY", "GRAPH", "command"}, kRead);
  expect(capture.latency_histogram("get"), {"LATENCY", "HISTOGRAM", "get"}, kRead);
  expect(capture.latency_history("command"), {"LATENCY", "HISTORY", "command"}, kRead);
  expect(capture.latency_latest(), {"LATENCY", "LATEST"}, kRead);
  expect(capture.latency_reset(), {"LATENCY", "RESET"}, kLastWins);
  expect(capture.latency_reset("a", "b"), {"LATENCY", "RESET", "a", "b"}, kLastWins);
  expect(capture.memory_doctor(), {"MEMORY", "DOCTOR"}, kRead);
  expect(capture.memory_malloc_stats(), {"MEMORY", "MALLOC-STATS"}, kRead);
  expect(capture.memory_purge(), {"MEMORY", "PURGE"}, kLastWins);
  expect(capture.memory_stats(), {"MEMORY", "STATS"}, kRead);
  expect(capture.memory_usage("k"), {"MEMORY", "USAGE", "k"}, kRead);
  expect(capture.memory_usage("k", 0), {"MEMORY", "USAGE", "k", "SAMPLES", "0"}, kRead);
  expect(capture.slowlog_get(), {"SLOWLOG", "GET", "10"}, kRead);
  expect(capture.slowlog_len(), {"SLOWLOG", "LEN"}, kRead);
  expect(capture.slowlog_reset(), {"SLOWLOG", "RESET"}, kLastWins);
}

TEST(AclCommandsEncoding, WritesAcl) {
  expect(capture.acl_cat(), {"ACL", "CAT"}, kRead);
  expect(capture.acl_cat("read"), {"ACL", "CAT", "read"}, kRead);
  expect(capture.acl_deluser("a", "b"), {"ACL", "DELUSER", "a", "b"}, kLastWins);
  expect(capture.acl_dryrun("u", "GET", "k", 5), {"ACL", "DRYRUN", "u", "GET", "k", "5"}, kRead);
  expect(capture.acl_genpass(), {"ACL", "GENPASS", "256"}, kRead);
  expect(capture.acl_getuser("u"), {"ACL", "GETUSER", "u"}, kRead);
  expect(capture.acl_list(), {"ACL", "LIST"}, kRead);
  expect(capture.acl_load(), {"ACL", "LOAD"}, kLastWins);
  expect(capture.acl_log(3), {"ACL", "LOG", "3"}, kRead);
  expect(capture.acl_log_reset(), {"ACL", "LOG", "RESET"}, kLastWins);
  expect(capture.acl_save(), {"ACL", "SAVE"}, kLastWins);
  expect(capture.acl_setuser("u", "on", "+@all"), {"ACL", "SETUSER", "u", "on", "+@all"}, kLastWins);
  expect(capture.acl_users(), {"ACL", "USERS"}, kRead);
  expect(capture.acl_whoami(), {"ACL", "WHOAMI"}, kRead);
}

}  // namespace
}  // namespace redstart::test
