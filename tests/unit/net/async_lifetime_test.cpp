// SPDX-License-Identifier: Apache-2.0
// async_lifetime_test.cpp: handlers that throw or stop, shutdown, destroyed contexts.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/test_operation.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using engine::Cancellation;
using Words = FakeConnection::Words;

void serve_echo(FakeConnection& connection, std::size_t) { connection.serve(echo); }

// Runs the loop until the condition holds. Counts exceptions that leave it.
template <class Condition>
int run_catching(TestLink& link, Condition condition) {
  int caught = 0;
  for (;;) {
    try {
      EXPECT_TRUE(link.run_until(condition));
      return caught;
    } catch (const std::runtime_error&) {
      ++caught;
    }
  }
}

TEST(AsyncLifetimeTest, DeliversOtherRepliesWhenHandlerThrows) {
  FakeServer server(serve_echo);
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  std::size_t ended = 0;
  for (int i = 0; i < 100; ++i)
    link.submit(TestOperation::make({"ECHO", std::to_string(i)}, [&, i](const Ending& ending) {
      EXPECT_EQ(ending.replies.at(0), resp_bulk(std::to_string(i)));
      ++ended;
      if (i % 3 == 0) throw std::runtime_error("from a handler");
    }));
  EXPECT_EQ(run_catching(link, [&] { return ended == 100; }), 34);
  EXPECT_EQ(link.owner->answers, 100U);
}

TEST(AsyncLifetimeTest, DeliversRepliesBeyondBufferWhenHandlerThrows) {
  const std::string text(100'000, 'x');
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words&) { return resp_bulk(text); });
  });
  TestLink link(server.port());
  std::size_t ended = 0;
  for (int i = 0; i < 20; ++i)
    link.submit(TestOperation::make({"GET", "k"}, [&](const Ending& ending) {
      EXPECT_EQ(ending.replies.at(0), resp_bulk(text));
      ++ended;
      throw std::runtime_error("from a handler");
    }));
  EXPECT_EQ(run_catching(link, [&] { return ended == 20; }), 20);
}

TEST(AsyncLifetimeTest, CompletesOtherFailuresWhenHandlerThrows) {
  TestLink link(1);
  link.owner->opens = false;
  std::size_t ended = 0;
  for (int i = 0; i < 10; ++i)
    link.submit(TestOperation::make({"GET", "k"}, [&](const Ending&) {
      ++ended;
      throw std::runtime_error("from a handler");
    }));
  link.connection->stop({});
  EXPECT_EQ(run_catching(link, [&] { return link.owner->stopped_calls == 1; }), 10);
  EXPECT_EQ(ended, 10U);
}

TEST(AsyncLifetimeTest, AllowsSubmitCancelAndStopInHandler) {
  FakeServer server(serve_echo);
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  link.submit(TestOperation::make({"ECHO", "a"}, [&](const Ending& ending) {
    EXPECT_TRUE(ending.inline_call);
    link.submit(TestOperation::make({"ECHO", "b"}, link.into(0)).known_as(5));
    link.connection->cancel(5, Cancellation::total);
    link.submit(TestOperation::make({"ECHO", "c"}, link.into(1)));
    link.connection->stop(std::chrono::steady_clock::now() + 30s);
    link.submit(TestOperation::make({"ECHO", "d"}, link.into(2)));
  }));
  ASSERT_TRUE(link.run_until([&] { return link.owner->stopped_calls == 1; }));
  EXPECT_EQ(link.endings[0]->error->effect(), Effect::not_sent);
  EXPECT_EQ(link.endings[0]->error->code(), Errc::cancelled);
  EXPECT_FALSE(link.endings[1]->error);
  EXPECT_EQ(link.owner->closed_calls, 1);
  EXPECT_EQ(link.owner->last_reason, CloseReason::shutdown);
}

