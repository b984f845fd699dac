// SPDX-License-Identifier: Apache-2.0
// tls_front.hpp: TLS in front of a scripted server, with partial records.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tls_certificates.hpp"

struct ssl_ctx_st;

namespace redstart::test {

/// Terminates TLS in front of a plain server on 127.0.0.1 and forwards bytes in both directions.
///
/// Thread safety: full.
class TlsFront {
 public:
  /// Errors: std::runtime_error.
  TlsFront(const CertificateFiles& files, std::uint16_t server);
  TlsFront(const TlsFront&) = delete;
  TlsFront& operator=(const TlsFront&) = delete;
  ~TlsFront();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// Returns the bytes with which a server requests that this text is sent as a partial TLS record. The rest
  /// of the record is sent before the next bytes of the server. `cut` is the number of bytes sent at once,
  /// from 1; the header has 5.
  [[nodiscard]] static std::string part_of_record(std::string_view text, std::size_t cut);

 private:
  void accept_all();
  void relay(int client);

  ssl_ctx_st* context_ = nullptr;
  std::uint16_t server_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> relays_{};
  std::thread acceptor_{};
};

}  // namespace redstart::test
