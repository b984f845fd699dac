// SPDX-License-Identifier: Apache-2.0
// command_table_test.cpp: every command of the server has a row and a typed form.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <redstart/commands/all.hpp>
#include <set>
#include <string>
#include <string_view>

#include "commands/untyped.hpp"
#include "support/redis_test.hpp"

namespace redstart::test {
namespace {

/// The description of one command by the server.
struct Spec {
  std::string group;
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

void add(std::map<std::string, Spec>& specs, const RawReply& command) {
  Spec spec;
  spec.container = !command.elements[9].elements.empty();
  specs[upper(command.elements[0].text)] = spec;
  for (const RawReply& subcommand : command.elements[9].elements) add(specs, subcommand);
}

void add_docs(std::map<std::string, Spec>& specs, const RawReply& docs) {
  for (std::size_t i = 0; i + 1 < docs.elements.size(); i += 2) {
    const RawReply& doc = docs.elements[i + 1];
    Spec& spec = specs[upper(docs.elements[i].text)];
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

// Commands without a typed form, each with the reason. Groups that come later are listed as groups.
const std::map<std::string_view, std::string_view> exceptions{
    {"AUTH", "sent by the handshake; on a scoped handle through command()"},
    {"CLIENT CACHING", "part of client-side caching, which needs a connection that reads pushes"},
    {"CLIENT REPLY", "a missing reply would shift all later ones"},
    {"CLIENT TRACKING", "part of client-side caching, which needs a connection that reads pushes"},
    {"DEBUG", "for developers of the server; available through command()"},
    {"GEORADIUS", "replaced by GEOSEARCH and GEOSEARCHSTORE since Redis 6.2"},
    {"GEORADIUSBYMEMBER", "replaced by GEOSEARCH and GEOSEARCHSTORE since Redis 6.2"},
    {"GEORADIUSBYMEMBER_RO", "replaced by GEOSEARCH since Redis 6.2"},
    {"GEORADIUS_RO", "replaced by GEOSEARCH since Redis 6.2"},
    {"HELLO", "sent by the handshake"},
    {"HMSET", "replaced by HSET since Redis 4.0"},
    {"MONITOR", "an endless stream instead of a reply"},
    {"PFDEBUG", "for developers of the server; available through command()"},
    {"PFSELFTEST", "for developers of the server; available through command()"},
    {"PSYNC", "for replicas"},
    {"QUIT", "handles close their connections"},
    {"REPLCONF", "for replicas"},
    {"RESET", "would undo the handshake"},
    {"RESTORE-ASKING", "for the migration between cluster nodes"},
    {"SCRIPT DEBUG", "changes the replies of its connection; for developers of scripts"},
    {"SHUTDOWN", "has no reply on success; on a scoped handle through command()"},
    {"SLAVEOF", "replaced by REPLICAOF since Redis 5.0"},
    {"SUBSTR", "replaced by GETRANGE since Redis 2.4"},
    {"SYNC", "for replicas"},
};
const std::set<std::string_view> later_groups{"cluster", "pubsub", "transactions"};

TEST_F(CommandTable, HasRowForEveryCommandOfServer) {
  std::set<std::string_view> names;
  for_each_row([&](const CommandInfo& row) { names.insert(row.name); });
  for (const auto& [name, spec] : specs_) {
    if (is_container(name, spec) || is_help(name))
      continue;  // containers are no commands, and HELP returns text for people
    EXPECT_TRUE(names.contains(name))
        << name << ": add a row, and a typed form or the reason for not having one";
  }
}

TEST_F(CommandTable, HasTypedFormOrReasonForEveryCommand) {
  std::set<std::string_view> typed;
  info::for_each([&](const CommandInfo& row) { typed.insert(row.name); });
  for (const auto& [name, spec] : specs_) {
    if (is_container(name, spec) || is_help(name) || typed.contains(name)) continue;
    EXPECT_TRUE(later_groups.contains(spec.group) || exceptions.contains(name))
        << name << " of group " << spec.group;
  }
}

TEST_F(CommandTable, HasNoOutdatedReason) {
  std::set<std::string_view> typed;
  info::for_each([&](const CommandInfo& row) { typed.insert(row.name); });
  for (const auto& [name, reason] : exceptions) {
    EXPECT_TRUE(specs_.contains(std::string(name))) << name << " does not exist";
    EXPECT_FALSE(typed.contains(name)) << name << " has a typed form";
  }
}

}  // namespace
}  // namespace redstart::test
