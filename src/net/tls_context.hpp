// SPDX-License-Identifier: Apache-2.0
// tls_context.hpp: certificates, key and expected server name of TLS sessions.
#pragma once

#include <redstart/config/tls_config.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

struct ssl_ctx_st;

namespace redstart::inline v0::net {

/// Holds what TLS sessions of a database have in common, as the files were when it was loaded: trusted
/// authorities, client certificate and key, and the name that a server's certificate must be issued for.
///
/// Thread safety: immutable.
class TlsContext {
 public:
  /// Reads the files. On failure, returns null and sets `fault` to the file and the reason, without any
  /// secret. `host`: the name that the server must prove if `config.server_name` is empty.
  [[nodiscard]] static std::shared_ptr<const TlsContext> load(const TlsConfig& config, std::string_view host,
                                                              std::string& fault);

  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  using Handle = std::unique_ptr<ssl_ctx_st, Free>;

  TlsContext(Handle handle, std::string name, bool address, bool verifies) noexcept
      : handle_(std::move(handle)), name_(std::move(name)), address_(address), verifies_(verifies) {}

  [[nodiscard]] ssl_ctx_st* handle() const noexcept { return handle_.get(); }
  /// The name, or the address, that the server must prove.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// True if that is an address. Addresses are not sent as SNI.
  [[nodiscard]] bool is_address() const noexcept { return address_; }
  /// False if any certificate is accepted.
  [[nodiscard]] bool verifies() const noexcept { return verifies_; }

 private:
  Handle handle_;
  std::string name_;
  bool address_;
  bool verifies_;
};

}  // namespace redstart::inline v0::net
