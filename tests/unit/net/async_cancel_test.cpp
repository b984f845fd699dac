// SPDX-License-Identifier: Apache-2.0
// async_cancel_test.cpp: cancellation and deadlines at each stage of an operation's way.
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

std::string echo(const Words& words) { return resp_bulk(words.at(1)); }

// Ends a test's operation in one of the two ways.
enum class By : std::uint8_t { deadline, cancellation };

class AsyncGivingUpTest : public ::testing::TestWithParam<By> {
 protected:
  static bool deadline() { return GetParam() == By::deadline; }
  // Slot 0, to be given up by `give_up`.
  static TestOperation& doomed(TestLink& link, std::vector<std::string> words) {
    return TestOperation::make(std::move(words), link.into(0)).known_as(7).within(deadline() ? 3s : 30s);
  }
  static void give_up(TestLink& link) {
    if (!deadline()) link.connection->cancel(7, Cancellation::terminal);
  }
  static void expect_given_up(const TestLink& link, Effect effect) {
    ASSERT_TRUE(link.endings[0]->error);
    EXPECT_EQ(link.endings[0]->error->code(), deadline() ? Errc::timeout : Errc::cancelled);
    EXPECT_EQ(link.endings[0]->error->effect(), effect);
  }
};

TEST_P(AsyncGivingUpTest, QueuedWhileClosed) {
  TestLink link(1);
  link.owner->opens = false;
  link.submit(doomed(link, {"GET", "k"}));
  give_up(link);
  ASSERT_TRUE(link.run_to_end(1));
  expect_given_up(link, Effect::not_sent);
  EXPECT_EQ(link.connection->load().operations, 0U);
}

TEST_P(AsyncGivingUpTest, QueuedWhileOpening) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.await_close(); });
  TestLink link(server.port());
  link.submit(doomed(link, {"GET", "k"}));
  ASSERT_TRUE(link.run_until([&] { return server.accepted() == 1; }));
  give_up(link);
  ASSERT_TRUE(link.run_to_end(1));
  expect_given_up(link, Effect::not_sent);
}

TEST_P(AsyncGivingUpTest, QueuedBehindWhatTheServerDoesNotRead) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.send(echo(connection.handshake()));
    connection.wait(gate);
    connection.command();
    connection.send("+OK\r\n");
    connection.serve(echo);
  });
  TestLink link(server.port());
  link.submit(TestOperation::make({"ECHO", "first"}, link.into(3)));
  ASSERT_TRUE(link.run_to_end(1));
  link.submit(TestOperation::make({"SET", std::string(40'000'000, 'x')}, link.into(1)));
  link.submit(doomed(link, {"GET", "never"}));
  link.submit(TestOperation::make({"ECHO", "after"}, link.into(2)));
  link.context->poll();
  link.context->restart();
  give_up(link);
  ASSERT_TRUE(link.run_to_end(2));
  expect_given_up(link, Effect::not_sent);
  gate.open();
  ASSERT_TRUE(link.run_to_end(4));
  EXPECT_EQ(link.endings[2]->replies.at(0), resp_bulk("after"));
}

TEST_P(AsyncGivingUpTest, InFlightLeavesATombstoneThatTakesTheLateReply) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    const Words late = connection.handshake();
    connection.wait(gate);
    connection.send(echo(late));
    connection.serve(echo);
  });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  link.submit(doomed(link, {"ECHO", "late"}));
  link.submit(TestOperation::make({"ECHO", "own"}, link.into(1)));
  link.context->poll();
  link.context->restart();
  give_up(link);
  ASSERT_TRUE(link.run_to_end(1));
  expect_given_up(link, Effect::indeterminate);
  gate.open();
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.endings[1]->replies, std::vector{resp_bulk("own")});
  EXPECT_EQ(link.owner->closed_calls, 0);
  EXPECT_EQ(link.owner->answers, 1U) << "a dropped reply is nobody's";
}

TEST_P(AsyncGivingUpTest, WhileItsReplyIsHalfReceived) {
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
  link.submit(doomed(link, {"LRANGE", "l"}));
  ASSERT_TRUE(link.run_until([&] { return link.connection->last_used() != before; }));
  give_up(link);
  ASSERT_TRUE(link.run_to_end(1));
  expect_given_up(link, Effect::indeterminate);
  link.submit(TestOperation::make({"ECHO", "own"}, link.into(1)));
  gate.open();
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.endings[1]->replies, std::vector{resp_bulk("own")});
}

TEST_P(AsyncGivingUpTest, InTheMiddleOfABatch) {
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
  give_up(link);
  ASSERT_TRUE(link.run_to_end(1));
  expect_given_up(link, Effect::indeterminate);
  EXPECT_EQ(link.endings[0]->replies.size(), 2U);
  gate.open();
  link.submit(TestOperation::make({"ECHO", "own"}, link.into(1)));
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.endings[1]->replies, std::vector{resp_bulk("own")});
}

TEST_P(AsyncGivingUpTest, InFlightClosesAnExclusiveConnection) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.handshake();
    connection.await_close();
  });
  TestLink link(server.port(), TestLink::Kind::exclusive);
  ASSERT_TRUE(link.open());
  link.submit(doomed(link, {"GET", "k"}));
  link.context->poll();
  link.context->restart();
  give_up(link);
  ASSERT_TRUE(link.run_until([&] { return link.owner->closed_calls == 1; }));
  expect_given_up(link, Effect::indeterminate);
  EXPECT_EQ(link.owner->last_reason, deadline() ? CloseReason::timeout : CloseReason::dirty);
}

INSTANTIATE_TEST_SUITE_P(Ways, AsyncGivingUpTest, ::testing::Values(By::deadline, By::cancellation),
                         [](const auto& way) {
                           return way.param == By::deadline ? "Deadline" : "Cancellation";
                         });

TEST(AsyncCancelTest, TotalCancellationLeavesAloneWhatWasSent) {
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

TEST(AsyncCancelTest, TotalCancellationEndsWhatIsStillInTheStack) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.serve(echo); });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(0)).known_as(7));
  link.connection->cancel(7, Cancellation::total);  // the loop has not run yet
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_EQ(link.endings[0]->error->effect(), Effect::not_sent);
}

TEST(AsyncCancelTest, UnknownNumbersAreIgnored) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.serve(echo); });
  TestLink link(server.port());
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(0)).known_as(7));
  link.connection->cancel(8, Cancellation::terminal);
  ASSERT_TRUE(link.run_to_end(1));
  link.connection->cancel(7, Cancellation::terminal);
  link.context->poll();
  EXPECT_FALSE(link.endings[0]->error);
}

TEST(AsyncCancelTest, ADeadlineThatHasPassedAlreadyIsNotSent) {
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
