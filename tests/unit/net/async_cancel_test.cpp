// SPDX-License-Identifier: Apache-2.0
// async_cancel_test.cpp: cancellation and deadlines at each stage of an operation.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "support/fake_server.hpp"
#include "support/test_operation.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using engine::Cancellation;
using Words = FakeConnection::Words;

// How the operation of a test ends early.
enum class By : std::uint8_t { deadline, cancellation };

class AsyncEarlyEndTest : public ::testing::TestWithParam<By> {
 protected:
  static bool deadline() { return GetParam() == By::deadline; }
  // The operation with outcome 0, which `end_early` ends.
  static TestOperation& early(TestLink& link, std::vector<std::string> words) {
    return TestOperation::make(std::move(words), link.into(0)).known_as(7).within(deadline() ? 3s : 30s);
  }
  static void end_early(TestLink& link) {
    if (!deadline()) link.connection->cancel(7, Cancellation::terminal);
  }
  static void expect_ended_early(const TestLink& link, Effect effect) {
    ASSERT_TRUE(link.endings[0]->error);
    EXPECT_EQ(link.endings[0]->error->code(), deadline() ? Errc::timeout : Errc::cancelled);
    EXPECT_EQ(link.endings[0]->error->effect(), effect);
  }
};

TEST_P(AsyncEarlyEndTest, EndsOperationQueuedWhileClosed) {
  TestLink link(1);
  link.owner->opens = false;
  link.submit(early(link, {"GET", "k"}));
  end_early(link);
  ASSERT_TRUE(link.run_to_end(1));
  expect_ended_early(link, Effect::not_sent);
  EXPECT_EQ(link.connection->load().operations, 0U);
}

TEST_P(AsyncEarlyEndTest, EndsOperationQueuedWhileOpening) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.await_close(); });
  TestLink link(server.port());
  link.submit(early(link, {"GET", "k"}));
  ASSERT_TRUE(link.run_until([&] { return server.accepted() == 1; }));
  end_early(link);
  ASSERT_TRUE(link.run_to_end(1));
  expect_ended_early(link, Effect::not_sent);
}

TEST_P(AsyncEarlyEndTest, EndsOperationQueuedBehindBlockedSend) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.send(echo(connection.handshake()));
    connection.wait(gate);
    connection.command();
    connection.send("+OK\r\n");
    connection.serve(echo);
  });
  DatabaseConfig config = TestLink::at(server.port());
  config.timeouts.silence = 1min;  // the server receives the large value before it replies
  TestLink link(config);
  link.submit(TestOperation::make({"ECHO", "first"}, link.into(3)));
  ASSERT_TRUE(link.run_to_end(1));
  link.submit(TestOperation::make({"SET", std::string(40'000'000, 'x')}, link.into(1)));
  link.submit(early(link, {"GET", "never"}));
  link.submit(TestOperation::make({"ECHO", "after"}, link.into(2)));
  link.context->poll();
  link.context->restart();
  end_early(link);
  ASSERT_TRUE(link.run_to_end(2));
  expect_ended_early(link, Effect::not_sent);
  gate.open();
  ASSERT_TRUE(link.run_to_end(4));
  EXPECT_EQ(link.endings[2]->replies.at(0), resp_bulk("after"));
}

TEST_P(AsyncEarlyEndTest, LeavesTombstoneForLateReplyInFlight) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    const Words late = connection.handshake();
    connection.wait(gate);
    connection.send(echo(late));
    connection.serve(echo);
  });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  link.submit(early(link, {"ECHO", "late"}));
  link.submit(TestOperation::make({"ECHO", "own"}, link.into(1)));
  link.context->poll();
  link.context->restart();
  end_early(link);
  ASSERT_TRUE(link.run_to_end(1));
  expect_ended_early(link, Effect::indeterminate);
  gate.open();
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.endings[1]->replies, std::vector{resp_bulk("own")});
  EXPECT_EQ(link.owner->closed_calls, 0);
  EXPECT_EQ(link.owner->answers, 1U) << "a dropped reply has no operation";
}

