// SPDX-License-Identifier: Apache-2.0
// protocol_test.cpp: faults 21 to 27, 36: peers that violate or lack the protocol.
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using ::testing::HasSubstr;
using Words = FakeConnection::Words;

RedisConfig one_second_config(std::uint16_t port) {
  RedisConfig config = config_at(port);
  config.defaults.timeouts.connect = 1s;
  return config;
}

std::string answer(const Words& words) {
  if (words[0] == "GET") return resp_bulk("value of " + words[1]);
  if (words[0] == "ECHO") return resp_bulk(words[1]);
  return ":1\r\n";
}

// Answers GET "bad" with these bytes and keeps the connection open.
FakeServer::Script answering_bad(std::string bytes) {
  return [bytes](FakeConnection& connection, std::size_t) {
    connection.serve(
        [&](const Words& words) { return words.size() == 2 && words[1] == "bad" ? bytes : answer(words); });
  };
}

constexpr std::string_view not_resp[] = {
    "garbage\r\n"sv,
    "\0\1\2\3"sv,
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>"sv,
    "\x15\x03\x01\x00\x02\x02\x50"sv,  // TLS alert
    "SSH-2.0-OpenSSH_9.2\r\n"sv,
    "$3\r\nabcd\r\n"sv,
    ":12a\r\n"sv,
};
constexpr std::string_view oversize_lengths[] = {
    "$9223372036854775807\r\n"sv,
    "*1000000000\r\n"sv,
    "%4611686018427387904\r\n"sv,
    "$99999999999999999999\r\n"sv,
};
constexpr std::string_view negative_lengths[] = {
    "$-2\r\n"sv,
    "*-2\r\n"sv,
    "=-1\r\n"sv,
    "%-1\r\n"sv,
};

void expect_protocol_error(const std::string& bytes) {
  SCOPED_TRACE(bytes.substr(0, 40));
  FakeServer server(answering_bad(bytes));
  StartedManager redis(one_second_config(server.port()));
  const Client client = redis->client("main");
  ASSERT_EQ(client.get("good"), "value of good");
  const Error error = error_of([&] { return client.command<Value>("GET", "bad"); });
  EXPECT_EQ(error.code(), Errc::protocol_error) << error.what();
  EXPECT_EQ(error.effect(), Effect::indeterminate);
  EXPECT_EQ(redis->stats("main").pool.closed_for(CloseReason::protocol), 1U);
  EXPECT_EQ(client.get("good"), "value of good");
  EXPECT_EQ(server.accepted(), 2U) << "the connection must be replaced";
  const Error in_batch = error_of([&] {
    return client.pipeline([](Pipeline& pipe) {
      static_cast<void>(pipe.get("good"));
      return pipe.command<Value>("GET", "bad");
    });
  });
  EXPECT_EQ(in_batch.code(), Errc::protocol_error) << in_batch.what();
  EXPECT_EQ(client.get("good"), "value of good");
  EXPECT_EQ(server.accepted(), 3U);
}

TEST(Fault21, NonRespBytesCloseTheConnection) {
  for (const std::string_view bytes : not_resp) expect_protocol_error(std::string(bytes));
}

TEST(Fault21, HandshakeErrorHintsAtOtherProtocols) {
  for (const std::string_view bytes : not_resp) {
    SCOPED_TRACE(std::string(bytes.substr(0, 20)));
    FakeServer server([bytes](FakeConnection& connection, std::size_t) {
      static_cast<void>(connection.command());
      connection.send(bytes);
      connection.await_close();
    });
    StartedManager redis(one_second_config(server.port()));
    const Error error = error_of([&] { return redis->client("main"); });
    EXPECT_EQ(error.code(), Errc::handshake_failed);
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_THAT(error.what(), HasSubstr("TLS or HTTP")) << "the error must hint at the protocol";
    EXPECT_THAT(error.what(), HasSubstr(std::to_string(server.port())));
  }
}

TEST(Fault22, TruncatedBulkStringIsIndeterminate) {
  for (const std::string_view bytes :
       {"$10\r\nabc"sv, "$1000000\r\nabc"sv, "*3\r\n:1\r\n:2\r\n"sv, "$"sv, "+O"sv}) {
    SCOPED_TRACE(std::string(bytes));
    FakeServer server([bytes](FakeConnection& connection, std::size_t index) {
      if (index > 0) return connection.serve(answer);
      static_cast<void>(connection.handshake());
      connection.send(bytes);
    });
    StartedManager redis(one_second_config(server.port()));
    const Client client = redis->client("main");
    const Client once = client.with_retry(RetryMode::not_sent);  // by default a read would be retried
    const Error error = error_of([&] { return once.get("bad"); });
    EXPECT_EQ(error.code(), Errc::connection_lost);
    EXPECT_EQ(error.effect(), Effect::indeterminate);
    EXPECT_EQ(client.get("good"), "value of good");
  }
}

TEST(Fault23, OversizedLengthsCloseTheConnectionAtOnce) {
  for (const std::string_view bytes : oversize_lengths) expect_protocol_error(std::string(bytes));
}

