// SPDX-License-Identifier: Apache-2.0
// async_exchange_test.cpp: operations and replies on one connection, and failures.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/fake_server.hpp"
#include "support/heap_watch.hpp"
#include "support/managers.hpp"
#include "support/test_operation.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using Words = FakeConnection::Words;

TEST(AsyncExchangeTest, MatchesRepliesInOrder) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.serve(echo); });
  TestLink link(server.port());
  for (std::size_t i = 0; i < 100; ++i)
    link.submit(TestOperation::make({"ECHO", std::to_string(i)}, link.into(i)));
  ASSERT_TRUE(link.run_to_end(100));
  for (std::size_t i = 0; i < 100; ++i)
    EXPECT_EQ(link.endings[i]->replies, std::vector{resp_bulk(std::to_string(i))});
  EXPECT_EQ(link.owner->answers, 100U);
}

TEST(AsyncExchangeTest, AcceptsReplySplitAtAnyByte) {
  const std::string replies = "*2\r\n$3\r\nabc\r\n:7\r\n>2\r\n+x\r\n+y\r\n-ERR no\r\n$0\r\n\r\n";
  for (std::size_t cut = 1; cut < replies.size(); ++cut) {
    Gate gate;
    FakeServer server([&](FakeConnection& connection, std::size_t) {
      connection.handshake();
      connection.command();
      connection.command();
      connection.send(std::string_view(replies).substr(0, cut));
      connection.wait(gate);
      connection.send(std::string_view(replies).substr(cut));
      connection.await_close();
    });
    TestLink link(server.port());
    ASSERT_TRUE(link.open());
    for (std::size_t i = 0; i < 3; ++i) link.submit(TestOperation::make({"GET", "k"}, link.into(i)));
    const auto before = link.connection->last_used();
    // The first part has arrived once last_used() changes.
    ASSERT_TRUE(link.run_until([&] { return link.connection->last_used() != before; }));
    gate.open();
    ASSERT_TRUE(link.run_to_end(3));
    EXPECT_EQ(link.endings[0]->replies, std::vector<std::string>{"*2\r\n$3\r\nabc\r\n:7\r\n"}) << cut;
    EXPECT_EQ(link.endings[1]->replies, std::vector<std::string>{"-ERR no\r\n"}) << cut;
    EXPECT_EQ(link.endings[2]->replies, std::vector<std::string>{"$0\r\n\r\n"}) << cut;
    EXPECT_EQ(link.owner->pushes, 1U) << cut;
    EXPECT_EQ(link.owner->errors, 1U);
  }
}

TEST(AsyncExchangeTest, CompletesBatchWithAllReplies) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.serve(echo); });
  TestLink link(server.port());
  link.submit(TestOperation::batch({{"ECHO", "a"}, {"ECHO", "b"}, {"ECHO", "c"}}, link.into(0)));
  link.submit(TestOperation::make({"ECHO", "d"}, link.into(1)));
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.endings[0]->replies, (std::vector{resp_bulk("a"), resp_bulk("b"), resp_bulk("c")}));
  EXPECT_EQ(link.endings[1]->replies, std::vector{resp_bulk("d")});
  EXPECT_EQ(link.owner->answers, 4U);
}

TEST(AsyncExchangeTest, CompletesOperationWithoutRepliesWhenReady) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.serve(echo); });
  TestLink link(server.port());
  link.submit(TestOperation::batch({}, link.into(0)));
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_FALSE(link.endings[0]->error);
  EXPECT_EQ(link.owner->opened_calls, 1);
}

TEST(AsyncExchangeTest, ReceivesLargeReplies) {
  const std::string large(3'000'000, 'x');
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) { return words[0] == "GET" ? resp_bulk(large) : echo(words); });
  });
  TestLink link(server.port());
  link.submit(TestOperation::make({"ECHO", "before"}, link.into(0)));
  link.submit(TestOperation::make({"GET", "k"}, link.into(1)));
  link.submit(TestOperation::make({"ECHO", "after"}, link.into(2)));
  ASSERT_TRUE(link.run_to_end(3));
  EXPECT_EQ(link.endings[1]->replies.at(0), resp_bulk(large));
  EXPECT_EQ(link.endings[2]->replies.at(0), resp_bulk("after"));
}

