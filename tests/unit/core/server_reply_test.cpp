// SPDX-License-Identifier: Apache-2.0
// server_reply_test.cpp: what each error reply proves.
#include <redstart/core/server_reply.hpp>

#include <gtest/gtest.h>

#include <string_view>

namespace redstart {
namespace {

struct Row {
  std::string_view message;
  Effect plain;
  Effect script;
  Remedy remedy;
};

constexpr auto none = Effect::not_sent;
constexpr auto ran = Effect::server_error;

// Messages of Redis 7.0, unless a row names another server.
constexpr Row rows[] = {
    {"LOADING Redis is loading the dataset in memory", none, ran, Remedy::retry},
    {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", none, ran,
     Remedy::retry},
    {"NOREPLICAS Not enough good replicas to write.", none, ran, Remedy::retry},
    {"READONLY You can't write against a read only replica.", none, ran, Remedy::reconnect},
    {"REDIRECT 127.0.0.1:7340", none, ran, Remedy::reconnect},  // Valkey
    {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", none, ran,
     Remedy::reconnect},
    {"OOM command not allowed when used memory > 'maxmemory'.", none, ran, Remedy::never},
    {"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", none,
     ran, Remedy::never},
    {"NOAUTH Authentication required.", none, ran, Remedy::never},
    {"WRONGPASS invalid username-password pair or user is disabled.", none, ran, Remedy::never},
    {"NOPERM this user has no permissions to run the 'get' command", none, ran, Remedy::never},
    {"EXECABORT Transaction discarded because of previous errors.", none, ran, Remedy::never},
    {"NOPROTO unsupported protocol version", none, ran, Remedy::never},
    // Exact texts that a server sends only before a script runs.
    {"ERR max number of clients reached", none, none, Remedy::retry},
    {"NOSCRIPT No matching script. Please use EVAL.", none, none, Remedy::never},
    {"NOSCRIPT No matching script.", none, none, Remedy::never},  // Valkey
    {"MOVED 3999 127.0.0.1:6381", none, none, Remedy::reconnect},
    {"MOVED 3999 :6381", none, none, Remedy::reconnect},
    {"ASK 16383 ::1:6381", none, none, Remedy::reconnect},
    {"TRYAGAIN Multiple keys request during rehashing of slot", none, none, Remedy::retry},
    {"CROSSSLOT Keys in request don't hash to the same slot", none, none, Remedy::never},
    {"CLUSTERDOWN The cluster is down", none, none, Remedy::retry},
    {"CLUSTERDOWN The cluster is down and only accepts read commands", none, none, Remedy::retry},
    {"CLUSTERDOWN Hash slot not served", none, none, Remedy::retry},
    // Similar texts prove nothing.
    {"MOVED 3999 127.0.0.1:6381 after one write", none, ran, Remedy::reconnect},
    {"MOVED 3999 127.0.0.1:6381 ", none, ran, Remedy::reconnect},
    {"MOVED 16384 127.0.0.1:6381", none, ran, Remedy::reconnect},
    {"MOVED 3999 127.0.0.1:65536", none, ran, Remedy::reconnect},
    {"MOVED 3999 127.0.0.1:0", none, ran, Remedy::reconnect},
    {"MOVED 3999 127.0.0.1", none, ran, Remedy::reconnect},
    {"MOVED 127.0.0.1:6381", none, ran, Remedy::reconnect},
    {"ASK", none, ran, Remedy::reconnect},
    {"ASK 3999", none, ran, Remedy::reconnect},
    {"TRYAGAIN Multiple keys request during rehashing of slot 7", none, ran, Remedy::retry},
    {"TRYAGAIN", none, ran, Remedy::retry},
    {"CROSSSLOT Keys in request don't hash to the same slot.", none, ran, Remedy::never},
    {"CLUSTERDOWN The cluster is down and out", none, ran, Remedy::retry},
    {"CLUSTERDOWN", none, ran, Remedy::retry},
    {"ERR max number of clients reached today", ran, ran, Remedy::none},
    {"NOSCRIPT something a script returned", none, ran, Remedy::never},
    {"NOSCRIPT No matching script", none, ran, Remedy::never},
    {"WRONGTYPE Operation against a key holding the wrong kind of value", ran, ran, Remedy::none},
    {"ERR value is not an integer or out of range", ran, ran, Remedy::none},
    {"LOADINGS", ran, ran, Remedy::none},
    {"OOMPH", ran, ran, Remedy::none},
    {"loading", ran, ran, Remedy::none},
    {" LOADING", ran, ran, Remedy::none},
    {"", ran, ran, Remedy::none},
};

TEST(ServerReply, ProvesNonExecutionForPlainCommandsOnly) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.message);
    EXPECT_EQ(classify(row.message, ReplyOf::plain_command).effect, row.plain);
    EXPECT_EQ(classify(row.message, ReplyOf::plain_command).remedy, row.remedy);
    EXPECT_EQ(classify(row.message, ReplyOf::script).effect, row.script);
    EXPECT_EQ(classify(row.message, ReplyOf::script).remedy, row.remedy);
  }
}

