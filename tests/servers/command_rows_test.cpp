// SPDX-License-Identifier: Apache-2.0
// command_rows_test.cpp: the rows of all commands against each server's own tables.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <redstart/commands/all.hpp>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "commands/encoded_keys.hpp"
#include "commands/untyped.hpp"
#include "servers/each_server.hpp"

namespace redstart::test {
namespace {

using Words = std::vector<std::string>;

/// The description of one command by the server.
struct ServerRow {
  int arity = 0;  ///< Words of the command; negative: at least that many.
  std::set<std::string> flags{};
  int first = 0, last = 0, step = 0;
  std::map<std::string, std::string> tips{};  ///< `request_policy` and `response_policy`.
  std::string since{};
};
using ServerRows = std::map<std::string, ServerRow, std::less<>>;

std::string row_name(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '|') c = ' ';
  }
  return result;
}

void add(ServerRows& rows, const RawReply& command) {
  ServerRow& row = rows[row_name(command.elements[0].text)];
  row.arity = static_cast<int>(command.elements[1].integer());
  for (const RawReply& flag : command.elements[2].elements) row.flags.insert(flag.text);
  row.first = static_cast<int>(command.elements[3].integer());
  row.last = static_cast<int>(command.elements[4].integer());
  row.step = static_cast<int>(command.elements[5].integer());
  if (command.elements.size() < 10) return;  // before Redis 7.0
  for (const RawReply& tip : command.elements[7].elements) {
    const std::size_t colon = tip.text.find(':');
    if (colon != std::string::npos) row.tips[tip.text.substr(0, colon)] = tip.text.substr(colon + 1);
  }
  for (const RawReply& subcommand : command.elements[9].elements) add(rows, subcommand);
}

void add_docs(ServerRows& rows, const RawReply& docs) {
  for (std::size_t i = 0; i + 1 < docs.elements.size(); i += 2) {
    const RawReply& doc = docs.elements[i + 1];
    rows[row_name(docs.elements[i].text)].since = doc.at("since").text;
    add_docs(rows, doc.at("subcommands"));
  }
}

/// `7.0.15` as numbers.
std::tuple<int, int, int> numbers(std::string_view version) {
  const std::string text(version);
  char* at = nullptr;
  const auto major = std::strtol(text.c_str(), &at, 10);
  const auto minor = *at == '.' ? std::strtol(at + 1, &at, 10) : 0;
  const auto patch = *at == '.' ? std::strtol(at + 1, &at, 10) : 0;
  return {static_cast<int>(major), static_cast<int>(minor), static_cast<int>(patch)};
}

Words split(std::string_view text) {
  Words words;
  std::size_t begin = 0;
  for (std::size_t end = 0; end != std::string_view::npos; begin = end + 1) {
    end = text.find(' ', begin);
    words.emplace_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
  }
  return words;
}

Words keys_of(const Words& words, const KeySpec& spec) {
  resp::Buffer buffer;
  resp::Writer writer(buffer);
  writer.array(words.size());
  for (const std::string& word : words) writer.bulk(word);
  Words keys;
  for_each_key(EncodedWords(buffer.view()), spec, [&keys](std::string_view key) { keys.emplace_back(key); });
  return keys;
}

/// Invocations of commands whose keys depend on their options. GETKEYS refuses PFMERGE with one key.
const std::multimap<std::string_view, std::string_view> particular_samples{
    {"SORT", "SORT a"},
    {"SORT", "SORT a STORE b"},
    {"SORT", "SORT a BY x GET y LIMIT 0 5 DESC store b"},
    {"SORT", "SORT a BY store GET store STORE b"},
    {"GEORADIUS", "GEORADIUS a 1 2 3 km"},
    {"GEORADIUS", "GEORADIUS a 1 2 3 km COUNT 5 STORE b"},
    {"GEORADIUS", "GEORADIUS a 1 2 3 km ASC STOREDIST b"},
    {"GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER a m 3 km"},
    {"GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER a m 3 km STORE b"},
    {"MIGRATE", "MIGRATE host 1 a 0 5"},
    {"MIGRATE", "MIGRATE host 1 a 0 5 COPY REPLACE AUTH pass"},
    {"MIGRATE", "MIGRATE host 1  0 5 AUTH2 user pass KEYS a b c"},
    {"PFMERGE", "PFMERGE a b"},
    {"PFMERGE", "PFMERGE a b c"},
    {"XREAD", "XREAD STREAMS a 0"},
    {"XREAD", "XREAD COUNT 5 BLOCK 5 STREAMS a b c 0 0 0"},
    {"XREADGROUP", "XREADGROUP GROUP g c STREAMS a >"},
    {"XREADGROUP", "XREADGROUP GROUP g c COUNT 5 NOACK STREAMS a b > >"},
};

