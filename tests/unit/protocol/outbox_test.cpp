// SPDX-License-Identifier: Apache-2.0
// outbox_test.cpp: bytes that the kernel has not accepted, at each position.
#include "protocol/outbox.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

#include "support/scripted_operation.hpp"

namespace redstart::test {
namespace {

using protocol::Outbox;

// An operation that is destroyed at the end of the scope.
struct OneOperation {
  ScriptedOperation& operation = ScriptedOperation::batch({{"SET", "key", "a value"}});
  std::string bytes{operation.request.bytes.view()};
  ~OneOperation() { operation.destroy(); }
};

TEST(OutboxTest, IsFlushedWhenAllGatheredBytesWereAccepted) {
  Outbox outbox;
  EXPECT_TRUE(outbox.flushed());
  outbox.gather(10);
  EXPECT_FALSE(outbox.flushed());
  outbox.accepted(4);
  outbox.accepted(6);
  EXPECT_TRUE(outbox.flushed());
  EXPECT_EQ(outbox.gathered(), 10U);
  EXPECT_EQ(outbox.written(), 10U);
  EXPECT_TRUE(outbox.waiting().empty());
}

TEST(OutboxTest, ReturnsKeptBytesUntilEachWasAccepted) {
  constexpr std::string_view bytes = "abcdefgh";
  for (std::size_t first = 0; first != bytes.size(); ++first) {
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
      Outbox outbox;
      outbox.gather(bytes.size());
      outbox.accepted(first);
      outbox.keep(bytes.substr(first));
      std::string sent;
      while (!outbox.waiting().empty()) {
        const std::string_view next = outbox.waiting().substr(0, step);
        sent += next;
        outbox.accepted(next.size());
      }
      EXPECT_EQ(sent, bytes.substr(first));
      EXPECT_TRUE(outbox.flushed());
    }
  }
}

TEST(OutboxTest, ReturnsLargeOperationFromWhereItsBytesAre) {
  const OneOperation large;
  for (std::size_t first = 0; first != large.bytes.size(); ++first) {
    Outbox outbox;
    outbox.gather(large.bytes.size());
    outbox.accepted(first);
    outbox.keep(large.operation, first);
    EXPECT_EQ(outbox.waiting().data(), large.operation.request.bytes.data() + first);
    std::string sent;
    while (!outbox.waiting().empty()) {
      sent += outbox.waiting().front();
      outbox.accepted(1);
    }
    EXPECT_EQ(sent, large.bytes.substr(first));
  }
}

TEST(OutboxTest, DetachedBytesOutliveTheirOperation) {
  const std::string bytes = OneOperation().bytes;
  for (std::size_t first = 0; first != bytes.size(); ++first) {
    Outbox outbox;
    {
      const OneOperation large;
      outbox.gather(bytes.size());
      outbox.accepted(first);
      outbox.keep(large.operation, first);
      outbox.detach(large.operation);
    }
    EXPECT_EQ(outbox.waiting(), bytes.substr(first));
    outbox.accepted(1);
    EXPECT_EQ(outbox.waiting(), bytes.substr(first + 1));
  }
}

TEST(OutboxTest, DetachIgnoresOtherOperations) {
  const OneOperation large;
  const OneOperation other;
  Outbox outbox;
  outbox.keep(large.operation, 3);
  outbox.detach(other.operation);
  EXPECT_EQ(outbox.waiting().data(), large.operation.request.bytes.data() + 3);
  Outbox empty;
  empty.keep("rest");
  empty.detach(other.operation);
  EXPECT_EQ(empty.waiting(), "rest");
}

TEST(OutboxTest, CloseKeepsCountOfWrittenBytes) {
  const OneOperation large;
  Outbox outbox;
  outbox.gather(large.bytes.size());
  outbox.accepted(5);
  outbox.keep(large.operation, 5);
  outbox.failed(EPIPE);
  EXPECT_EQ(outbox.error(), EPIPE);
  outbox.close();
  EXPECT_EQ(outbox.written(), 5U) << "the effects of lost operations depend on it";
  EXPECT_TRUE(outbox.waiting().empty());
  EXPECT_EQ(outbox.error(), 0);
}

TEST(OutboxTest, CountsAnewForNextConnection) {
  Outbox outbox;
  outbox.gather(9);
  outbox.accepted(4);
  outbox.keep("abcde");
  outbox.close();
  outbox.reset();
  EXPECT_EQ(outbox.gathered(), 0U);
  EXPECT_EQ(outbox.written(), 0U);
  EXPECT_TRUE(outbox.flushed());
}

}  // namespace
}  // namespace redstart::test
