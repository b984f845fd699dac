// SPDX-License-Identifier: Apache-2.0
// tls_certificates.hpp: creates authorities and certificates for a test.
#pragma once

#include <string>

struct evp_pkey_st;
struct x509_st;

namespace redstart::test {

/// The contents of a certificate.
struct CertificateWish {
  std::string san = "DNS:localhost,IP:127.0.0.1";  ///< Subject alternative names; empty: none.
  std::string common_name = "test";
  long from = -3600;  ///< Start of validity in seconds from now.
  long until = 24 * 3600;
  bool self_signed = false;
  std::string key_password{};  ///< Password of the key file; empty: not encrypted.
};

/// A certificate and its key, as PEM files.
struct CertificateFiles {
  std::string certificate;
  std::string key;
};

/// An authority with its own directory, which the destructor removes. Errors: std::runtime_error.
class TestAuthority {
 public:
  TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;
  ~TestAuthority();

  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] std::string ca_file() const { return directory_ + "/ca.pem"; }
  /// Writes `name`.pem and `name`.key to the directory and replaces existing files.
  CertificateFiles issue(const std::string& name, const CertificateWish& wish = {});

 private:
  std::string directory_;
  evp_pkey_st* key_ = nullptr;
  x509_st* certificate_ = nullptr;
  long serial_ = 1;
};

}  // namespace redstart::test
