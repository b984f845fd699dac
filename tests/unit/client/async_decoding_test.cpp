// SPDX-License-Identifier: Apache-2.0
// async_decoding_test.cpp: where replies are decoded.
#include "support/async_script_test.hpp"
#include "support/heap_watch.hpp"

#include <boost/asio/bind_executor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace redstart::test {

/// Counts how often it is decoded.
struct Noted {
  std::string text{};
  static inline int reads = 0;
  auto operator<=>(const Noted&) const = default;
};
struct Unreadable {};

}  // namespace redstart::test

template <>
struct redstart::codec<redstart::test::Noted> {
  static std::string encode(const redstart::test::Noted& value) { return value.text; }
  static redstart::test::Noted decode(std::string_view bytes) {
    ++redstart::test::Noted::reads;
    return {std::string(bytes)};
  }
};
template <>
struct redstart::codec<redstart::test::Unreadable> {
  static std::string encode(const redstart::test::Unreadable&) {
    throw std::runtime_error("can't be written");
  }
  static redstart::test::Unreadable decode(std::string_view) { throw std::runtime_error("can't be read"); }
};

namespace redstart::test {
namespace {

static_assert(!resp::uses_codec<std::optional<std::string>> && !resp::uses_codec<std::vector<std::int64_t>> &&
              !resp::uses_codec<std::map<std::string, std::vector<double>>> && !resp::uses_codec<Value> &&
              !resp::uses_codec<StringList> && !resp::uses_codec<std::variant<Ok, std::string>>);
static_assert(resp::uses_codec<Noted> && resp::uses_codec<std::optional<Noted>> &&
              resp::uses_codec<std::vector<std::pair<std::string, Noted>>> &&
              resp::uses_codec<std::map<std::string, std::optional<Noted>>> &&
              resp::uses_codec<std::set<Noted>> && resp::uses_codec<std::tuple<int, std::array<Noted, 2>>> &&
              resp::uses_codec<std::variant<int, Noted>>);
static_assert(resp::uses_codec<ScanPage<std::vector<Noted>>>, "types that aren't known count as if they did");
static_assert(resp::holds_view<std::vector<std::optional<std::string_view>>> &&
              !resp::holds_view<std::vector<std::string>> && !resp::holds_view<Noted>);

std::string list_of(std::size_t count) {
  std::string frame = "*" + std::to_string(count) + "\r\n";
  for (std::size_t i = 0; i != count; ++i) frame += "$20\r\n" + std::string(20, 'x') + "\r\n";
  return frame;
}

class AsyncDecoding : public AsyncScript {
 protected:
  AsyncDecoding() { Noted::reads = 0; }

  /// The number of allocations in the turn that read the reply.
  std::size_t allocations_in_turn() {
    std::size_t allocations = 0;
    asio::post(loop_, [&] {
      const HeapWatch heap;
      channel_->answer();
      allocations = heap.allocations();
    });
    run();
    return allocations;
  }

