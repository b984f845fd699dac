// SPDX-License-Identifier: Apache-2.0
// tls_context_test.cpp: errors in files, expected names, and reload of changed files.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/tls_context.hpp"
#include "net/tls_source.hpp"
#include "support/tls_certificates.hpp"

namespace redstart::inline v0::net {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TlsContexts : public ::testing::Test {
 protected:
  [[nodiscard]] TlsConfig trusting() const {
    TlsConfig config;
    config.enabled = true;
    config.ca_file = authority_.ca_file();
    return config;
  }
  [[nodiscard]] static std::string fault_of(const TlsConfig& config, const std::string& host = "localhost") {
    std::string fault;
    const auto context = TlsContext::load(config, host, fault);
    EXPECT_EQ(context == nullptr, !fault.empty());
    return fault;
  }
  [[nodiscard]] std::string file_with(const std::string& name, const std::string& text) const {
    const std::string path = authority_.directory() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  test::TestAuthority authority_{};
};

TEST_F(TlsContexts, NameUnusableFile) {
  const auto ours = authority_.issue("ours", {.key_password = "opens it"});
  const auto other = authority_.issue("other");
  EXPECT_EQ(fault_of(trusting()), "");

  TlsConfig config = trusting();
  config.ca_file = "/nowhere/ca.pem";
  EXPECT_THAT(fault_of(config), AllOf(HasSubstr("tls.ca_file /nowhere/ca.pem"), HasSubstr("No such file")));
  config.ca_file = file_with("empty.pem", "");
  EXPECT_THAT(fault_of(config), HasSubstr("tls.ca_file"));

  config = trusting();
  config.certificate_file = "/nowhere/our.pem";
  config.key_file = other.key;
  EXPECT_THAT(fault_of(config), HasSubstr("tls.certificate_file /nowhere/our.pem"));
  config.certificate_file = file_with("half.pem", "-----BEGIN CERTIFICATE-----\nMIIB");
  EXPECT_THAT(fault_of(config), HasSubstr("tls.certificate_file"));

  config.certificate_file = ours.certificate;
  EXPECT_THAT(fault_of(config), AllOf(HasSubstr("tls.key_file"), HasSubstr("does not belong to")));
  config.key_file = ours.key;
  EXPECT_EQ(fault_of(config), "tls.key_file " + ours.key + " is encrypted: set tls.key_password");
  config.key_password = Secret("opens nothing");
  EXPECT_EQ(fault_of(config), "tls.key_password does not open tls.key_file " + ours.key);
  config.key_password = Secret(std::string(100'000, 'x'));
  EXPECT_THAT(fault_of(config), AllOf(HasSubstr("tls.key_password is longer"), Not(HasSubstr("xxx"))));
  config.key_password = Secret("opens it");
  EXPECT_EQ(fault_of(config), "");
}

TEST_F(TlsContexts, DeriveExpectedServerName) {
  struct Case {
    const char* host;
    const char* server_name;
    const char* name;
    bool address;
  };
  for (const Case& entry :
       {Case{"redis.test", "", "redis.test", false}, Case{"redis.test", "other.test", "other.test", false},
        Case{"redis.test.", "", "redis.test", false}, Case{"10.1.2.3", "", "10.1.2.3", true},
        Case{"fe80::1%eth0", "", "fe80::1", true}, Case{"10.1.2.3", "redis.test", "redis.test", false}}) {
    TlsConfig config = trusting();
    config.server_name = entry.server_name;
    std::string fault;
    const auto context = TlsContext::load(config, entry.host, fault);
    ASSERT_TRUE(context) << fault;
    EXPECT_EQ(context->name(), entry.name);
    EXPECT_EQ(context->is_address(), entry.address);
    EXPECT_TRUE(context->verifies());
  }
}

TEST_F(TlsContexts, RejectNamesThatMatchAnyServer) {
  for (const char* name : {"", ".", ".test", "%eth0"}) {
    EXPECT_THAT(fault_of(trusting(), name), HasSubstr("the name of the server can't be verified")) << name;
    TlsConfig insecure = trusting();
    insecure.verify = TlsVerify::insecure;
    EXPECT_EQ(fault_of(insecure, name), "");
  }
}

// Records the reports of a TlsSource.
struct Reports {
  std::vector<std::pair<EventKind, std::string>> events{};
  TlsSource::Report report() {
    return [this](EventKind kind, std::string_view text) { events.emplace_back(kind, text); };
  }
  [[nodiscard]] std::size_t count(EventKind wanted) const {
    std::size_t n = 0;
    for (const auto& [kind, text] : events) n += kind == wanted ? 1U : 0U;
    return n;
  }
};

class TlsSources : public TlsContexts {
 protected:
  [[nodiscard]] DatabaseConfig database(const test::CertificateFiles& ours) const {
    DatabaseConfig config;
    config.tls = trusting();
    config.tls.certificate_file = ours.certificate;
    config.tls.key_file = ours.key;
    return config;
  }
};

TEST_F(TlsSources, CreateOneContextPerFileState) {
  Reports reports;
  TlsSource source(database(authority_.issue("ours")), reports.report());
  std::optional<Cause> failure;
  const auto first = source.current(failure);
  ASSERT_TRUE(first);
  EXPECT_EQ(source.current(failure), first);
  EXPECT_TRUE(reports.events.empty());
  authority_.issue("ours");
  const auto second = source.current(failure);
  EXPECT_NE(second, first);
  EXPECT_EQ(source.current(failure), second);
  EXPECT_FALSE(failure);
  EXPECT_EQ(reports.count(EventKind::tls_reloaded), 1U);
  EXPECT_EQ(reports.events.size(), 1U);
}

TEST_F(TlsSources, KeepLastGoodContextAndReportErrorOnce) {
  const auto ours = authority_.issue("ours");
  Reports reports;
  TlsSource source(database(ours), reports.report());
  std::optional<Cause> failure;
  const auto first = source.current(failure);
  std::filesystem::remove(ours.key);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(source.current(failure), first);
  EXPECT_EQ(reports.count(EventKind::tls_reload_failed), 1U);
  EXPECT_THAT(reports.events.at(0).second, HasSubstr(ours.key));
  authority_.issue("ours");
  EXPECT_NE(source.current(failure), first);
  EXPECT_EQ(reports.count(EventKind::tls_reloaded), 1U);
  EXPECT_FALSE(failure);
}

TEST_F(TlsSources, FailUntilFilesAreGood) {
  const auto ours = authority_.issue("ours");
  std::filesystem::remove(ours.certificate);
  Reports reports;
  TlsSource source(database(ours), reports.report());
  for (int i = 0; i < 2; ++i) {
    std::optional<Cause> failure;
    EXPECT_FALSE(source.current(failure));
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, Errc::tls_failed);
    EXPECT_THAT(failure->what, HasSubstr(ours.certificate));
    EXPECT_THAT(std::string(failure->advice), HasSubstr("the files that the tls settings"));
  }
  authority_.issue("ours");
  std::optional<Cause> failure;
  EXPECT_TRUE(source.current(failure));
  EXPECT_FALSE(failure);
  EXPECT_TRUE(reports.events.empty()) << "the first good files are no change";
}

TEST_F(TlsSources, WarnOnceWithoutVerification) {
  DatabaseConfig config = database(authority_.issue("ours"));
  config.tls.verify = TlsVerify::insecure;
  Reports reports;
  TlsSource source(config, reports.report());
  std::optional<Cause> failure;
  source.announce();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(source.current(failure));
  EXPECT_EQ(reports.count(EventKind::tls_insecure), 1U);
  EXPECT_EQ(reports.events.size(), 1U);
}

}  // namespace
}  // namespace redstart::inline v0::net
