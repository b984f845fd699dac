// SPDX-License-Identifier: Apache-2.0
// generic_test.cpp: bytes, categories and facts of commands by name.
#include <gtest/gtest.h>

#include <redstart/resp/value.hpp>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "capture.hpp"

namespace redstart::test {
namespace {

TEST(GenericCommandEncoding, AcceptsWordsAndArgumentsOfEveryKind) {
  const std::vector<std::string> keys{"a", "b"};
  expect(capture.command<std::string>("GET", "k"), {"GET", "k"});
  expect(capture.command<int>("OBJECT FREQ", "k"), {"OBJECT", "FREQ", "k"});
  expect(capture.command<int>("OBJECT", "FREQ", "k"), {"OBJECT", "FREQ", "k"});
  expect(capture.command<int>("DEL", keys), {"DEL", "a", "b"});
  expect(capture.command<Value>("MY.MODULE", 1, 2.5, "three", std::pair("k", 4)),
         {"MY.MODULE", "1", "2.5", "three", "k", "4"});
  expect(capture.command<Value>("TIME"), {"TIME"});
}

TEST(GenericCommandEncoding, EscapesProtocolBytesInNamesAndArguments) {
  expect(capture.command<Value>("GET\r\nFLUSHALL", "k\r\n*1\r\n"), {"GET\r\nFLUSHALL", "k\r\n*1\r\n"});
}

TEST(GenericCommandEncoding, KeepsTheRetryCategoryOfAKnownCommand) {
  expect(capture.command<std::string>("get", "k"), {"get", "k"}, Retry::read);
  expect(capture.command<bool>("Set", "k", "v"), {"Set", "k", "v"}, Retry::last_write_wins);
  expect(capture.command<int>("incr", "k"), {"incr", "k"}, Retry::accumulating);
  expect(capture.command<Value>("XLEN", "k"), {"XLEN", "k"}, Retry::read);
  expect(capture.command<Value>("ZADD", "k", "INCR", 1, "m"), {"ZADD", "k", "INCR", "1", "m"},
         Retry::accumulating);
}

TEST(GenericCommandEncoding, NeverRepeatsAnUnknownCommand) {
  expect(capture.command<Value>("MY.GET", "k"), {"MY.GET", "k"}, Retry::accumulating);
}

TEST(GenericCommandEncoding, KeepsKeysAndSpread) {
  EXPECT_EQ(capture.command<Value>("evalsha", "sha", 1, "k").keys, keys::counted(2));
  EXPECT_EQ(capture.command<Value>("OBJECT FREQ", "k").keys, keys::at(2));
  EXPECT_EQ(capture.command<Value>("OBJECT", "FREQ", "k").keys, keys::at(2));
  EXPECT_EQ(capture.command<Value>("mget", "a", "b").spread, (Spread{Target::each_slot, Join::by_key}));
  EXPECT_EQ(capture.command<Value>("MY.GET", "k").keys, keys::none);
}

TEST(GenericCommandEncoding, DetectsChangesOfTheConnectionInAnyForm) {
  const std::vector<std::string> words{"REPLY", "SKIP"};
  EXPECT_EQ(capture.command<Value>("GET", "k").session, Session::none);
  EXPECT_EQ(capture.command<Value>("select", 3).session, Session::database);
  EXPECT_EQ(capture.command<Value>("CLIENT", "reply", "SKIP").session, Session::reply_mode);
  EXPECT_EQ(capture.command<Value>("client reply", "SKIP").session, Session::reply_mode);
  EXPECT_NE(capture.command<Value>("CLIENT", words).session, Session::none);
  EXPECT_NE(capture.command<Value>("CLIENT", std::pair("REPLY", "SKIP")).session, Session::none);
  EXPECT_EQ(capture.command<Value>("CLIENT", "LIST").session, Session::none);
}

}  // namespace
}  // namespace redstart::test
