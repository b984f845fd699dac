// SPDX-License-Identifier: Apache-2.0
// async_hand_over_test.cpp: cancellation of operations handed over to another connection.
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include "support/fake_server.hpp"
#include "support/test_operation.hpp"

namespace redstart::test {
namespace {

using engine::Cancellation;
using Words = FakeConnection::Words;

// A connection that keeps submitted operations in its queue.
class ClosedLink : public TestLink {
 public:
  ClosedLink() : TestLink(1) { owner->opens = false; }
};

TestOperation& operation(TestLink& link, std::size_t slot, std::uint64_t id) {
  return TestOperation::make({"ECHO", std::to_string(id)}, link.into(slot)).known_as(id);
}

// Runs the loops alternately until none has work. Returns false if that does not end.
bool run_until_quiet(std::initializer_list<TestLink*> links) {
  constexpr int most_rounds = 1000;
  for (int round = 0; round != most_rounds; ++round) {
    std::size_t handlers = 0;
    for (TestLink* link : links) {
      link->context->restart();
      handlers += link->context->poll();
    }
    if (handlers == 0) return true;
  }
  return false;
}

void expect_cancelled(const TestLink& link, std::size_t slot, Effect effect) {
  ASSERT_TRUE(link.endings[slot].has_value()) << "the cancellation did not reach the operation";
  ASSERT_TRUE(link.endings[slot]->error);
  EXPECT_EQ(link.endings[slot]->error->code(), Errc::cancelled);
  EXPECT_EQ(link.endings[slot]->error->effect(), effect);
}

// `first` can't be opened, so its owner hands over the queue, as pooled connections do.
void hand_over_after_failure(TestLink& first, TestLink& second) {
  first.owner->on_event = [&] {
    if (first.owner->failed_calls == 1) first.connection->hand_over(*second.connection);
  };
  EXPECT_TRUE(first.run_until([&] { return first.owner->failed_calls == 1; }));
  first.owner->on_event = {};
}

TEST(AsyncHandOverTest, NeverSendsOperationCancelledBefore) {
  std::atomic<int> seen{0};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) {
      ++seen;
      return echo(words);
    });
  });
  TestLink first(1);
  TestLink second(server.port());
  ASSERT_TRUE(second.open());
  first.submit(operation(first, 0, 7));
  hand_over_after_failure(first, second);
  first.connection->cancel(7, Cancellation::total);
  ASSERT_TRUE(run_until_quiet({&first}));  // the second loop has not run yet
  ASSERT_TRUE(run_until_quiet({&second}));
  expect_cancelled(first, 0, Effect::not_sent);
  EXPECT_EQ(first.connection->load().operations, 0U);
  EXPECT_EQ(second.connection->load().operations, 0U);
  second.submit(operation(second, 0, 8));
  ASSERT_TRUE(second.run_to_end(1));
  EXPECT_EQ(seen, 1) << "the cancelled command was sent";
}

TEST(AsyncHandOverTest, EndsInFlightOperationOnlyOnTerminalCancellation) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    const Words late = connection.handshake();
    connection.wait(gate);
    connection.send(echo(late));
    connection.serve(echo);
  });
  TestLink first(1);
  TestLink second(server.port());
  ASSERT_TRUE(second.open());
  first.submit(operation(first, 0, 7));
  hand_over_after_failure(first, second);
  ASSERT_TRUE(run_until_quiet({&first, &second}));
  first.connection->cancel(7, Cancellation::total);
  ASSERT_TRUE(run_until_quiet({&first, &second}));
  EXPECT_EQ(first.ended, 0U);
  first.connection->cancel(7, Cancellation::terminal);
  ASSERT_TRUE(run_until_quiet({&first, &second}));
  expect_cancelled(first, 0, Effect::indeterminate);
  EXPECT_EQ(second.connection->load().given_up, 1U);
  gate.open();
  second.submit(operation(second, 0, 8));
  ASSERT_TRUE(second.run_to_end(1));
  EXPECT_EQ(second.endings[0]->replies, std::vector{resp_bulk("8")});
  EXPECT_EQ(first.ended, 1U) << "the late reply ended it again";
}

