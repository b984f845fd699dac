// SPDX-License-Identifier: Apache-2.0
// tls_config.hpp: TLS settings of a database.
#pragma once

#include <redstart/core/secret.hpp>

#include <cstdint>
#include <string>

namespace redstart::inline v0 {

/// Which certificates of servers are accepted.
enum class TlsVerify : std::uint8_t {
  full,      ///< Those signed by a trusted authority, valid now, and issued for the expected name.
  insecure,  ///< Any, so that anybody may pose as the server. Each start reports `redis.tls.insecure`.
};

/// The oldest accepted version of TLS.
enum class TlsVersion : std::uint8_t { tls_1_2, tls_1_3 };

/// TLS of one database. Files are PEM. A new connection reads files again if they have changed, so that
/// certificates rotate without a restart.
struct TlsConfig {
  bool enabled = false;
  TlsVerify verify = TlsVerify::full;
  TlsVersion minimum = TlsVersion::tls_1_2;
  std::string ca_file{};       ///< Trusted authorities. If file and directory are empty: those of the system.
  std::string ca_directory{};  ///< Trusted authorities as hashed files (`openssl rehash`).
  std::string certificate_file{};  ///< Certificate of the client, followed by its chain; empty: none.
  std::string key_file{};          ///< Private key of the certificate. Set both or neither.
  Secret key_password{};           ///< Password of the private key; empty: it is not encrypted.
  std::string server_name{};       ///< Expected name of the server, and SNI; empty: `endpoint.host`.
};

}  // namespace redstart::inline v0
