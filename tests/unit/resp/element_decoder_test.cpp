// SPDX-License-Identifier: Apache-2.0
// element_decoder_test.cpp: decodes aggregates that arrive in pieces.
#include <redstart/resp/decode.hpp>
#include <redstart/resp/element_decoder.hpp>
#include <redstart/resp/value.hpp>

#include "resp/scanner.hpp"
#include "support/heap_watch.hpp"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace redstart::inline v0::resp {
namespace {

using Strings = std::vector<std::string>;
using Scores = std::vector<std::pair<std::string, double>>;

/// Feeds a reply in pieces of `step` bytes and removes consumed elements from the buffer, as a connection
/// does. Returns an empty optional and sets `issue` on failure. `largest` is the largest size of the buffer.
template <class T>
std::optional<T> streamed(std::string_view reply, std::size_t step, std::string* issue = nullptr,
                          std::size_t* largest = nullptr) {
  Scanner scanner;
  element_decoder<T> decoder;
  std::string buffer;
  bool begun = false;
  std::size_t unread = 0;  // offset in the buffer of the first value not consumed
  for (std::size_t at = 0; at < reply.size(); at += step) {
    buffer += reply.substr(at, step);
    if (largest != nullptr) *largest = buffer.size() > *largest ? buffer.size() : *largest;
    const auto status = scanner.scan(buffer);
    EXPECT_NE(status, Scanner::Status::fault);
    if (status == Scanner::Status::complete) {
      if (!begun) {
        T whole{};
        DecodeIssue why;
        if (decode_frame(buffer, whole, why)) return whole;
        if (issue != nullptr) *issue = why.describe();
        return std::nullopt;
      }
      EXPECT_EQ(decoder.consume(std::string_view(buffer).substr(unread)), buffer.size() - unread);
      break;
    }
    const auto sequence = scanner.sequence();
    if (!sequence) continue;
    if (!begun) {
      EXPECT_TRUE(decoder.begin(sequence->type, sequence->declared));
      unread = sequence->begin;
      begun = true;
    }
    unread += decoder.consume(std::string_view(buffer).substr(unread, sequence->end - unread));
    buffer.erase(0, unread);
    scanner.discard(unread);
    unread = 0;
  }
  if (decoder.finish()) return std::move(decoder).take();
  if (issue != nullptr) *issue = decoder.issue().describe();
  return std::nullopt;
}

template <class T>
void expect_same_at_every_step(std::string_view reply, const T& expected) {
  for (std::size_t step = 1; step <= reply.size() + 1; ++step) {
    const auto got = streamed<T>(reply, step);
    ASSERT_TRUE(got) << "pieces of " << step;
    EXPECT_TRUE(*got == expected) << "pieces of " << step;
  }
}

TEST(ElementDecoder, FillsEveryKindOfContainer) {
  expect_same_at_every_step<Strings>("*3\r\n$1\r\na\r\n:1\r\n|1\r\n+x\r\n+y\r\n+b\r\n", {"a", "1", "b"});
  expect_same_at_every_step<std::list<int>>("~4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", {1, 2, 3, 4});
  expect_same_at_every_step<std::set<std::string>>("~3\r\n+a\r\n+b\r\n+a\r\n", {"a", "b"});
  expect_same_at_every_step<StringList>(">3\r\n+a\r\n+b\r\n$2\r\ncd\r\n", {"a", "b", "cd"});
  expect_same_at_every_step<std::vector<Strings>>("*2\r\n*1\r\n+a\r\n*?\r\n+b\r\n.\r\n", {{"a"}, {"b"}});
  expect_same_at_every_step<std::optional<Strings>>("*1\r\n+a\r\n", Strings{"a"});
  expect_same_at_every_step<std::optional<Strings>>("*-1\r\n", std::nullopt);
  expect_same_at_every_step<Strings>("*0\r\n", {});
}

TEST(ElementDecoder, FillsPairsInEveryForm) {
  const std::map<std::string, int> map{{"a", 1}, {"b", 2}};
  expect_same_at_every_step("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n", map);
  expect_same_at_every_step("*4\r\n+a\r\n:1\r\n+b\r\n:2\r\n", map);
  expect_same_at_every_step("*2\r\n*2\r\n+a\r\n:1\r\n*2\r\n+b\r\n:2\r\n", map);
  const Scores scores{{"a", 1.5}, {"b", 2}, {"c", 3}};
  expect_same_at_every_step("*3\r\n*2\r\n+a\r\n,1.5\r\n*2\r\n+b\r\n,2\r\n*2\r\n+c\r\n,3\r\n", scores);
  expect_same_at_every_step("*6\r\n+a\r\n$3\r\n1.5\r\n+b\r\n+2\r\n+c\r\n+3\r\n", scores);
}

TEST(ElementDecoder, NamesElementThatDoesNotFitAndSkipsRest) {
  for (const std::size_t step : {1U, 5U, 11U, 100U}) {
    std::string issue;
    EXPECT_FALSE(streamed<std::vector<int>>("*4\r\n:1\r\n:2\r\n+x\r\n:3\r\n", step, &issue));
    EXPECT_NE(issue.find("expected an integer, got the simple string \"x\" at [2]"), std::string::npos)
        << issue;
    EXPECT_FALSE((streamed<std::map<std::string, int>>("*3\r\n+a\r\n:1\r\n+b\r\n", step, &issue)));
    EXPECT_NE(issue.find("expected a value for each key, got the end of the array"), std::string::npos)
        << issue;
    EXPECT_FALSE(streamed<StringList>("*2\r\n+a\r\n-ERR no\r\n", step, &issue));
    EXPECT_NE(issue.find("server error \"ERR no\""), std::string::npos) << issue;
  }
}

TEST(ElementDecoder, AcceptsOnlyTypesThatOutliveTheirFrame) {
  static_assert(streamable<Strings>);
  static_assert(streamable<std::optional<StringList>>);
  static_assert(streamable<std::vector<Value>>);
  static_assert(streamable<std::vector<std::variant<int, std::string>>>);
  static_assert(streamable<std::map<std::string, std::vector<std::optional<double>>>>);
  static_assert(!streamable<std::vector<std::string_view>>);
  static_assert(!streamable<std::map<std::string, std::vector<std::string_view>>>);
  static_assert(!streamable<std::vector<std::optional<std::string_view>>>);
  static_assert(!streamable<std::string>);
  static_assert(!streamable<Value>);
}

TEST(ElementDecoder, ReservesOnlyWhatReceivedBytesJustify) {
  std::string reply = "*100000\r\n";
  for (int i = 0; i != 100000; ++i) reply += "$32\r\n" + std::string(32, 'v') + "\r\n";
  {
    std::size_t largest = 0;
    const redstart::test::HeapWatch watch;
    EXPECT_EQ(streamed<StringList>(reply, 65536, nullptr, &largest)->size(), 100000U);
    EXPECT_LT(largest, 66000U);
    EXPECT_LT(watch.peak(), 2 * reply.size());
    EXPECT_LT(watch.allocations(), 20U);
  }
  std::size_t largest = 0;
  const redstart::test::HeapWatch watch;
  EXPECT_EQ(streamed<Strings>(reply, 65536, nullptr, &largest)->size(), 100000U);
  EXPECT_LT(largest, 66000U);
  EXPECT_LT(watch.peak(), 16U << 20);
}

TEST(ElementDecoder, DoesNotTrustDeclaredSize) {
  const redstart::test::HeapWatch watch;
  element_decoder<Strings> strings;
  strings.begin(Type::array, std::uint64_t{1} << 27);
  strings.consume("$1\r\na\r\n$1\r\nb\r\n");
  element_decoder<StringList> list;
  list.begin(Type::array, std::uint64_t{1} << 27);
  list.consume("$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_LT(watch.peak(), 1000U);
  EXPECT_FALSE(strings.finish());
}

}  // namespace
}  // namespace redstart::inline v0::resp
