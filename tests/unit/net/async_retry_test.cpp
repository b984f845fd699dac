// SPDX-License-Identifier: Apache-2.0
// async_retry_test.cpp: operations that are resent, delayed or not admitted.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "support/fake_server.hpp"
#include "support/test_operation.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using engine::Cancellation;
using Words = FakeConnection::Words;
using Verdicts = std::vector<BreakerVerdict>;

// Replies BUSY a given number of times to commands other than ECHO, and counts them.
struct BusyServer {
  std::atomic<int> busy{0};
  std::atomic<int> commands{0};
  FakeServer server{[this](FakeConnection& connection, std::size_t) {
    connection.serve([this](const Words& words) -> std::string {
      ++commands;
      if (words.at(0) == "ECHO") return resp_bulk(words.at(1));
      if (words.at(0) == "HANG") return {};
      return busy-- > 0 ? "-BUSY a script\r\n" : ":1\r\n";
    });
  }};
};

TEST(AsyncRetryTest, ResendsRefusedCommandAfterDelay) {
  BusyServer fake;
  fake.busy = 2;
  TestLink link(fake.server.port());
  ASSERT_TRUE(link.open());
  link.submit(TestOperation::make({"INCR", "n"}, link.into(0)));
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(1)));
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.endings[0]->replies, std::vector<std::string>{":1\r\n"});
  EXPECT_EQ(link.endings[1]->replies, std::vector{resp_bulk("a")});
  EXPECT_EQ(fake.commands, 4);
  EXPECT_EQ(link.owner->answers, 2U);
  EXPECT_EQ(link.owner->errors, 0U);
  EXPECT_EQ(link.connection->load().operations, 0U);
}

TEST(AsyncRetryTest, FailsWithLastErrorAfterAllAttempts) {
  BusyServer fake;
  fake.busy = 100;
  TestLink link(fake.server.port());
  link.owner->refusal_delay = 0ms;
  link.submit(TestOperation::make({"INCR", "n"}, link.into(0)));
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_EQ(link.endings[0]->replies, std::vector<std::string>{"-BUSY a script\r\n"});
  EXPECT_EQ(fake.commands, 3);
  EXPECT_EQ(link.owner->errors, 1U);
}

TEST(AsyncRetryTest, AllowsCancellationDuringDelay) {
  BusyServer fake;
  fake.busy = 1;
  TestLink link(fake.server.port());
  link.owner->refusal_delay = 20s;
  link.submit(TestOperation::make({"INCR", "n"}, link.into(0)).known_as(7));
  ASSERT_TRUE(link.run_until([&] { return fake.busy == 0; }));
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(1)));
  ASSERT_TRUE(link.run_to_end(1));  // the refusal was read before that reply
  EXPECT_EQ(link.connection->load().operations, 1U);
  link.connection->cancel(7, Cancellation::total);
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.endings[0]->error->code(), Errc::cancelled);
  EXPECT_EQ(link.endings[0]->error->effect(), Effect::not_sent);
  EXPECT_EQ(link.connection->load().operations, 0U);
}

TEST(AsyncRetryTest, CompletesDelayedOperationsOnStop) {
  BusyServer fake;
  fake.busy = 1;
  TestLink link(fake.server.port());
  link.owner->refusal_delay = 20s;
  link.submit(TestOperation::make({"INCR", "n"}, link.into(0)));
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(1)));
  ASSERT_TRUE(link.run_to_end(1));
  link.connection->stop({});
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.endings[0]->error->code(), Errc::closed);
}

TEST(AsyncRetryTest, DestroysDelayedOperationsWithContext) {
  BusyServer fake;
  fake.busy = 1;
  {
    TestLink link(fake.server.port());
    link.owner->refusal_delay = 20s;
    link.submit(TestOperation::make({"INCR", "n"}, link.into(0)));
    link.submit(TestOperation::make({"ECHO", "a"}, link.into(1)));
    ASSERT_TRUE(link.run_to_end(1));
    link.connection->abandon();
    link.context.reset();
  }
  EXPECT_EQ(TestOperation::alive(), 0);
}

