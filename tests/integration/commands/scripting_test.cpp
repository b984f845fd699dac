// SPDX-License-Identifier: Apache-2.0
// scripting_test.cpp: each command of scripts, functions and messages once against a real server.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/client_test.hpp"

namespace redstart::test {
namespace {

using Number = std::int64_t;
using Counts = std::vector<std::pair<std::string, Number>>;

class ScriptingCommandsLive : public ClientTest {};
INSTANTIATE_TEST_SUITE_P(Protocols, ScriptingCommandsLive, both_protocols(), protocol_name);

TEST_P(ScriptingCommandsLive, RunScripts) {
  const Client client = redis();
  EXPECT_EQ(client.eval<Number>("return redis.call('INCRBY', KEYS[1], ARGV[1])", {"n"}, 5), 5);
  EXPECT_EQ(client.eval<std::vector<std::string>>("return ARGV", {}, "a", 2),
            (std::vector<std::string>{"a", "2"}));
  const std::string digest = client.script_load("return redis.call('GET', KEYS[1])");
  EXPECT_EQ(client.evalsha<Number>(digest, {"n"}), 5);
  EXPECT_EQ(client.script_exists(digest, std::string(40, '0')), (std::vector<bool>{true, false}));
  EXPECT_EQ(client.results().script_kill().error().info().server.substr(0, 7), "NOTBUSY");
  client.script_flush();
  EXPECT_EQ(client.script_exists({digest}), std::vector<bool>{false});
  EXPECT_EQ(client.results().evalsha<Number>(digest, {"n"}).error().info().server.substr(0, 8), "NOSCRIPT");
}

TEST_P(ScriptingCommandsLive, RunReadOnlyScriptsAndFunctions) {
  REDSTART_NEEDS_SINCE(7, 0);
  const Client client = redis();
  EXPECT_EQ(client.eval_ro<Number>("return 7"), 7);
  EXPECT_FALSE(client.results().eval_ro<Number>("return redis.call('INCR', KEYS[1])", {"n"}));
  EXPECT_EQ(client.evalsha_ro<Number>(client.script_load("return 8")), 8);
  const std::string code =
      "#!lua name=mylib\n"
      "redis.register_function('add', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) "
      "end)\n"
      "redis.register_function{function_name='one', callback=function() return 1 end, flags={'no-writes'}}";
  client.function_flush();
  EXPECT_EQ(client.function_load(code), "mylib");
  EXPECT_FALSE(client.results().function_load(code));
  EXPECT_EQ(client.function_load_replace(code), "mylib");
  EXPECT_EQ(client.fcall<Number>("add", {"n"}, 3), 3);
  EXPECT_EQ(client.fcall_ro<Number>("one"), 1);
  const auto libraries = client.function_list({.library = "my*", .with_code = true});
  ASSERT_EQ(libraries.size(), 1U);
  EXPECT_EQ(libraries[0].name, "mylib");
  EXPECT_EQ(libraries[0].functions.size(), 2U);
  EXPECT_EQ(libraries[0].code, code);
  const std::string dump = client.function_dump();
  client.function_delete("mylib");
  EXPECT_TRUE(client.function_list().empty());
  client.function_restore(dump, RestoreFunctions::flush);
  EXPECT_EQ(client.function_list().size(), 1U);
  EXPECT_FALSE(client.results().function_kill());
  EXPECT_GE(client.function_stats<Value>().view().size(), 2U);
  client.function_flush(Flush::sync);
}

TEST_P(ScriptingCommandsLive, PublishToNobody) {
  const Client client = redis();
  EXPECT_EQ(client.publish("news", "text"), 0);
  EXPECT_TRUE(client.pubsub_channels("news*").empty());
  EXPECT_EQ(client.pubsub_numpat(), 0);
  EXPECT_EQ(client.pubsub_numsub("news", "more"), (Counts{{"news", 0}, {"more", 0}}));
  REDSTART_NEEDS_SINCE(7, 0);
  EXPECT_EQ(client.spublish("news", 7), 0);
  EXPECT_TRUE(client.pubsub_shardchannels().empty());
  EXPECT_EQ(client.pubsub_shardnumsub("news"), (Counts{{"news", 0}}));
}

}  // namespace
}  // namespace redstart::test
