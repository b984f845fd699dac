// SPDX-License-Identifier: Apache-2.0
// scripting_test.cpp: bytes, retry categories and replies of scripts, functions and messages.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <redstart/resp/decode.hpp>
#include <string>
#include <vector>

#include "capture.hpp"

namespace redstart::test {
namespace {

using Number = std::int64_t;

TEST(ScriptingCommandsEncoding, WritesScripts) {
  const std::vector<std::string> keys{"a", "b"};
  expect(capture.eval<Number>("return 1"), {"EVAL", "return 1", "0"}, kAccumulates);
  expect(capture.eval<Number>("s", {"a"}, "x", 2), {"EVAL", "s", "1", "a", "x", "2"}, kAccumulates);
  expect(capture.eval<Number>("s", keys), {"EVAL", "s", "2", "a", "b"}, kAccumulates);
  expect(capture.eval<Number>("s", {}, "x"), {"EVAL", "s", "0", "x"}, kAccumulates);
  expect(capture.eval_ro<Number>("s", {"a"}), {"EVAL_RO", "s", "1", "a"}, kRead);
  expect(capture.evalsha<Number>("d", {"a"}), {"EVALSHA", "d", "1", "a"}, kAccumulates);
  expect(capture.evalsha_ro<Number>("d", {"a"}, 1), {"EVALSHA_RO", "d", "1", "a", "1"}, kRead);
  EXPECT_FALSE(capture.eval<Number>("s", std::vector<std::string>{}).lacks_arguments);
  expect(capture.script_load("s"), {"SCRIPT", "LOAD", "s"}, kLastWins);
  expect(capture.script_exists("d", "e"), {"SCRIPT", "EXISTS", "d", "e"}, kRead);
  expect(capture.script_exists(keys), {"SCRIPT", "EXISTS", "a", "b"}, kRead);
  expect(capture.script_flush(), {"SCRIPT", "FLUSH"}, kLastWins);
  expect(capture.script_flush(Flush::async), {"SCRIPT", "FLUSH", "ASYNC"}, kLastWins);
  expect(capture.script_kill(), {"SCRIPT", "KILL"}, kLastWins);
}

TEST(ScriptingCommandsEncoding, WritesFunctions) {
  expect(capture.fcall<Number>("f", {"a"}, 1), {"FCALL", "f", "1", "a", "1"}, kAccumulates);
  expect(capture.fcall_ro<Number>("f"), {"FCALL_RO", "f", "0"}, kRead);
  expect(capture.function_load("code"), {"FUNCTION", "LOAD", "code"}, kAccumulates);
  expect(capture.function_load_replace("code"), {"FUNCTION", "LOAD", "REPLACE", "code"}, kLastWins);
  expect(capture.function_delete("l"), {"FUNCTION", "DELETE", "l"}, kLastWins);
  expect(capture.function_flush(Flush::sync), {"FUNCTION", "FLUSH", "SYNC"}, kLastWins);
  expect(capture.function_dump(), {"FUNCTION", "DUMP"}, kRead);
  expect(capture.function_restore("d", RestoreFunctions::replace), {"FUNCTION", "RESTORE", "d", "REPLACE"},
         kAccumulates);
  expect(capture.function_list({.library = "l*", .with_code = true}),
         {"FUNCTION", "LIST", "LIBRARYNAME", "l*", "WITHCODE"}, kRead);
  expect(capture.function_stats<std::string>(), {"FUNCTION", "STATS"}, kRead);
  expect(capture.function_kill(), {"FUNCTION", "KILL"}, kLastWins);
}

TEST(FunctionListReply, IsTheSameInBothProtocols) {
  const auto text = [](const std::string& word) {
    return "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  };
  const std::string function = text("name") + text("f") + text("description") + "$-1\r\n" + text("flags") +
                               "*1\r\n" + text("no-writes");
  const std::string library =
      text("library_name") + text("l") + text("engine") + text("LUA") + text("functions") + "*1\r\n";
  for (const std::string& frame :
       {"*1\r\n*6\r\n" + library + "*6\r\n" + function, "*1\r\n%3\r\n" + library + "%3\r\n" + function}) {
    std::vector<FunctionLibrary> libraries;
    resp::DecodeIssue issue;
    ASSERT_TRUE(resp::decode_frame(frame, libraries, issue)) << issue.describe();
    ASSERT_EQ(libraries.size(), 1U);
    EXPECT_EQ(libraries[0].name, "l");
    EXPECT_EQ(libraries[0].engine, "LUA");
    ASSERT_EQ(libraries[0].functions.size(), 1U);
    EXPECT_EQ(libraries[0].functions[0].name, "f");
    EXPECT_EQ(libraries[0].functions[0].description, std::nullopt);
    EXPECT_EQ(libraries[0].functions[0].flags, std::vector<std::string>{"no-writes"});
  }
}

TEST(PubsubCommandsEncoding, WritesMessagesAndChannels) {
  expect(capture.publish("c", 7), {"PUBLISH", "c", "7"}, kAccumulates);
  expect(capture.spublish("c", "m"), {"SPUBLISH", "c", "m"}, kAccumulates);
  expect(capture.pubsub_channels(), {"PUBSUB", "CHANNELS", "*"}, kRead);
  expect(capture.pubsub_channels("a*"), {"PUBSUB", "CHANNELS", "a*"}, kRead);
  expect(capture.pubsub_numpat(), {"PUBSUB", "NUMPAT"}, kRead);
  expect(capture.pubsub_numsub("a", "b"), {"PUBSUB", "NUMSUB", "a", "b"}, kRead);
  expect(capture.pubsub_numsub({"a", "b"}), {"PUBSUB", "NUMSUB", "a", "b"}, kRead);
  expect(capture.pubsub_shardchannels(), {"PUBSUB", "SHARDCHANNELS", "*"}, kRead);
  expect(capture.pubsub_shardnumsub("a"), {"PUBSUB", "SHARDNUMSUB", "a"}, kRead);
}

}  // namespace
}  // namespace redstart::test