TEST_P(AsyncEarlyEndTest, EndsOperationWithPartialReply) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.handshake();
    connection.send("*2\r\n$5\r\nfi");
    connection.wait(gate);
    connection.send("rst\r\n$1\r\na\r\n");
    connection.serve(echo);
  });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  const auto before = link.connection->last_used();
  link.submit(early(link, {"LRANGE", "l"}));
  ASSERT_TRUE(link.run_until([&] { return link.connection->last_used() != before; }));
  end_early(link);
  ASSERT_TRUE(link.run_to_end(1));
  expect_ended_early(link, Effect::indeterminate);
  link.submit(TestOperation::make({"ECHO", "own"}, link.into(1)));
  gate.open();
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.endings[1]->replies, std::vector{resp_bulk("own")});
}

TEST_P(AsyncEarlyEndTest, EndsBatchWithSomeReplies) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.handshake();
    connection.send("+1\r\n+2\r\n");
    connection.wait(gate);
    connection.send("+3\r\n");
    connection.command();
    connection.command();
    connection.serve(echo);
  });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  link.submit(TestOperation::batch({{"GET", "a"}, {"GET", "b"}, {"GET", "c"}}, link.into(0))
                  .known_as(7)
                  .within(deadline() ? 3s : 30s));
  ASSERT_TRUE(link.run_until([&] { return link.owner->answers == 2U; }));
  end_early(link);
  ASSERT_TRUE(link.run_to_end(1));
  expect_ended_early(link, Effect::indeterminate);
  EXPECT_EQ(link.endings[0]->replies.size(), 2U);
  gate.open();
  link.submit(TestOperation::make({"ECHO", "own"}, link.into(1)));
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.endings[1]->replies, std::vector{resp_bulk("own")});
}

TEST_P(AsyncEarlyEndTest, ClosesExclusiveConnectionInFlight) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.handshake();
    connection.await_close();
  });
  TestLink link(server.port(), TestLink::Kind::exclusive);
  ASSERT_TRUE(link.open());
  link.submit(early(link, {"GET", "k"}));
  link.context->poll();
  link.context->restart();
  end_early(link);
  ASSERT_TRUE(link.run_until([&] { return link.owner->closed_calls == 1; }));
  expect_ended_early(link, Effect::indeterminate);
  EXPECT_EQ(link.owner->last_reason, deadline() ? CloseReason::timeout : CloseReason::dirty);
}

INSTANTIATE_TEST_SUITE_P(Ways, AsyncEarlyEndTest, ::testing::Values(By::deadline, By::cancellation),
                         [](const auto& way) {
                           return way.param == By::deadline ? "Deadline" : "Cancellation";
                         });

TEST(AsyncCancelTest, IgnoresTotalCancellationOfSentOperation) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    const Words words = connection.handshake();
    connection.wait(gate);
    connection.send(echo(words));
    connection.await_close();
  });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(0)).known_as(7));
  link.context->poll();
  link.context->restart();
  link.connection->cancel(7, Cancellation::total);
  link.context->poll();
  link.context->restart();
  EXPECT_EQ(link.ended, 0U);
  gate.open();
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_FALSE(link.endings[0]->error);
}

TEST(AsyncCancelTest, EndsSubmittedOperationOnTotalCancellation) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.serve(echo); });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(0)).known_as(7));
  link.connection->cancel(7, Cancellation::total);  // the loop has not run yet
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_EQ(link.endings[0]->error->effect(), Effect::not_sent);
}

TEST(AsyncCancelTest, IgnoresUnknownIds) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.serve(echo); });
  TestLink link(server.port());
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(0)).known_as(7));
  link.connection->cancel(8, Cancellation::terminal);
  ASSERT_TRUE(link.run_to_end(1));
  link.connection->cancel(7, Cancellation::terminal);
  link.context->poll();
  EXPECT_FALSE(link.endings[0]->error);
}

TEST(AsyncCancelTest, DoesNotSendOperationWithExpiredDeadline) {
  std::atomic<int> seen{0};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) {
      ++seen;
      return echo(words);
    });
  });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(0)).within(-1ms));
  link.submit(TestOperation::make({"ECHO", "b"}, link.into(1)));
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.endings[0]->error->effect(), Effect::not_sent);
  EXPECT_FALSE(link.endings[1]->error);
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace redstart::test
