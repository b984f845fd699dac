// SPDX-License-Identifier: Apache-2.0
// unsolicited_bytes_test.cpp: faults 88, 91-93, 95, 97, 109: excess or early bytes.
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/test_operation.hpp"
#include "support/unsolicited_bytes.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using Words = FakeConnection::Words;
using Text = std::optional<std::string>;

const Unsolicited unsolicited_replies[] = {
    {"$4\r\nevil\r\n"},
    {"$4\r\nev", "il\r\n"},
    {"$", "4\r\nevil\r\n"},
    {"-ERR", " evil\r\n"},
    {"*2\r\n$4\r\nevil\r\n", "$4\r\nevil\r\n"},
    {"|1\r\n+evil\r\n", ":1\r\n$4\r\nevil\r\n"},
    {">2\r\n+push\r\n+push\r\n$4\r\nev", "il\r\n"},
};

TEST(Fault88, NoCallGetsReplyThatBeganBeforeIt) {
  InTheClear transport;
  for (const Way way : all_ways) {
    for (const Unsolicited& unsolicited : unsolicited_replies) {
      // A direct connection that received a push while idle is not reused either, so both orders give one
      // result.
      if (way == Way::direct && unsolicited.first.starts_with('>')) continue;
      expect_desync(transport, unsolicited, way);
    }
  }
}

TEST(Fault88, PartialReplyAfterTheLastClosesTheConnectionAtOnce) {
  FakeServer server([](FakeConnection& connection, std::size_t index) {
    const Words words = connection.handshake();
    if (words.empty()) return;
    connection.send(value_of_key(words) + (index == 0 ? "$4\r\nev" : ""));
    const Words next = connection.command();
    if (next.empty()) return;
    if (index == 0) connection.send("il\r\n");
    connection.send(value_of_key(next));
    connection.serve(value_of_key);
  });
  TestLink link(server.port());
  link.submit(TestOperation::make({"GET", "good"}, link.into(0)));
  ASSERT_TRUE(link.run_to_end(1));
  EXPECT_EQ(link.endings[0]->replies, std::vector{resp_bulk("value of good")});
  ASSERT_TRUE(link.run_until([&] { return link.owner->closed_calls == 1; }));
  EXPECT_EQ(link.owner->last_reason, CloseReason::desync);
  link.submit(TestOperation::make({"GET", "next"}, link.into(1)));
  ASSERT_TRUE(link.run_to_end(2));
  EXPECT_EQ(link.endings[1]->replies, std::vector{resp_bulk("value of next")});
}

// The handler blocks the loop while the unsolicited reply arrives, then sends the next command in the same
// turn.
TEST(Fault88, BytesThatArriveWhileHandlerBlocksAreReadBeforeNextSend) {
  Gate speak;
  Gate spoken;
  FakeServer server([&](FakeConnection& connection, std::size_t index) {
    const Words words = connection.handshake();
    if (words.empty()) return;
    connection.send(value_of_key(words));
    if (index == 0) {
      connection.wait(speak);
      connection.send("$4\r\nevil\r\n");
      spoken.open();
    }
    connection.serve(value_of_key);
  });
  TestLink link(server.port());
  link.submit(TestOperation::make({"GET", "a"}, [&](const Ending&) {
    speak.open();
    spoken.wait();
    let_pass(20ms);  // until the reply has arrived
    link.submit(TestOperation::make({"GET", "b"}, link.into(0)));
  }));
  ASSERT_TRUE(link.run_to_end(1));
  ASSERT_FALSE(link.endings[0]->error) << link.endings[0]->error->what();
  EXPECT_EQ(link.endings[0]->replies, std::vector{resp_bulk("value of b")});
  EXPECT_EQ(link.owner->last_reason, CloseReason::desync);
}