TEST(Fault24, NegativeLengthsCloseTheConnectionAtOnce) {
  for (const std::string_view bytes : negative_lengths) expect_protocol_error(std::string(bytes));
}

TEST(Fault25, UnlimitedNestingIsRefusedAtTheLimit) {
  std::string nested;
  for (int i = 0; i < 100'000; ++i) nested += "*1\r\n";
  expect_protocol_error(nested);
}

TEST(Fault26, ReplyOfWrongTypeFailsItsCallerAndConnectionStays) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.serve([](const Words& words) -> std::string {
      if (words[0] == "INCR") return "%1\r\n+a\r\n:1\r\n";
      if (words[0] == "GET" && words[1] == "bad") return "*1\r\n:1\r\n";
      if (words[0] == "LRANGE") return "$5\r\nhello\r\n";
      return answer(words);
    });
  });
  StartedManager redis(one_second_config(server.port()));
  const Client client = redis->client("main");
  for (const Error& error :
       {error_of([&] { return client.get("bad"); }), error_of([&] { return client.incr("n"); }),
        error_of([&] { return client.lrange("l", 0, -1); }),
        error_of([&] { return client.pipeline([](Pipeline& p) { return p.incr("n"); }); })}) {
    EXPECT_EQ(error.code(), Errc::decode_error) << error.what();
    EXPECT_EQ(error.effect(), Effect::server_error) << "the command was executed";
    EXPECT_EQ(client.get("good"), "value of good");
  }
  EXPECT_EQ(server.accepted(), 1U);
  EXPECT_EQ(redis->stats("main").operations.failed, 0U);
}

TEST(Fault27, PushesAreCountedAndNeverTakenForReplies) {
  std::string large = ">2\r\n+message\r\n" + resp_bulk(std::string(100'000, 'x'));
  std::string many = ">20000\r\n";
  for (int i = 0; i < 20'000; ++i) many += ":1\r\n";
  const std::string small = ">2\r\n+message\r\n+x\r\n";
  FakeServer server([&](FakeConnection& connection, std::size_t) {
    connection.serve([&](const Words& words) -> std::string {
      if (words[0] == "LRANGE") {
        std::string list = "*20000\r\n";
        for (int i = 0; i < 20'000; ++i) list += "$1\r\na\r\n";
        return large + many + small + list;
      }
      if (words[0] == "STRLEN") return ":7\r\n" + small + small;  // behind a reply
      return small + small + answer(words);
    });
  });
  StartedManager redis(one_second_config(server.port()));
  const Client client = redis->client("main");
  EXPECT_EQ(client.get("a"), "value of a");
  EXPECT_EQ(client.strlen("a"), 7);
  EXPECT_EQ(client.lrange("list", 0, -1), std::vector<std::string>(20'000, "a"));
  const auto [first, second] = client.pipeline([](Pipeline& pipe) {
    return std::tuple{pipe.get("p"), pipe.get("q")};
  });
  EXPECT_EQ(first, "value of p");
  EXPECT_EQ(second, "value of q");
  EXPECT_EQ(client.echo("tag"), "tag");
  EXPECT_EQ(redis->stats("main").pool.pushes_dropped, 2U + 2U + 3U + 4U + 2U);
  EXPECT_EQ(server.accepted(), 1U);
}

TEST(Fault36, ServerWithoutResp3IsUsedInResp2) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    for (Words words = connection.command(); !words.empty(); words = connection.command()) {
      if (words[0] == "HELLO")
        connection.send("-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n");
      else if (words[0] == "CLIENT" && words[1] == "SETINFO")
        connection.send("-ERR Syntax error, try CLIENT (LIST | KILL | GETNAME | SETNAME)\r\n");
      else if (words[0] == "PING")
        connection.send("+PONG\r\n");
      else if (words[0] == "GET")
        connection.send("$-1\r\n");
      else
        connection.send("+OK\r\n");
    }
  });
  StartedManager redis(one_second_config(server.port()));
  EXPECT_EQ(redis->client("main").get("key"), std::nullopt);

  RedisConfig config = one_second_config(server.port());
  config.defaults.protocol = Protocol::resp3;
  StartedManager strict(config);
  EXPECT_EQ(error_of([&] { return strict->client("main"); }).code(), Errc::handshake_failed);
}

TEST(Fault26, ErrorsBehindAttributesAreErrors) {
  FakeServer server([](FakeConnection& connection, std::size_t) {
    connection.serve([](const Words&) { return "|1\r\n+ttl\r\n:1\r\n-WRONGTYPE sorry\r\n"; });
  });
  StartedManager redis(one_second_config(server.port()));
  const Client client = redis->client("main");
  EXPECT_EQ(error_of([&] { return client.get("a"); }).server_code(), "WRONGTYPE");
  EXPECT_EQ(error_of([&] { return client.pipeline([](Pipeline& p) { return p.get("a"); }); }).server_code(),
            "WRONGTYPE");
  EXPECT_EQ(redis->stats("main").operations.server_errors, 2U);
}

}  // namespace
}  // namespace redstart::test
