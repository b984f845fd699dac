// SPDX-License-Identifier: Apache-2.0
// tls_context.cpp: makes OpenSSL contexts from files.
#include "tls_context.hpp"

#include "tls_text.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <algorithm>
#include <cstring>

namespace redstart::inline v0::net {

namespace {

// Prevents OpenSSL's cleanup at exit, which would run before static objects that still hold connections.
void initialise() {
  static const int done = OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
  static_cast<void>(done);
}

// Provides the password of an encrypted key, once.
struct KeyPassword {
  std::string_view password;
  bool asked = false;
  bool too_long = false;
};

// Provides no password. Without this callback, OpenSSL would ask on the terminal.
int give_password(char* into, int size, int /*for_writing*/, void* user) {
  auto& key = *static_cast<KeyPassword*>(user);
  key.asked = true;
  key.too_long = key.password.size() > static_cast<std::size_t>(size);
  if (key.password.empty() || key.too_long) return -1;
  std::memcpy(into, key.password.data(), key.password.size());
  return static_cast<int>(key.password.size());
}

int give_no_password(char* /*into*/, int /*size*/, int /*for_writing*/, void* /*user*/) { return -1; }

std::string cant(const char* verb, const std::string& path) {
  const unsigned long error = ERR_peek_error();  // the first error is the most specific one
  std::string text = "can't " + std::string(verb) + " " + path + " (" + tls_error_text(error) + ")";
  ERR_clear_error();
  return text;
}

// Returns the reason for which an encrypted key could not be read. OpenSSL's own reasons don't help the user.
std::string locked(const KeyPassword& key, const std::string& path) {
  ERR_clear_error();
  if (key.password.empty()) return "tls.key_file " + path + " is encrypted: set tls.key_password";
  if (key.too_long) return "tls.key_password is longer than OpenSSL accepts";
  return "tls.key_password does not open tls.key_file " + path;
}

std::string trust(SSL_CTX* context, const TlsConfig& config) {
  if (config.verify == TlsVerify::insecure) return {};
  if (!config.ca_file.empty() && SSL_CTX_load_verify_file(context, config.ca_file.c_str()) != 1)
    return cant("use the authorities in tls.ca_file", config.ca_file);
  if (!config.ca_directory.empty() && SSL_CTX_load_verify_dir(context, config.ca_directory.c_str()) != 1)
    return cant("use tls.ca_directory", config.ca_directory);
  if (config.ca_file.empty() && config.ca_directory.empty() && SSL_CTX_set_default_verify_paths(context) != 1)
    return cant("use the authorities of", "the system");
  return {};
}

std::string introduce(SSL_CTX* context, const TlsConfig& config) {
  if (config.certificate_file.empty()) return {};
  KeyPassword key{config.key_password.reveal()};
  SSL_CTX_set_default_passwd_cb(context, give_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, &key);
  if (SSL_CTX_use_certificate_chain_file(context, config.certificate_file.c_str()) != 1)
    return cant("use tls.certificate_file", config.certificate_file);
  const bool read = SSL_CTX_use_PrivateKey_file(context, config.key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  const unsigned long error = ERR_peek_error();
  const bool other =
      ERR_GET_LIB(error) == ERR_LIB_X509 && ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH;
  // The password is provided once only; OpenSSL asks once.
  SSL_CTX_set_default_passwd_cb(context, give_no_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (!read && !other)
    return key.asked ? locked(key, config.key_file) : cant("use tls.key_file", config.key_file);
  if (!read || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return "tls.key_file " + config.key_file + " does not belong to tls.certificate_file " +
           config.certificate_file;
  }
  return {};
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }

std::shared_ptr<const TlsContext> TlsContext::load(const TlsConfig& config, std::string& fault) {
  initialise();
  ERR_clear_error();
  Handle handle(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = handle.get();
  if (context == nullptr) {
    fault = "OpenSSL gives no context (" + tls_error_text(ERR_get_error()) + ")";
    return nullptr;
  }
  const int oldest = config.minimum == TlsVersion::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  SSL_CTX_set_min_proto_version(context, oldest);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);

  fault = trust(context, config);
  if (fault.empty()) fault = introduce(context, config);
  if (!fault.empty()) return nullptr;
  return std::make_shared<const TlsContext>(std::move(handle), config.verify == TlsVerify::full);
}

}  // namespace redstart::inline v0::net