TEST(AsyncHandOverTest, IgnoresCancellationAfterCompletion) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.send(echo(connection.handshake()));
    connection.wait(gate);
    connection.serve(echo);
  });
  TestLink first(1);
  TestLink second(server.port());
  ASSERT_TRUE(second.open());
  first.submit(operation(first, 0, 7));
  first.submit(operation(first, 1, 8));
  first.submit(operation(first, 2, 9));
  hand_over_after_failure(first, second);
  ASSERT_TRUE(second.run_until([&] { return first.ended == 1; }));
  first.connection->cancel(7, Cancellation::terminal);
  first.connection->cancel(9, Cancellation::terminal);  // arrives after the other one
  ASSERT_TRUE(run_until_quiet({&first, &second}));
  EXPECT_EQ(first.ended, 2U);
  expect_cancelled(first, 2, Effect::indeterminate);
  EXPECT_EQ(first.endings[0]->replies, std::vector{resp_bulk("7")});
  EXPECT_FALSE(first.endings[0]->error);
  gate.open();
  ASSERT_TRUE(second.run_until([&] { return first.ended == 3; }));
  EXPECT_EQ(first.endings[1]->replies, std::vector{resp_bulk("8")});
}

TEST(AsyncHandOverTest, CancelsAfterTwoHandOvers) {
  ClosedLink first;
  ClosedLink second;
  ClosedLink third;
  first.submit(operation(first, 0, 7));
  first.connection->hand_over(*second.connection);
  second.connection->hand_over(*third.connection);
  ASSERT_TRUE(run_until_quiet({&first, &second, &third}));
  EXPECT_EQ(third.connection->load().operations, 1U);
  first.connection->cancel(7, Cancellation::total);
  ASSERT_TRUE(run_until_quiet({&first, &second, &third}));
  expect_cancelled(first, 0, Effect::not_sent);
  EXPECT_EQ(third.connection->load().operations, 0U);
}

TEST(AsyncHandOverTest, CancelsInEachOfSeveralHeirs) {
  ClosedLink first;
  ClosedLink second;
  ClosedLink third;
  first.submit(operation(first, 0, 7));
  first.connection->hand_over(*second.connection);
  first.submit(operation(first, 1, 8));
  first.connection->hand_over(*third.connection);
  first.connection->cancel(7, Cancellation::total);
  first.connection->cancel(8, Cancellation::total);
  ASSERT_TRUE(run_until_quiet({&first, &second, &third}));
  expect_cancelled(first, 0, Effect::not_sent);
  expect_cancelled(first, 1, Effect::not_sent);
}

TEST(AsyncHandOverTest, CancelsOperationThatReturns) {
  ClosedLink first;
  ClosedLink second;
  first.submit(operation(first, 0, 7));
  first.connection->hand_over(*second.connection);
  first.connection->cancel(7, Cancellation::total);
  ASSERT_TRUE(run_until_quiet({&first}));  // the cancellation is posted to the second loop, which has not run
  second.connection->hand_over(*first.connection);
  ASSERT_TRUE(run_until_quiet({&first, &second}));
  expect_cancelled(first, 0, Effect::not_sent);
}

TEST(AsyncHandOverTest, CancelsInCycleOfHeirs) {
  ClosedLink first;
  ClosedLink second;
  first.submit(operation(first, 0, 7));
  first.connection->hand_over(*second.connection);
  second.connection->hand_over(*first.connection);
  first.connection->hand_over(*second.connection);
  first.connection->cancel(7, Cancellation::total);
  ASSERT_TRUE(run_until_quiet({&first, &second}));
  expect_cancelled(first, 0, Effect::not_sent);
}

TEST(AsyncHandOverTest, LeavesCycleOfHeirsForHolder) {
  ClosedLink first;
  ClosedLink second;
  ClosedLink third;
  second.submit(operation(second, 0, 7));
  second.connection->hand_over(*first.connection);
  first.connection->hand_over(*second.connection);
  second.connection->hand_over(*first.connection);
  first.connection->hand_over(*third.connection);
  second.connection->cancel(7, Cancellation::total);
  ASSERT_TRUE(run_until_quiet({&first, &second, &third}));
  expect_cancelled(second, 0, Effect::not_sent);
}

TEST(AsyncHandOverTest, LeavesCycleOfHeirsWhenOperationHasEnded) {
  ClosedLink first;
  ClosedLink second;
  first.submit(operation(first, 0, 7));
  first.connection->hand_over(*second.connection);
  second.connection->hand_over(*first.connection);
  first.connection->cancel(7, Cancellation::total);
  ASSERT_TRUE(run_until_quiet({&first, &second}));
  ASSERT_EQ(first.ended, 1U);
  const auto turns = second.connection->turns();
  first.connection->cancel(7, Cancellation::terminal);
  EXPECT_TRUE(run_until_quiet({&first, &second})) << "the cancellation circles";
  EXPECT_GT(second.connection->turns(), turns) << "the cancellation was not passed on";
}

}  // namespace
}  // namespace redstart::test
