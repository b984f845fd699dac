// SPDX-License-Identifier: Apache-2.0
// tls_peer.hpp: a TLS server that answers nothing and remembers what it was shown.
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

/// What it may speak, and how it treats who comes.
struct TlsPeerWish {
  int newest = 0;                     ///< TLS1_2_VERSION …; 0: whatever OpenSSL can. Old ones are let in.
  bool asks_for_certificate = false;  ///< Any will do, also none.
  std::string known_name{};           ///< Names other than this are refused, as unknown; empty: none is.
  bool resets = false;                ///< Cuts the connection by RST as soon as there is a session.
};

/// Serves one connection after the other until it is closed, on a free port of 127.0.0.1.
///
/// Thread safety: full.
class TlsPeer {
 public:
  /// Errors: std::runtime_error.
  explicit TlsPeer(const CertificateFiles& files, TlsPeerWish wish = {});
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;
  ~TlsPeer();

  /// One connection that has ended.
  struct Visit {
    bool established = false;
    std::string name{};  ///< SNI; empty: none.
    std::string read{};  ///< What came through the session.
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
  int current_ = -1;  // being served
  bool stop_ = false;
  std::thread thread_{};
};

}  // namespace redstart::test