TEST(ServerReply, ProvesThatNothingOfTransactionRanByErrorOfExec) {
  const auto expect = [](std::string_view message, Remedy remedy) {
    SCOPED_TRACE(message);
    EXPECT_EQ(classify(message, ReplyOf::transaction).effect, Effect::not_sent);
    EXPECT_EQ(classify(message, ReplyOf::transaction).remedy, remedy);
  };
  expect("EXECABORT Transaction discarded because of previous errors.", Remedy::never);
  expect("EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.",
         Remedy::reconnect);
  expect("EXECABORT Transaction discarded because of: NOREPLICAS Not enough good replicas to write.",
         Remedy::retry);
  expect("EXECABORT Transaction discarded because of: OOM command not allowed", Remedy::never);
  expect("EXECABORT Transaction discarded because of: ERR something else", Remedy::never);
  expect("MOVED 3999 127.0.0.1:6381", Remedy::reconnect);
  expect("CROSSSLOT Keys in request don't hash to the same slot", Remedy::never);
  expect("LOADING Redis is loading the dataset in memory", Remedy::retry);
  expect("ERR something else", Remedy::never);
}

TEST(ServerReply, ProvesNothingIfExecFoundNoTransaction) {
  constexpr std::string_view lost = "ERR EXEC without MULTI";
  EXPECT_EQ(classify(lost, ReplyOf::transaction).effect, Effect::server_error)
      << "MULTI may have been refused, so that the commands ran at once";
  EXPECT_EQ(classify(lost, ReplyOf::transaction).remedy, Remedy::none);
  EXPECT_EQ(classify(lost, ReplyOf::plain_command).effect, Effect::server_error);
}

TEST(ServerReply, TakesRemedyOfAbortedTransactionFromItsReasonOnly) {
  constexpr std::string_view aborted =
      "EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.";
  EXPECT_EQ(classify(aborted, ReplyOf::plain_command).remedy, Remedy::reconnect);
  EXPECT_EQ(classify(aborted, ReplyOf::script).effect, Effect::server_error);
  EXPECT_EQ(classify(aborted, ReplyOf::script).remedy, Remedy::never) << "no script runs EXEC";
  EXPECT_EQ(root_message("EXECABORT Transaction discarded because of previous errors."),
            "EXECABORT Transaction discarded because of previous errors.");
}

TEST(ServerReply, ProvesThatForcedUnblockHadNoEffect) {
  constexpr std::string_view forced =
      "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";
  EXPECT_EQ(classify(forced, ReplyOf::plain_command).effect, Effect::not_sent);
  EXPECT_EQ(classify(forced, ReplyOf::plain_command).remedy, Remedy::reconnect);
  EXPECT_EQ(classify(forced, ReplyOf::script).effect, Effect::server_error);
  EXPECT_EQ(classify("UNBLOCKED client unblocked via CLIENT UNBLOCK", ReplyOf::plain_command).effect,
            Effect::server_error);
}

TEST(ServerReply, ParsesRedirections) {
  const auto moved = redirect_of("MOVED 12675 10.0.0.2:17002");
  ASSERT_TRUE(moved);
  EXPECT_FALSE(moved->once);
  EXPECT_EQ(moved->slot, 12675);
  EXPECT_EQ(moved->host, "10.0.0.2");
  EXPECT_EQ(moved->port, 17002);
  const auto ask = redirect_of("ASK 0 fe80::1:65535");
  ASSERT_TRUE(ask);
  EXPECT_TRUE(ask->once);
  EXPECT_EQ(ask->host, "fe80::1");
  EXPECT_EQ(redirect_of("MOVED 1 ?:17002")->host, "?");
  EXPECT_EQ(redirect_of("MOVED 1 :17002")->host, "");
}

TEST(ServerReply, SuggestsReconnectForNoauthAfterAuthentication) {
  const auto plain = classify("NOAUTH Authentication required.", ReplyOf::plain_command, true);
  EXPECT_EQ(plain.effect, Effect::not_sent);
  EXPECT_EQ(plain.remedy, Remedy::reconnect);
  const auto script = classify("NOAUTH Authentication required.", ReplyOf::script, true);
  EXPECT_EQ(script.effect, Effect::server_error) << "a script may have written before";
  EXPECT_EQ(classify("WRONGPASS invalid", ReplyOf::plain_command, true).remedy, Remedy::never);
}

TEST(ServerReply, EndsErrorCodeAtFirstSpace) {
  EXPECT_EQ(error_word("OOM command not allowed"), "OOM");
  EXPECT_EQ(error_word("OOM"), "OOM");
  EXPECT_EQ(error_word(" x"), "");
  EXPECT_EQ(error_word(""), "");
}

}  // namespace
}  // namespace redstart
