// SPDX-License-Identifier: Apache-2.0
// async_opening_test.cpp: opening a connection, with a failure at each step.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/handshake_gate.hpp"
#include "support/fake_server.hpp"
#include "support/free_port.hpp"
#include "support/redis_server.hpp"
#include "support/test_operation.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view hello = "%1\r\n+proto\r\n:3\r\n";

// Answers HELLO and reads further commands up to PING.
void greet(FakeConnection& connection) {
  connection.command();
  connection.send(hello);
  for (auto words = connection.command(); !words.empty() && words[0] != "PING";) words = connection.command();
}

// Opens a connection to this server and returns why it failed.
std::optional<Cause> open_at(DatabaseConfig config) {
  TestLink link(std::move(config));
  const bool opened = link.open();
  EXPECT_EQ(opened, link.owner->failed_calls == 0);
  return link.owner->last_failure;
}
std::optional<Cause> open_at(const FakeServer& server, std::chrono::milliseconds limit = 30s) {
  DatabaseConfig config = TestLink::at(server.port());
  config.timeouts.connect = limit;
  return open_at(std::move(config));
}

TEST(AsyncOpeningTest, SendsNoUserCommandBeforeReady) {
  std::vector<std::string> seen;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    for (auto words = connection.command(); !words.empty(); words = connection.command()) {
      seen.push_back(words[0]);
      if (words[0] == "HELLO") connection.send(hello);
      if (words[0] == "CLIENT") connection.send("+OK\r\n");
      if (words[0] == "PING")
        connection.send(std::count(seen.begin(), seen.end(), "PING") < 3 ? "-LOADING wait\r\n" : "+PONG\r\n");
      if (words[0] == "INFO") connection.send("$21\r\nloading_eta_seconds:7\r\n");
      if (words[0] == "GET") connection.send("_\r\n");
    }
  });
  TestLink link(server.port());
  link.submit(TestOperation::make({"GET", "k"}, link.into(0)));
  ASSERT_TRUE(link.run_until([&] { return link.owner->not_ready_calls == 2; }));
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_FALSE(link.endings[0]->error);
  EXPECT_EQ(link.owner->last_not_ready.left, 7s);
  EXPECT_EQ(seen.back(), "GET");
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "PING"), 3);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "GET"), 1);
}

TEST(AsyncOpeningTest, ReportsRefusedConnectionAndKeepsQueue) {
  const FreePort unused;
  TestLink link(unused.number());
  link.submit(TestOperation::make({"GET", "k"}, link.into(0)));
  ASSERT_TRUE(link.run_until([&] { return link.owner->failed_calls == 1; }));
  EXPECT_EQ(link.owner->last_failure->code, Errc::connect_refused);
  EXPECT_EQ(link.ended, 0U);
  EXPECT_EQ(link.connection->load().operations, 1U);
  net::Outcome outcome;
  outcome.code = Errc::unavailable;
  link.connection->fail_queued(outcome);
  EXPECT_EQ(link.ended, 0U) << "must not complete inside the call";
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_EQ(link.endings[0]->error->code(), Errc::unavailable);
  EXPECT_EQ(link.endings[0]->error->effect(), Effect::not_sent);
}

TEST(AsyncOpeningTest, ReportsUnknownHostName) {
  DatabaseConfig config = TestLink::at(6379);
  config.endpoint.host = "no-such-host.invalid";
  EXPECT_EQ(open_at(config)->code, Errc::resolve_failed);
}

TEST(AsyncOpeningTest, TriesAddressesOfNameInTurn) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.handshake(); });
  DatabaseConfig config = TestLink::at(server.port());
  config.endpoint.host = "localhost";  // ::1 first, where nothing listens
  EXPECT_FALSE(open_at(config));
}

TEST(AsyncOpeningTest, ReportsMissingUnixSocket) {
  DatabaseConfig config;
  config.endpoint.unix_path = "/nonexistent/socket";
  EXPECT_EQ(open_at(config)->code, Errc::connect_failed);
  config.endpoint.unix_path = std::string(200, 'x');
  EXPECT_EQ(open_at(config)->code, Errc::resolve_failed);
}

TEST(AsyncOpeningTest, TimesOutWhenServerAcceptsAndIsSilent) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.await_close(); });
  EXPECT_EQ(open_at(server, 50ms)->code, Errc::connect_timeout);
}

// The steps: HELLO, then two CLIENT SETINFO and PING in one batch.
TEST(AsyncOpeningTest, ReportsEndOfStreamAtEachStep) {
  for (const bool reset : {false, true}) {
    for (int step = 0; step < 4; ++step) {
      FakeServer server([step, reset](FakeConnection& connection, std::size_t) {
        for (int i = 0; i < step; ++i) {
          connection.command();
          connection.send(i == 0 ? hello : "+OK\r\n");
        }
        connection.command();
        if (reset) connection.reset();
      });
      const auto failure = open_at(server);
      ASSERT_TRUE(failure) << step;
      EXPECT_EQ(failure->code, Errc::handshake_failed) << step;
    }
  }
}

TEST(AsyncOpeningTest, TimesOutWhenServerIsSilentAtEachStep) {
  for (int step = 0; step < 4; ++step) {
    FakeServer server([step](FakeConnection& connection, std::size_t) {
      for (int i = 0; i < step; ++i) {
        connection.command();
        connection.send(i == 0 ? hello : "+OK\r\n");
      }
      connection.await_close();
    });
    EXPECT_EQ(open_at(server, 40ms)->code, Errc::connect_timeout) << step;
  }
}

