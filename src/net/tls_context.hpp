// SPDX-License-Identifier: Apache-2.0
// tls_context.hpp: certificates and key of TLS sessions.
#pragma once

#include <redstart/config/tls_config.hpp>

#include <memory>
#include <string>
#include <utility>

struct ssl_ctx_st;

namespace redstart::inline v0::net {

/// Holds what the TLS sessions to all servers of a database have in common, as the files were when it was
/// loaded: trusted authorities, client certificate and key.
///
/// Thread safety: immutable.
class TlsContext {
 public:
  /// Reads the files. On failure, returns null and sets `fault` to the file and the reason, without any
  /// secret.
  [[nodiscard]] static std::shared_ptr<const TlsContext> load(const TlsConfig& config, std::string& fault);

  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  using Handle = std::unique_ptr<ssl_ctx_st, Free>;

  TlsContext(Handle handle, bool verifies) noexcept : handle_(std::move(handle)), verifies_(verifies) {}

  [[nodiscard]] ssl_ctx_st* handle() const noexcept { return handle_.get(); }
  /// False if any certificate is accepted.
  [[nodiscard]] bool verifies() const noexcept { return verifies_; }

 private:
  Handle handle_;
  bool verifies_;
};

}  // namespace redstart::inline v0::net
