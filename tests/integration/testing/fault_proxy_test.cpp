// SPDX-License-Identifier: Apache-2.0
// fault_proxy_test.cpp: every fault of the proxy, observed through plain sockets.
#include <string>
#include <vector>

#include "support/fake_server.hpp"
#include "support/free_port.hpp"
#include "support/plain_client.hpp"
#include "support/redis_server.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using Words = FakeConnection::Words;

// Answers "ECHO text" with the text.
std::string echo(const Words& words) { return resp_bulk(words.back()); }

class FaultProxyTest : public ::testing::Test {
 protected:
  FakeServer server_{[](FakeConnection& connection, std::size_t) { connection.serve(echo); }};
  FaultProxy proxy_{server_.port()};

  static std::string ask(PlainClient& client, const std::string& text) {
    client.send(resp_command({"ECHO", text}));
    return client.receive(resp_bulk(text).size());
  }
};

TEST_F(FaultProxyTest, ForwardsEverythingUnchangedWithoutFaults) {
  PlainClient client(proxy_.port());
  const std::string large(5 << 20, 'x');
  EXPECT_EQ(ask(client, "hello"), resp_bulk("hello"));
  EXPECT_EQ(ask(client, large), resp_bulk(large));
  const ProxyCounters counters = proxy_.counters();
  EXPECT_EQ(counters.accepted, 1U);
  EXPECT_EQ(counters.requests, 2U);
  EXPECT_EQ(counters.replies, 2U);
  EXPECT_EQ(counters.bytes_from_client, counters.bytes_to_server);
  EXPECT_EQ(counters.bytes_to_client, resp_bulk("hello").size() + resp_bulk(large).size());
}

TEST_F(FaultProxyTest, ClosesServerSideWhenClientCloses) {
  {
    PlainClient client(proxy_.port());
    EXPECT_EQ(ask(client, "a"), resp_bulk("a"));
  }
  proxy_.await([](const ProxyCounters& c) { return c.closed_by_client == 1 && c.open == 0; });
  EXPECT_EQ(server_.accepted(), 1U);
}

TEST_F(FaultProxyTest, ResetsAfterGivenByteOfReply) {
  proxy_.next_connection().after_bytes(3, Direction::to_client).reset();
  PlainClient client(proxy_.port());
  client.send(resp_command({"ECHO", "hello"}));
  EXPECT_EQ(client.receive(100), "$5\r");
  EXPECT_EQ(client.end(), PlainClient::End::reset);
}

TEST_F(FaultProxyTest, ClosesAfterGivenByteOfReply) {
  proxy_.next_connection().after_bytes(3, Direction::to_client).close();
  PlainClient client(proxy_.port());
  client.send(resp_command({"ECHO", "hello"}));
  EXPECT_EQ(client.receive(100), "$5\r");
  EXPECT_EQ(client.end(), PlainClient::End::in_order);
}

TEST_F(FaultProxyTest, ResetsAfterGivenByteOfRequest) {
  FakeServer silent([](FakeConnection& connection, std::size_t) { connection.await_close(); });
  FaultProxy proxy(silent.port());
  proxy.next_connection().after_bytes(10, Direction::to_server).reset();
  PlainClient client(proxy.port());
  client.send(resp_command({"ECHO", "hello"}));
  EXPECT_EQ(client.receive(1), "");
  EXPECT_EQ(client.end(), PlainClient::End::reset);
  EXPECT_EQ(proxy.counters().bytes_to_server, 10U);
}

TEST_F(FaultProxyTest, ResetsConnectionWhenAccepted) {
  proxy_.next_connection().reset();
  PlainClient client(proxy_.port());
  EXPECT_EQ(client.receive(1), "");
  EXPECT_EQ(client.end(), PlainClient::End::reset);
  PlainClient second(proxy_.port());
  EXPECT_EQ(ask(second, "a"), resp_bulk("a"));
  EXPECT_EQ(server_.accepted(), 1U);
}

TEST_F(FaultProxyTest, AppliesScriptsToFutureConnectionsInOrder) {
  proxy_.next_connection().close();
  proxy_.next_connection().on_request().duplicate();
  PlainClient first(proxy_.port());
  EXPECT_EQ(first.receive(1), "");
  PlainClient second(proxy_.port());
  second.send(resp_command({"ECHO", "a"}));
  EXPECT_EQ(second.receive(14), resp_bulk("a") + resp_bulk("a"));
}

TEST_F(FaultProxyTest, KeepsReadingAfterHalfClose) {
  auto fault = proxy_.next_connection().on_reply(2).half_close(Direction::to_client);
  PlainClient client(proxy_.port());
  EXPECT_EQ(ask(client, "a"), resp_bulk("a"));
  client.send(resp_command({"ECHO", "b"}));
  EXPECT_EQ(client.receive(1), "");
  EXPECT_EQ(client.end(), PlainClient::End::in_order);
  EXPECT_EQ(fault.fired(), 1U);
  client.send(resp_command({"ECHO", "c"}));
  proxy_.await([](const ProxyCounters& c) { return c.requests == 3; });
}

