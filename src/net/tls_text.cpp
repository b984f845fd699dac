// SPDX-License-Identifier: Apache-2.0
// tls_text.cpp: turns OpenSSL's error codes into texts with advice.
#include "tls_text.hpp"

#include <redstart/core/peer_text.hpp>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <array>
#include <cstddef>
#include <ctime>

namespace redstart::inline v0::net {

namespace {

constexpr std::size_t longest_text = 160;
constexpr std::size_t longest_address = 16;

// Text that the peer has chosen.
std::string shown(std::string_view text) { return peer_text(text, {.most = longest_text}); }

std::string day(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return "an unknown date";
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts)};
}

std::string issuer(X509* certificate) {
  std::array<char, longest_text> text{};
  X509_NAME_oneline(X509_get_issuer_name(certificate), text.data(), static_cast<int>(text.size()));
  return shown(text.data());
}

std::string_view bytes_of(const ASN1_STRING* text) {
  // ASN.1 strings consist of unsigned characters.
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    if (!text.empty()) text += bytes.size() == 4 ? '.' : ':';
    text += std::to_string(static_cast<unsigned char>(byte));
  }
  return text;
}

// The names in the SAN, without the common name.
std::string names(X509* certificate) {
  auto* const all =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  std::string text;
  for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all) && text.size() < longest_text; ++i) {
    int type = 0;
    const void* const value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all, i), &type);
    if (type != GEN_DNS && type != GEN_IPADD) continue;
    const std::string_view bytes = bytes_of(static_cast<const ASN1_STRING*>(value));
    if (!text.empty()) text += ", ";
    text += type == GEN_DNS ? shown(bytes) : address(bytes.substr(0, longest_address));
  }
  GENERAL_NAMES_free(all);
  return text;
}

std::string distrust(const TlsTrouble& trouble, const std::string& name) {
  X509* const certificate = trouble.certificate.get();
  switch (trouble.verify) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "it expired on " + day(certificate == nullptr ? nullptr : X509_get0_notAfter(certificate));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "it is not valid before " +
             day(certificate == nullptr ? nullptr : X509_get0_notBefore(certificate));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return "it is self-signed, and not among the authorities";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // another authority of the same name
      return "its authority is unknown here" +
             (certificate == nullptr ? std::string() : " (" + issuer(certificate) + ")");
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const std::string issued = certificate == nullptr ? std::string() : names(certificate);
      return "it was not issued for \"" + name + "\" but for " +
             (issued.empty() ? "nothing: it has no subject alternative name" : issued);
    }
    case X509_V_ERR_CERT_REVOKED: return "it was revoked";
    default: return X509_verify_cert_error_string(trouble.verify);
  }
}

std::string fault(unsigned long error) {
  switch (ERR_GET_REASON(error)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_UNKNOWN_PROTOCOL: return "the peer does not speak TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "the peer speaks no version of TLS that is allowed (tls.minimum)";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "the server requires a client certificate (tls.certificate_file, tls.key_file)";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return "the server does not trust the client certificate (" + tls_error_text(error) + ")";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "the server reports that the client certificate has expired";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
      return "the server reports that the client certificate was revoked";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return "the server refused the handshake: no common cipher, or it requires a client certificate";
    case SSL_R_TLSV1_UNRECOGNIZED_NAME: return "the server does not know the requested name";
    default: return "no TLS session (" + tls_error_text(error) + ")";
  }
}

}  // namespace

void TlsTrouble::Free::operator()(x509_st* refused) const noexcept { X509_free(refused); }

std::string tls_error_text(unsigned long error) {
  if (ERR_SYSTEM_ERROR(error)) return failure::error_text(ERR_GET_REASON(error));
  OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, nullptr);  // has no effect after the first call
  const char* const text = ERR_reason_error_string(error);
  return text == nullptr ? "no reason given" : text;
}

Cause tls_failure(const TlsTrouble& trouble, const std::string& name, int error) {
  if (trouble.verify != X509_V_OK) return failure::certificate_untrusted(distrust(trouble, name));
  if (trouble.error != 0) return failure::tls_failed(fault(trouble.error));
  return trouble.certificate_requested ? failure::certificate_requested(error) : failure::tls_lost(error);
}

}  // namespace redstart::inline v0::net