  asio::io_context other_{};
};

TEST_F(AsyncDecoding, RunsCodecOnHandlerExecutor) {
  channel_->frames = {"$1\r\nx\r\n"};
  std::optional<Noted> value;
  async_.get<Noted>("key")(
      asio::bind_executor(other_, [&](std::exception_ptr error, std::optional<Noted> got) {
        EXPECT_FALSE(error);
        value = std::move(got);
      }));
  answer();
  EXPECT_EQ(Noted::reads, 0);
  other_.run();
  EXPECT_EQ(Noted::reads, 1);
  EXPECT_EQ(value->text, "x");
}

TEST_F(AsyncDecoding, RunsNestedCodecOnHandlerExecutor) {
  channel_->frames = {"*2\r\n$1\r\nx\r\n$-1\r\n"};
  std::vector<std::optional<Noted>> values;
  async_.results().mget<Noted>(
      "a", "b")(asio::bind_executor(other_, [&](auto result) { values = std::move(result).value(); }));
  answer();
  EXPECT_EQ(Noted::reads, 0);
  other_.run();
  EXPECT_EQ(values, (std::vector<std::optional<Noted>>{Noted{"x"}, std::nullopt}));
}

TEST_F(AsyncDecoding, RunsCodecBeforeHandlerWithoutExecutor) {
  channel_->frames = {"$1\r\nx\r\n"};
  int reads = -1;
  async_.get<Noted>("key")([&](std::exception_ptr, std::optional<Noted>) { reads = Noted::reads; });
  answer();
  EXPECT_EQ(reads, 1);
}

TEST_F(AsyncDecoding, NamesCommandWhenCodecThrows) {
  channel_->frames = {"$1\r\nx\r\n", "$1\r\nx\r\n"};
  std::optional<Error> here, there;
  async_.results().get<Unreadable>("key")([&](auto result) { here = result.error(); });
  async_.results().get<Unreadable>("key")(
      asio::bind_executor(other_, [&](auto result) { there = result.error(); }));
  answer();
  answer();
  other_.run();
  for (const auto& error : {here, there}) {
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Errc::decode_error);
    EXPECT_EQ(error->effect(), Effect::server_error);
    EXPECT_NE(std::string(error->what()).find("can't be read"), std::string::npos) << error->what();
    EXPECT_EQ(error->info().command, "GET");
    EXPECT_EQ(error->info().endpoint, "scripted:1");
  }
}

TEST_F(AsyncDecoding, SendsNothingWhenCodecThrowsWhileEncoding) {
  EXPECT_THROW(static_cast<void>(async_.set("key", Unreadable{})), std::runtime_error);
  EXPECT_TRUE(channel_->sent.empty());
}

TEST_F(AsyncDecoding, DecodesSmallRepliesOnLoop) {
  channel_->frames = {list_of(100)};
  std::vector<std::string> values;
  async_.lrange("key", 0, -1)(asio::bind_executor(
      other_, [&](std::exception_ptr, std::vector<std::string> got) { values = std::move(got); }));
  EXPECT_GE(allocations_in_turn(), 100U);
  other_.run();
  EXPECT_EQ(values.size(), 100U);
}

TEST_F(AsyncDecoding, DecodesLargeRepliesOnHandlerExecutor) {
  channel_->frames = {list_of(2000)};
  std::vector<std::string> values;
  async_.lrange("key", 0,
                -1)(asio::bind_executor(other_, [&](std::exception_ptr error, std::vector<std::string> got) {
    EXPECT_FALSE(error);
    values = std::move(got);
  }));
  EXPECT_LT(allocations_in_turn(), 10U);
  other_.run();
  EXPECT_EQ(values, std::vector<std::string>(2000, std::string(20, 'x')));
}

TEST_F(AsyncDecoding, DoesNotCopyLargeRepliesForHandlersWithoutExecutor) {
  channel_->frames = {list_of(2000)};
  const std::size_t frame = channel_->frames[0].size();
  std::size_t count = 0, largest = 0;
  async_.lrange("key", 0, -1)([&](std::exception_ptr, const auto& got) { count = got.size(); });
  asio::post(loop_, [&] {
    std::string moved;
    moved.swap(channel_->frames[0]);
    const HeapWatch heap;
    channel_->answer_with(moved);
    largest = heap.largest();
  });
  run();
  EXPECT_EQ(count, 2000U);
  EXPECT_NE(largest, 0U);
  EXPECT_LT(largest, 2000 * sizeof(std::string) + 1) << "of a frame of " << frame;
}

TEST_F(AsyncDecoding, DecodesLargeStringsOnLoop) {
  const std::string value(1024 * 1024, 'v');
  channel_->frames = {"$1048576\r\n" + value + "\r\n"};
  std::optional<std::string> got;
  async_.get("key")(asio::bind_executor(
      other_, [&](std::exception_ptr, std::optional<std::string> text) { got = std::move(text); }));
  EXPECT_LE(allocations_in_turn(), 2U) << "the string, and what takes the handler there";
  other_.run();
  EXPECT_EQ(got, value);
}

TEST_F(AsyncDecoding, ReportsMistypedLargeReplies) {
  channel_->frames = {list_of(2000)};
  std::optional<Error> error;
  async_.results().command<std::vector<std::int64_t>>(
      "LRANGE", "key", 0, -1)(asio::bind_executor(other_, [&](auto result) { error = result.error(); }));
  answer();
  other_.run();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Errc::decode_error);
  EXPECT_EQ(error->info().command, "LRANGE");
}

}  // namespace
}  // namespace redstart::test