TEST(Fault88, ReplyBeforeCommandIsFullySentIsRejected) {
  Gate sent;
  Gate read;
  FakeServer server([&](FakeConnection& connection, std::size_t index) {
    connection.send(value_of_key(connection.handshake()));
    if (index != 0) return connection.serve(value_of_key);
    connection.wait(sent);
    connection.send("+OK\r\n");
    connection.wait(read);
  });
  TestLink link(server.port());
  link.owner->repeats = false;
  link.submit(TestOperation::make({"GET", "a"}, link.into(0)));
  ASSERT_TRUE(link.run_to_end(1));
  link.submit(TestOperation::make({"SET", "large", std::string(64'000'000, 'x')}, link.into(1)));
  link.context->restart();
  link.context->poll();
  sent.open();
  ASSERT_TRUE(link.run_to_end(2));
  read.open();
  ASSERT_TRUE(link.endings[1]->error);
  EXPECT_EQ(link.endings[1]->error->code(), Errc::protocol_error);
  EXPECT_EQ(link.endings[1]->error->effect(), Effect::not_sent);
  EXPECT_EQ(link.owner->last_reason, CloseReason::desync);
}

TEST(Fault88, ReplyBeforePipelineIsFullySentIsRejected) {
  Gate read;
  FakeServer server([&](FakeConnection& connection, std::size_t index) {
    const Words words = connection.handshake();
    if (words.empty() || words.back() != "begin" || index != 0) return;
    connection.send("+OK\r\n+OK\r\n+OK\r\n");
    connection.wait(read);
  });
  RedisConfig config = config_at(server.port());
  config.defaults.timeouts.command = 30s;
  StartedManager redis(std::move(config));
  const Client client = redis->client("main").with_retry(RetryMode::off);
  const std::string large(64'000'000, 'x');
  const Error error = error_of([&] {
    return client.pipeline([&](Pipeline& pipe) {
      pipe.set("k", "begin");
      pipe.set("k", large);
      return pipe.get("k");
    });
  });
  read.open();
  EXPECT_EQ(error.code(), Errc::protocol_error) << error.what();
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::desync), 1U);
}

// A server that answers GET "slow" one byte at a time until the client has closed.
FakeServer::Script dripping(std::string beginning, const Gate& over) {
  return [beginning = std::move(beginning), &over](FakeConnection& connection, std::size_t index) {
    connection.serve([&, index](const Words& words) -> std::string {
      if (words[1] != "slow" || index != 0) return resp_bulk("value of " + words[1]);
      connection.send(beginning);
      while (!over.is_open() && !connection.stopping()) {
        connection.send("x");
        std::this_thread::sleep_for(5ms);  // this pace is the fault
      }
      return {};
    });
  };
}

TEST(Fault91, SharedConnectionWithTricklingReplyIsReplaced) {
  for (const std::string beginning :
       {"$1000000\r\n", "*2\r\n$100000000\r\n", "+", ">2\r\n+a\r\n$100000\r\n"}) {
    SCOPED_TRACE(beginning);
    Gate over;
    FakeServer server(dripping(beginning, over));
    DatabaseConfig config = TestLink::at(server.port());
    config.timeouts.command = 500ms;  // the time that a server may take for one reply
    TestLink link(config);
    link.submit(TestOperation::make({"GET", "fast"}, link.into(0)));
    ASSERT_TRUE(link.run_to_end(1));
    const auto begin = std::chrono::steady_clock::now();
    link.submit(TestOperation::make({"GET", "slow"}, link.into(1)).within(300ms));
    link.submit(TestOperation::make({"GET", "behind"}, link.into(2)).retries(Retry::read));
    ASSERT_TRUE(link.run_to_end(3));
    EXPECT_EQ(link.owner->last_reason, CloseReason::timeout);
    EXPECT_EQ(link.owner->closed_calls, 1);
    EXPECT_LE(std::chrono::steady_clock::now() - begin, 5s);
    ASSERT_TRUE(link.endings[1]->error);
    EXPECT_EQ(link.endings[1]->error->code(), Errc::timeout);
    ASSERT_FALSE(link.endings[2]->error) << link.endings[2]->error->what();
    EXPECT_EQ(link.endings[2]->replies, std::vector{resp_bulk("value of behind")});
    over.open();
  }
}

TEST(Fault91, EachReplyOfBatchHasItsOwnTimeLimitWithIntegrity) {
  Gate over;
  FakeServer server(dripping("$1000000\r\n", over));
  DatabaseConfig config = TestLink::at(server.port());
  config.timeouts.command = 500ms;
  config.integrity = true;
  TestLink link(config);
  link.submit(TestOperation::make({"GET", "slow"}, link.into(0)).within(300ms));
  ASSERT_TRUE(link.run_until([&] { return link.owner->closed_calls == 1; }));
  EXPECT_EQ(link.owner->last_reason, CloseReason::timeout);
  over.open();
}

