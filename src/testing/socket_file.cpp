// SPDX-License-Identifier: Apache-2.0
// socket_file.cpp: the system calls of the testing kit.
#include "socket_file.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

namespace redstart::inline v0::testing::detail {

void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void SocketFile::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void SocketFile::reset() noexcept {
  if (fd_ < 0) return;
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void SocketFile::close_read_out() noexcept {
  if (fd_ < 0) return;
  char rest[16384];
  while (::recv(fd_, rest, sizeof rest, MSG_DONTWAIT) > 0) {
  }
  close();
}

SocketAddress resolve(const Endpoint& endpoint) {
  SocketAddress address;
  if (endpoint.is_unix()) {
    sockaddr_un name{};
    if (endpoint.unix_path.size() >= sizeof name.sun_path)
      throw std::runtime_error("the path of the Unix socket is too long: " + endpoint.unix_path);
    name.sun_family = AF_UNIX;
    endpoint.unix_path.copy(name.sun_path, sizeof name.sun_path - 1);
    std::memcpy(&address.storage, &name, sizeof name);
    address.size = sizeof name;
    return address;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (error != 0)
    throw std::runtime_error("no address for " + to_string(endpoint) + ": " + ::gai_strerror(error));
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return address;
}

SocketFile bound_socket(std::uint16_t port) {
  SocketFile socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) throw_errno("socket");
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  name.sin_port = htons(port);
  SocketAddress address;
  std::memcpy(&address.storage, &name, sizeof name);
  address.size = sizeof name;
  if (::bind(socket.get(), address.get(), address.size) != 0) throw_errno("bind");
  return socket;
}

std::uint16_t port_of(const SocketFile& socket) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (::getsockname(socket.get(), address.get(), &address.size) != 0) throw_errno("getsockname");
  sockaddr_in name{};
  std::memcpy(&name, &address.storage, sizeof name);
  return ntohs(name.sin_port);
}

void listen_on(const SocketFile& socket, int backlog) {
  if (::listen(socket.get(), backlog) != 0) throw_errno("listen");
}

void send_at_once(const SocketFile& socket) noexcept {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace redstart::inline v0::testing::detail
