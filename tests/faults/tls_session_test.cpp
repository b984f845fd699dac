// SPDX-License-Identifier: Apache-2.0
// tls_session_test.cpp: faults 71 to 74: old TLS versions, truncation, plain peers, renewed certificates.
#include <openssl/ssl.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/direct_connection.hpp"
#include "pool/server.hpp"
#include "support/fake_server.hpp"
#include "support/tls_peer.hpp"
#include "support/tls_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using ::testing::HasSubstr;

class Fault71 : public TlsTest {};

TEST_F(Fault71, OldVersionsAreRefused) {
  const CertificateFiles files = authority_.issue("server");
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
    SCOPED_TRACE(version);
    const TlsPeer peer(files, {.newest = version});
    RedisConfig config = config_for(peer.port());
    if (version == TLS1_2_VERSION) config.defaults.tls.minimum = TlsVersion::tls_1_3;
    for (const Error& error : refusals(config)) {
      EXPECT_EQ(error.code(), Errc::tls_failed);
      EXPECT_EQ(error.effect(), Effect::not_sent);
      EXPECT_THAT(error.what(), HasSubstr("no version of TLS that is allowed (tls.minimum)"));
    }
    EXPECT_TRUE(eventually([&] { return peer.visits().size() >= 2; }));
    for (const TlsPeer::Visit& visit : peer.visits()) EXPECT_FALSE(visit.established);
  }
}

TEST_F(Fault71, NamesAreSentAsSniAndAddressesAreNot) {
  const CertificateFiles files =
      authority_.issue("server", {.san = "DNS:localhost,DNS:redis.test,IP:127.0.0.1,IP:::1"});
  struct Case {
    const char* host;
    const char* server_name;
    const char* sent;
  };
  for (const Case& entry :
       {Case{"localhost", "", "localhost"}, Case{"127.0.0.1", "redis.test.", "redis.test"},
        Case{"127.0.0.1", "", ""}, Case{"127.0.0.1", "::1", ""}}) {
    SCOPED_TRACE(std::string(entry.host) + " " + entry.server_name);
    const TlsPeer peer(files, {.resets = true});
    RedisConfig config = config_for(peer.port(), entry.host);
    config.defaults.tls.server_name = entry.server_name;
    for (const Error& error : refusals(config))
      EXPECT_EQ(error.code(), Errc::handshake_failed) << error.what();
    ASSERT_TRUE(eventually([&] { return peer.visits().size() >= 2; }));
    for (const TlsPeer::Visit& visit : peer.visits()) EXPECT_EQ(visit.name, entry.sent);
  }
}

TEST_F(Fault71, EachServerOfADatabaseProvesItsOwnName) {
  struct Watcher final : net::OpenWatcher {
    bool not_ready(const protocol::NotReady&) override { return false; }
    void ready(const protocol::HandshakeFsm&) override {}
  };
  const TlsPeer peer(authority_.issue("server", {.san = "DNS:localhost"}), {.resets = true});
  RedisConfig config = config_for(peer.port());
  const auto database = std::make_shared<pool::Database>(config, "main", config.database("main"));
  const auto code_of = [&](const char* host) {
    pool::Server server(database, {host, peer.port()});
    net::DirectConnection connection(server.config(), database->client_name(), 0, server.preparer());
    Watcher watcher;
    const auto failure = connection.open(Clock::now() + 30s, watcher);
    return failure ? failure->code : Errc::closed;
  };
  EXPECT_EQ(code_of("localhost"), Errc::handshake_failed) << "TLS is established, then the peer resets";
  EXPECT_EQ(code_of("127.0.0.1"), Errc::tls_failed);
  EXPECT_EQ(code_of("localhost"), Errc::handshake_failed);
}

TEST_F(Fault71, UnknownServerNameIsADistinctError) {
  const TlsPeer peer(authority_.issue("server"), {.known_name = "elsewhere.test"});
  for (const Error& error : refusals(config_for(peer.port()))) {
    EXPECT_EQ(error.code(), Errc::tls_failed);
    EXPECT_THAT(error.what(), HasSubstr("the server does not know the requested name"));
  }
}

class Fault72 : public TlsTest {
 protected:
  void SetUp() override { REDSTART_NEEDS_REDIS(); }
};

