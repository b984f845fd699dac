// SPDX-License-Identifier: Apache-2.0
// socket_file.hpp: an owning file descriptor and the sockets of the kit.
#pragma once

#include <sys/socket.h>

#include <redstart/core/endpoint.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace redstart::inline v0::testing::detail {

class SocketFile {
 public:
  SocketFile() noexcept = default;
  explicit SocketFile(int fd) noexcept : fd_(fd) {}
  SocketFile(SocketFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SocketFile& operator=(SocketFile&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile() { close(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void close() noexcept;
  /// Closes with RST.
  void reset() noexcept;
  /// Closes with FIN, like a process that exits, even if there are unread bytes, which would normally cause
  /// RST.
  void close_read_out() noexcept;

 private:
  int fd_ = -1;
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  /// sockaddr is the common prefix of all address types.
  [[nodiscard]] sockaddr* get() noexcept { return static_cast<sockaddr*>(static_cast<void*>(&storage)); }
  [[nodiscard]] const sockaddr* get() const noexcept {
    return static_cast<const sockaddr*>(static_cast<const void*>(&storage));
  }
};

/// Returns the first address of a name, or that of a Unix socket. Errors: std::runtime_error if there is
/// none.
[[nodiscard]] SocketAddress resolve(const Endpoint& endpoint);

/// Returns a non-blocking socket bound to 127.0.0.1. Port 0 selects a free one. Errors: std::system_error.
[[nodiscard]] SocketFile bound_socket(std::uint16_t port);
[[nodiscard]] std::uint16_t port_of(const SocketFile& socket);
void listen_on(const SocketFile& socket, int backlog);

/// Disables Nagle's algorithm if the socket has it.
void send_at_once(const SocketFile& socket) noexcept;

[[noreturn]] void throw_errno(const char* what);

}  // namespace redstart::inline v0::testing::detail