// No reply is lost while replies arrive one by one, however long all of them take together.
TEST(Fault91, RepliesArrivingOneByOneKeepTheConnection) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.serve([](const Words& words) {
      std::this_thread::sleep_for(50ms);  // this pace is the fault
      return resp_bulk("value of " + words[1]);
    });
  });
  DatabaseConfig config = TestLink::at(server.port());
  config.timeouts.command = 2s;
  TestLink link(config);
  for (std::size_t i = 0; i < 50; ++i)
    link.submit(TestOperation::make({"GET", std::to_string(i)}, link.into(i)));
  ASSERT_TRUE(link.run_to_end(50));
  for (std::size_t i = 0; i < 50; ++i) EXPECT_FALSE(link.endings[i]->error);
  EXPECT_EQ(link.owner->closed_calls, 0);
}

TEST(Fault92, IdleConnectionRefusesFlood) {
  struct Case {
    Flood flood;
    CloseReason reason;
  };
  for (const Way way : {Way::shared, Way::scoped_async, Way::over_shared}) {
    for (const Case& entry : {
             Case{{"*134217728\r\n", ":1\r\n"}, CloseReason::desync},
             Case{{"$500000000\r\n", "xxxxxxxx"}, CloseReason::desync},
             Case{{"|1000000\r\n", "+k\r\n:1\r\n"}, CloseReason::desync},
             Case{{">1000000\r\n", "+x\r\n"}, CloseReason::protocol},
             Case{{">2\r\n+x\r\n$500000000\r\n", "xxxxxxxx"}, CloseReason::protocol},
         }) {
      SCOPED_TRACE(std::string(to_string(way)) + ": " + entry.flood.head);
      Gate speak;
      FakeServer server([&](FakeConnection& connection, std::size_t) {
        const Words words = connection.handshake();
        if (words.empty()) return;
        connection.send(value_of_key(words));
        if (words.back() != "a") return connection.serve(value_of_key);
        connection.wait(speak);
        send_flood(connection, entry.flood);
      });
      WayCaller caller(config_at(server.port()), way);
      ASSERT_EQ(caller.get("a").value(), "value of a");
      const MemoryPeak memory;
      speak.open();
      EXPECT_TRUE(eventually([&] { return caller.closed_for(entry.reason) == 1; }));
      expect_little_memory(memory);
    }
  }
}

TEST(Fault92, ConnectionWithCommandInFlightRefusesFlood) {
  for (const Way way : all_ways) {
    for (const Flood& flood : {Flood{">1000000\r\n", "+x\r\n"}, Flood{"|1000000\r\n", "+k\r\n:1\r\n"},
                               Flood{"", "|1\r\n+k\r\n:1\r\n"}, Flood{"*1000000\r\n", "+x\r\n"},
                               Flood{"*1\r\n", "|1\r\n+k\r\n:1\r\n"}}) {
      SCOPED_TRACE(std::string(to_string(way)) + ": " + flood.head + flood.body);
      FakeServer server([&](FakeConnection& connection, std::size_t) {
        for (auto words = connection.handshake(); !words.empty(); words = connection.handshake()) {
          if (words.back() == "a") return send_flood(connection, flood);
          connection.send(value_of_key(words));
        }
      });
      RedisConfig config = config_at(server.port());
      config.defaults.timeouts.command = 60s;
      config.defaults.limits.bulk = 1 << 16;
      config.defaults.limits.line = 1 << 16;
      config.defaults.limits.reply = 1 << 18;
      WayCaller caller(std::move(config), way);
      ASSERT_EQ(caller.get("b").value(), "value of b");
      const MemoryPeak memory;
      const auto got = caller.get("a");
      ASSERT_FALSE(got.has_value());
      EXPECT_EQ(got.error().code(), Errc::protocol_error) << got.error().what();
      EXPECT_TRUE(eventually([&] { return caller.closed_for(CloseReason::protocol) == 1; }));
      expect_little_memory(memory);
    }
  }
}