TEST_F(Fault72, ReplyTruncatedWithoutCloseNotifyIsNeverComplete) {
  serve(authority_.issue("server"));
  constexpr std::uint64_t record = 5 + 16384 + 1 + 16;  // size of a full record on the wire
  const std::string value(40'000, 'v');
  RawRedis(server_->socket_path()).command({"SET", "k", value});
  for (const std::uint64_t cut :
       {std::uint64_t{1}, std::uint64_t{5}, std::uint64_t{100}, record - 1, record, record + 1, 2 * record}) {
    for (const bool resets : {false, true}) {
      SCOPED_TRACE(std::to_string(cut) + (resets ? " RST" : " FIN"));
      FaultProxy proxy(tls_port_);
      RedisConfig config = config_for(proxy.port());
      config.defaults.retry.attempts = 1;
      config.database("main").required = false;
      const auto end = [&](FaultScript script) {
        auto when = script.after_bytes(cut, Direction::to_client);
        if (resets)
          when.reset();
        else
          when.close();
      };
      StartedManager redis(config);
      const auto expect_lost = [&](const Error& error) {
        EXPECT_EQ(error.code(), Errc::connection_lost) << error.what();
        EXPECT_EQ(error.effect(), Effect::indeterminate);
      };
      const Client db = redis->client("main");
      EXPECT_EQ(db.ping(), "PONG");
      end(proxy.open_connections());
      expect_lost(error_of([&] { return db.getset("k", value); }));
      EXPECT_EQ(db.get("k"), value) << "the next connection must deliver the complete value";
      const AsyncClient async = redis->async_client("main");
      EXPECT_EQ(async.ping()(use_future).get(), "PONG");
      end(proxy.open_connections());
      expect_lost(error_of([&] { return async.getset("k", value)(use_future).get(); }));
      EXPECT_EQ(async.get("k")(use_future).get(), value);
    }
  }
}

class Fault73 : public TlsTest {
 protected:
  void SetUp() override { REDSTART_NEEDS_REDIS(); }
};

TEST_F(Fault73, PlainTextOnTlsPortIsAClearError) {
  serve(authority_.issue("server"));
  RedisConfig plain = config();
  plain.defaults.tls = {};
  for (const Error& error : refusals(plain)) {
    EXPECT_TRUE(is_unavailable(error.code())) << error.what();
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_THAT(error.what(), HasSubstr("TLS"));
  }
}

TEST_F(Fault73, TlsOnPlainPortIsAClearErrorWithinTimeLimit) {
  serve(authority_.issue("server"));
  RedisConfig config = config_for(server_->port());
  config.defaults.timeouts.connect = 3s;
  // Redis closes the connection, or waits for the rest of a line.
  for (const Error& error : refusals(config)) {
    EXPECT_TRUE(error.code() == Errc::tls_failed || error.code() == Errc::connect_timeout) << error.what();
    EXPECT_EQ(error.effect(), Effect::not_sent);
    EXPECT_THAT(error.what(), HasSubstr("TLS"));
  }
}

TEST_F(Fault73, PeerWithAnotherProtocolIsADistinctError) {
  for (const char* reply : {"HTTP/1.1 400 Bad Request\r\n\r\n", "-ERR Protocol error: expected '$'\r\n",
                            "SSH-2.0-OpenSSH_9.2\r\n", "220 mail.test ESMTP\r\n"}) {
    FakeServer speaks([reply](FakeConnection& connection, std::size_t) {
      connection.send(reply);
      connection.await_close();
    });
    for (const Error& error : refusals(config_for(speaks.port()))) {
      EXPECT_EQ(error.code(), Errc::tls_failed) << reply;
      EXPECT_THAT(error.what(), HasSubstr("the peer does not speak TLS")) << reply;
    }
  }
}

class Fault74 : public TlsTest {
 protected:
  void SetUp() override { REDSTART_NEEDS_REDIS(); }

  template <class Call>
  static bool succeeds(Call call) {
    try {
      call();
      return true;
    } catch (const Error&) {
      return false;
    }
  }
  // Opens both kinds of connections anew.
  void reconnect(RedisConnectionManager& redis) const {
    RawRedis(server_->socket_path()).command({"CLIENT", "KILL", "TYPE", "normal"});
    EXPECT_TRUE(eventually([&] { return succeeds([&] { redis.client("main").ping(); }); }));
    EXPECT_TRUE(
        eventually([&] { return succeeds([&] { redis.async_client("main").ping()(use_future).get(); }); }));
  }
};

TEST_F(Fault74, NewConnectionsUseRenewedClientCertificate) {
  serve(authority_.issue("server"), {"--tls-auth-clients", "yes"});
  const CertificateFiles ours = authority_.issue("client");
  RedisConfig rotating = config();
  const auto log = std::make_shared<EventLog>();
  rotating.listener = log;
  rotating.defaults.tls.certificate_file = ours.certificate;
  rotating.defaults.tls.key_file = ours.key;
  StartedManager redis(std::move(rotating));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  { std::ofstream(ours.certificate) << "half a file"; }
  reconnect(*redis);
  EXPECT_EQ(log->count("redis.tls.reload_failed"), 1U);
  EXPECT_EQ(log->count("redis.tls.reloaded"), 0U);
  authority_.issue("client");
  reconnect(*redis);
  EXPECT_GE(log->count("redis.tls.reloaded"), 1U);
  EXPECT_EQ(log->count("redis.tls.reload_failed"), 1U);
}

TEST_F(Fault74, NewConnectionsTrustRenewedAuthorityWithoutRestart) {
  REDSTART_NEEDS_SINCE(7, 0);  // CONFIG SET of several parameters
  serve(authority_.issue("server"));
  TestAuthority next;
  StartedManager redis(config());
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  const auto files = next.issue("server");
  RawRedis raw(server_->socket_path());
  ASSERT_EQ(raw.text({"CONFIG", "SET", "tls-cert-file", files.certificate, "tls-key-file", files.key}), "OK");
  EXPECT_EQ(redis->client("main").ping(), "PONG") << "open connections must keep working";
  raw.command({"CLIENT", "KILL", "TYPE", "normal"});
  const Client db = redis->client("main");
  EXPECT_TRUE(eventually([&] {
    return !succeeds([&] { redis->async_client("main").ping()(use_future).get(); }) &&
           error_of([&] { return db.ping(); }).code() == Errc::tls_failed;
  }));
  std::filesystem::copy_file(next.ca_file(), authority_.ca_file(),
                             std::filesystem::copy_options::overwrite_existing);
  reconnect(*redis);
}

}  // namespace
}  // namespace redstart::test
