// SPDX-License-Identifier: Apache-2.0
// tables_test.cpp: consistency of the command tables, and lookup by words.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <redstart/commands/all.hpp>
#include <redstart/commands/session_state.hpp>
#include <string>
#include <vector>

#include "commands/untyped.hpp"

namespace redstart::test {
namespace {

std::vector<const CommandInfo*> all_rows() {
  std::vector<const CommandInfo*> rows;
  info::for_each([&rows](const CommandInfo& row) { rows.push_back(&row); });
  for (const CommandInfo& row : info::untyped) rows.push_back(&row);
  return rows;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

TEST(CommandTables, AreSortedByName) {
  const auto by_name = [](const CommandInfo& a, const CommandInfo& b) { return a.name < b.name; };
  info::for_each_table([&](const auto& table) {
    EXPECT_TRUE(std::is_sorted(std::begin(table), std::end(table), by_name)) << table[0].name;
  });
  EXPECT_TRUE(std::is_sorted(std::begin(info::untyped), std::end(info::untyped), by_name));
}

TEST(CommandTables, ContainEachCommandOnce) {
  std::vector<std::string_view> names;
  for (const CommandInfo* row : all_rows()) names.push_back(row->name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  EXPECT_EQ(twice, names.end()) << *twice;
}

TEST(CommandTables, HaveUpperCaseNamesWithAtMostOneBlank) {
  for (const CommandInfo* row : all_rows()) {
    EXPECT_EQ(row->name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_ "), std::string_view::npos)
        << row->name;
    EXPECT_LE(std::count(row->name.begin(), row->name.end(), ' '), 1) << row->name;
  }
}

TEST(CommandTables, AllowRepeatingReadsButNotWritesByDefault) {
  for (const CommandInfo* row : all_rows()) {
    if (row->access == Access::admin) continue;
    EXPECT_EQ(row->retry == Retry::read, row->access == Access::read) << row->name;
  }
}

TEST(CommandTables, EncodeEachWordOfTheName) {
  const CommandInfo& one = info::find(info::strings, "GET");
  EXPECT_EQ(one.wire.bytes(), "$3\r\nGET\r\n");
  EXPECT_EQ(one.wire.words(), 1U);
  const CommandInfo& two = info::find(info::configuration, "COMMAND GETKEYSANDFLAGS");
  EXPECT_EQ(two.wire.bytes(), "$7\r\nCOMMAND\r\n$15\r\nGETKEYSANDFLAGS\r\n");
  EXPECT_EQ(two.wire.words(), 2U);
}

TEST(CommandLookup, FindsEveryRowInAnyLetterCase) {
  for (const CommandInfo* row : all_rows()) {
    const std::size_t blank = row->name.find(' ');
    const std::string_view first = row->name.substr(0, blank);
    const std::string_view second = blank == std::string_view::npos ? "" : row->name.substr(blank + 1);
    EXPECT_EQ(lookup(first, second), row) << row->name;
    EXPECT_EQ(lookup(lower(first), lower(second)), row) << row->name;
  }
}

TEST(CommandLookup, TakesTheSecondWordForAnArgumentIfThereAreNoSubcommands) {
  ASSERT_NE(lookup("get"), nullptr);
  EXPECT_EQ(lookup("get", "client"), lookup("GET"));
  EXPECT_EQ(lookup("COMMAND", "nonsense"), lookup("command"));
  EXPECT_NE(lookup("COMMAND", "docs"), lookup("command"));
}

TEST(CommandLookup, FindsNothingForUnknownCommands) {
  EXPECT_EQ(lookup(""), nullptr);
  EXPECT_EQ(lookup("FT.SEARCH", "index"), nullptr);
  EXPECT_EQ(lookup("OBJECT"), nullptr);
  EXPECT_EQ(lookup("OBJECT", "NONSENSE"), nullptr);
  EXPECT_EQ(lookup("CLIENT LIST"), lookup("CLIENT", "LIST"))
      << "a name with its blank, as the tables have it";
  EXPECT_EQ(lookup(std::string(1 << 20, 'x'), "y"), nullptr);
}

TEST(CommandLookup, AssumesTheWorstOfAnUnknownCommand) {
  EXPECT_EQ(unknown_command().access, Access::write);
  EXPECT_EQ(unknown_command().retry, Retry::accumulating);
  EXPECT_EQ(unknown_command().reply_of, ReplyOf::script);
  EXPECT_FALSE(unknown_command().has_row);
}

TEST(SessionState, FollowsFromTheWords) {
  EXPECT_EQ(session_state("GET", "key"), Session::none);
  EXPECT_EQ(session_state("select", "3"), Session::database);
  for (const std::string_view word : {"auth", "HELLO", "Reset"})
    EXPECT_EQ(session_state(word, "x"), Session::identity) << word;
  for (const std::string_view word : {"WATCH", "UNWATCH", "MULTI", "EXEC", "DISCARD"})
    EXPECT_EQ(session_state(word), Session::transaction) << word;
  for (const std::string_view word :
       {"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "MONITOR"})
    EXPECT_EQ(session_state(word, "x"), Session::subscription) << word;
  for (const std::string_view word : {"TRACKING", "CACHING"})
    EXPECT_EQ(session_state("CLIENT", word), Session::subscription) << word;
  for (const std::string_view word : {"SETNAME", "SETINFO", "NO-EVICT", "NO-TOUCH"})
    EXPECT_EQ(session_state("CLIENT", word), Session::identity) << word;
  EXPECT_EQ(session_state("client", "reply"), Session::reply_mode);
  EXPECT_EQ(session_state("SCRIPT", "DEBUG"), Session::reply_mode);
  EXPECT_EQ(session_state("CLIENT", "LIST"), Session::none);
  for (const std::string_view word : {"QUIT", "SHUTDOWN"})
    EXPECT_EQ(session_state(word), Session::ending) << word;
  for (const std::string_view word : {"SYNC", "PSYNC", "REPLCONF"})
    EXPECT_EQ(session_state(word), Session::replication) << word;
  for (const std::string_view word : {"READONLY", "READWRITE", "ASKING"})
    EXPECT_EQ(session_state(word), Session::routing) << word;
}

TEST(SessionState, IsNotNoneForUnknownSubcommandsOfClientAndScript) {
  EXPECT_NE(session_state("CLIENT"), Session::none);
  EXPECT_NE(session_state("client", "of-a-later-version"), Session::none);
  EXPECT_NE(session_state("SCRIPT", "of-a-later-version"), Session::none);
  EXPECT_EQ(session_state("SCRIPT", "LOAD"), Session::none);
}

TEST(CommandTables, DistinguishRepliesOfScriptsAndTransactions) {
  const auto expected = [](std::string_view name) {
    if (name.starts_with("EVAL") || name.starts_with("FCALL")) return ReplyOf::script;
    return name == "EXEC" ? ReplyOf::transaction : ReplyOf::plain_command;
  };
  for (const CommandInfo* row : all_rows()) EXPECT_EQ(row->reply_of, expected(row->name)) << row->name;
}

TEST(CommandTables, StateTheSpreadOfCommandsWithoutKeys) {
  for (const CommandInfo* row : all_rows()) {
    if (row->keys == keys::none) {
      EXPECT_TRUE(row->spread.target != Target::slot && row->spread.target != Target::each_slot) << row->name;
    } else {
      EXPECT_TRUE(row->spread.target == Target::slot || row->spread.target == Target::each_slot) << row->name;
    }
  }
}

TEST(CommandTables, JoinRepliesOnlyWhereThereAreSeveral) {
  for (const CommandInfo* row : all_rows()) {
    const Target target = row->spread.target;
    const bool several =
        target == Target::each_slot || target == Target::primaries || target == Target::servers;
    EXPECT_EQ(row->spread.join != Join::single, several) << row->name;
  }
}

TEST(CommandTables, StateTheFirstVersions) {
  const auto is_version = [](std::string_view text) {
    return std::count(text.begin(), text.end(), '.') == 2 &&
           text.find_first_not_of("0123456789.") == std::string_view::npos;
  };
  for (const CommandInfo* row : all_rows()) {
    const bool in_redis = row->since != info::absent;
    EXPECT_TRUE(!in_redis || is_version(row->since)) << row->name;
    if (row->since_valkey.empty()) {  // inherited from Redis 7.2
      EXPECT_TRUE(in_redis && row->since < "7.3") << row->name;
    } else if (row->since_valkey != info::absent) {
      EXPECT_TRUE(is_version(row->since_valkey)) << row->name;
    } else {
      EXPECT_TRUE(in_redis) << row->name;
    }
  }
}

}  // namespace
}  // namespace redstart::test