/// Invocations of a command that the server's table allows, with one word more each time.
std::vector<Words> samples_of(const CommandInfo& row, const ServerRow& server) {
  std::vector<Words> samples;
  const auto [begin, end] = particular_samples.equal_range(row.name);
  for (auto at = begin; at != end; ++at) samples.push_back(split(at->second));
  if (!samples.empty()) return samples;
  const Words name = split(row.name);
  const auto least = static_cast<std::size_t>(std::abs(server.arity));
  for (std::size_t size = std::max(least, name.size()); size < least + 6; ++size) {
    Words words = name;
    while (words.size() < size) words.push_back("word" + std::to_string(words.size()));
    if (row.keys.shape == KeyShape::count) {
      const auto at = static_cast<std::size_t>(row.keys.at);
      words[at] = std::to_string(words.size() - at - 1);
    }
    samples.push_back(words);
    if (server.arity > 0) break;
  }
  return samples;
}

Target target_of(const std::map<std::string, std::string>& tips) {
  const auto policy = tips.find("request_policy");
  if (policy == tips.end()) return Target::slot;
  if (policy->second == "all_nodes") return Target::servers;
  if (policy->second == "all_shards") return Target::primaries;
  if (policy->second == "multi_shard") return Target::each_slot;
  return Target::walk;
}

std::optional<Join> join_of(const std::map<std::string, std::string>& tips) {
  const auto policy = tips.find("response_policy");
  if (policy == tips.end()) return std::nullopt;
  if (policy->second == "special") return std::nullopt;
  static const std::map<std::string_view, Join> joins{{"agg_sum", Join::sum},
                                                      {"agg_logical_and", Join::all_true},
                                                      {"all_succeeded", Join::all_succeed},
                                                      {"one_succeeded", Join::one_succeeds}};
  const auto join = joins.find(policy->second);
  return join != joins.end() ? join->second : Join::single;  // of which there is none: a fault
}

bool is_split(Target target) {
  return target == Target::each_slot || target == Target::primaries || target == Target::servers ||
         target == Target::walk;
}

using Reasons = std::map<std::string_view, std::string_view>;

const Reasons other_access{
    {"EVAL", "a script may write"},
    {"EVALSHA", "a script may write"},
    {"EXEC", "a transaction may write"},
    {"FCALL", "a function may write"},
    {"PUBLISH", "changes no key, but must not run twice"},
    {"SPUBLISH", "changes no key, but must not run twice"},
};
const Reasons other_blocking{
    {"WAIT", "Redis 7.0 has the flag only for commands that wait for keys"},
};
const Reasons other_positions{
    {"PFDEBUG", "Redis 6.0 reports no key"},
    {"SORT_RO", "movable because of its patterns, which a cluster refuses"},
};
const Reasons other_keys{
    {"SPUBLISH", "a shard channel is no key but has a slot"},
    {"SSUBSCRIBE", "a shard channel is no key but has a slot"},
    {"SUNSUBSCRIBE", "a shard channel is no key but has a slot"},
};
const Reasons other_spread{
    {"CLIENT SETINFO", "changes one connection"},
    {"CLIENT SETNAME", "changes one connection"},
    {"LATENCY RESET", "Redis 7.0 joins its numbers as if they were OK"},
    {"MSETNX", "would not be atomic in parts; proposed by Redis 7.0 only"},
    {"PING", "one server is enough"},
    {"SLOWLOG GET", "joined entries would not show their servers"},
    {"WAIT", "counts the replicas that have the writes of one connection"},
    {"WAITAOF", "counts the replicas that have the writes of one connection"},
};
const Reasons other_versions{
    {"CLIENT PAUSE", "Redis 7.0 reports a preview of 3.0.0"},
};
const Reasons not_listed{
    {"QUIT", "Redis 6.0 answers it without its table"},
};

class ServerCommandRows : public OnEachServer {
 protected:
  void SetUp() override {
    OnEachServer::SetUp();
    if (IsSkipped()) return;
    for (const RawReply& command : raw().command({"COMMAND"}).elements) add(rows_, command);
    if (version().since(7, 0)) add_docs(rows_, raw().command({"COMMAND", "DOCS"}));
  }

  /// Calls `function` with each row of a command that the server has, but for those with a reason.
  template <class F>
  void for_each_row(const Reasons& reasons, F function) const {
    std::size_t checked = 0;
    const auto visit = [&](const CommandInfo& row) {
      const auto server = rows_.find(row.name);
      if (server == rows_.end() || reasons.contains(row.name)) return;
      ++checked;
      function(row, server->second);
    };
    info::for_each(visit);
    for (const CommandInfo& row : info::untyped) visit(row);
    EXPECT_GT(checked, 150U);
  }