TEST_F(FaultProxyTest, ForwardsNothingWhileFrozen) {
  PlainClient client(proxy_.port());
  EXPECT_EQ(ask(client, "a"), resp_bulk("a"));
  proxy_.freeze();
  client.send(resp_command({"ECHO", "b"}));
  PlainClient later(proxy_.port());
  later.send(resp_command({"ECHO", "c"}));
  proxy_.await([](const ProxyCounters& c) { return c.requests == 3; });
  EXPECT_EQ(proxy_.counters().replies, 1U);
  EXPECT_FALSE(client.readable());
  proxy_.heal();
  EXPECT_EQ(client.receive(7), resp_bulk("b")) << "held bytes arrive late";
  EXPECT_EQ(later.receive(7), resp_bulk("c"));
}

TEST_F(FaultProxyTest, HidesServerCloseOnSilentConnection) {
  proxy_.next_connection().on_reply().silent();
  PlainClient client(proxy_.port());
  client.send(resp_command({"QUIT"}));
  proxy_.await([](const ProxyCounters& c) { return c.faults == 1; });
  EXPECT_FALSE(client.readable());
}

TEST_F(FaultProxyTest, CorruptsGivenByte) {
  proxy_.next_connection().after_bytes(4, Direction::to_client).corrupt(Direction::to_client, 0x20);
  PlainClient client(proxy_.port());
  EXPECT_EQ(ask(client, "abc"), "$3\r\nAbc\r\n");
  EXPECT_EQ(ask(client, "abc"), "$3\r\nabc\r\n");
}

TEST_F(FaultProxyTest, SwallowsDuplicatesAndSwapsReplies) {
  auto script = proxy_.next_connection();
  script.on_reply(1).swallow();
  script.on_reply(3).duplicate();
  script.on_reply(4).swap_with_next();
  PlainClient client(proxy_.port());
  std::string requests;
  for (const char* text : {"1", "2", "3", "4", "5", "6"}) requests += resp_command({"ECHO", text});
  client.send(requests);
  std::string expected;
  for (const char* text : {"2", "3", "3", "5", "4", "6"}) expected += resp_bulk(text);
  EXPECT_EQ(client.receive(expected.size()), expected);
}

TEST_F(FaultProxyTest, MatchesCommandNameCaseInsensitively) {
  proxy_.next_connection().on_reply_to("incr", 2).reset();
  PlainClient client(proxy_.port());
  client.send(resp_command({"INCR", "a"}));
  EXPECT_EQ(client.receive(7), resp_bulk("a"));
  EXPECT_EQ(ask(client, "b"), resp_bulk("b"));
  client.send(resp_command({"InCr", "c"}));
  EXPECT_EQ(client.receive(1), "");
  EXPECT_EQ(client.end(), PlainClient::End::reset);
  EXPECT_EQ(proxy_.counters().replies, 3U) << "the command was executed";
}

TEST_F(FaultProxyTest, HoldsRequestUntilGateOpens) {
  const Gate gate;
  auto held = proxy_.next_connection().on_request(2).hold_until(gate, Direction::to_server);
  PlainClient client(proxy_.port());
  EXPECT_EQ(ask(client, "a"), resp_bulk("a"));
  client.send(resp_command({"ECHO", "b"}));
  held.await_fired();
  EXPECT_EQ(proxy_.counters().replies, 1U);
  gate.open();
  EXPECT_EQ(client.receive(7), resp_bulk("b"));
}

TEST_F(FaultProxyTest, HoldsReplyUntilReleased) {
  auto script = proxy_.next_connection();
  auto held = script.on_reply(1).hold(Direction::to_client);
  PlainClient client(proxy_.port());
  client.send(resp_command({"ECHO", "a"}));
  held.await_fired();
  EXPECT_FALSE(client.readable());
  script.release();
  EXPECT_EQ(client.receive(7), resp_bulk("a"));
}

TEST_F(FaultProxyTest, KeepsAllBytesWhenSlicingAndDelaying) {
  proxy_.new_connections().slice(1, Direction::to_client);
  proxy_.new_connections().latency(0us, 200us, Direction::to_server);
  proxy_.new_connections().bandwidth(1 << 20, Direction::to_client);
  PlainClient client(proxy_.port());
  for (int i = 0; i < 20; ++i) {
    const std::string text = std::to_string(i * 1234567);
    EXPECT_EQ(ask(client, text), resp_bulk(text));
  }
}

