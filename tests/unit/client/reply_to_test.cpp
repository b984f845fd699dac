// SPDX-License-Identifier: Apache-2.0
// reply_to_test.cpp: decodes replies that are delivered in different ways.
#include <redstart/client/reply_to.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0::detail {
namespace {

using ::testing::HasSubstr;
using Texts = std::vector<std::string>;

template <class R>
class Sink {
 public:
  Sink() { reply_.comes_from(origin_); }

  engine::ReplySink& operator*() { return reply_; }
  engine::ReplySink* operator->() { return &reply_; }
  [[nodiscard]] R value() {
    EXPECT_FALSE(reply_.error().has_value()) << reply_.error()->what();
    return std::move(reply_).take();
  }
  [[nodiscard]] Error error() {
    EXPECT_TRUE(reply_.error().has_value());
    return reply_.error() ? *reply_.error() : Error(ErrorInfo{});
  }

 private:
  engine::Origin origin_{"main", "scripted:1"};
  ReplyTo<R> reply_{"TEST"};
};

void fill(resp::StringReceiver* receiver, std::string_view bytes) {
  ASSERT_NE(receiver, nullptr);
  receiver->append(bytes);
}

TEST(ReplyTo, DecodesWholeFrame) {
  Sink<std::optional<std::string>> sink;
  sink->frame("$5\r\nhello\r\n");
  EXPECT_EQ(sink.value(), "hello");
}

TEST(ReplyTo, ReceivesLargeStringIntoItsOwnMemory) {
  Sink<std::string> sink;
  fill(sink->begin_bulk(5), "hello");
  sink->end_bulk();
  EXPECT_EQ(sink.value(), "hello");
}

TEST(ReplyTo, RequiresFrameForTypesThatAreNoTextOrSequence) {
  Sink<std::int64_t> number;
  EXPECT_EQ(number->begin_bulk(100'000), nullptr);
  EXPECT_FALSE(number->begin_elements(resp::Type::array, 3));
}

TEST(ReplyTo, DecodesElementsAsTheyArrive) {
  Sink<Texts> sink;
  ASSERT_TRUE(sink->begin_elements(resp::Type::array, 3));
  EXPECT_EQ(sink->elements("$1\r\na\r\n"), 7U);
  EXPECT_EQ(sink->elements("$1\r\nb\r\n$1\r\nc\r\n"), 14U);
  sink->end_elements();
  EXPECT_EQ(sink.value(), (Texts{"a", "b", "c"}));
}

TEST(ReplyTo, RequestsIncompletePairAgain) {
  Sink<std::map<std::string, std::string>> sink;
  ASSERT_TRUE(sink->begin_elements(resp::Type::map, 4));
  const std::string_view all = "+a\r\n+1\r\n+b\r\n";
  const std::size_t taken = sink->elements(all);
  EXPECT_EQ(taken, 8U) << "a key without its value stays";
  EXPECT_EQ(sink->elements("+b\r\n+2\r\n"), 8U);
  sink->end_elements();
  EXPECT_EQ(sink.value(), (std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}}));
}

// The engine repeats an exchange after its connection was lost, so earlier parts are discarded.
TEST(ReplyTo, RestartsWhenExchangeIsRepeated) {
  {
    Sink<std::string> sink;
    fill(sink->begin_bulk(10), "broken");
    fill(sink->begin_bulk(5), "whole");
    sink->end_bulk();
    EXPECT_EQ(sink.value(), "whole");
  }
  {
    Sink<std::string> sink;
    fill(sink->begin_bulk(10), "broken");
    sink->frame("$5\r\nwhole\r\n");
    EXPECT_EQ(sink.value(), "whole");
  }
  {
    Sink<Texts> sink;
    ASSERT_TRUE(sink->begin_elements(resp::Type::array, 3));
    EXPECT_EQ(sink->elements("+broken\r\n"), 9U);
    ASSERT_TRUE(sink->begin_elements(resp::Type::array, 1));
    EXPECT_EQ(sink->elements("+whole\r\n"), 8U);
    sink->end_elements();
    EXPECT_EQ(sink.value(), (Texts{"whole"}));
  }
  {
    Sink<Texts> sink;
    ASSERT_TRUE(sink->begin_elements(resp::Type::array, 3));
    EXPECT_EQ(sink->elements("*0\r\n"), 4U);  // elements of another type
    ASSERT_TRUE(sink->begin_elements(resp::Type::array, 1));
    EXPECT_EQ(sink->elements("+whole\r\n"), 8U);
    sink->end_elements();
    EXPECT_EQ(sink.value(), (Texts{"whole"}));
  }
  {
    Sink<Texts> sink;
    ASSERT_TRUE(sink->begin_elements(resp::Type::array, 3));
    EXPECT_EQ(sink->elements("+broken\r\n"), 9U);
    sink->frame("*1\r\n+whole\r\n");
    EXPECT_EQ(sink.value(), (Texts{"whole"}));
  }
}

TEST(ReplyTo, NamesMismatchAndItsPosition) {
  Sink<std::vector<std::int64_t>> sink;
  ASSERT_TRUE(sink->begin_elements(resp::Type::array, 3));
  EXPECT_EQ(sink->elements(":1\r\n+two\r\n"), 10U);
  EXPECT_EQ(sink->elements(":3\r\n"), 4U) << "the rest is still taken";
  sink->end_elements();
  const Error error = sink.error();
  EXPECT_EQ(error.code(), Errc::decode_error);
  EXPECT_EQ(error.effect(), Effect::server_error) << "the command was executed";
  EXPECT_THAT(error.what(), HasSubstr("[1]"));
  EXPECT_THAT(error.what(), HasSubstr("two"));
  EXPECT_THAT(error.what(), HasSubstr("TEST on database \"main\""));
}

TEST(ReplyTo, FailsWhenDeclaredElementsAreMissing) {
  Sink<std::map<std::string, std::string>> sink;
  ASSERT_TRUE(sink->begin_elements(resp::Type::array, 3));
  EXPECT_EQ(sink->elements("+a\r\n+1\r\n"), 8U);
  sink->end_elements();
  EXPECT_EQ(sink.error().code(), Errc::decode_error);
}

}  // namespace
}  // namespace redstart::inline v0::detail
