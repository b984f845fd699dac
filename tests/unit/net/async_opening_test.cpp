// SPDX-License-Identifier: Apache-2.0
// async_opening_test.cpp: opening a connection, with a failure at each step.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/async_opening.hpp"
#include "net/handshake_gate.hpp"
#include "support/fake_server.hpp"
#include "support/free_port.hpp"
#include "support/managers.hpp"
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
  EXPECT_EQ(link.owner->pushes, 1U);
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

// --- The attempt by itself

struct SilentWatcher final : net::OpenWatcher {
  bool not_ready(const protocol::NotReady&) override {
    ++polls;
    return true;
  }
  void ready(const protocol::HandshakeFsm&) override { ++ready_calls; }
  void reached(Step step) noexcept override { steps.push_back(step); }
  int polls = 0;
  int ready_calls = 0;
  std::vector<Step> steps{};
};

// One attempt on a loop that the test runs.
struct LoneAttempt {
  explicit LoneAttempt(DatabaseConfig settings) : config(std::move(settings)) {
    const boost::asio::any_io_executor executor = context->get_executor();
    opening = std::make_unique<net::AsyncOpening>(net::Loop{executor, executor, 0}, config, name,
                                                  std::make_shared<net::Preparer>(config), watcher,
                                                  net::Clock::now() + 30s, [this](net::OpeningResult ended) {
                                                    EXPECT_FALSE(result) << "it ends once";
                                                    on_loop = net::on_loop_thread();
                                                    result = std::move(ended);
                                                  });
    opening->start(net::Clock::now());
  }
  template <class Condition>
  bool run_until(Condition condition) {
    for (const auto late = net::Clock::now() + 30s; !condition();) {
      if (net::Clock::now() > late) return false;
      context->restart();
      context->run_one_for(100ms);
    }
    return true;
  }

  DatabaseConfig config;
  std::string name = "test";
  SilentWatcher watcher{};
  std::unique_ptr<boost::asio::io_context> context = std::make_unique<boost::asio::io_context>(1);
  std::unique_ptr<net::AsyncOpening> opening{};
  std::optional<net::OpeningResult> result{};
  bool on_loop = false;
};

TEST(AsyncOpeningAlone, ReportsFailureFromHandlerOfItsOwn) {
  DatabaseConfig config;
  config.endpoint.unix_path = "/nonexistent/socket";
  LoneAttempt attempt(config);
  EXPECT_FALSE(attempt.result) << "not from inside start()";
  ASSERT_TRUE(attempt.run_until([&] { return attempt.result.has_value(); }));
  EXPECT_TRUE(attempt.on_loop);
  EXPECT_EQ(attempt.result->failure->code, Errc::connect_failed);
  EXPECT_FALSE(attempt.result->stream.socket);
  EXPECT_EQ(attempt.watcher.ready_calls, 0);
}

TEST(AsyncOpeningAlone, HandsOverStream) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    greet(connection);
    connection.send(">1\r\n+a\r\n+OK\r\n+OK\r\n+PONG\r\n");
    connection.serve([](const FakeConnection::Words&) { return "+OK\r\n"; });
  });
  LoneAttempt attempt(TestLink::at(server.port()));
  ASSERT_TRUE(attempt.run_until([&] { return attempt.result.has_value(); }));
  ASSERT_FALSE(attempt.result->failure);
  EXPECT_EQ(attempt.result->pushes, 1U);
  EXPECT_EQ(attempt.watcher.ready_calls, 1);
  using Step = net::OpenWatcher::Step;
  EXPECT_EQ(attempt.watcher.steps, (std::vector{Step::resolved, Step::connected}));
  attempt.opening.reset();  // the stream stays open
  constexpr std::string_view command = "*1\r\n$4\r\nPING\r\n";
  net::OpenedStream& stream = attempt.result->stream;
  EXPECT_EQ(stream.write_some(command).bytes, command.size());
  bool readable = false;
  stream.socket->async_wait(net::OpenedStream::Socket::wait_read,
                            [&](const boost::system::error_code& error) { readable = !error; });
  ASSERT_TRUE(attempt.run_until([&] { return readable; }));
  char reply[16];
  EXPECT_EQ(std::string_view(reply, stream.read_some(reply, sizeof reply).bytes), "+PONG\r\n");
}

TEST(AsyncOpeningAlone, ClosesSocketWhenDestroyed) {
  std::atomic<bool> closed{false};
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.command();
    connection.await_close();
    closed = true;
  });
  LoneAttempt attempt(TestLink::at(server.port()));
  ASSERT_TRUE(attempt.run_until([&] { return server.count("HELLO") == 1; }));
  attempt.opening.reset();
  EXPECT_TRUE(eventually([&] { return closed.load(); }));
  attempt.context->restart();
  attempt.context->run();  // returns: no event is left
  EXPECT_FALSE(attempt.result);
}

TEST(AsyncOpeningAlone, ReturnsPermitWhenDestroyed) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.await_close(); });
  const DatabaseConfig config = TestLink::at(server.port());
  const TimePoint begin = net::Clock::now();
  // One server gets half of the permits.
  std::vector<std::unique_ptr<LoneAttempt>> attempts;
  for (int i = 0; i < 16; ++i) attempts.push_back(std::make_unique<LoneAttempt>(config));
  for (const auto& one : attempts) one->context->poll();
  ASSERT_TRUE(eventually([&] { return server.accepted() == 16; }));
  int admitted = 0;
  net::HandshakeGate::WaiterId waiter = 0;
  EXPECT_FALSE(net::HandshakeGate::process().enter(
      to_string(config.endpoint), begin, [&](net::HandshakeGate::Pass) { ++admitted; }, waiter));
  EXPECT_EQ(admitted, 0);
  attempts.front()->opening.reset();
  EXPECT_EQ(admitted, 1);
  net::HandshakeGate::process().cancel(waiter);
}

class BlockedProvider final : public CredentialsProvider {
 public:
  explicit BlockedProvider(Gate& gate) : gate_(gate) {}
  Credentials credentials() override {
    asked = true;
    gate_.wait();
    return {"ann", "given"};
  }
  std::atomic<bool> asked{false};

 private:
  Gate& gate_;
};

TEST(AsyncOpeningAlone, LeavesPreparationThatOutlivesContext) {
  Gate gate;
  const auto provider = std::make_shared<BlockedProvider>(gate);
  DatabaseConfig config = TestLink::at(1);
  config.credentials = provider;
  {
    LoneAttempt attempt(config);
    ASSERT_TRUE(eventually([&] { return provider->asked.load(); }));
    attempt.opening.reset();
    attempt.context.reset();
    gate.open();
    EXPECT_FALSE(attempt.result);
  }
  // The helper thread releases the provider at its end.
  EXPECT_TRUE(eventually([&] { return provider.use_count() == 2; }));
}

}  // namespace
}  // namespace redstart::test
