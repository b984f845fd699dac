// SPDX-License-Identifier: Apache-2.0
// tls_doctor_test.cpp: redis_doctor with faults of TLS.
#include <cstdint>
#include <string>

#include "doctor_run.hpp"
#include "support/tls_test.hpp"

namespace redstart::test {
namespace {

class TlsDoctor : public TlsTest {
 protected:
  void SetUp() override { REDSTART_NEEDS_REDIS(); }

  [[nodiscard]] DoctorRun check(std::uint16_t port, const std::string& timeout,
                                const std::string& option = {}) const {
    const std::string url =
        "rediss://localhost:" + std::to_string(port) + "?tls_ca_file=" + authority_.ca_file() + option;
    return run_doctor({"--url", url, "--json", "--timeout", timeout});
  }
};

TEST_F(TlsDoctor, FindsNothingWrongWithTrustedCertificate) {
  serve(authority_.issue("server"));
  const DoctorRun run = check(tls_port_, "10");
  EXPECT_EQ(run.exit_code, 0) << run.output;
}

// A Redis server waits for the rest of the supposed command.
TEST_F(TlsDoctor, AdvisesToUseTlsPortOfPlainServer) {
  serve(authority_.issue("server"));
  expect_first_remedy(check(server_->port(), "1"), 2, "tls", "is this its TLS port", "connect_timeout");
}

TEST_F(TlsDoctor, AdvisesToCheckUntrustedCertificate) {
  TestAuthority stranger;
  serve(stranger.issue("server"));
  expect_first_remedy(check(tls_port_, "10"), 2, "tls", "tls.ca_file", "tls_failed");
}

TEST_F(TlsDoctor, WarnsOfUnverifiedCertificate) {
  serve(authority_.issue("server"));
  expect_first_remedy(check(tls_port_, "10", "&tls_verify=insecure"), 1, "tls", "Set tls.verify to full",
                      "insecure_tls");
}

}  // namespace
}  // namespace redstart::test
