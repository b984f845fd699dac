// SPDX-License-Identifier: Apache-2.0
// json_test.cpp: JSON codec of users' types, and replies as JSON.
#include <redstart/json.hpp>

#include "unit/resp/decode.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace shop {

struct User {
  std::string name;
  int age = 0;
  friend bool operator==(const User&, const User&) = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(User, name, age)

/// Has its own serializer instead of functions.
struct Celsius {
  double degrees = 0;
};

}  // namespace shop

template <>
struct nlohmann::adl_serializer<shop::Celsius> {
  static void to_json(json& out, const shop::Celsius& value) { out = value.degrees; }
  static void from_json(const json& in, shop::Celsius& value) { value.degrees = in.get<double>(); }
};
template <>
struct redstart::codec<shop::Celsius> : redstart::json_codec<shop::Celsius> {};

namespace redstart {
namespace {

using resp::test::decoded;
using resp::test::issue_of;

nlohmann::json json_of(std::string_view frame) { return Value::from_frame(frame); }

TEST(JsonCodec, ReadsAndWritesUserTypes) {
  EXPECT_EQ(codec<shop::User>::encode({"Ann", 5}), R"({"age":5,"name":"Ann"})");
  const std::string text = R"({"name":"Ann","age":5})";
  const std::string frame = "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  const shop::User ann{"Ann", 5};
  EXPECT_EQ(decoded<shop::User>(frame), ann);
  EXPECT_EQ(decoded<std::optional<shop::User>>(frame)->value(), ann);
  EXPECT_EQ(decoded<std::vector<shop::User>>("*1\r\n" + frame)->at(0), ann);
  EXPECT_EQ((decoded<std::map<std::string, shop::User>>("%1\r\n+a\r\n" + frame)->at("a")), ann);
  EXPECT_EQ(decoded<shop::Celsius>("$4\r\n21.5\r\n")->degrees, 21.5);
}

TEST(JsonCodec, DoesNotChangeTypesOfLibrary) {
  static_assert(codec_decodable<shop::User>);
  static_assert(codec_encodable<shop::User>);
  static_assert(!codec_decodable<std::string> && !codec_decodable<int> && !codec_decodable<double>);
  static_assert(!codec_decodable<std::vector<shop::User>> && !codec_decodable<std::map<std::string, int>>);
  static_assert(!codec_decodable<Value> && !codec_decodable<StringList> && !codec_encodable<Value>);
}

TEST(JsonCodec, ReportsInvalidJsonAsIssue) {
  EXPECT_NE(issue_of<shop::User>("$3\r\n{\"a\r\n").find("parse error"), std::string::npos);
  EXPECT_NE(issue_of<shop::User>("$2\r\n{}\r\n").find("key 'name' not found"), std::string::npos);
}

TEST(JsonCodec, ReplacesInvalidUtf8WhenWriting) {
  EXPECT_EQ(codec<shop::User>::encode({"a\xff", 1}), "{\"age\":1,\"name\":\"a\xEF\xBF\xBD\"}");
}

TEST(JsonOfValue, KeepsShapeOfReply) {
  EXPECT_EQ(json_of("*7\r\n:1\r\n,2.5\r\n#t\r\n_\r\n+s\r\n~1\r\n(123\r\n-ERR x\r\n").dump(),
            R"([1,2.5,true,null,"s",["123"],{"error":"ERR x"}])");
  EXPECT_EQ(json_of("%2\r\n+a\r\n%1\r\n+b\r\n*0\r\n+c\r\n,-inf\r\n").dump(), R"({"a":{"b":[]},"c":"-inf"})");
  EXPECT_EQ(json_of("%1\r\n:1\r\n+a\r\n").dump(), R"([[1,"a"]])");
  EXPECT_EQ(json_of("|1\r\n+a\r\n+b\r\n:1\r\n").dump(), "1");
  EXPECT_EQ(nlohmann::json(Value::from_frame("*1\r\n:7\r\n")[0]).dump(), "7");
}

TEST(JsonOfValue, ContainsNoInvalidUtf8) {
  EXPECT_EQ(detail::as_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
            "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  const std::string_view replacement = "\xEF\xBF\xBD";
  for (const std::string_view bad : {"\xff", "\xc3", "\x80", "\xc0", "\xf5"})
    EXPECT_EQ(detail::as_utf8(bad), replacement);
  EXPECT_EQ(detail::as_utf8("\xed\xa0\x80").size(), 9U) << "a surrogate";
  EXPECT_EQ(detail::as_utf8("\xe0\x80\xaf").size(), 9U) << "an overlong form";
  EXPECT_EQ(detail::as_utf8("\xf4\x90\x80\x80").size(), 12U) << "beyond U+10FFFF";
  std::string all;
  for (int byte = 0; byte != 256; ++byte) all += static_cast<char>(byte);
  EXPECT_NO_THROW(
      static_cast<void>(json_of("*2\r\n$256\r\n" + all + "\r\n%1\r\n$2\r\n\xff\xfe\r\n+x\r\n").dump()));
}

}  // namespace
}  // namespace redstart