TEST(AsyncOpeningTest, ReportsReplyThatIsNotResp) {
  for (const std::string_view answer :
       {"HTTP/1.1 400 Bad Request\r\n", "\x15\x03\x01", "$-2\r\n", "+OK\r\n"}) {
    FakeServer server([answer](FakeConnection& connection, std::size_t) {
      connection.command();
      connection.send(answer);
      connection.await_close();
    });
    EXPECT_EQ(open_at(server)->code, Errc::protocol_error) << answer;
  }
}

TEST(AsyncOpeningTest, ReportsRefusalWithServerMessage) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.command();
    connection.send("-ERR max number of clients reached\r\n");
  });
  const auto failure = open_at(server);
  EXPECT_EQ(failure->code, Errc::handshake_failed);
  EXPECT_EQ(failure->server, "ERR max number of clients reached");
  EXPECT_EQ(failure->remedy, Remedy::retry);
}

TEST(AsyncOpeningTest, FailsOnExtraReply) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    greet(connection);
    connection.send("+OK\r\n+OK\r\n+PONG\r\n+OK\r\n");
    connection.await_close();
  });
  EXPECT_EQ(open_at(server)->code, Errc::protocol_error);
}

TEST(AsyncOpeningTest, AcceptsReplyInSmallPieces) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.command();
    for (const char& c : hello) connection.send(std::string_view(&c, 1));
    for (auto words = connection.command(); !words.empty() && words[0] != "PING";)
      words = connection.command();
    for (const char& c : std::string_view("+OK\r\n>2\r\n+a\r\n+b\r\n+OK\r\n+PONG\r\n"))
      connection.send(std::string_view(&c, 1));
    connection.await_close();
  });
  TestLink link(server.port());
  ASSERT_TRUE(link.open());
  EXPECT_EQ(link.connection->take_pushes(), 1U);
}

TEST(AsyncOpeningTest, FallsBackToResp2WithOldServer) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    for (auto words = connection.command(); !words.empty(); words = connection.command()) {
      connection.send(words[0] == "PING" ? "+PONG\r\n" : "-ERR unknown command\r\n");
    }
  });
  EXPECT_FALSE(open_at(server));
}

TEST(AsyncOpeningTest, ReportsLoadingThatDoesNotEnd) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    for (auto words = connection.command(); !words.empty(); words = connection.command())
      connection.send("-LOADING the data set\r\n");
  });
  EXPECT_EQ(open_at(server, 2s)->code, Errc::loading);
}

TEST(AsyncOpeningTest, NoticesAtOnceWhenLoadingServerCloses) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    for (auto words = connection.command(); words[0] != "PING"; words = connection.command())
      connection.send(words[0] == "HELLO" ? hello : "+OK\r\n");
    connection.send("-LOADING the data set\r\n");
  });
  EXPECT_EQ(open_at(server)->code, Errc::handshake_failed);
}

TEST(AsyncOpeningTest, OpensAgainAfterFailure) {
  FakeServer server([](FakeConnection& connection, std::size_t index) {
    if (index == 0) return;
    connection.serve([](const FakeConnection::Words&) { return "+OK\r\n"; });
  });
  TestLink link(server.port());
  link.submit(TestOperation::make({"SET", "k", "v"}, link.into(0)));
  ASSERT_TRUE(link.run_until([&] { return link.owner->failed_calls == 1; }));
  link.connection->open();
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_FALSE(link.endings[0]->error);
  EXPECT_EQ(link.owner->wanted_calls, 1);
}

TEST(AsyncOpeningTest, AbortsAttemptOnStop) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.await_close(); });
  TestLink link(server.port());
  link.submit(TestOperation::make({"GET", "k"}, link.into(0)));
  ASSERT_TRUE(link.run_until([&] { return server.accepted() == 1; }));
  link.connection->stop({});
  ASSERT_TRUE(link.run_until([&] { return link.owner->stopped_calls == 1; }));
  EXPECT_EQ(link.endings[0]->error->code(), Errc::closed);
  EXPECT_EQ(link.endings[0]->error->effect(), Effect::not_sent);
}

TEST(AsyncOpeningTest, OpensWhenHandshakePermitIsReleased) {
  net::HandshakeGate gate(1);
  const TimePoint now = net::Clock::now();
  int called = 0;
  net::HandshakeGate::WaiterId first = 0;
  net::HandshakeGate::WaiterId second = 0;
  net::HandshakeGate::WaiterId none = 0;
  {
    const auto pass = gate.enter(
        "a", now, [](net::HandshakeGate::Pass) { ADD_FAILURE(); }, none);
    ASSERT_TRUE(pass);
    EXPECT_FALSE(gate.enter(
        "a", now, [](net::HandshakeGate::Pass) { ADD_FAILURE() << "was cancelled"; }, first));
    EXPECT_FALSE(gate.enter(
        "a", now, [&](net::HandshakeGate::Pass given) { called += given ? 1 : 0; }, second));
    gate.cancel(first);
    EXPECT_EQ(called, 0);
  }
  EXPECT_EQ(called, 1);
  EXPECT_TRUE(gate.enter(
      "a", now, [](net::HandshakeGate::Pass) {}, none))
      << "the second attempt must have left the gate";
}

}  // namespace
}  // namespace redstart::test
