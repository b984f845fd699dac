// SPDX-License-Identifier: Apache-2.0
// opened_stream.hpp: an open socket on a loop, with its TLS session.
#pragma once

#include "descriptors.hpp"
#include "socket.hpp"
#include "tls_session.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace redstart::inline v0::net {

/// A socket that a loop waits for. It is open, or has no descriptor. Destroying it closes the socket.
struct OpenedStream {
  using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol>;

  OpenedStream() = default;
  OpenedStream(OpenedStream&& other) noexcept
      : socket(std::exchange(other.socket, std::nullopt)),
        fd(std::exchange(other.fd, -1)),
        tls(std::move(other.tls)) {}
  OpenedStream& operator=(OpenedStream&& other) noexcept {
    std::swap(socket, other.socket);
    std::swap(fd, other.fd);
    std::swap(tls, other.tls);
    return *this;
  }
  ~OpenedStream() { close(); }

  /// Writes, through the TLS session if there is one. Plain connections pay one branch for it.
  [[nodiscard]] IoResult write_some(std::span<const char> bytes) noexcept {
    return tls ? tls->send(bytes) : send_now(fd, bytes);
  }
  /// Reads like `write_some` writes.
  [[nodiscard]] IoResult read_some(char* into, std::size_t size) noexcept {
    return tls ? tls->receive(into, size) : receive_now(fd, into, size);
  }

  void close() noexcept {
    if (!socket) return;
    if (tls) tls->close();
    tls.reset();
    {
      const descriptors::ForkGuard hold;
      descriptors::remove(fd, hold);
      boost::system::error_code ignored;
      socket->close(ignored);
    }
    socket.reset();
    fd = -1;
  }

  std::optional<Socket> socket{};
  int fd = -1;
  std::unique_ptr<TlsSession> tls{};  ///< Null on a plain connection.
};

}  // namespace redstart::inline v0::net
