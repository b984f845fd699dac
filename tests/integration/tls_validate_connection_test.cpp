// SPDX-License-Identifier: Apache-2.0
// tls_validate_connection_test.cpp: validate_connection() with faults of TLS.
#include <chrono>
#include <string>
#include <utility>

#include "support/fake_server.hpp"
#include "support/tls_test.hpp"

namespace redstart::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class TlsValidateConnection : public TlsTest {
 protected:
  void SetUp() override { REDSTART_NEEDS_REDIS(); }

  static ConnectionReport look_at(RedisConfig config, std::chrono::milliseconds timeout = 10s) {
    config.defaults.required = false;
    StartedManager redis(std::move(config));
    return redis->validate_connection("cache", timeout);
  }
  static void expect_tls_failure(const ConnectionReport& report, const std::string& reason) {
    ASSERT_FALSE(report.ok()) << report.explain();
    EXPECT_EQ(report.problem->code(), Errc::tls_failed) << report.explain();
    EXPECT_THAT(report.problem->what(), HasSubstr(reason));
    EXPECT_THAT(report.problem->what(), HasSubstr(report.endpoint));
    EXPECT_FALSE(report.problem->info().advice.empty());
    EXPECT_THAT(report.explain(), ::testing::EndsWith("docs/runbook.md#tls_failed"));
    EXPECT_FALSE(report.reachable) << "an untrusted server must not count as reachable";
    EXPECT_FALSE(report.ready);
  }
};

TEST_F(TlsValidateConnection, ReportsNoProblemWithTrustedCertificate) {
  serve(authority_.issue("server"));
  const ConnectionReport report = look_at(config());
  EXPECT_TRUE(report.ok()) << report.explain();
  EXPECT_TRUE(report.reachable);
  EXPECT_EQ(report.reached, ConnectStep::secured);
  EXPECT_EQ(report.writable, true);
}

TEST_F(TlsValidateConnection, ReportsUnknownIssuer) {
  TestAuthority stranger;
  serve(stranger.issue("server"));
  expect_tls_failure(look_at(config()), "certificate");
}

TEST_F(TlsValidateConnection, ReportsCertificateForAnotherName) {
  serve(authority_.issue("server", {.san = "DNS:other.test"}));
  expect_tls_failure(look_at(config()), "localhost");
}

// A Redis server waits for the rest of the supposed command.
TEST_F(TlsValidateConnection, ReportsPortThatMayNotSpeakTls) {
  serve(authority_.issue("server"));
  const ConnectionReport report = look_at(config_for(server_->port()), 1s);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.problem->code(), Errc::connect_timeout) << report.explain();
  EXPECT_THAT(report.problem->what(), HasSubstr("TLS handshake"));
  EXPECT_THAT(report.problem->info().advice, HasSubstr("TLS port"));
  EXPECT_EQ(report.reached, ConnectStep::connected);
  EXPECT_FALSE(report.reachable);
}

TEST_F(TlsValidateConnection, ReportsPeerWithAnotherProtocol) {
  FakeServer other([](FakeConnection& connection, std::size_t) {
    connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    connection.await_close();
  });
  expect_tls_failure(look_at(config_for(other.port())), "TLS");
}

}  // namespace
}  // namespace redstart::test
