// SPDX-License-Identifier: Apache-2.0
// tls_test.cpp: TLS against a real server, on all kinds of connection; who is refused, and what it says.
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_server.hpp"
#include "support/managers.hpp"
#include "support/redis_test.hpp"
#include "support/tls_certificates.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using ::testing::HasSubstr;

class Tls : public ::testing::Test {
 protected:
  void SetUp() override { REDSTART_NEEDS_REDIS(); }

  // A server that also speaks TLS, with this certificate.
  void serve(const CertificateFiles& files, std::vector<std::string> more = {"--tls-auth-clients", "no"}) {
    tls_port_ = free_port();
    std::vector<std::string> arguments{"--tls-port",         std::to_string(tls_port_), "--tls-cert-file",
                                       files.certificate,    "--tls-key-file",          files.key,
                                       "--tls-ca-cert-file", authority_.ca_file()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    server_ = std::make_unique<RedisServer>(std::move(arguments));
  }
  [[nodiscard]] RedisConfig config(const std::string& host = "localhost") const {
    RedisConfig config = config_at(tls_port_);
    config.defaults.endpoint.host = host;
    config.defaults.tls.enabled = true;
    config.defaults.tls.ca_file = authority_.ca_file();
    config.defaults.timeouts.command = 30s;
    return config;
  }
  // What a synchronous and an asynchronous caller are told, each by a manager of their own.
  static std::vector<Error> refusals(const RedisConfig& config) {
    std::vector<Error> errors;
    {
      StartedManager redis(config);
      errors.push_back(error_of([&] { return redis->client("main").ping(); }));
    }
    StartedManager redis([&] {
      RedisConfig lazy = config;
      lazy.database("main").required = false;
      return lazy;
    }());
    errors.push_back(error_of([&] { return redis->async_client("main").ping()(use_future).get(); }));
    return errors;
  }

  TestAuthority authority_{};
  std::unique_ptr<RedisServer> server_{};
  std::uint16_t tls_port_ = 0;
};

TEST_F(Tls, CarriesEveryKindOfConnection) {
  serve(authority_.issue("server"));
  StartedManager redis(config());
  const Client db = redis->client("main");
  db.set("k", "v");
  EXPECT_EQ(db.get("k"), "v");
  EXPECT_EQ(redis->scoped_client("main").get("k"), "v");
  const AsyncClient async = redis->async_client("main");
  std::vector<std::future<std::string>> replies;
  for (int i = 0; i < 500; ++i) replies.push_back(async.echo(std::to_string(i))(use_future));
  for (int i = 0; i < 500; ++i) EXPECT_EQ(replies[static_cast<std::size_t>(i)].get(), std::to_string(i));
  EXPECT_EQ(async.lpush("list", "x")(use_future).get(), 1);
  EXPECT_TRUE(async.blpop("list", {10s})(use_future).get().has_value());  // leased
  RedisConfig shared = config();
  shared.defaults.direct_limit = 0;
  StartedManager all_shared(std::move(shared));
  EXPECT_EQ(all_shared->client("main").get("k"), "v");
}

TEST_F(Tls, CarriesLargeValuesBothWays) {
  serve(authority_.issue("server"));
  StartedManager redis(config());
  const Client db = redis->client("main");
  const AsyncClient async = redis->async_client("main");
  for (const std::size_t size : {std::size_t{1}, std::size_t{16'383}, std::size_t{16'384},
                                 std::size_t{16'385}, std::size_t{64} << 20}) {
    SCOPED_TRACE(size);
    std::string value(size, '\0');
    for (std::size_t i = 0; i < size; ++i) value[i] = static_cast<char>(i * 2654435761U >> 13);
    db.set("large", value);
    EXPECT_TRUE(db.get("large") == value);
    async.set("large2", value)(use_future).get();
    EXPECT_TRUE(async.get("large2")(use_future).get() == value);
  }
}

TEST_F(Tls, BatchesBeyondAllBuffersDoNotLock) {
  serve(authority_.issue("server"));
  StartedManager redis(config());
  const std::string value(100'000, 'x');
  for (int round = 0; round < 2; ++round) {
    auto pipe = redis->client("main").pipeline();
    std::vector<Slot<std::string>> slots;
    for (int i = 0; i < 200; ++i) slots.push_back(pipe.echo(value));
    auto replies = pipe.execute();
    for (const auto& slot : slots) EXPECT_TRUE(replies[slot].value() == value);
  }
}

TEST_F(Tls, AsksForTheNameAndTheAddressThatItWasGiven) {
  serve(authority_.issue("server", {.san = "DNS:localhost,IP:127.0.0.1,DNS:*.example.test"}));
  for (const char* host : {"localhost", "127.0.0.1"}) {
    StartedManager redis(config(host));
    EXPECT_EQ(redis->client("main").ping(), "PONG") << host;
  }
  for (const char* name : {"a.example.test", "A.EXAMPLE.TEST", "a.example.test."}) {
    RedisConfig named = config();
    named.defaults.tls.server_name = name;
    StartedManager redis(std::move(named));
    EXPECT_EQ(redis->client("main").ping(), "PONG") << name;
  }
  for (const char* name : {"example.test", "a.b.example.test", "other.test", "127.0.0.2", "."}) {
    RedisConfig named = config();
    named.defaults.tls.server_name = name;
    for (const Error& error : refusals(named)) {
      EXPECT_EQ(error.code(), Errc::tls_failed) << name << ": " << error.what();
      EXPECT_EQ(error.remedy(), Remedy::never) << name;
    }
  }
}

struct Bad {
  const char* name;
  CertificateWish wish;
  const char* words;
};

TEST_F(Tls, RefusesWhatIsNotToBeTrustedBeforeAnyByteOfOurs) {
  const Bad cases[] = {
      {"expired", {.from = -7200, .until = -3600}, "it expired on"},
      {"early", {.from = 3600}, "not valid before"},
      {"self", {.self_signed = true}, "self-signed"},
      {"other", {.san = "DNS:other.test"}, "not issued for \"localhost\" but for other.test"},
      {"cn", {.san = "", .common_name = "localhost"}, "no subject alternative name"},
      {"partial", {.san = "DNS:local*"}, "not issued for \"localhost\""},
  };
  for (const Bad& bad : cases) {
    SCOPED_TRACE(bad.name);
    serve(authority_.issue(bad.name, bad.wish));
    RedisConfig with_password = config();
    with_password.defaults.password = Secret("a-password-that-must-not-be-seen");
    for (const Error& error : refusals(with_password)) {
      EXPECT_EQ(error.code(), Errc::tls_failed);
      EXPECT_EQ(error.remedy(), Remedy::never);
      EXPECT_EQ(error.effect(), Effect::not_sent);
      EXPECT_THAT(error.what(), HasSubstr(bad.words));
      EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("must-not-be-seen")));
    }
    RawRedis raw(server_->socket_path());
    const std::string stats = raw.text({"INFO", "commandstats"});
    EXPECT_EQ(stats.find("hello"), std::string::npos) << stats;
    EXPECT_EQ(stats.find("auth"), std::string::npos) << stats;
  }
}

TEST_F(Tls, RefusesAnUnknownAuthority) {
  serve(authority_.issue("server"));
  const TestAuthority stranger;
  RedisConfig trusting = config();
  trusting.defaults.tls.ca_file = stranger.ca_file();
  for (const Error& error : refusals(trusting)) {
    EXPECT_EQ(error.code(), Errc::tls_failed);
    EXPECT_THAT(error.what(), HasSubstr("authority is unknown"));
  }
}

TEST_F(Tls, ConnectsToAnybodyOnlyWhereThatIsAskedForAndTold) {
  serve(authority_.issue("server", {.san = "DNS:other.test", .self_signed = true}));
  RedisConfig insecure = config();
  const auto log = std::make_shared<EventLog>();
  insecure.listener = log;
  insecure.defaults.tls.verify = TlsVerify::insecure;
  StartedManager redis(std::move(insecure));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  EXPECT_EQ(log->count("redis.tls.insecure"), 1U);
}

TEST_F(Tls, ShowsItsCertificateToAServerThatWantsOne) {
  serve(authority_.issue("server"), {"--tls-auth-clients", "yes"});
  for (const Error& error : refusals(config())) {
    EXPECT_EQ(error.code(), Errc::tls_failed) << error.what();
    EXPECT_THAT(error.what(), HasSubstr("certificate"));
  }
  const CertificateFiles ours = authority_.issue("client", {.key_password = "opens the key"});
  RedisConfig with_key = config();
  with_key.defaults.tls.certificate_file = ours.certificate;
  with_key.defaults.tls.key_file = ours.key;
  for (const char* wrong : {"", "something else"}) {
    with_key.defaults.tls.key_password = Secret(wrong);
    for (const Error& error : refusals(with_key)) EXPECT_THAT(error.what(), HasSubstr("tls.key_file"));
  }
  with_key.defaults.tls.key_password = Secret("opens the key");
  StartedManager redis(std::move(with_key));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
}

TEST_F(Tls, UsesFilesThatChangedForNewConnections) {
  serve(authority_.issue("server"), {"--tls-auth-clients", "yes"});
  const CertificateFiles ours = authority_.issue("client");
  RedisConfig rotating = config();
  const auto log = std::make_shared<EventLog>();
  rotating.listener = log;
  rotating.defaults.tls.certificate_file = ours.certificate;
  rotating.defaults.tls.key_file = ours.key;
  StartedManager redis(std::move(rotating));
  const auto reconnect = [&] {
    RawRedis(server_->socket_path()).command({"CLIENT", "KILL", "TYPE", "normal"});
    ASSERT_TRUE(eventually([&] { return redis->client("main").results().ping().has_value(); }));
  };
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  { std::ofstream(ours.certificate) << "half a file"; }
  reconnect();
  EXPECT_EQ(log->count("redis.tls.reload_failed"), 1U);
  authority_.issue("client");
  reconnect();
  EXPECT_GE(log->count("redis.tls.reloaded"), 1U);
}

TEST_F(Tls, SaysSoWhenOnlyOneSideSpeaksIt) {
  serve(authority_.issue("server"));
  RedisConfig plain = config();
  plain.defaults.tls = {};
  for (const Error& error : refusals(plain)) EXPECT_TRUE(is_unavailable(error.code())) << error.what();
  // A server without TLS answers with an error, closes, or waits for the rest of a line.
  RedisConfig to_plain = config();
  to_plain.defaults.endpoint.port = server_->port();
  to_plain.defaults.timeouts.connect = 500ms;
  for (const Error& error : refusals(to_plain)) {
    EXPECT_TRUE(error.code() == Errc::tls_failed || error.code() == Errc::connect_timeout) << error.what();
    EXPECT_THAT(error.what(), HasSubstr("TLS"));
  }
  FakeServer speaks_http([](FakeConnection& connection, std::size_t) {
    connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    connection.await_close();
  });
  to_plain.defaults.endpoint.port = speaks_http.port();
  to_plain.defaults.timeouts.connect = 5s;
  for (const Error& error : refusals(to_plain))
    EXPECT_THAT(error.what(), HasSubstr("the peer does not speak TLS"));
}

TEST_F(Tls, ReadsUrls) {
  serve(authority_.issue("server"));
  RedisConfig from_url = config_at(1);
  const std::string url =
      "rediss://localhost:" + std::to_string(tls_port_) + "/0?tls_ca_file=" + authority_.ca_file();
  EXPECT_TRUE(apply_url(url, "test", from_url.defaults).empty());
  StartedManager redis(std::move(from_url));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
}

}  // namespace
}  // namespace redstart::test