TEST(AsyncAdmissionTest, SendsOnlyAdmittedOperations) {
  BusyServer fake;
  TestLink link(fake.server.port());
  ASSERT_TRUE(link.open());
  link.owner->passes = false;
  link.owner->places = 2;
  for (std::size_t i = 0; i < 5; ++i) link.submit(TestOperation::make({"ECHO", "a"}, link.into(i)));
  ASSERT_TRUE(link.run_to_end(5));
  for (std::size_t i = 0; i < 2; ++i) EXPECT_FALSE(link.endings[i]->error);
  for (std::size_t i = 2; i < 5; ++i) {
    EXPECT_EQ(link.endings[i]->error->code(), Errc::circuit_open);
    EXPECT_EQ(link.endings[i]->error->effect(), Effect::not_sent);
  }
  EXPECT_EQ(fake.commands, 2);
  EXPECT_EQ(link.owner->verdicts, (Verdicts{BreakerVerdict::success, BreakerVerdict::success}));
}

TEST(AsyncAdmissionTest, SendsWaitingOperationsWhenAdmitted) {
  BusyServer fake;
  TestLink link(fake.server.port());
  ASSERT_TRUE(link.open());
  link.owner->passes = false;
  link.owner->waiting = true;
  link.submit(TestOperation::make({"ECHO", "late"}, link.into(0)).within(20ms));
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_EQ(link.endings[0]->error->code(), Errc::timeout);
  EXPECT_EQ(link.endings[0]->error->effect(), Effect::not_sent);
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(1)));
  link.submit(TestOperation::make({"ECHO", "b"}, link.into(2)));
  link.owner->places = 1;
  link.connection->wake();
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_FALSE(link.endings[1]->error);
  EXPECT_EQ(fake.commands, 1);
  link.owner->passes = true;
  link.connection->wake();
  ASSERT_TRUE(link.run_to_end(3));
  EXPECT_FALSE(link.endings[2]->error);
  EXPECT_EQ(link.owner->nudged_calls, 2);
}

TEST(AsyncAdmissionTest, ReportsEveryOutcomeOfProbe) {
  BusyServer fake;
  TestLink link(fake.server.port());
  ASSERT_TRUE(link.open());
  link.owner->passes = false;
  link.owner->places = 3;
  link.submit(TestOperation::make({"HANG"}, link.into(0)).known_as(7));
  link.submit(TestOperation::make({"HANG"}, link.into(1)).within(3s));
  link.submit(TestOperation::make({"HANG"}, link.into(2)));
  ASSERT_TRUE(link.run_until([&] { return fake.commands == 3; }));
  link.connection->cancel(7, Cancellation::terminal);
  ASSERT_TRUE(link.run_to_end(2));
  // In any order.
  EXPECT_THAT(link.owner->verdicts,
              ::testing::UnorderedElementsAre(BreakerVerdict::nothing, BreakerVerdict::failure));
  link.connection->abandon();
  link.context.reset();
  EXPECT_EQ(link.owner->verdicts.size(), 3U);
  EXPECT_EQ(link.owner->verdicts.back(), BreakerVerdict::nothing);
}

TEST(AsyncAdmissionTest, ReportsLossAsOneFailure) {
  std::atomic<int> commands{0};
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    if (connection.handshake().empty()) return;
    for (++commands; commands != 3; ++commands) connection.command();
    connection.wait(gate);
    connection.close();
  });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  for (std::size_t i = 0; i < 3; ++i) link.submit(TestOperation::make({"INCR", "n"}, link.into(i)));
  ASSERT_TRUE(link.run_until([&] { return commands == 3; }));
  gate.open();
  ASSERT_TRUE(link.run_to_end(3));
  EXPECT_EQ(link.owner->verdicts,
            (Verdicts{BreakerVerdict::nothing, BreakerVerdict::nothing, BreakerVerdict::failure}));
}

}  // namespace
}  // namespace redstart::test
