// SPDX-License-Identifier: Apache-2.0
// value_test.cpp: access, comparison and printing of Value.
#include <redstart/resp/value.hpp>

#include "support/heap_watch.hpp"
#include "support/small_stack.hpp"
#include "unit/resp/decode.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace redstart {
namespace {

using resp::Type;
using resp::test::decoded;

Value parsed(std::string_view frame) {
  resp::test::expect_one_reply(frame);
  return Value::from_frame(frame);
}

template <class F>
std::string error_of(F read) {
  try {
    read();
  } catch (const ValueError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Value, ReadsEveryType) {
  EXPECT_TRUE(Value{}.is_null());
  EXPECT_TRUE(parsed("$-1\r\n").is_null());
  EXPECT_EQ(parsed("+OK\r\n").as_string(), "OK");
  EXPECT_EQ(parsed(":-5\r\n").as_integer(), -5);
  EXPECT_EQ(parsed(":-5\r\n").as_double(), -5.0);
  EXPECT_EQ(parsed(",2.5\r\n").as_double(), 2.5);
  EXPECT_TRUE(parsed("#t\r\n").as_bool());
  EXPECT_EQ(parsed("(123\r\n").as_string(), "123");
  EXPECT_EQ(parsed("=8\r\nmkd:text\r\n").as_string(), "text");
  EXPECT_EQ(parsed("=8\r\nmkd:text\r\n").view().format(), "mkd");
  EXPECT_EQ(parsed("$?\r\n;2\r\nab\r\n;1\r\nc\r\n;0\r\n").as_string(), "abc");
  EXPECT_TRUE(parsed("-ERR x\r\n").is_error());
  EXPECT_TRUE(parsed("!5\r\nERR x\r\n").is_error());
  EXPECT_EQ(parsed("~?\r\n:1\r\n:2\r\n.\r\n").size(), 2U);
  EXPECT_EQ(parsed(">1\r\n+x\r\n").type(), Type::push);
}

TEST(Value, ReturnsElementsPairsAndAttributes) {
  const Value value = parsed(
      "*3\r\n:1\r\n%2\r\n+a\r\n*1\r\n+deep\r\n$1\r\nb\r\n_\r\n|1\r\n+ttl\r\n:5\r\n|1\r\n+x\r\n:6\r\n+"
      "end\r\n");
  ASSERT_EQ(value.size(), 3U);
  EXPECT_EQ(value[0].as_integer(), 1);
  EXPECT_EQ(value[1].size(), 2U);
  EXPECT_EQ(value[1]["a"][0].as_string(), "deep");
  EXPECT_TRUE(value[1]["b"].is_null());
  EXPECT_FALSE(value[1].find("c"));
  EXPECT_EQ(value[2].as_string(), "end");
  ASSERT_EQ(value[2].attributes(), 2U);
  EXPECT_EQ(value[2].attribute_key(1).as_string(), "x");
  EXPECT_EQ(value[2].attribute_value(1).as_integer(), 6);
  EXPECT_EQ(value[0].attributes(), 0U);
  std::vector<Type> types;
  for (const ValueView element : value.view()) types.push_back(element.type());
  EXPECT_EQ(types, (std::vector<Type>{Type::integer, Type::map, Type::simple}));
}

TEST(Value, NamesActualTypeWhenAccessedAsAnother) {
  EXPECT_EQ(error_of([] { return parsed("$3\r\nabc\r\n").as_integer(); }),
            "expected an integer, got the bulk string \"abc\"");
  EXPECT_EQ(error_of([] { return parsed(":3\r\n").as_string(); }), "expected a string, got the integer 3");
  EXPECT_EQ(error_of([] { return parsed("*1\r\n:3\r\n").as_double(); }),
            "expected a double, got an array of 1");
  EXPECT_EQ(error_of([] { return Value{}.as_bool(); }), "expected a boolean, got null");
  EXPECT_EQ(error_of([] { return parsed("*1\r\n:3\r\n")[1]; }),
            "expected an aggregate with an element 1, got an array of 1");
  EXPECT_EQ(error_of([] { return parsed("%1\r\n+a\r\n:3\r\n")["b"]; }),
            "expected a map with the key \"b\", got a map of 1");
  EXPECT_EQ(error_of([] { return parsed("%1\r\n+a\r\n:3\r\n")[0]; }),
            "expected an aggregate with an element 0, got a map of 1");
  EXPECT_EQ(error_of([] { return parsed("-ERR no\r\n")["b"]; }), "expected a map, got the error \"ERR no\"");
}

TEST(Value, ComparesTypesValuesAndAttributes) {
  const std::string_view frame = "*2\r\n|1\r\n+a\r\n:1\r\n+b\r\n,nan\r\n";
  EXPECT_EQ(parsed(frame), parsed(frame));
  EXPECT_NE(parsed(frame), parsed("*2\r\n+b\r\n,nan\r\n"));
  EXPECT_NE(parsed("$1\r\na\r\n"), parsed("+a\r\n"));
  EXPECT_EQ(parsed("*?\r\n:1\r\n.\r\n"), parsed("*1\r\n:1\r\n"));
  const Value value = parsed(frame);
  Value copy = value;
  EXPECT_EQ(copy, value);
  copy = Value{};
  EXPECT_NE(copy, value);
}

TEST(Value, PrintsToStreams) {
  std::ostringstream out;
  const Value list = parsed("*2\r\n:1\r\n$1\r\nx\r\n");
  out << Value{} << ' ' << list[0] << ' ' << list;
  EXPECT_EQ(out.str(), "(nil) (integer) 1 " + to_string(list));
}

TEST(Value, PrintsInStyleOfRedisCli) {
  EXPECT_EQ(to_string(Value{}), "(nil)");
  EXPECT_EQ(to_string(parsed("+OK\r\n")), "OK");
  EXPECT_EQ(to_string(parsed("-ERR bad\r\n")), "(error) ERR bad");
  EXPECT_EQ(to_string(parsed(":5\r\n")), "(integer) 5");
  EXPECT_EQ(to_string(parsed(",1.5\r\n")), "(double) 1.5");
  EXPECT_EQ(to_string(parsed("#f\r\n")), "(false)");
  EXPECT_EQ(to_string(parsed("$8\r\na\"\\\n\x01\xff\x7f\t\r\n")), R"("a\"\\\n\x01\xff\x7f\t")");
  EXPECT_EQ(to_string(parsed("~0\r\n")), "(empty set)");
  EXPECT_EQ(to_string(parsed("*2\r\n*2\r\n:1\r\n%1\r\n+k\r\n*2\r\n:2\r\n:3\r\n+end\r\n")),
            "1) 1) (integer) 1\n"
            "   2) 1# k => 1) (integer) 2\n"
            "              2) (integer) 3\n"
            "2) end");
  EXPECT_EQ(to_string(parsed("|1\r\n+ttl\r\n:5\r\n~1\r\n:1\r\n")), "1| ttl => (integer) 5\n1~ (integer) 1");
  EXPECT_EQ(to_string(parsed("%1\r\n*1\r\n:1\r\n:2\r\n")), "1# an array of 1 => (integer) 2");
}

TEST(Value, DecodesAsElementOfContainers) {
  const auto values = decoded<std::vector<Value>>("*3\r\n*1\r\n:1\r\n-ERR x\r\n|1\r\n+a\r\n+b\r\n:2\r\n");
  ASSERT_TRUE(values);
  EXPECT_EQ((*values)[0][0].as_integer(), 1);
  EXPECT_TRUE((*values)[1].is_error());
  EXPECT_EQ((*values)[2].view().attributes(), 1U);
  EXPECT_EQ(decoded<std::optional<Value>>("_\r\n")->has_value(), false);
}

TEST(Value, UsesSixteenBytesPerValue) {
  std::string frame = "*100000\r\n";
  for (int i = 0; i != 100000; ++i) frame += "_\r\n";
  const redstart::test::HeapWatch watch;
  const Value value = Value::from_frame(frame);
  EXPECT_EQ(value.size(), 100000U);
  EXPECT_LE(watch.peak(), 6 * frame.size());
}

TEST(Value, NeedsLittleStackWhenDeeplyNested) {
  constexpr std::size_t depth = 300000;
  bool done = false;
  redstart::test::on_small_stack([&] {
    std::string frame;
    for (std::size_t i = 0; i != depth; ++i)
      frame += i % 3 == 0 ? "|1\r\n:1\r\n:2\r\n*1\r\n" : i % 3 == 1 ? "%1\r\n:1\r\n" : "*1\r\n";
    frame += ":1\r\n";
    resp::Limits limits;
    limits.depth = depth;
    resp::Scanner scanner(limits);
    ASSERT_EQ(scanner.scan(frame), resp::Scanner::Status::complete);
    const Value value = Value::from_frame(frame);
    const Value copy = value;
    done = copy == value && to_string(copy).size() > depth;
    resp::DecodeIssue issue;
    resp::Cursor cursor(frame, issue);
    cursor.skip();
    done = done && cursor.at_end();
  });
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace redstart
