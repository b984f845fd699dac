// SPDX-License-Identifier: Apache-2.0
// encoded_keys_test.cpp: the keys of encoded commands.
#include "commands/encoded_keys.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <redstart/commands/session_state.hpp>
#include <redstart/resp/buffer.hpp>
#include <redstart/resp/writer.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "capture.hpp"

namespace redstart::test {
namespace {

using Words = std::vector<std::string>;

Words keys_of(std::string_view bytes, const KeySpec& spec) {
  Words found;
  for_each_key(EncodedWords(bytes), spec, [&found](std::string_view key) { found.emplace_back(key); });
  return found;
}

/// The keys of the command with these words, according to its row.
Words keys_of(std::initializer_list<std::string_view> words) {
  const CommandInfo* row = lookup(words.begin()[0], words.size() > 1 ? words.begin()[1] : "");
  return keys_of(wire(words), row->keys);
}

TEST(EncodedKeys, AreEmptyForCommandsWithoutKeys) {
  EXPECT_EQ(keys_of({"PING"}), Words{});
  EXPECT_EQ(keys_of({"CLIENT", "SETNAME", "k"}), Words{});
}

TEST(EncodedKeys, OfRangesCountFromTheEndOrByStep) {
  EXPECT_EQ(keys_of({"GET", "a"}), Words{"a"});
  EXPECT_EQ(keys_of({"OBJECT", "FREQ", "a"}), Words{"a"});
  EXPECT_EQ(keys_of({"COPY", "a", "b", "REPLACE"}), (Words{"a", "b"}));
  EXPECT_EQ(keys_of({"DEL", "a", "b", "c"}), (Words{"a", "b", "c"}));
  EXPECT_EQ(keys_of({"BLPOP", "a", "b", "0"}), (Words{"a", "b"}));
  EXPECT_EQ(keys_of({"MSET", "a", "1", "b", "2"}), (Words{"a", "b"}));
  EXPECT_EQ(keys_of({"BITOP", "AND", "to", "a", "b"}), (Words{"to", "a", "b"}));
}

TEST(EncodedKeys, OfCountsMayFollowADestination) {
  EXPECT_EQ(keys_of({"EVAL", "return 1", "2", "a", "b", "argument"}), (Words{"a", "b"}));
  EXPECT_EQ(keys_of({"EVAL", "return 1", "0", "argument"}), Words{});
  EXPECT_EQ(keys_of({"LMPOP", "2", "a", "b", "LEFT"}), (Words{"a", "b"}));
  EXPECT_EQ(keys_of({"BLMPOP", "0", "1", "a", "LEFT"}), Words{"a"});
  EXPECT_EQ(keys_of({"ZUNIONSTORE", "to", "2", "a", "b", "WEIGHTS", "1", "2"}), (Words{"to", "a", "b"}));
}

TEST(EncodedKeys, StayInsideTheCommandWhenTheCountIsWrong) {
  EXPECT_EQ(keys_of({"EVAL", "return 1", "9", "a"}), Words{"a"});
  EXPECT_EQ(keys_of({"EVAL", "return 1", "-1", "a"}), Words{});
  EXPECT_EQ(keys_of({"EVAL", "return 1", "x", "a"}), Words{});
  EXPECT_EQ(keys_of({"EVAL", "return 1", "99999999999999999999999", "a"}), Words{});
  EXPECT_EQ(keys_of({"EVAL", "return 1"}), Words{});
}

TEST(EncodedKeys, OfStreamsAreTheFirstHalfAfterTheWord) {
  EXPECT_EQ(keys_of({"XREAD", "COUNT", "2", "streams", "a", "b", "0", "0"}), (Words{"a", "b"}));
  EXPECT_EQ(keys_of({"XREADGROUP", "GROUP", "STREAMS", "c", "STREAMS", "a", ">"}), Words{"a"});
  EXPECT_EQ(keys_of({"XREAD", "COUNT", "2"}), Words{});
}

TEST(EncodedKeys, IncludeKeysAfterOptions) {
  EXPECT_EQ(keys_of({"SORT", "a", "BY", "store", "GET", "STORE", "LIMIT", "0", "1", "store", "to"}),
            (Words{"a", "to"}));
  EXPECT_EQ(keys_of({"SORT", "a", "STORE"}), Words{"a"});
  EXPECT_EQ(keys_of({"GEORADIUS", "a", "1", "2", "3", "km", "STOREDIST", "to"}), (Words{"a", "to"}));
  EXPECT_EQ(keys_of({"GEORADIUSBYMEMBER", "a", "STORE", "3", "km"}), Words{"a"});
  EXPECT_EQ(keys_of({"MIGRATE", "host", "1", "a", "0", "5"}), Words{"a"});
  EXPECT_EQ(keys_of({"MIGRATE", "host", "1", "", "0", "5", "AUTH", "keys", "KEYS", "a", "b"}),
            (Words{"a", "b"}));
}

TEST(EncodedKeys, AreEmptyForNamesAlone) {
  for (const std::string_view name : {"GET", "COPY", "MSET", "ZUNIONSTORE", "SORT", "XREADGROUP", "MIGRATE"})
    EXPECT_EQ(keys_of({name}), Words{}) << name;
}

TEST(EncodedKeys, MayBeLargeArgumentsThatStayWithTheCaller) {
  const std::string key(20'000, 'k');
  const std::string value(30'000, 'v');
  resp::Buffer buffer;
  std::vector<resp::External> external;
  resp::Writer writer(buffer, external, 16 * 1024);
  writer.array(5);
  for (const std::string_view word : {std::string_view("MSET"), std::string_view(key),
                                      std::string_view(value), std::string_view("b"), std::string_view("2")})
    writer.bulk(word);
  Words found;
  for_each_key(EncodedWords(buffer.view(), external), keys::pairs,
               [&found](std::string_view found_key) { found.emplace_back(found_key); });
  EXPECT_EQ(found, (Words{key, "b"}));
}

TEST(EncodedKeys, StayInsideTruncatedBytes) {
  const std::string whole = wire({"EVAL", "return 1", "2", "a", "b", "argument"});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_LE(keys_of({cut.data(), cut.size()}, keys::counted(2)).size(), 2U) << size;
  }
}

}  // namespace
}  // namespace redstart::test
