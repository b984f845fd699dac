// SPDX-License-Identifier: Apache-2.0
// tls_text_test.cpp: messages of every TLS failure.
#include <gmock/gmock.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>

#include "net/tls_text.hpp"
#include "support/tls_certificates.hpp"

namespace redstart::inline v0::net {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TlsTrouble refused(int why, const test::CertificateFiles* files = nullptr) {
  TlsTrouble trouble;
  trouble.verify = why;
  if (files != nullptr) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(files->certificate.c_str(), "r"),
                                                         BIO_free);
    trouble.certificate.reset(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
    if (!trouble.certificate) throw std::runtime_error("no certificate in " + files->certificate);
  }
  return trouble;
}

TlsTrouble alarmed(int reason) {
  TlsTrouble trouble;
  trouble.error = ERR_PACK(ERR_LIB_SSL, 0, reason);
  return trouble;
}

TEST(TlsText, NamesReasonForRefusedCertificate) {
  test::TestAuthority authority;
  const auto files = authority.issue("server", {.san = "DNS:a.test,IP:10.1.2.3,email:x@y.test"});
  const auto nameless = authority.issue("nameless", {.san = "", .common_name = "a.test"});
  struct Case {
    int why;
    const test::CertificateFiles* files;
    const char* message;
  };
  const Case cases[] = {
      {X509_V_ERR_CERT_HAS_EXPIRED, &files, "it expired on 20"},
      {X509_V_ERR_CERT_HAS_EXPIRED, nullptr, "it expired on an unknown date"},
      {X509_V_ERR_CERT_NOT_YET_VALID, &files, "it is not valid before 20"},
      {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, &files, "it is self-signed, and not among the authorities"},
      {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, &files, "its authority is unknown here (/CN=authority "},
      {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, &files, "its authority is unknown here (/CN=authority "},
      {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, nullptr, "its authority is unknown here"},
      // The file holds an authority of the same name with another key.
      {X509_V_ERR_CERT_SIGNATURE_FAILURE, &files, "its authority is unknown here (/CN=authority "},
      {X509_V_ERR_HOSTNAME_MISMATCH, &files, "it was not issued for \"b.test\" but for a.test, 10.1.2.3"},
      {X509_V_ERR_IP_ADDRESS_MISMATCH, &files, "it was not issued for \"b.test\" but for a.test, 10.1.2.3"},
      {X509_V_ERR_HOSTNAME_MISMATCH, &nameless, "but for nothing: it has no subject alternative name"},
      {X509_V_ERR_CERT_REVOKED, &files, "it was revoked"},
      {X509_V_ERR_EE_KEY_TOO_SMALL, &files, "EE certificate key too weak"},
  };
  for (const Case& entry : cases) {
    SCOPED_TRACE(entry.message);
    const Cause failure = tls_failure(refused(entry.why, entry.files), "b.test", 0);
    EXPECT_EQ(failure.code, Errc::tls_failed);
    EXPECT_EQ(failure.remedy, Remedy::never) << "stays until it is changed";
    EXPECT_THAT(failure.what,
                AllOf(HasSubstr("the server's certificate is not trusted: "), HasSubstr(entry.message)));
  }
}

TEST(TlsText, EscapesTextChosenByServer) {
  test::TestAuthority authority;
  const auto odd = authority.issue("odd", {.san = "DNS:a\x1b[2Jb.test"});
  const auto endless = authority.issue("endless", {.san = "DNS:" + std::string(5000, 'a')});
  const std::string shown = tls_failure(refused(X509_V_ERR_HOSTNAME_MISMATCH, &odd), "b.test", 0).what;
  EXPECT_THAT(shown, AllOf(HasSubstr("for a\\x1b[2Jb.test"), Not(HasSubstr("\x1b"))));
  EXPECT_LT(tls_failure(refused(X509_V_ERR_HOSTNAME_MISMATCH, &endless), "b.test", 0).what.size(), 400U);
}

TEST(TlsText, NamesErrorsOfEitherSide) {
  struct Case {
    int reason;
    const char* message;
  };
  const Case cases[] = {
      {SSL_R_WRONG_VERSION_NUMBER, "the peer does not speak TLS"},
      {SSL_R_PACKET_LENGTH_TOO_LONG, "the peer does not speak TLS"},
      {SSL_R_UNSUPPORTED_PROTOCOL, "(tls.minimum)"},
      {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "(tls.minimum)"},
      {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "the server requires a client certificate"},
      {SSL_R_TLSV1_ALERT_UNKNOWN_CA, "the server does not trust the client certificate"},
      {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "the client certificate has expired"},
      {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "the client certificate was revoked"},
      {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "no common cipher, or it requires a client certificate"},
      {SSL_R_TLSV1_UNRECOGNIZED_NAME, "does not know the requested name"},
      {SSL_R_BAD_SIGNATURE, "no TLS session (bad signature)"},
  };
  for (const Case& entry : cases) {
    const Cause failure = tls_failure(alarmed(entry.reason), "b.test", EPROTO);
    EXPECT_EQ(failure.code, Errc::tls_failed);
    EXPECT_EQ(failure.remedy, Remedy::retry);
    EXPECT_THAT(failure.what, HasSubstr(entry.message));
  }
}

TEST(TlsText, DistinguishesNetworkFailures) {
  const TlsTrouble none;
  EXPECT_THAT(tls_failure(none, "b.test", 0).what,
              HasSubstr("the server closed the connection during the TLS"));
  EXPECT_THAT(tls_failure(none, "b.test", ECONNRESET).what,
              AllOf(HasSubstr("during the TLS handshake"), HasSubstr("reset")));
  TlsTrouble asked;
  asked.certificate_requested = true;
  EXPECT_THAT(tls_failure(asked, "b.test", failure::end_of_stream).what,
              AllOf(HasSubstr("closed"), HasSubstr("tls.certificate_file")));
  EXPECT_THAT(tls_failure(asked, "b.test", ECONNRESET).what,
              AllOf(HasSubstr("reset"), HasSubstr("tls.certificate_file")));
}

TEST(TlsText, NamesEveryError) {
  EXPECT_EQ(tls_error_text(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_BAD_SIGNATURE)), "bad signature");
  EXPECT_THAT(tls_error_text(ERR_SYSTEM_FLAG | ENOENT), HasSubstr("No such file"));
  EXPECT_EQ(tls_error_text(0), "no reason given");
}

}  // namespace
}  // namespace redstart::inline v0::net
