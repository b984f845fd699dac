// SPDX-License-Identifier: Apache-2.0
// tls_certificates.cpp: creates keys and certificates with OpenSSL.
#include "tls_certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace redstart::test {
namespace {

void must(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

EVP_PKEY* make_key() {
  EVP_PKEY* const key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  must(key != nullptr, "no key");
  return key;
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  must(extension != nullptr, "extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* make_certificate(const CertificateWish& wish, bool authority, EVP_PKEY* key, X509* issuer,
                       EVP_PKEY* issuer_key, long serial) {
  X509* const made = X509_new();
  must(made != nullptr, "no certificate");
  X509_set_version(made, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
  X509_gmtime_adj(X509_getm_notBefore(made), wish.from);
  X509_gmtime_adj(X509_getm_notAfter(made), wish.until);
  X509_set_pubkey(made, key);
  // OpenSSL takes text as unsigned characters.
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1, -1, 0);
  X509* const by = issuer == nullptr ? made : issuer;
  X509_set_issuer_name(made, X509_get_subject_name(by));
  extend(made, by, NID_basic_constraints, authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!wish.san.empty()) extend(made, by, NID_subject_alt_name, wish.san);
  must(X509_sign(made, issuer_key, EVP_sha256()) != 0, "sign");
  return made;
}

// Writes a new file and renames it, so that no reader sees a partial file.
template <class Write>
void write_file(const std::string& path, Write write) {
  const std::string fresh = path + ".new";
  std::FILE* const file = std::fopen(fresh.c_str(), "w");
  must(file != nullptr, "open file");
  const bool good = write(file) == 1;
  std::fclose(file);
  must(good, "write file");
  std::filesystem::rename(fresh, path);
}

}  // namespace

TestAuthority::TestAuthority() : directory_("/tmp/redstart-tls-XXXXXX") {
  if (::mkdtemp(directory_.data()) == nullptr) throw std::runtime_error("mkdtemp " + directory_);
  key_ = make_key();
  CertificateWish wish;
  wish.common_name = "authority " + directory_.substr(directory_.size() - 6);
  wish.san.clear();
  certificate_ = make_certificate(wish, true, key_, nullptr, key_, serial_++);
  write_file(ca_file(), [this](std::FILE* file) { return PEM_write_X509(file, certificate_); });
}

TestAuthority::~TestAuthority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

CertificateFiles TestAuthority::issue(const std::string& name, const CertificateWish& wish) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(make_key(), EVP_PKEY_free);
  X509* const issuer = wish.self_signed ? nullptr : certificate_;
  EVP_PKEY* const issuer_key = wish.self_signed ? key.get() : key_;
  const std::unique_ptr<X509, decltype(&X509_free)> made(
      make_certificate(wish, false, key.get(), issuer, issuer_key, serial_++), X509_free);
  const CertificateFiles files{directory_ + "/" + name + ".pem", directory_ + "/" + name + ".key"};
  write_file(files.certificate, [&](std::FILE* file) { return PEM_write_X509(file, made.get()); });
  const bool secret = !wish.key_password.empty();
  std::string password = wish.key_password;
  write_file(files.key, [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), secret ? EVP_aes_256_cbc() : nullptr,
                                secret ? reinterpret_cast<unsigned char*>(password.data()) : nullptr,
                                static_cast<int>(password.size()), nullptr, nullptr);
  });
  return files;
}

}  // namespace redstart::test