TEST(AsyncExchangeTest, KeepsReadingWhileSendIsBlocked) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.send(echo(connection.handshake()));
    connection.wait(gate);  // reads nothing, so that bytes of the client accumulate
    connection.serve(echo);
  });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  const std::string large(1'000'000, 'x');
  link.submit(TestOperation::make({"ECHO", "first"}, link.into(0)));
  for (std::size_t i = 1; i <= 12; ++i)
    link.submit(TestOperation::make({"ECHO", large + std::to_string(i)}, link.into(i)));
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_GT(link.connection->load().bytes, 11'000'000U);
  gate.open();
  ASSERT_TRUE(link.run_to_end(13));
  for (std::size_t i = 1; i <= 12; ++i)
    EXPECT_EQ(link.endings[i]->replies.at(0), resp_bulk(large + std::to_string(i)));
}

TEST(AsyncExchangeTest, TimesOutUnsentWhenServerReadsNothing) {
  FakeServer server([&](FakeConnection& connection, std::size_t index) {
    if (index == 0) connection.handshake();
    Gate never;
    connection.wait(never);
  });
  TestLink link(server.port());
  link.owner->opens = false;
  ASSERT_TRUE(link.open());
  const std::string large(4'000'000, 'x');
  for (std::size_t i = 0; i < 8; ++i)
    link.submit(TestOperation::make({"SET", large}, link.into(i)).within(300ms));
  ASSERT_TRUE(link.run_to_end(8));
  std::size_t unsent = 0;
  for (const auto& ending : link.endings) {
    ASSERT_TRUE(ending->error);
    EXPECT_EQ(ending->error->code(), Errc::timeout);
    unsent += ending->error->effect() == Effect::not_sent ? 1U : 0U;
  }
  EXPECT_GE(unsent, 4U);
  EXPECT_LT(unsent, 8U);
}

TEST(AsyncExchangeTest, ClosesOnUnsolicitedReply) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.send(echo(connection.handshake()) + "+surprise\r\n");
    connection.await_close();
  });
  TestLink link(server.port());
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(0)));
  ASSERT_TRUE(link.run_until([&] { return link.owner->closed_calls == 1; }));
  EXPECT_EQ(link.owner->last_reason, CloseReason::desync);
  EXPECT_FALSE(link.endings[0]->error);
}

TEST(AsyncExchangeTest, FailsAllInFlightAsIndeterminateOnInvalidBytes) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.handshake();
    connection.command();
    connection.send("+one\r\n!?garbage");
    connection.await_close();
  });
  TestLink link(server.port());
  for (std::size_t i = 0; i < 2; ++i)
    link.submit(TestOperation::make({"GET", "k"}, link.into(i)).retries(Retry::read));
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.endings[0]->replies.at(0), "+one\r\n");
  EXPECT_EQ(link.endings[1]->error->code(), Errc::protocol_error);
  EXPECT_EQ(link.endings[1]->error->effect(), Effect::indeterminate);
  EXPECT_EQ(link.owner->last_reason, CloseReason::protocol);
}

class AsyncLossTest : public ::testing::TestWithParam<bool> {};

TEST_P(AsyncLossTest, FailsWritesAsIndeterminateAndResendsReads) {
  FakeServer server([&](FakeConnection& connection, std::size_t index) {
    if (index != 0) return connection.serve([](const Words&) { return "+again\r\n"; });
    connection.handshake();
    connection.command();
    connection.command();
    connection.send("+one\r\n$100\r\nhalf of it");
    if (GetParam())
      connection.reset();
    else
      connection.close();
  });
  TestLink link(server.port());
  link.submit(TestOperation::make({"INCR", "a"}, link.into(0)));
  link.submit(TestOperation::make({"INCR", "b"}, link.into(1)));
  link.submit(TestOperation::make({"GET", "c"}, link.into(2)).retries(Retry::read));
  ASSERT_TRUE(link.run_to_end(3));
  // A reset may overtake bytes sent before it.
  if (!GetParam()) {
    EXPECT_EQ(link.endings[0]->replies.at(0), "+one\r\n");
  }
  EXPECT_EQ(link.endings[1]->error->code(), Errc::connection_lost);
  EXPECT_EQ(link.endings[1]->error->effect(), Effect::indeterminate);
  EXPECT_EQ(link.endings[2]->replies, std::vector<std::string>{"+again\r\n"});
  EXPECT_EQ(link.owner->last_reason, CloseReason::lost);
  EXPECT_EQ(link.owner->wanted_calls, 2);
}