TEST(Fault92, PushesBetweenRepliesThatAwaitTheirFenceAreLimited) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    if (connection.handshake().empty()) return;
    send_flood(connection, {"$4\r\nhold\r\n", ">1\r\n+x\r\n"});
  });
  DatabaseConfig config = TestLink::at(server.port());
  config.integrity = true;
  TestLink link(config);
  const MemoryPeak memory;
  link.submit(TestOperation::make({"GET", "a"}, link.into(0)));
  ASSERT_TRUE(link.run_to_end(1));
  ASSERT_TRUE(link.endings[0]->error);
  EXPECT_EQ(link.endings[0]->error->code(), Errc::protocol_error) << link.endings[0]->error->what();
  EXPECT_EQ(link.owner->last_reason, CloseReason::protocol);
  expect_little_memory(memory);
}

TEST(Fault93, FloodInHandshakeIsRefused) {
  InTheClear transport;
  for (const Way way : {Way::direct, Way::shared}) {
    for (const Flood& flood :
         {Flood{"$500000000\r\n", "xxxxxxxx"}, Flood{"%1000000\r\n", "+k\r\n:1\r\n"},
          Flood{"%60000\r\n", "+k\r\n:1\r\n"}, Flood{"+", "xxxxxxxx"}, Flood{"-ERR ", "xxxxxxxx"},
          Flood{"", ">1\r\n+x\r\n"}, Flood{">100000\r\n", "+x\r\n"}, Flood{"", "|1\r\n+k\r\n:1\r\n"}})
      expect_flood_refused(transport, flood, way);
  }
}

TEST(Fault93, UnsolicitedBytesInHandshakeFailTheAttempt) {
  InTheClear transport;
  for (const Way way : {Way::direct, Way::shared}) {
    for (const Early& early : {
             Early{.on_accept = std::string(hello_answer) + "+OK\r\n+OK\r\n+PONG\r\n"},
             Early{.on_accept = "+OK\r\n"},
             Early{.on_accept = "$4\r\nev"},
             Early{.on_accept = "%"},
             Early{.with_hello = "+OK\r\n+OK\r\n+PONG\r\n"},
             Early{.with_hello = "+"},
             Early{.with_hello = "|1\r\n+a"},
             Early{.with_pong = "+OK\r\n"},
             Early{.with_pong = "$"},
             Early{.with_pong = ">2\r\n+half"},
         })
      expect_no_connection(transport, early, way);
  }
}

TEST(Fault93, FullServerMayRefuseBeforeHello) {
  for (const Way way : {Way::direct, Way::shared}) {
    FakeServer server([](FakeConnection& connection, std::size_t) {
      connection.send("-ERR max number of clients reached\r\n");
    });
    WayCaller caller(config_at(server.port()), way);
    const auto got = caller.get("a");
    ASSERT_FALSE(got.has_value());
    EXPECT_NE(std::string(got.error().what()).find("max number of clients"), std::string::npos)
        << got.error().what();
  }
}

TEST(Fault93, PushesInHandshakeAreDropped) {
  for (const Way way : {Way::direct, Way::shared}) {
    FakeServer server([](FakeConnection& connection, std::size_t) {
      constexpr std::string_view push = ">2\r\n+a\r\n+b\r\n";
      connection.send(push);
      for (auto words = connection.command(); !words.empty(); words = connection.command()) {
        if (words[0] == "HELLO") connection.send(std::string(push).append(hello_answer).append(push));
        if (words[0] == "CLIENT") connection.send("+OK\r\n");
        if (words[0] == "PING") connection.send(std::string(push).append("+PONG\r\n").append(push));
        if (words[0] == "GET") connection.send(value_of_key(words));
      }
    });
    WayCaller caller(config_at(server.port()), way);
    EXPECT_EQ(caller.get("a").value(), "value of a");
    EXPECT_TRUE(eventually([&] { return server.accepted() >= 1; }));
  }
}

