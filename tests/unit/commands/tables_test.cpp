// SPDX-License-Identifier: Apache-2.0
// tables_test.cpp: the command tables are sound, and commands are found in them by their words.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <redstart/commands/all.hpp>
#include <redstart/commands/session_state.hpp>
#include <redstart/commands/untyped.hpp>
#include <string>
#include <vector>

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

TEST(CommandTables, EachTableIsSortedByName) {
  const auto by_name = [](const CommandInfo& a, const CommandInfo& b) { return a.name < b.name; };
  info::for_each_table([&](const auto& table) {
    EXPECT_TRUE(std::is_sorted(std::begin(table), std::end(table), by_name)) << table[0].name;
  });
  EXPECT_TRUE(std::is_sorted(std::begin(info::untyped), std::end(info::untyped), by_name));
}

TEST(CommandTables, NoCommandIsThereTwice) {
  std::vector<std::string_view> names;
  for (const CommandInfo* row : all_rows()) names.push_back(row->name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  EXPECT_EQ(twice, names.end()) << *twice;
}

TEST(CommandTables, NamesAreUpperCaseWithAtMostOneBlank) {
  for (const CommandInfo* row : all_rows()) {
    EXPECT_EQ(row->name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_ "), std::string_view::npos)
        << row->name;
    EXPECT_LE(std::count(row->name.begin(), row->name.end(), ' '), 1) << row->name;
  }
}

TEST(CommandTables, WhatOnlyReadsMayAlwaysBeRetriedAndWritesNeverAsReads) {
  for (const CommandInfo* row : all_rows()) {
    if (row->access == Access::admin) continue;
    EXPECT_EQ(row->retry == Retry::read, row->access == Access::read) << row->name;
  }
}

TEST(CommandTables, TheNameIsEncodedWordByWord) {
  const CommandInfo& one = info::find(info::strings, "GET");
  EXPECT_EQ(one.wire_name(), "$3\r\nGET\r\n");
  EXPECT_EQ(one.words, 1);
  const CommandInfo& two = info::find(info::configuration, "COMMAND GETKEYSANDFLAGS");
  EXPECT_EQ(two.wire_name(), "$7\r\nCOMMAND\r\n$15\r\nGETKEYSANDFLAGS\r\n");
  EXPECT_EQ(two.words, 2);
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

TEST(CommandLookup, TheSecondWordOfACommandWithoutSubcommandsIsAnArgument) {
  ASSERT_NE(lookup("get"), nullptr);
  EXPECT_EQ(lookup("get", "client"), lookup("GET"));
  EXPECT_EQ(lookup("COMMAND", "nonsense"), lookup("command"));
  EXPECT_NE(lookup("COMMAND", "docs"), lookup("command"));
}

TEST(CommandLookup, UnknownCommandsHaveNoRow) {
  EXPECT_EQ(lookup(""), nullptr);
  EXPECT_EQ(lookup("FT.SEARCH", "index"), nullptr);
  EXPECT_EQ(lookup("OBJECT"), nullptr);
  EXPECT_EQ(lookup("OBJECT", "NONSENSE"), nullptr);
  EXPECT_EQ(lookup("CLIENT LIST"), lookup("CLIENT", "LIST"))
      << "a name with its blank, as the tables have it";
  EXPECT_EQ(lookup(std::string(1 << 20, 'x'), "y"), nullptr);
}

TEST(CommandLookup, NothingIsAssumedOfAnUnknownCommandThatAllowsARepetition) {
  EXPECT_EQ(unknown_command().access, Access::write);
  EXPECT_EQ(unknown_command().retry, Retry::accumulating);
}

TEST(SessionState, EachKindIsToldByTheWords) {
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

TEST(SessionState, UnknownSubcommandsOfClientMayChangeTheConnection) {
  EXPECT_NE(session_state("CLIENT"), Session::none);
  EXPECT_NE(session_state("client", "of-a-later-version"), Session::none);
  EXPECT_NE(session_state("SCRIPT", "of-a-later-version"), Session::none);
  EXPECT_EQ(session_state("SCRIPT", "LOAD"), Session::none);
}

TEST(CommandTables, ErrorsOfScriptsProveNothing) {
  for (const std::string_view word :
       {"EVAL", "evalsha", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO", "EXEC"})
    EXPECT_EQ(lookup(word)->reply_of(), ReplyOf::script) << word;
  EXPECT_EQ(lookup("SET")->reply_of(), ReplyOf::plain_command);
}

}  // namespace
}  // namespace redstart::test
