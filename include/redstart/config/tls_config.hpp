// SPDX-License-Identifier: Apache-2.0
// tls_config.hpp: whether and how a connection is encrypted, and whom it trusts.
#pragma once

#include <redstart/core/secret.hpp>

#include <cstdint>
#include <string>

namespace redstart::inline v0 {

/// What must be true of a server's certificate.
enum class TlsVerify : std::uint8_t {
  full,      ///< Signed by a trusted authority, valid today, and issued for the name we asked for.
  insecure,  ///< Nothing: anybody may pose as the server. Each start warns of it: `redis.tls.insecure`.
};

/// The oldest version of TLS that is spoken.
enum class TlsVersion : std::uint8_t { tls_1_2, tls_1_3 };

/// TLS of one database. Files are PEM, and read again for each new connection when they have changed, so that
/// certificates rotate without a restart.
struct TlsConfig {
  bool enabled = false;
  TlsVerify verify = TlsVerify::full;
  TlsVersion minimum = TlsVersion::tls_1_2;
  std::string ca_file{};       ///< Authorities to trust; empty, and no directory either: those of the system.
  std::string ca_directory{};  ///< The same as hashed files (`openssl rehash`).
  std::string certificate_file{};  ///< Our own certificate, its chain after it; empty: none.
  std::string key_file{};          ///< Its private key. Both or neither.
  Secret key_password{};           ///< Of the private key; empty: it is not encrypted.
  std::string server_name{};       ///< Who the server must be, and SNI; empty: `endpoint.host`.
};

}  // namespace redstart::inline v0
