// SPDX-License-Identifier: Apache-2.0
// tls_context_test.cpp: errors in files, unusable names, and reload of changed files.
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
  [[nodiscard]] static std::string fault_of(const TlsConfig& config) {
    std::string fault;
    const auto context = TlsContext::load(config, fault);
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
  [[nodiscard]] TlsConfig with(const test::CertificateFiles& ours) const {
    TlsConfig config = trusting();
    config.certificate_file = ours.certificate;
    config.key_file = ours.key;
    return config;
  }
};

TEST_F(TlsSources, CreateOneContextPerFileState) {
  Reports reports;
  TlsSource source(with(authority_.issue("ours")), reports.report());
  std::optional<Cause> failure;
  const auto first = source.current("localhost", failure);
  ASSERT_TRUE(first);
  EXPECT_EQ(source.current("localhost", failure), first);
  EXPECT_TRUE(reports.events.empty());
  authority_.issue("ours");
  const auto second = source.current("localhost", failure);
  EXPECT_NE(second, first);
  EXPECT_EQ(source.current("localhost", failure), second);
  EXPECT_FALSE(failure);
  EXPECT_EQ(reports.count(EventKind::tls_reloaded), 1U);
  EXPECT_EQ(reports.events.size(), 1U);
}

TEST_F(TlsSources, KeepLastGoodContextAndReportErrorOnce) {
  const auto ours = authority_.issue("ours");
  Reports reports;
  TlsSource source(with(ours), reports.report());
  std::optional<Cause> failure;
  const auto first = source.current("localhost", failure);
  std::filesystem::remove(ours.key);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(source.current("localhost", failure), first);
  EXPECT_EQ(reports.count(EventKind::tls_reload_failed), 1U);
  EXPECT_THAT(reports.events.at(0).second, HasSubstr(ours.key));
  authority_.issue("ours");
  EXPECT_NE(source.current("localhost", failure), first);
  EXPECT_EQ(reports.count(EventKind::tls_reloaded), 1U);
  EXPECT_FALSE(failure);
}

TEST_F(TlsSources, FailUntilFilesAreGood) {
  const auto ours = authority_.issue("ours");
  std::filesystem::remove(ours.certificate);
  Reports reports;
  TlsSource source(with(ours), reports.report());
  for (int i = 0; i < 2; ++i) {
    std::optional<Cause> failure;
    EXPECT_FALSE(source.current("localhost", failure));
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, Errc::tls_failed);
    EXPECT_THAT(failure->what, HasSubstr(ours.certificate));
    EXPECT_THAT(std::string(failure->advice), HasSubstr("the files that the tls settings"));
  }
  authority_.issue("ours");
  std::optional<Cause> failure;
  EXPECT_TRUE(source.current("localhost", failure));
  EXPECT_FALSE(failure);
  EXPECT_TRUE(reports.events.empty()) << "the first good files are no change";
}

TEST_F(TlsSources, WarnOnceWithoutVerification) {
  TlsConfig config = with(authority_.issue("ours"));
  config.verify = TlsVerify::insecure;
  Reports reports;
  TlsSource source(config, reports.report());
  std::optional<Cause> failure;
  source.announce();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(source.current("localhost", failure));
  EXPECT_EQ(reports.count(EventKind::tls_insecure), 1U);
  EXPECT_EQ(reports.events.size(), 1U);
}

TEST_F(TlsSources, ServeEveryHostWithOneContext) {
  Reports reports;
  TlsSource source(trusting(), reports.report());
  std::optional<Cause> failure;
  const auto first = source.current("first.test", failure);
  ASSERT_TRUE(first);
  EXPECT_EQ(source.current("10.1.2.3", failure), first);
  EXPECT_FALSE(failure);
}

TEST_F(TlsSources, RejectNamesThatMatchAnyServer) {
  Reports reports;
  TlsSource source(trusting(), reports.report());
  for (const char* const host : {"", ".", ".test", "%eth0"}) {
    std::optional<Cause> failure;
    EXPECT_FALSE(source.current(host, failure));
    ASSERT_TRUE(failure) << host;
    EXPECT_EQ(failure->code, Errc::tls_failed);
    EXPECT_THAT(failure->what, HasSubstr("the name of the server can't be verified")) << host;
    TlsConfig insecure = trusting();
    insecure.verify = TlsVerify::insecure;
    failure.reset();
    EXPECT_TRUE(TlsSource(insecure, reports.report()).current(host, failure));
    EXPECT_FALSE(failure);
  }
}

}  // namespace
}  // namespace redstart::inline v0::net