TEST(AsyncLifetimeTest, CompletesPendingAndRefusesNewOnStop) {
  Gate gate;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    const Words words = connection.handshake();
    connection.wait(gate);
    connection.send(echo(words));
    connection.await_close();
  });
  TestLink link(server.port());
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(0)));
  ASSERT_TRUE(link.run_until([&] { return link.connection->ready(); }));
  link.connection->stop(std::chrono::steady_clock::now() + 30s);
  link.context->poll();
  link.context->restart();
  link.submit(TestOperation::make({"ECHO", "b"}, link.into(1)));
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_EQ(link.endings[1]->error->code(), Errc::closed);
  EXPECT_EQ(link.owner->stopped_calls, 0);
  gate.open();
  ASSERT_TRUE(link.run_until([&] { return link.owner->stopped_calls == 1; }));
  EXPECT_FALSE(link.endings[0]->error);
  link.submit(TestOperation::make({"ECHO", "c"}, link.into(2)));  // the loop no longer runs
  EXPECT_EQ(link.endings[2]->error->code(), Errc::closed);
  EXPECT_FALSE(link.endings[2]->inline_call);
}

TEST(AsyncLifetimeTest, EndsEverythingAtDeadlineOfStop) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.handshake();
    connection.await_close();
  });
  TestLink link(server.port());
  link.submit(TestOperation::make({"GET", "a"}, link.into(0)).retries(Retry::read));
  ASSERT_TRUE(link.run_until([&] { return link.connection->ready(); }));
  link.connection->stop(std::chrono::steady_clock::now() + 30ms);
  ASSERT_TRUE(link.run_until([&] { return link.owner->stopped_calls == 1; }));
  EXPECT_EQ(link.endings[0]->error->code(), Errc::closed);
  EXPECT_EQ(link.endings[0]->error->effect(), Effect::indeterminate);
}

TEST(AsyncLifetimeTest, EndsLoopAlthoughHandlerResubmits) {
  TestLink link(1);
  link.owner->opens = false;
  std::atomic<bool> enough{false};
  std::size_t failures = 0;
  std::function<void(Ending)> again = [&](const Ending& ending) {
    EXPECT_TRUE(ending.error);
    ++failures;
    if (!enough) link.submit(TestOperation::make({"GET", "k"}, again));
  };
  link.submit(TestOperation::make({"GET", "k"}, again));
  link.connection->stop({});
  ASSERT_TRUE(link.run_until([&] { return failures > 100; }));  // returns between turns
  enough = true;
  ASSERT_TRUE(link.run_until([&] { return link.owner->stopped_calls == 1; }));
}

TEST(AsyncLifetimeTest, LeavesNoWorkOnLoopAfterStop) {
  FakeServer server(serve_echo);
  TestLink link(server.port());
  link.submit(TestOperation::make({"ECHO", "a"}, link.into(0)));
  ASSERT_TRUE(link.run_to_end(1));
  link.connection->stop({});
  link.context->restart();
  link.context->run();
  EXPECT_EQ(link.owner->stopped_calls, 1);
}

TEST(AsyncLifetimeTest, AllowsHandlerToRunLoop) {
  FakeServer server(serve_echo);
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  std::size_t ended = 0;
  for (int i = 0; i < 50; ++i)
    link.submit(TestOperation::make({"ECHO", std::to_string(i)}, [&, i](const Ending& ending) {
      EXPECT_EQ(ending.replies.at(0), resp_bulk(std::to_string(i)));
      ++ended;
      if (i % 10 == 0) link.connection->cancel(999, Cancellation::total);
      link.context->poll();
    }));
  ASSERT_TRUE(link.run_until([&] { return ended == 50; }));
}

// The timer fires while a handler runs the loop, after a reply whose handler throws. It must not be lost.
TEST(AsyncLifetimeTest, KeepsDeadlinesWhenHandlerThrows) {
  Gate gate;
  std::atomic<bool> sent{false};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    const Words words = connection.handshake();
    connection.wait(gate);
    connection.send(echo(words));
    sent = true;
    connection.await_close();
  });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  bool answered = false;
  link.submit(TestOperation::make({"ECHO", "a"}, [&](const Ending&) {
    answered = true;
    throw std::runtime_error("from a handler");
  }));
  link.submit(TestOperation::make({"ECHO", "b"}, link.into(0)).within(100ms));
  ASSERT_TRUE(link.run_until([&] { return server.count("ECHO") == 1; }));
  link.submit(TestOperation::make({"ECHO", "c"}, [&](const Ending&) {
                gate.open();
                EXPECT_TRUE(eventually([&] { return sent.load(); }));
                let_pass(150ms);
                link.context->poll();
                EXPECT_FALSE(answered) << "turns do not nest";
              }).known_as(5));
  link.connection->cancel(5, Cancellation::total);
  EXPECT_EQ(run_catching(link, [&] { return answered && link.ended == 1; }), 1);
  EXPECT_EQ(link.endings[0]->error->code(), Errc::timeout);
}

