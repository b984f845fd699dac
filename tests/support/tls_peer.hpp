// SPDX-License-Identifier: Apache-2.0
// tls_peer.hpp: a TLS server that records handshakes and never replies.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tls_certificates.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace redstart::test {

/// Settings of a TlsPeer.
struct TlsPeerWish {
  int newest = 0;  ///< Newest version, such as TLS1_2_VERSION; 0: that of OpenSSL. Older ones are accepted.
  bool asks_for_certificate = false;  ///< Requests a client certificate. Accepts any, or none.
  std::string known_name{};           ///< Other SNI names are rejected as unknown; empty: none is.
  bool resets = false;                ///< Resets the connection after the handshake.
};

/// A TLS server on a free port of 127.0.0.1 that serves one connection at a time until the client closes it.
///
/// Thread safety: full.
class TlsPeer {
 public:
  /// Errors: std::runtime_error.
  explicit TlsPeer(const CertificateFiles& files, TlsPeerWish wish = {});
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;
  ~TlsPeer();

  /// A finished connection.
  struct Visit {
    bool established = false;
    std::string name{};  ///< SNI name; empty: none.
    std::string read{};  ///< Bytes received through the session.
  };
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::vector<Visit> visits() const;

 private:
  static int on_name(ssl_st* session, int* alert, void* peer);
  void serve();
  [[nodiscard]] Visit receive(int fd) const;

  TlsPeerWish wish_;
  ssl_ctx_st* context_ = nullptr;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_{};
  std::vector<Visit> visits_{};
  int current_ = -1;  // the connection being served
  bool stop_ = false;
  std::thread thread_{};
};

}  // namespace redstart::test