INSTANTIATE_TEST_SUITE_P(EndOrReset, AsyncLossTest, ::testing::Bool());

TEST(AsyncExchangeTest, SendsAtMostTwice) {
  std::atomic<int> seen{0};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    if (!connection.handshake().empty()) ++seen;
  });
  TestLink link(server.port());
  link.submit(TestOperation::make({"GET", "c"}, link.into(0)).retries(Retry::read));
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_EQ(link.endings[0]->error->effect(), Effect::indeterminate);
  EXPECT_EQ(seen, 2);
}

TEST(AsyncExchangeTest, RequeuesUnwrittenOperationsInOrder) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t index) {
    if (index != 0) return connection.serve([](const Words& words) { return resp_bulk(words.at(2)); });
    for (Words words = connection.command(); words[0] != "PING"; words = connection.command())
      connection.send(words[0] == "HELLO" ? "%1\r\n+proto\r\n:3\r\n" : "+OK\r\n");
    connection.send("+PONG\r\n");
    connection.wait(gate);
    connection.reset();
  });
  DatabaseConfig config = TestLink::at(server.port());
  config.timeouts.silence = 1min;  // the server receives the large value before it replies
  TestLink link(config);
  ASSERT_TRUE(link.open());
  const std::string large(40'000'000, 'x');  // more than the kernel accepts
  link.submit(TestOperation::make({"SET", large, "0"}, link.into(0)));
  for (std::size_t i = 1; i < 6; ++i)
    link.submit(TestOperation::make({"RPUSH", "l", std::to_string(i)}, link.into(i)));
  link.context->poll();
  link.context->restart();
  gate.open();
  ASSERT_TRUE(link.run_to_end(6));
  for (std::size_t i = 0; i < 6; ++i) {
    ASSERT_FALSE(link.endings[i]->error) << i << link.endings[i]->error->what();
    EXPECT_EQ(link.endings[i]->replies.at(0), resp_bulk(std::to_string(i)));
  }
}

TEST(AsyncExchangeTest, ClosesWhenSilentWithOperationInFlight) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.handshake();
    connection.await_close();
  });
  DatabaseConfig config = TestLink::at(server.port());
  config.timeouts.command = 60ms;
  TestLink link(config);
  link.submit(TestOperation::make({"INCR", "a"}, link.into(0)));  // has a timeout of 30 s
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_EQ(link.endings[0]->error->code(), Errc::connection_lost);
  EXPECT_EQ(link.endings[0]->error->effect(), Effect::indeterminate);
  ASSERT_TRUE(link.run_until([&] { return link.owner->closed_calls == 1; }));
  EXPECT_EQ(link.owner->last_reason, CloseReason::timeout);
}

// The operation that triggered the check has expired. The reply ends the check nevertheless.
TEST(AsyncExchangeTest, ChecksAgainAfterCheckOfExpiredOperation) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.send(echo(connection.handshake()));
    for (Words words = connection.command(); !words.empty(); words = connection.command()) {
      if (words[0] == "PING") connection.wait(gate);
      connection.send(words[0] == "PING" ? "+PONG\r\n" : echo(words));
    }
  });
  for (const auto kind : {TestLink::Kind::shared, TestLink::Kind::exclusive}) {
    DatabaseConfig config = TestLink::at(server.port());
    config.check_after_idle = 20ms;
    config.timeouts.health = 30s;
    config.timeouts.command = 60s;
    TestLink link(config, kind);
    const auto be_idle = [&] {
      let_pass(21ms);
      if (kind == TestLink::Kind::exclusive) link.connection->check_next();
    };
    link.submit(TestOperation::make({"ECHO", "a"}, link.into(0)));
    ASSERT_TRUE(link.run_to_end(1));
    const std::size_t before = server.count("PING");
    be_idle();
    link.submit(TestOperation::make({"ECHO", "b"}, link.into(1)).within(20ms));
    ASSERT_TRUE(link.run_to_end(2));
    EXPECT_EQ(link.endings[1]->error->effect(), Effect::not_sent);
    const auto last = link.connection->last_used();
    gate.open();
    ASSERT_TRUE(link.run_until([&] { return link.connection->last_used() != last; }))
        << "the PONG must arrive";
    be_idle();
    link.submit(TestOperation::make({"ECHO", "c"}, link.into(2)));
    ASSERT_TRUE(link.run_to_end(3));
    EXPECT_EQ(server.count("PING"), before + 2);
    gate = Gate();
  }
}