// The context is destroyed with operations at every stage.
TEST(AsyncLifetimeTest, FreesEverythingWithoutCompletionWhenAbandoned) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.handshake();
    connection.await_close();
  });
  const long before = TestOperation::destroyed();
  {
    TestLink link(server.port());
    ASSERT_TRUE(link.open());
    const auto never = [](const Ending&) { ADD_FAILURE() << "completed"; };
    for (int i = 0; i < 5; ++i) link.submit(TestOperation::make({"GET", "in flight"}, never).known_as(1));
    link.context->poll();
    for (int i = 0; i < 5; ++i) link.submit(TestOperation::make({"GET", "in the stack"}, never));
    link.connection->cancel(1, Cancellation::terminal);
    link.connection->abandon();
    EXPECT_EQ(TestOperation::destroyed() - before, 10);
    link.submit(TestOperation::make({"GET", "afterwards"}, never));
    EXPECT_EQ(TestOperation::destroyed() - before, 11);
    link.context.reset();
    link.connection->cancel(1, Cancellation::terminal);
    link.connection->open();
    link.connection->stop({});
  }
  EXPECT_EQ(TestOperation::alive(), 0);
}

TEST(AsyncLifetimeTest, FreesEverythingWhenAbandonedWhileOpening) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.await_close(); });
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    DatabaseConfig config = TestLink::at(server.port());
    config.endpoint.host = host;
    TestLink link(config);
    link.submit(TestOperation::make({"GET", "k"}, [](const Ending&) { ADD_FAILURE(); }));
    link.context->poll();
    link.connection->abandon();
    link.context.reset();
  }
  EXPECT_EQ(TestOperation::alive(), 0);
}

TEST(AsyncLifetimeTest, OutlivesContextAfterStop) {
  FakeServer server(serve_echo);
  const LiveSettings config(TestLink::at(server.port()));
  const std::string name = "test";
  const auto owner = std::make_shared<TestOwner>();
  auto context = std::make_unique<boost::asio::io_context>();
  const auto connection =
      net::AsyncConnection::make({boost::asio::make_strand(*context), context->get_executor(), 0}, config,
                                 name, owner, net::AsyncConnection::Kind::shared);
  bool ended = false;
  connection->submit(TestOperation::make({"ECHO", "a"}, [&](const Ending&) { ended = true; }));
  while (!ended) context->run_one();
  connection->stop({});
  while (owner->stopped_calls == 0) context->run_one();
  context.reset();
  connection->cancel(1, Cancellation::terminal);
  connection->open();
  bool refused = false;
  connection->submit(TestOperation::make({"ECHO", "b"}, [&](const Ending& ending) {
    refused = ending.error && ending.error->code() == Errc::closed;
  }));
  EXPECT_TRUE(refused);
}

TEST(AsyncLifetimeTest, SurvivesContextDestroyedOnStrand) {
  FakeServer server(serve_echo);
  const LiveSettings config(TestLink::at(server.port()));
  const std::string name = "test";
  const auto owner = std::make_shared<TestOwner>();
  auto context = std::make_unique<boost::asio::io_context>();
  const auto connection =
      net::AsyncConnection::make({boost::asio::make_strand(*context), context->get_executor(), 0}, config,
                                 name, owner, net::AsyncConnection::Kind::shared);
  bool ended = false;
  connection->submit(TestOperation::make({"ECHO", "a"}, [&](const Ending&) { ended = true; }));
  while (!ended) context->run_one();
  connection->submit(TestOperation::make({"ECHO", "b"}, [](const Ending&) { ADD_FAILURE(); }));
  connection->abandon();
  context.reset();
  EXPECT_EQ(TestOperation::alive(), 0);
}

}  // namespace
}  // namespace redstart::test
