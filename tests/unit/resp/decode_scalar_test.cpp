// SPDX-License-Identifier: Apache-2.0
// decode_scalar_test.cpp: decodes numbers, strings, optionals, variants and user types.
#include <redstart/resp/decode.hpp>
#include <redstart/resp/value.hpp>

#include "unit/resp/decode.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace redstart::inline v0::resp {
namespace {

struct Point {
  int x = 0;
  int y = 0;
};

}  // namespace
}  // namespace redstart::inline v0::resp

template <>
struct redstart::codec<redstart::resp::Point> {
  static redstart::resp::Point decode(std::string_view bytes) {
    const std::size_t comma = bytes.find(',');
    if (comma == std::string_view::npos) throw std::invalid_argument("no comma");
    if (bytes == "throw,int") throw 1;
    return {std::stoi(std::string(bytes.substr(0, comma))), std::stoi(std::string(bytes.substr(comma + 1)))};
  }
  static std::string encode(const redstart::resp::Point& point) {
    return std::to_string(point.x) + ',' + std::to_string(point.y);
  }
};

namespace redstart::inline v0::resp {
namespace {

using test::decoded;
using test::issue_of;

TEST(DecodeOk, AcceptsOnlyOk) {
  EXPECT_EQ(decoded<Ok>("+OK\r\n"), Ok{});
  EXPECT_EQ(decoded<Ok>("|1\r\n+a\r\n+b\r\n+OK\r\n"), Ok{});
  EXPECT_EQ(issue_of<Ok>("+QUEUED\r\n"), "expected OK, got the simple string \"QUEUED\" (byte 0)");
  EXPECT_EQ(issue_of<Ok>("$2\r\nOK\r\n"), "expected OK, got the bulk string \"OK\" (byte 0)");
  EXPECT_EQ(issue_of<Ok>("_\r\n"), "expected OK, got null (byte 0)");
  EXPECT_EQ(issue_of<Ok>("-ERR a \"b\"\r\n"),
            "expected OK, got the server error \"ERR a \\\"b\\\"\" (byte 0)");
}

TEST(DecodeBool, AcceptsBothProtocols) {
  for (const std::string_view yes : {"#t\r\n", ":1\r\n", "+OK\r\n", "$1\r\n1\r\n"})
    EXPECT_EQ(decoded<bool>(yes), true);
  for (const std::string_view no : {"#f\r\n", ":0\r\n", "_\r\n", "$-1\r\n", "*-1\r\n", "$1\r\n0\r\n"}) {
    EXPECT_EQ(decoded<bool>(no), false);
  }
  for (const std::string_view neither : {":2\r\n", ":-1\r\n", "+YES\r\n", "$0\r\n\r\n", "*0\r\n", ",2\r\n"}) {
    EXPECT_FALSE(decoded<bool>(neither)) << neither;
  }
}

TEST(DecodeInteger, AcceptsBothProtocols) {
  EXPECT_EQ(decoded<std::int64_t>(":-9223372036854775808\r\n"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(decoded<std::int64_t>(":9223372036854775807\r\n"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(decoded<std::int64_t>(":+007\r\n"), 7);
  EXPECT_EQ(decoded<unsigned>(":-0\r\n"), 0U);
  EXPECT_EQ(decoded<unsigned>("$2\r\n-0\r\n"), 0U);
  EXPECT_EQ(decoded<int>("$3\r\n-12\r\n"), -12);
  EXPECT_EQ(decoded<int>("+12\r\n"), 12);
  EXPECT_EQ(decoded<int>("#t\r\n"), 1);
  EXPECT_EQ(decoded<std::uint64_t>("(18446744073709551615\r\n"), std::numeric_limits<std::uint64_t>::max());
}

TEST(DecodeInteger, FailsOutsideRangeOfType) {
  EXPECT_EQ(decoded<std::int8_t>(":-128\r\n"), std::int8_t{-128});
  EXPECT_EQ(issue_of<std::int8_t>(":128\r\n"),
            "expected an integer from -128 to 127, got the integer \"128\" (byte 0)");
  EXPECT_EQ(issue_of<std::uint8_t>("$2\r\n-1\r\n"),
            "expected an integer from 0 to 255, got the bulk string \"-1\" (byte 0)");
  EXPECT_FALSE(decoded<std::uint32_t>(":4294967296\r\n"));
  EXPECT_FALSE(decoded<std::int64_t>("(9223372036854775808\r\n"));
  EXPECT_EQ(issue_of<int>("$3\r\nabc\r\n"), "expected an integer, got the bulk string \"abc\" (byte 0)");
  for (const std::string_view wrong :
       {"$0\r\n\r\n", "$2\r\n1 \r\n", "$2\r\n+-\r\n", "$2\r\n1.\r\n", ",1.\r\n", ",1e3\r\n", "_\r\n"}) {
    EXPECT_FALSE(decoded<int>(wrong)) << wrong;
  }
}

TEST(DecodeDouble, AcceptsBothProtocols) {
  EXPECT_EQ(decoded<double>(",1.5\r\n"), 1.5);
  EXPECT_EQ(decoded<double>(",-.5\r\n"), -0.5);
  EXPECT_EQ(decoded<double>("$3\r\n1e3\r\n"), 1000.0);
  EXPECT_EQ(decoded<double>(":-7\r\n"), -7.0);
  EXPECT_EQ(decoded<double>("$4\r\n-inf\r\n"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(decoded<double>(",inf\r\n"), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(decoded<double>(",-nan\r\n").value()));
  EXPECT_EQ(decoded<double>(",-1e-400\r\n"), 0.0);
  EXPECT_TRUE(std::signbit(decoded<double>(",-1e-400\r\n").value()));
  EXPECT_EQ(decoded<double>(",5e-324\r\n"), 5e-324);
  EXPECT_EQ(decoded<float>(",0.25\r\n"), 0.25F);
  EXPECT_EQ(issue_of<float>(",1e39\r\n"), "expected a number within range, got the double \"1e39\" (byte 0)");
  EXPECT_EQ(decoded<float>(",1e-60\r\n"), 0.0F);
  for (const std::string_view wrong :
       {"$8\r\ninfinity\r\n", "$3\r\n0x1\r\n", "$2\r\n 1\r\n", "$5\r\n1e999\r\n", "#t\r\n"}) {
    EXPECT_FALSE(decoded<double>(wrong)) << wrong;
  }
}

std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

TEST(DecodeDouble, AcceptsSpellingsOfEveryCLibrary) {
  for (const std::string_view word :
       {"nan", "NaN", "NAN", "-nan", "nan(0x1)", "NaN(123)", "-nan(ind)", "nan()"}) {
    EXPECT_TRUE(std::isnan(decoded<double>("," + std::string(word) + "\r\n").value_or(0))) << word;
    EXPECT_TRUE(std::isnan(decoded<double>(bulk(word)).value_or(0))) << word;
  }
  for (const std::string_view word : {"inf", "INF", "Inf", "+inf"}) {
    EXPECT_EQ(decoded<double>("," + std::string(word) + "\r\n"), std::numeric_limits<double>::infinity());
    EXPECT_EQ(decoded<double>(",-" + std::string(word.substr(word[0] == '+' ? 1 : 0)) + "\r\n"),
              -std::numeric_limits<double>::infinity());
    EXPECT_EQ(decoded<double>(bulk(word)), std::numeric_limits<double>::infinity());
  }
}

TEST(DecodeDouble, FailsDecodingButNotScanningOutsideRange) {
  EXPECT_EQ(issue_of<double>(",1e999\r\n"),
            "expected a number within range, got the double \"1e999\" (byte 0)");
  EXPECT_FALSE(decoded<double>(",-1e999\r\n"));
  EXPECT_EQ(decoded<std::string>(",1e999\r\n"), "1e999");
  EXPECT_EQ(issue_of<Value>("*2\r\n:1\r\n,1e999\r\n"),
            "expected a number within range, got the double \"1e999\" (byte 8)");
  EXPECT_THROW(Value::from_frame(",1e999\r\n"), ValueError);
}

// RESP2 sends a double as string, a boolean as integer, and a map or set as array.
template <class T>
void expect_same(std::string_view resp2, std::string_view resp3, const T& expected) {
  EXPECT_EQ(decoded<T>(resp2), expected) << resp2;
  EXPECT_EQ(decoded<T>(resp3), expected) << resp3;
}

TEST(Decode, GivesSameValueWithBothProtocols) {
  expect_same<int>(bulk("12"), ",12\r\n", 12);
  expect_same<bool>(bulk("1"), ",1\r\n", true);
  expect_same<std::string>(bulk("1.5"), ",1.5\r\n", "1.5");
  expect_same<double>(bulk("-inf"), ",-inf\r\n", -std::numeric_limits<double>::infinity());
  using Score = std::variant<double, std::string>;
  expect_same<Score>(bulk("1.5"), ",1.5\r\n", Score(1.5));
  EXPECT_EQ(decoded<Score>(bulk("abc")), Score("abc"));
  EXPECT_EQ(decoded<Score>(bulk("")), Score(""));
  using ScoreLast = std::variant<std::string, double>;
  expect_same<ScoreLast>(bulk("1.5"), ",1.5\r\n", ScoreLast(1.5));
  using Number = std::variant<std::int64_t, double>;
  expect_same<Number>(bulk("5"), ",5\r\n", Number(5.0));
  EXPECT_EQ(decoded<Number>(":5\r\n"), Number(std::int64_t{5}));
  using MaybeScore = std::variant<std::monostate, std::optional<double>, std::string>;
  expect_same<MaybeScore>(bulk("2.5"), ",2.5\r\n", MaybeScore(std::optional<double>(2.5)));
  using Whole = std::variant<std::int64_t, std::string>;
  expect_same<Whole>(bulk("5"), ",5\r\n", Whole("5"));
  expect_same<Whole>(bulk("5"), "(5\r\n", Whole("5"));
  using Flag = std::variant<bool, std::string>;
  expect_same<Flag>(":1\r\n", "#t\r\n", Flag(true));
  EXPECT_EQ(decoded<Flag>(":5\r\n"), Flag(std::string("5")));
  using FlagOrNumber = std::variant<bool, std::int64_t>;
  expect_same<FlagOrNumber>(":1\r\n", "#t\r\n", FlagOrNumber(std::int64_t{1}));
  using List = std::vector<std::string>;
  using Fields = std::variant<std::map<std::string, std::string>, List>;
  expect_same<Fields>("*2\r\n+a\r\n+b\r\n", "%1\r\n+a\r\n+b\r\n", Fields(List{"a", "b"}));
  using Members = std::variant<std::set<std::string>, List>;
  expect_same<Members>("*2\r\n+a\r\n+b\r\n", "~2\r\n+a\r\n+b\r\n", Members(List{"a", "b"}));
  using Either = std::variant<std::map<std::string, std::string>, std::set<std::string>>;
  expect_same<Either>("*2\r\n+a\r\n+b\r\n", "~2\r\n+a\r\n+b\r\n",
                      Either(std::map<std::string, std::string>{{"a", "b"}}));
}

TEST(DecodeText, AcceptsEveryStringType) {
  EXPECT_EQ(decoded<std::string>("$3\r\na\r\n\r\n"), "a\r\n");
  EXPECT_EQ(decoded<std::string>("+a\nb\r\n"), "a\nb");
  EXPECT_EQ(decoded<std::string>("=6\r\ntxt:ab\r\n"), "ab");
  EXPECT_EQ(decoded<std::string>("$?\r\n;2\r\nab\r\n;1\r\nc\r\n;0\r\n"), "abc");
  EXPECT_EQ(decoded<std::string>("=?\r\n;2\r\ntx\r\n;4\r\nt:ab\r\n;0\r\n"), "ab");
  EXPECT_EQ(decoded<std::string>(":-5\r\n"), "-5");
  EXPECT_EQ(decoded<std::string>(",1.50\r\n"), "1.50");
  EXPECT_EQ(decoded<std::string>("|1\r\n+a\r\n+b\r\n$1\r\nx\r\n"), "x");
  EXPECT_EQ(issue_of<std::string>("$-1\r\n"), "expected a string, got null (byte 0)");
  EXPECT_EQ(issue_of<std::string>("*1\r\n:1\r\n"), "expected a string, got the array of 1 value (byte 0)");
  EXPECT_EQ(issue_of<std::string>("!5\r\nERR x\r\n"),
            "expected a string, got the server error \"ERR x\" (byte 0)");
}

TEST(DecodeText, ReturnsViewsIntoFrame) {
  const std::string_view frame = "$5\r\nhello\r\n";
  DecodeIssue issue;
  std::string_view view;
  ASSERT_TRUE(decode_frame(frame, view, issue));
  EXPECT_EQ(view.data(), frame.data() + 4);
  EXPECT_EQ(view, "hello");
  EXPECT_FALSE(decode_frame("$?\r\n;0\r\n", view, issue)) << "a streamed string is not contiguous";
}

TEST(DecodeOptional, IsEmptyForNullsOfBothProtocols) {
  for (const std::string_view null : {"_\r\n", "$-1\r\n", "*-1\r\n", "|1\r\n+a\r\n+b\r\n_\r\n"}) {
    EXPECT_EQ(decoded<std::optional<std::string>>(null).value(), std::nullopt) << null;
    EXPECT_EQ((decoded<std::optional<std::vector<int>>>(null).value()), std::nullopt) << null;
  }
  EXPECT_EQ(decoded<std::optional<std::string>>("$0\r\n\r\n").value(), "");
  EXPECT_EQ(issue_of<std::optional<int>>("$1\r\nx\r\n"),
            "expected an integer, got the bulk string \"x\" (byte 0)");
}

TEST(DecodeVariant, PrefersAlternativeThatMatchesReplyType) {
  using Any = std::variant<std::int64_t, std::string, std::vector<std::string>, std::monostate>;
  EXPECT_EQ(decoded<Any>(":5\r\n"), Any(std::int64_t{5}));
  EXPECT_EQ(decoded<Any>("$1\r\n5\r\n"), Any("5"));
  EXPECT_EQ(decoded<Any>("*1\r\n+a\r\n"), Any(std::vector<std::string>{"a"}));
  EXPECT_EQ(decoded<Any>("$-1\r\n"), Any(std::monostate{}));
  EXPECT_EQ(decoded<Any>(",1.5\r\n"), Any("1.5")) << "converted, as no alternative is a double";
  using Narrow = std::variant<int, double>;
  EXPECT_EQ(issue_of<Narrow>("*0\r\n"), "expected one of 2 alternatives, got the array of 0 values (byte 0)");
  EXPECT_EQ((decoded<std::vector<Narrow>>("*2\r\n:1\r\n,2.5\r\n").value()), (std::vector<Narrow>{1, 2.5}));
}

TEST(DecodeCodec, DecodesUserTypes) {
  EXPECT_EQ(decoded<Point>("$3\r\n3,4\r\n")->y, 4);
  EXPECT_EQ(decoded<std::vector<Point>>("*2\r\n$3\r\n3,4\r\n$3\r\n5,6\r\n")->back().x, 5);
  EXPECT_EQ(decoded<std::optional<Point>>("_\r\n")->has_value(), false);
  EXPECT_EQ(
      issue_of<std::vector<Point>>("*2\r\n$3\r\n3,4\r\n$1\r\n5\r\n"),
      "expected bytes that the codec takes (it threw: no comma), got the bulk string \"5\" at [1] (byte 13)");
  EXPECT_NE(issue_of<Point>("$9\r\nthrow,int\r\n").find("no std::exception"), std::string::npos);
}

TEST(DecodeIssue, ShortensTextExceptServerErrors) {
  const std::string text(200, 'x');
  const std::string bulk = issue_of<int>("$200\r\n" + text + "\r\n");
  EXPECT_NE(bulk.find(text.substr(0, 64) + "…\""), std::string::npos) << bulk;
  EXPECT_NE(issue_of<int>("-" + text + "\r\n").find(text), std::string::npos);
}

TEST(DecodeIssue, IdentifiesServerErrors) {
  DecodeIssue issue;
  std::vector<int> numbers;
  EXPECT_FALSE(decode_frame("*2\r\n:1\r\n-WRONGTYPE x\r\n", numbers, issue));
  EXPECT_TRUE(issue.is_server_error());
  EXPECT_EQ(issue.text, "WRONGTYPE x");
  EXPECT_EQ(issue.path, "[1]");
}

}  // namespace
}  // namespace redstart::inline v0::resp