TEST_F(FaultProxyTest, FillsBuffersOfSenderWhenNotReading) {
  PlainClient client(proxy_.port());
  EXPECT_EQ(ask(client, "a"), resp_bulk("a"));
  proxy_.open_connections().stop_reading(Direction::to_server);
  const std::string much(1 << 20, 'x');
  int sent = 0;
  while (client.try_send(much) > 0 && sent < 1000) ++sent;
  EXPECT_LT(sent, 1000) << "the kernel accepts no more bytes";
}

TEST_F(FaultProxyTest, DiscardsRequestsUntilHealed) {
  auto lost = proxy_.next_connection().on_request(2).discard(Direction::to_server);
  PlainClient client(proxy_.port());
  EXPECT_EQ(ask(client, "a"), resp_bulk("a"));
  client.send(resp_command({"ECHO", "b"}));
  lost.await_fired();
  proxy_.connection(0).heal();
  EXPECT_EQ(ask(client, "c"), resp_bulk("c"));
}

TEST_F(FaultProxyTest, RefusesNewConnectionsAndKeepsPort) {
  PlainClient client(proxy_.port());
  EXPECT_EQ(ask(client, "a"), resp_bulk("a"));
  proxy_.refuse();
  EXPECT_FALSE(PlainClient::connects(proxy_.port()));
  EXPECT_EQ(ask(client, "b"), resp_bulk("b")) << "open connections stay";
  proxy_.heal();
  EXPECT_TRUE(PlainClient::connects(proxy_.port()));
}

TEST_F(FaultProxyTest, LeavesConnectAttemptsUnansweredAsBlackHole) {
  proxy_.blackhole();
  PlainClient client{PlainClient::not_connected};
  client.start_connect(proxy_.port());
  EXPECT_FALSE(client.writable_within(100ms));
  proxy_.heal();
  EXPECT_TRUE(PlainClient::connects(proxy_.port()));
}

TEST_F(FaultProxyTest, ResetsAndRefusesConnectionsAfterCrash) {
  PlainClient client(proxy_.port());
  EXPECT_EQ(ask(client, "a"), resp_bulk("a"));
  proxy_.crash();
  EXPECT_EQ(client.receive(1), "");
  EXPECT_EQ(client.end(), PlainClient::End::reset);
  EXPECT_FALSE(PlainClient::connects(proxy_.port()));
  proxy_.heal();
  PlainClient again(proxy_.port());
  EXPECT_EQ(ask(again, "b"), resp_bulk("b"));
}

TEST_F(FaultProxyTest, ResetsClientsWhenServerIsUnreachable) {
  const FreePort unused;
  FaultProxy nowhere(unused.number());
  PlainClient client(nowhere.port());
  EXPECT_EQ(client.receive(1), "");
  EXPECT_EQ(client.end(), PlainClient::End::reset);
  nowhere.await([](const ProxyCounters& c) { return c.unreachable == 1 && c.open == 0; });
}

TEST_F(FaultProxyTest, ForwardsNonRespBytesUncounted) {
  FakeServer lines([](FakeConnection& connection, std::size_t) {
    connection.send("220 hello\n");
    connection.await_close();
  });
  FaultProxy proxy(lines.port());
  PlainClient client(proxy.port());
  EXPECT_EQ(client.receive(10), "220 hello\n");
  EXPECT_EQ(proxy.counters().replies, 0U);
}

TEST(FaultProxyEvents, ReportsBytesAndEventsInOrder) {
  FakeServer server([](FakeConnection& connection, std::size_t) { connection.serve(echo); });
  std::string tapped;
  std::vector<std::string> events;
  {
    FaultProxy proxy(server.port(), {.tap =
                                         [&](std::size_t, Direction direction, std::string_view bytes) {
                                           if (direction == Direction::to_server) tapped += bytes;
                                         },
                                     .on_event =
                                         [&](const ProxyEvent& event) {
                                           events.push_back(std::to_string(static_cast<int>(event.kind)) +
                                                            std::string(event.command));
                                         }});
    PlainClient client(proxy.port());
    client.send(resp_command({"echo", "x"}));
    EXPECT_EQ(client.receive(7), resp_bulk("x"));
    client.close();
    proxy.await([](const ProxyCounters& c) { return c.open == 0; });
  }
  EXPECT_EQ(tapped, resp_command({"echo", "x"}));
  EXPECT_THAT(events, ::testing::ElementsAre("0", "1ECHO", "2ECHO", "3", "4", "5"));
}

TEST(FaultProxyErrors, ThrowsWhenMessageFaultHasNoTrigger) {
  const FreePort unused;
  FaultProxy proxy(unused.number());
  EXPECT_THROW(proxy.next_connection().swallow(), std::logic_error);
}

}  // namespace
}  // namespace redstart::test
