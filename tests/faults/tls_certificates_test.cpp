// SPDX-License-Identifier: Apache-2.0
// tls_certificates_test.cpp: faults 69 and 70: certificates that are untrusted, or of another server.
#include <string>

#include "support/tls_peer.hpp"
#include "support/tls_test.hpp"

namespace redstart::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Bad {
  const char* name;
  CertificateWish wish;
  const char* message;
};

class Fault69 : public TlsTest {
 protected:
  // An untrusted server gets no password.
  void expect_refused(const RedisConfig& plain, const char* message) {
    RedisConfig config = plain;
    config.defaults.password = Secret("a-password-that-must-not-be-seen");
    for (const Error& error : refusals(config)) {
      EXPECT_EQ(error.code(), Errc::tls_failed) << error.what();
      EXPECT_EQ(error.remedy(), Remedy::never);
      EXPECT_EQ(error.effect(), Effect::not_sent);
      EXPECT_THAT(error.what(), HasSubstr(message));
      EXPECT_THAT(error.what(), Not(HasSubstr("must-not-be-seen")));
    }
  }
};

TEST_F(Fault69, UntrustedServersReceiveNoData) {
  const TestAuthority stranger;
  const Bad cases[] = {
      {"expired", {.from = -7200, .until = -3600}, "it expired on"},
      {"early", {.from = 3600}, "it is not valid before"},
      {"self", {.self_signed = true}, "self-signed"},
      {"stranger", {}, "its authority is unknown here (/CN=authority "},
  };
  for (const Bad& bad : cases) {
    SCOPED_TRACE(bad.name);
    const TlsPeer peer(authority_.issue(bad.name, bad.wish));
    RedisConfig trusting = config_for(peer.port());
    if (bad.name == std::string("stranger")) trusting.defaults.tls.ca_file = stranger.ca_file();
    expect_refused(trusting, bad.message);
    EXPECT_TRUE(eventually([&] { return peer.visits().size() >= 2; })) << "both sides must have connected";
    for (const TlsPeer::Visit& visit : peer.visits()) {
      EXPECT_FALSE(visit.established);
      EXPECT_EQ(visit.read, "");
    }
  }
}

TEST_F(Fault69, TrustedServerReceivesOurData) {  // control for the test above
  const TlsPeer peer(authority_.issue("server"));
  RedisConfig config = config_for(peer.port());
  config.defaults.timeouts.connect = std::chrono::milliseconds(300);  // the peer never answers
  config.defaults.password = Secret("seen");
  const auto seen = [&] {
    std::size_t n = 0;
    for (const TlsPeer::Visit& visit : peer.visits())
      n += visit.read.find("seen") != std::string::npos ? 1U : 0U;
    return n;
  };
  EXPECT_TRUE(eventually([&] {
    for (const Error& error : refusals(config))
      EXPECT_EQ(error.code(), Errc::connect_timeout) << error.what();
    return seen() >= 2;
  }));
}

TEST_F(Fault69, UntrustedRedisReceivesNoCommand) {
  REDSTART_NEEDS_REDIS();
  serve(authority_.issue("expired", {.from = -7200, .until = -3600}));
  expect_refused(config(), "it expired on");
  RawRedis raw(server_->socket_path());
  const std::string stats = raw.text({"INFO", "commandstats"});
  EXPECT_THAT(stats, Not(HasSubstr("hello")));
  EXPECT_THAT(stats, Not(HasSubstr("auth")));
}

class Fault70 : public TlsTest {};

struct Name {
  const char* san;
  const char* name;  // the name that the client checks
  bool good;
};

TEST_F(Fault70, NamesAreCheckedByRfc6125) {
  const Name cases[] = {
      {"DNS:redis.example.test", "redis.example.test", true},
      {"DNS:redis.example.test", "REDIS.Example.Test", true},
      {"DNS:redis.example.test", "redis.example.test.", true},
      {"DNS:redis.example.test", "example.test", false},
      {"DNS:redis.example.test", "redis.example.test.evil.test", false},
      {"DNS:redis.example.test", "xredis.example.test", false},
      {"DNS:redis.example.test", ".", false},
      {"DNS:*.example.test", "redis.example.test", true},
      {"DNS:*.example.test", "a.redis.example.test", false},
      {"DNS:*.example.test", "example.test", false},
      {"DNS:*.example.test", ".example.test", false},
      {"DNS:re*.example.test", "redis.example.test", false},
      {"DNS:*s.example.test", "redis.example.test", false},
      {"DNS:redis.*.test", "redis.example.test", false},
      {"DNS:*.test", "example.test", false},
      {"DNS:other.test,DNS:redis.example.test", "redis.example.test", true},
      {"IP:127.0.0.1", "127.0.0.1", true},
      {"IP:127.0.0.1", "127.0.0.2", false},
      {"IP:127.0.0.1", "localhost", false},
      {"DNS:127.0.0.1", "127.0.0.1", false},  // an address does not match as a name
      {"DNS:*.0.0.1", "127.0.0.1", false},
      {"IP:::1", "::1", true},
      {"IP:::1", "0:0:0:0:0:0:0:1", true},
      {"IP:fe80::1", "fe80::1%eth0", true},
      {"IP:::1", "::2", false},
      {"URI:redis://redis.example.test", "redis.example.test", false},
      {"email:root@redis.example.test", "redis.example.test", false},
  };
  for (const Name& entry : cases) {
    SCOPED_TRACE(std::string(entry.san) + " for " + entry.name);
    // The common name always matches, and must not count.
    const TlsPeer peer(authority_.issue("server", {.san = entry.san, .common_name = entry.name}),
                       {.resets = true});
    RedisConfig config = config_for(peer.port());
    config.defaults.tls.server_name = entry.name;
    StartedManager redis(config);
    const Error error = error_of([&] { return redis->client("main").ping(); });
    EXPECT_EQ(error.code(), entry.good ? Errc::handshake_failed : Errc::tls_failed) << error.what();
    EXPECT_EQ(error.remedy(), entry.good ? Remedy::retry : Remedy::never);
  }
}

TEST_F(Fault70, ErrorListsNamesOfTheCertificate) {
  const Bad cases[] = {
      {"other",
       {.san = "DNS:other.test,IP:10.1.2.3"},
       "not issued for \"localhost\" but for other.test, 10.1.2.3"},
      {"cn", {.san = "", .common_name = "localhost"}, "no subject alternative name"},
      {"partial", {.san = "DNS:local*"}, "not issued for \"localhost\" but for local*"},
  };
  for (const Bad& bad : cases) {
    const TlsPeer peer(authority_.issue(bad.name, bad.wish));
    for (const Error& error : refusals(config_for(peer.port()))) {
      EXPECT_EQ(error.code(), Errc::tls_failed);
      EXPECT_EQ(error.effect(), Effect::not_sent);
      EXPECT_THAT(error.what(), HasSubstr(bad.message));
    }
  }
}

TEST_F(Fault70, HostIsTheNameByDefault) {
  REDSTART_NEEDS_REDIS();
  serve(authority_.issue("server", {.san = "DNS:localhost"}));
  StartedManager by_name(config("localhost"));
  EXPECT_EQ(by_name->client("main").ping(), "PONG");
  for (const Error& error : refusals(config("127.0.0.1"))) EXPECT_EQ(error.code(), Errc::tls_failed);
}

}  // namespace
}  // namespace redstart::test
