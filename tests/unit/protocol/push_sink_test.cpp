// SPDX-License-Identifier: Apache-2.0
// push_sink_test.cpp: pushes reach the receiver of their kind.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "protocol/push_sink.hpp"

namespace redstart::test {
namespace {

struct Receiver final : protocol::PushReceiver {
  void push(std::string_view frame) noexcept override { frames.emplace_back(frame); }
  std::vector<std::string> frames{};
};

constexpr std::string_view message = ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n";
constexpr std::string_view invalidate = ">2\r\n+invalidate\r\n*0\r\n";

TEST(PushSinkTest, ReadsTheKindOfBulkAndSimpleStrings) {
  EXPECT_EQ(protocol::push_kind(message), "message");
  EXPECT_EQ(protocol::push_kind(invalidate), "invalidate");
}

TEST(PushSinkTest, HasNoKindWithoutText) {
  EXPECT_EQ(protocol::push_kind(">0\r\n"), "");
  EXPECT_EQ(protocol::push_kind(">1\r\n:7\r\n"), "");
  EXPECT_EQ(protocol::push_kind(">1\r\n*1\r\n+message\r\n"), "");
}

TEST(PushSinkTest, CountsAndDropsUnknownKinds) {
  protocol::PushSink sink;
  sink.take(message);
  sink.take(invalidate);
  sink.dropped(3);
  EXPECT_EQ(sink.take_dropped(), 5U);
  EXPECT_EQ(sink.take_dropped(), 0U);
}

TEST(PushSinkTest, PassesEachKindToItsReceiver) {
  protocol::PushSink sink;
  Receiver messages;
  Receiver invalidations;
  sink.route("message", &messages);
  sink.route("invalidate", &invalidations);
  sink.take(message);
  sink.take(invalidate);
  sink.take(">1\r\n+other\r\n");
  EXPECT_EQ(messages.frames, std::vector{std::string(message)});
  EXPECT_EQ(invalidations.frames, std::vector{std::string(invalidate)});
  EXPECT_EQ(sink.take_dropped(), 1U);
}

TEST(PushSinkTest, ReplacesAndRemovesRoutes) {
  protocol::PushSink sink;
  Receiver first;
  Receiver second;
  sink.route("message", &first);
  sink.route("message", &second);
  sink.take(message);
  sink.route("message", nullptr);
  sink.take(message);
  EXPECT_TRUE(first.frames.empty());
  EXPECT_EQ(second.frames.size(), 1U);
  EXPECT_EQ(sink.take_dropped(), 1U);
}

}  // namespace
}  // namespace redstart::test
