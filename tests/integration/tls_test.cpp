// SPDX-License-Identifier: Apache-2.0
// tls_test.cpp: TLS to a real server on all kinds of connections.
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/tls_peer.hpp"
#include "support/tls_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Tls : public TlsTest {
 protected:
  void SetUp() override { REDSTART_NEEDS_REDIS(); }
};

TEST_F(Tls, WorksOnEveryKindOfConnection) {
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
  EXPECT_TRUE(async.blpop("list", {10s})(use_future).get().has_value());  // exclusive
  RedisConfig shared = config();
  shared.defaults.direct_limit = 0;
  StartedManager all_shared(std::move(shared));
  EXPECT_EQ(all_shared->client("main").get("k"), "v");
}

TEST_F(Tls, CarriesLargeValuesInBothDirections) {
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

TEST_F(Tls, BatchesLargerThanAllBuffersDoNotDeadlock) {
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

TEST_F(Tls, ConnectsToUnverifiedServerOnlyOnRequestWithWarning) {
  serve(authority_.issue("server", {.san = "DNS:other.test", .self_signed = true}));
  RedisConfig insecure = config();
  const auto log = std::make_shared<EventLog>();
  insecure.listener = log;
  insecure.defaults.tls.verify = TlsVerify::insecure;
  StartedManager redis(std::move(insecure));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
  EXPECT_EQ(log->count("redis.tls.insecure"), 1U);

  // The default listener reports the warning, too.
  RedisConfig seen = config();
  seen.defaults.tls.verify = TlsVerify::insecure;
  seen.database("main");
  seen.listener = standard_error_listener();
  ::testing::internal::CaptureStderr();
  StartedManager other(std::move(seen));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("redstart: main at "),
                    HasSubstr(": warning: insecure: certificates are not verified")));
}

TEST_F(Tls, SendsClientCertificateWhenServerRequiresIt) {
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
    for (const Error& error : refusals(with_key)) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("tls.key_file"), HasSubstr("tls.key_password")));
      EXPECT_THAT(error.what(), AllOf(HasSubstr("the files that the tls settings"),
                                      Not(HasSubstr("the server's certificate"))));
    }
  }
  with_key.defaults.tls.key_password = Secret("opens the key");
  StartedManager redis(std::move(with_key));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
  EXPECT_EQ(redis->async_client("main").ping()(use_future).get(), "PONG");
}

TEST_F(Tls, ErrorNamesLikelyCauseWhenServerResetsWithoutClientCertificate) {
  const TlsPeer peer(authority_.issue("server"), {.asks_for_certificate = true, .resets = true});
  for (const Error& error : refusals(config_for(peer.port()))) {
    EXPECT_EQ(error.code(), Errc::tls_failed) << error.what();
    EXPECT_EQ(error.remedy(), Remedy::retry);
    EXPECT_THAT(error.what(), HasSubstr("it probably requires one that it trusts (tls.certificate_file"));
  }
  const TlsPeer never_asks(authority_.issue("server"), {.resets = true});
  for (const Error& error : refusals(config_for(never_asks.port())))
    EXPECT_EQ(error.code(), Errc::handshake_failed) << error.what();
}

// The server refuses the command at its header, and closes while the rest is being sent.
TEST_F(Tls, RefusalOfServerExplainsFailedSend) {
  serve(authority_.issue("server"), {"--tls-auth-clients", "no", "--proto-max-bulk-len", "1mb"});
  StartedManager redis(config());
  const std::string large(std::size_t{64} << 20, 'x');
  const Error error = error_of([&] { redis->client("main").set("k", large); });
  EXPECT_EQ(error.code(), Errc::server_error) << error.what();
  EXPECT_THAT(error.info().server, HasSubstr("Protocol error: invalid bulk length"));
  EXPECT_EQ(redis->client("main").ping(), "PONG");
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