TEST(AsyncExchangeTest, SendsBlockingCommandOnlyWithItsWholeTimeLeft) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.serve(echo); });
  TestLink link(server.port());
  link.submit(TestOperation::make({"BLPOP", "late", "60"}, link.into(0)).within(50s).blocks(60s));
  link.submit(TestOperation::make({"BLPOP", "in time", "40"}, link.into(1)).within(50s).blocks(40s));
  ASSERT_TRUE(link.run_to_end(2));
  ASSERT_TRUE(link.endings[0]->error);
  EXPECT_EQ(link.endings[0]->error->code(), Errc::timeout);
  EXPECT_EQ(link.endings[0]->error->effect(), Effect::not_sent);
  EXPECT_FALSE(link.endings[1]->error);
  EXPECT_EQ(server.count("BLPOP"), 1U);
}

TEST(AsyncExchangeTest, AllowsLongerSilenceForBlockingCommand) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.handshake();
    connection.wait(gate);
    connection.send("_\r\n");
    connection.await_close();
  });
  DatabaseConfig config = TestLink::at(server.port());
  config.timeouts.command = 20ms;
  TestLink link(config);
  ASSERT_TRUE(link.open());
  link.submit(TestOperation::make({"BLPOP", "a", "0"}, link.into(0)).blocks(0ms));
  boost::asio::steady_timer timer(*link.context, 80ms);
  bool over = false;
  timer.async_wait([&](boost::system::error_code) { over = true; });
  ASSERT_TRUE(link.run_until([&] { return over; }));
  EXPECT_EQ(link.owner->closed_calls, 0);
  gate.open();
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_FALSE(link.endings[0]->error);
}

TEST(AsyncExchangeTest, KeepsQueueAndAwaitsInFlightWhenRetiring) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t index) {
    const Words words = connection.handshake();
    if (index == 0) connection.wait(gate);
    connection.send(echo(words));
    connection.serve(echo);
  });
  TestLink link(server.port());
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(0)));
  ASSERT_TRUE(link.run_until([&] { return link.connection->ready(); }));
  link.connection->retire(CloseReason::lifetime);
  link.submit(TestOperation::make({"ECHO", "b"}, link.into(1)));
  link.context->poll();
  link.context->restart();
  EXPECT_EQ(link.owner->closed_calls, 0);
  gate.open();
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.owner->last_reason, CloseReason::lifetime);
  EXPECT_EQ(link.owner->closed_calls, 1);
  EXPECT_FALSE(link.endings[1]->error);
  EXPECT_EQ(server.accepted(), 2U);
}

TEST(AsyncExchangeTest, ReportsIdleAndNeverResendsWhenExclusive) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.send(echo(connection.handshake()));
    connection.command();
  });
  TestLink link(server.port(), TestLink::Kind::exclusive);
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(0)).retries(Retry::read));
  ASSERT_TRUE(link.run_until([&] { return link.owner->idle_calls == 1; }));
  link.submit(TestOperation::make({"ECHO", "b"}, link.into(1)).retries(Retry::read));
  ASSERT_TRUE(link.run_to_end(2));
  ASSERT_TRUE(link.endings[1]->error);
  EXPECT_EQ(link.endings[1]->error->effect(), Effect::indeterminate) << link.endings[1]->error->what();
  ASSERT_TRUE(link.run_until([&] { return link.owner->closed_calls == 1 && link.owner->idle_calls == 2; }));
}

// The user of an exclusive connection counts such a command as sent from its submission.
class UnsentSessionCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(link_.open());
    link_.owner->opens = false;
    link_.owner->fails_queue = true;
  }
  void expect_closed_as_dirty() {
    ASSERT_TRUE(link_.run_until([&] { return link_.owner->closed_calls == 1; }));
    EXPECT_EQ(link_.owner->last_reason, CloseReason::dirty);
  }
  TestOperation& exec() { return TestOperation::make({"EXEC"}, link_.into(0)).changes(Session::transaction); }

  FakeServer server_{[](FakeConnection& connection, std::size_t) { connection.serve(echo); }};
  TestLink link_{server_.port(), TestLink::Kind::exclusive};
};