// The replies together are much larger than the limit of one handshake reply.
TEST(Fault93, LoadingServerIsWaitedForWhateverItsRepliesTotal) {
  for (const Way way : {Way::direct, Way::shared}) {
    FakeServer server([](FakeConnection& connection, std::size_t) {
      int pings = 0;
      for (auto words = connection.command(); !words.empty(); words = connection.command()) {
        if (words[0] == "HELLO") connection.send(hello_answer);
        if (words[0] == "CLIENT") connection.send("+OK\r\n");
        if (words[0] == "INFO") connection.send(resp_bulk(std::string(50'000, '#')));
        if (words[0] == "PING") connection.send(++pings < 4 ? "-LOADING wait\r\n" : "+PONG\r\n");
        if (words[0] == "GET") connection.send(value_of_key(words));
      }
    });
    RedisConfig config = config_at(server.port());
    config.defaults.timeouts.connect = 30s;
    config.defaults.timeouts.command = 30s;
    WayCaller caller(std::move(config), way);
    EXPECT_EQ(caller.get("a").value(), "value of a");
    EXPECT_EQ(server.accepted(), 1U);
  }
}

TEST(Fault95, PauseKeepsItsLengthWhateverArrives) {
  InTheClear transport;
  for (const Way way : {Way::direct, Way::shared}) {
    for (const std::string behind : {"", "+O", "+PONG\r\n", ">2\r\n+a", ">2\r\n+a\r\n+b\r\n"})
      expect_pause(transport, behind, way);
  }
}

TEST(Fault97, CallOnScopedHandleIsNotSentWhenPeerHasGone) {
  InTheClear transport;
  for (const Way way : {Way::scoped, Way::scoped_async}) expect_closed_idle_handle_not_sent(transport, way);
}

TEST(Fault97, PushesOnIdleScopedHandleAreDropped) {
  Gate speak;
  Gate spoken;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    const Words words = connection.handshake();
    if (words.empty()) return;
    connection.send(value_of_key(words));
    connection.wait(speak);
    for (int i = 0; i < 1000; ++i) connection.send(">2\r\n+message\r\n+x\r\n");
    spoken.open();
    connection.serve(value_of_key);
  });
  StartedManager redis(config_at(server.port()));
  ScopedClient scoped = redis->scoped_client("main");
  EXPECT_EQ(scoped.get("a"), "value of a");
  speak.open();
  spoken.wait();
  let_pass(50ms);
  EXPECT_EQ(scoped.get("b"), "value of b");
  EXPECT_EQ(scoped.get("c"), "value of c");
}

TEST(Fault109, GivenUpCommandsCountUntilTheirRepliesArrive) {
  constexpr std::size_t most = 20;
  Gate answer;
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) {
      if (words[1] != "first") connection.wait(answer);
      return resp_bulk("value of " + words[1]);
    });
  });
  RedisConfig config = config_at(server.port());
  config.defaults.max_pending = most;
  config.defaults.timeouts.command = 5s;
  config.defaults.retry.mode = RetryMode::off;
  config.defaults.breaker.consecutive_failures = 1'000'000;  // the breaker stays closed
  config.defaults.breaker.minimum_calls = 1'000'000;
  StartedManager redis(std::move(config));
  const AsyncClient client = redis->async_client("main");
  ASSERT_EQ(client.get("first")(use_future).get(), "value of first");
  std::size_t given_up = 0;
  std::size_t refused = 0;
  for (int round = 0; round < 5; ++round) {
    std::vector<std::future<Text>> replies;
    for (std::size_t i = 0; i < most; ++i)
      replies.push_back(client.with_timeout(500ms).get(std::to_string(i))(use_future));
    for (auto& reply : replies) {
      const Error error = error_of([&] { return reply.get(); });
      if (error.code() == Errc::overloaded) {
        EXPECT_EQ(error.effect(), Effect::not_sent);
        EXPECT_NE(std::string(error.what()).find("given up"), std::string::npos) << error.what();
        ++refused;
      } else {
        EXPECT_EQ(error.code(), Errc::timeout) << error.what();
        given_up += error.effect() == Effect::indeterminate ? 1U : 0U;
      }
    }
  }
  EXPECT_EQ(redis->stats("main").pool.in_flight, given_up);
  EXPECT_LE(given_up, most);
  EXPECT_GE(refused, most);
  answer.open();
  EXPECT_TRUE(eventually([&] { return redis->stats("main").pool.in_flight == 0; }));
  EXPECT_EQ(client.get("again")(use_future).get(), "value of again");
  EXPECT_EQ(server.accepted(), 1U);
}

}  // namespace
}  // namespace redstart::test