  ServerRows rows_{};
};
INSTANTIATE_TEST_SUITE_P(Servers, ServerCommandRows, each_server(), server_name);

TEST_P(ServerCommandRows, HaveTheServersAccessFlags) {
  if (!version().since(7, 0)) GTEST_SKIP() << "this server flags some commands without keys as reads";
  for_each_row(other_access, [](const CommandInfo& row, const ServerRow& server) {
    const bool write = server.flags.contains("write");
    const bool read = server.flags.contains("readonly");
    const Access expected = write ? Access::write : read ? Access::read : Access::admin;
    EXPECT_EQ(static_cast<int>(row.access), static_cast<int>(expected)) << row.name;
  });
}

TEST_P(ServerCommandRows, HaveTheServersBlockingFlag) {
  if (!version().since(7, 0)) GTEST_SKIP() << "this server has no flag for it";
  for_each_row(other_blocking, [](const CommandInfo& row, const ServerRow& server) {
    EXPECT_EQ(row.blocking, server.flags.contains("blocking")) << row.name;
  });
}

TEST_P(ServerCommandRows, HaveTheServersKeyPositions) {
  for_each_row(other_positions, [](const CommandInfo& row, const ServerRow& server) {
    const bool fixed = row.keys.shape == KeyShape::range || row.keys.shape == KeyShape::none;
    EXPECT_NE(fixed, server.flags.contains("movablekeys")) << row.name;
    if (!fixed) return;
    EXPECT_EQ(static_cast<int>(row.keys.first), server.first) << row.name;
    EXPECT_EQ(static_cast<int>(row.keys.last), server.last) << row.name;
    if (server.step != 0) {
      EXPECT_EQ(static_cast<int>(row.keys.step), server.step) << row.name;
    }
  });
}

TEST_P(ServerCommandRows, YieldTheKeysOfCommandGetkeys) {
  if (!version().since(7, 0)) GTEST_SKIP() << "this server can't be asked for subcommands";
  for_each_row(other_keys, [this](const CommandInfo& row, const ServerRow& server) {
    for (const Words& sample : samples_of(row, server)) {
      Words question{"COMMAND", "GETKEYS"};
      question.insert(question.end(), sample.begin(), sample.end());
      const RawReply answer = raw().command(question);
      Words keys;
      for (const RawReply& key : answer.elements) keys.push_back(key.text);
      std::string shown;
      for (const std::string& word : sample) shown += word + " ";
      EXPECT_EQ(keys_of(sample, row.keys), keys) << shown << answer.text;
    }
  });
}

TEST_P(ServerCommandRows, SpreadAsTheServersTipsPropose) {
  if (!version().since(7, 0)) GTEST_SKIP() << "this server gives no tips";
  const bool complete = version().since(7, 2);  // Redis 7.0 has tips for some commands only
  for_each_row(other_spread, [complete](const CommandInfo& row, const ServerRow& server) {
    if (server.tips.empty() && !complete) return;
    const auto policy = server.tips.find("response_policy");
    // The library joins no replies that need a rule of their own: the caller chooses a server.
    if (policy != server.tips.end() && policy->second == "special" && row.spread.target == Target::one_server)
      return;
    const Target proposed = target_of(server.tips);
    if (is_split(proposed) || is_split(row.spread.target)) {
      EXPECT_EQ(static_cast<int>(row.spread.target), static_cast<int>(proposed)) << row.name;
    }
    if (const std::optional<Join> join = join_of(server.tips)) {
      EXPECT_EQ(static_cast<int>(row.spread.join), static_cast<int>(*join)) << row.name;
    }
  });
}

TEST_P(ServerCommandRows, StateTheVersionOfTheServersDocumentation) {
  if (!version().since(7, 0)) GTEST_SKIP() << "this server has no documentation";
  const bool valkey = version().product == "Valkey";
  for_each_row(other_versions, [valkey](const CommandInfo& row, const ServerRow& server) {
    EXPECT_EQ(valkey && !row.since_valkey.empty() ? row.since_valkey : row.since, server.since) << row.name;
  });
}

TEST_P(ServerCommandRows, AreMissingInEarlierVersionsOnly) {
  const bool valkey = version().product == "Valkey";
  const auto visit = [&](const CommandInfo& row) {
    if (rows_.contains(row.name) || not_listed.contains(row.name)) return;
    if (!version().since(7, 0) && row.name.find(' ') != std::string_view::npos)
      return;  // lists no subcommands
    const std::string_view since = valkey ? row.since_valkey : row.since;
    EXPECT_TRUE(since == info::absent || numbers(since) > numbers(version().text)) << row.name;
  };
  info::for_each(visit);
  for (const CommandInfo& row : info::untyped) visit(row);
}

}  // namespace
}  // namespace redstart::test