TEST_F(UnsentSessionCommand, ClosesExclusiveConnectionWhenCancelled) {
  link_.submit(exec().known_as(1));
  link_.connection->cancel(1, engine::Cancellation::total);
  link_.submit(TestOperation::make({"ECHO", "after"}, link_.into(1)));
  ASSERT_TRUE(link_.run_to_end(2));
  EXPECT_EQ(link_.endings[0]->error->code(), Errc::cancelled);
  EXPECT_TRUE(link_.endings[1]->error) << "its reply may be QUEUED";
  expect_closed_as_dirty();
}

TEST_F(UnsentSessionCommand, ClosesExclusiveConnectionWhenExpired) {
  link_.submit(exec().within(-1ms));
  link_.submit(TestOperation::make({"ECHO", "after"}, link_.into(1)));
  ASSERT_TRUE(link_.run_to_end(2));
  EXPECT_EQ(link_.endings[0]->error->code(), Errc::timeout);
  EXPECT_TRUE(link_.endings[1]->error) << "its reply may be QUEUED";
  expect_closed_as_dirty();
}

TEST_F(UnsentSessionCommand, ClosesExclusiveConnectionWhenBreakerRefuses) {
  link_.owner->passes = false;
  link_.submit(exec());
  ASSERT_TRUE(link_.run_to_end(1));
  EXPECT_EQ(link_.endings[0]->error->code(), Errc::circuit_open);
  expect_closed_as_dirty();
}

TEST_F(UnsentSessionCommand, AwaitsRepliesInFlightBeforeClosing) {
  link_.submit(TestOperation::make({"ECHO", "before"}, link_.into(0)));
  link_.submit(TestOperation::make({"EXEC"}, link_.into(1)).changes(Session::transaction).within(-1ms));
  ASSERT_TRUE(link_.run_to_end(2));
  EXPECT_FALSE(link_.endings[0]->error);
  expect_closed_as_dirty();
}

TEST_F(UnsentSessionCommand, LeavesConnectionOpenIfItChangesNoState) {
  link_.submit(TestOperation::make({"ECHO", "late"}, link_.into(0)).within(-1ms));
  link_.submit(TestOperation::make({"ECHO", "after"}, link_.into(1)));
  ASSERT_TRUE(link_.run_to_end(2));
  EXPECT_FALSE(link_.endings[1]->error);
  EXPECT_EQ(link_.owner->closed_calls, 0);
}

TEST(AsyncExchangeTest, DoesNotAllocateInSteadyUse) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.serve(echo); });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  // Reuses the same nodes.
  struct Again final : engine::OperationNode {
    explicit Again(TestLink& where, engine::OwnedRequest what)
        : OperationNode(std::move(what)), link(where) {}
    virtual ~Again() = default;
    void accept(std::string_view, const engine::Origin&) noexcept override {}
    void finish(std::optional<Error> error, const boost::asio::any_io_executor*) override {
      ASSERT_FALSE(error);
      if (--left != 0) go();
    }
    void go() {
      answered = 0;
      start = std::chrono::steady_clock::now();
      deadline = start + 30s;
      link.connection->submit(*this);
    }
    void destroy() noexcept override {}
    TestLink& link;
    int left = 0;
  };
  std::vector<std::unique_ptr<Again>> nodes;
  for (int i = 0; i < 100; ++i) {
    engine::OwnedRequest request;
    resp::Writer writer(request.bytes);
    writer.array(2);
    writer.bulk("ECHO");
    writer.bulk("some text");
    nodes.push_back(std::make_unique<Again>(link, std::move(request)));
  }
  const auto run = [&](int rounds) {
    for (auto& node : nodes) {
      node->left = rounds;
      node->go();
    }
    return link.run_until([&] { return link.connection->load().operations == 0; });
  };
  ASSERT_TRUE(run(10));
  const HeapWatch watch;
  ASSERT_TRUE(run(100));
  EXPECT_LE(watch.allocations(), 10U) << "ten thousand commands must not allocate";
}

}  // namespace
}  // namespace redstart::test
