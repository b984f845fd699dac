// SPDX-License-Identifier: Apache-2.0
// command_table_test.cpp: the command tables against what a live server says of its commands.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <redstart/commands/all.hpp>
#include <redstart/commands/untyped.hpp>
#include <set>
#include <string>
#include <string_view>

#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

/// What the server says of one command.
struct Spec {
  std::set<std::string> flags;
  std::string since;
  std::string group;
  int first_key = 0;
  bool container = false;
};

std::string upper(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '|') c = ' ';
  }
  return result;
}

// Position of the first key, 1 is the first argument behind the name; 0 when there is none or a word must be
// searched.
int first_key(const RawReply& command) {
  const RawReply& specs = command.elements[8];
  if (specs.elements.empty()) return 0;
  const RawReply& begin = specs.elements[0].at("begin_search");
  const RawReply& find = specs.elements[0].at("find_keys");
  if (begin.at("type").text != "index") return 0;
  auto position = begin.at("spec").at("index").integer();
  if (find.at("type").text == "keynum") position += find.at("spec").at("firstkey").integer();
  const bool subcommand = command.elements[0].text.find('|') != std::string::npos;
  return static_cast<int>(position) - (subcommand ? 1 : 0);
}

void add(std::map<std::string, Spec>& specs, const RawReply& command) {
  Spec spec;
  for (const RawReply& flag : command.elements[2].elements) spec.flags.insert(flag.text);
  spec.first_key = first_key(command);
  spec.container = !command.elements[9].elements.empty();
  specs[upper(command.elements[0].text)] = spec;
  for (const RawReply& subcommand : command.elements[9].elements) add(specs, subcommand);
}

void add_docs(std::map<std::string, Spec>& specs, const RawReply& docs) {
  for (std::size_t i = 0; i + 1 < docs.elements.size(); i += 2) {
    const RawReply& doc = docs.elements[i + 1];
    Spec& spec = specs[upper(docs.elements[i].text)];
    spec.since = doc.at("since").text;
    spec.group = doc.at("group").text;
    add_docs(specs, doc.at("subcommands"));
  }
}

class CommandTable : public RedisTest {
 protected:
  void SetUp() override {
    RedisTest::SetUp();
    if (IsSkipped()) return;
    if (!raw().info("redis_version").starts_with("7.0."))
      GTEST_SKIP() << "the tables describe Redis 7.0, this server is " << raw().info("redis_version");
    for (const RawReply& command : raw().command({"COMMAND"}).elements) add(specs_, command);
    add_docs(specs_, raw().command({"COMMAND", "DOCS"}));
  }

  template <class F>
  void for_each_row(F function) const {
    info::for_each(function);
    for (const CommandInfo& row : info::untyped) function(row);
  }

  std::map<std::string, Spec> specs_{};
};

bool is_container(const std::string& name, const Spec& spec) { return spec.container && name != "COMMAND"; }
bool is_help(const std::string& name) { return name.ends_with(" HELP"); }

// Commands without a typed form, with the reason. Those of whole groups that are still to come are told by
// the group.
const std::map<std::string_view, std::string_view> exceptions{
    {"AUTH", "the handshake does it; in a scoped handle through command()"},
    {"CLIENT CACHING", "part of client-side caching, which needs a connection that reads pushes"},
    {"CLIENT REPLY", "a reply that never comes would shift all later ones"},
    {"CLIENT TRACKING", "part of client-side caching, which needs a connection that reads pushes"},
    {"DEBUG", "for developers of the server; through command()"},
    {"HELLO", "the handshake does it"},
    {"HMSET", "HSET does it since Redis 4.0"},
    {"MONITOR", "an endless stream, no reply"},
    {"PSYNC", "for replicas"},
    {"QUIT", "handles close their connections themselves"},
    {"REPLCONF", "for replicas"},
    {"RESET", "would undo the handshake"},
    {"RESTORE-ASKING", "for the migration between cluster nodes"},
    {"SHUTDOWN", "ends without an answer; in a scoped handle through command()"},
    {"SLAVEOF", "REPLICAOF does it since Redis 5.0"},
    {"SUBSTR", "GETRANGE does it since Redis 2.4"},
    {"SYNC", "for replicas"},
};
const std::set<std::string_view> later_groups{"bitmap", "cluster",   "geo",    "hyperloglog",
                                              "pubsub", "scripting", "stream", "transactions"};

