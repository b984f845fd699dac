// SPDX-License-Identifier: Apache-2.0
// socket_file.hpp: a descriptor that closes itself, and the sockets that the kit opens.
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
  /// Closes in order, as a process that ends: what has come and was not read makes no RST of it.
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

/// The first address of a name, or of a Unix socket. Errors: std::runtime_error where there is none.
[[nodiscard]] SocketAddress resolve(const Endpoint& endpoint);

/// A socket bound to 127.0.0.1, not blocking; port 0 for any that is free. Errors: std::system_error.
[[nodiscard]] SocketFile bound_socket(std::uint16_t port);
[[nodiscard]] std::uint16_t port_of(const SocketFile& socket);
void listen_on(const SocketFile& socket, int backlog);

/// Switches Nagle's algorithm off, where the socket has one.
void send_at_once(const SocketFile& socket) noexcept;

[[noreturn]] void throw_errno(const char* what);

}  // namespace redstart::inline v0::testing::detail
