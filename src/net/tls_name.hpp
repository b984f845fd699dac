// SPDX-License-Identifier: Apache-2.0
// tls_name.hpp: the name that a TLS server must prove.
#pragma once

#include <redstart/config/tls_config.hpp>

#include <string>
#include <string_view>

namespace redstart::inline v0::net {

/// The name, or the address, that a server's certificate must be issued for.
struct TlsName {
  std::string text{};
  bool address = false;  ///< Addresses are not sent as SNI.

  /// `config.server_name`, or else `host`; without the zone of a link-local address and without a final dot,
  /// which certificates don't have.
  [[nodiscard]] static TlsName of(const TlsConfig& config, std::string_view host);

  /// False if no certificate proves it: with an empty name OpenSSL would accept any, with a leading dot any
  /// name below it.
  [[nodiscard]] bool verifiable() const noexcept;
};

}  // namespace redstart::inline v0::net