TEST_F(CommandTable, EveryCommandOfTheServerHasARow) {
  std::set<std::string_view> names;
  for_each_row([&](const CommandInfo& row) { names.insert(row.name); });
  for (const auto& [name, spec] : specs_) {
    if (is_container(name, spec) || is_help(name)) continue;  // not commands by themselves; texts for people
    EXPECT_TRUE(names.contains(name))
        << name << ": add a row, and a typed form or a reason why there is none";
  }
}

TEST_F(CommandTable, EveryCommandHasATypedFormOrAReason) {
  std::set<std::string_view> typed;
  info::for_each([&](const CommandInfo& row) { typed.insert(row.name); });
  for (const auto& [name, spec] : specs_) {
    if (is_container(name, spec) || is_help(name) || typed.contains(name)) continue;
    EXPECT_TRUE(later_groups.contains(spec.group) || exceptions.contains(name))
        << name << " of group " << spec.group;
  }
}

TEST_F(CommandTable, NoReasonIsOutOfDate) {
  std::set<std::string_view> typed;
  info::for_each([&](const CommandInfo& row) { typed.insert(row.name); });
  for (const auto& [name, reason] : exceptions) {
    EXPECT_TRUE(specs_.contains(std::string(name))) << name << " does not exist";
    EXPECT_FALSE(typed.contains(name)) << name << " has a typed form";
  }
}

TEST_F(CommandTable, ReadsAndWritesAreWhatTheServerSays) {
  // The server's flags speak of what a command itself does to keys: not of what a script does, nor of
  // messages.
  const std::set<std::string_view> rather_writes{"EVAL", "EVALSHA", "FCALL", "EXEC", "PUBLISH", "SPUBLISH"};
  for_each_row([&](const CommandInfo& row) {
    const auto spec = specs_.find(std::string(row.name));
    if (spec == specs_.end()) return;  // of a later version
    const bool write = spec->second.flags.contains("write") || rather_writes.contains(row.name);
    const bool read = spec->second.flags.contains("readonly");
    const Access expected = write ? Access::write : read ? Access::read : Access::admin;
    EXPECT_EQ(static_cast<int>(row.access), static_cast<int>(expected)) << row.name;
  });
}

TEST_F(CommandTable, BlockingCommandsAreWhatTheServerSays) {
  for_each_row([&](const CommandInfo& row) {
    const auto spec = specs_.find(std::string(row.name));
    if (spec == specs_.end()) return;
    // WAIT waits for replicas, but not for keys: the server's flag means the latter.
    EXPECT_EQ(row.blocking, spec->second.flags.contains("blocking") || row.name == "WAIT") << row.name;
  });
}

TEST_F(CommandTable, FirstKeysAreWhereTheServerSays) {
  for_each_row([&](const CommandInfo& row) {
    const auto spec = specs_.find(std::string(row.name));
    if (spec == specs_.end()) return;
    EXPECT_EQ(static_cast<int>(row.first_key), spec->second.first_key) << row.name;
  });
}

TEST_F(CommandTable, VersionsAreWhatTheServerSays) {
  for_each_row([&](const CommandInfo& row) {
    const auto spec = specs_.find(std::string(row.name));
    if (spec == specs_.end()) return;
    EXPECT_EQ(row.since, spec->second.since) << row.name;
  });
}

TEST_F(CommandTable, RowsThatThisServerDoesNotKnowAreOfLaterVersions) {
  for_each_row([&](const CommandInfo& row) {
    if (!specs_.contains(std::string(row.name))) {
      EXPECT_GT(row.since, "7.0.0") << row.name;
    }
  });
}

}  // namespace
}  // namespace redstart::test
