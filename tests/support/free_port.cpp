// SPDX-License-Identifier: Apache-2.0
// free_port.cpp: reserves a port with a bound socket.
#include "free_port.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace redstart::test {

FreePort::FreePort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  // sockaddr_in is handed to the socket functions as sockaddr by their own convention.
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  // Two sockets may bind one port if both set SO_REUSEADDR and at most one listens.
  if (fd_ < 0 || ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(fd_, generic, size) != 0 || ::getsockname(fd_, generic, &size) != 0) {
    const int error = errno;
    if (fd_ >= 0) ::close(fd_);
    throw std::system_error(error, std::generic_category(), "no free loopback port");
  }
  number_ = ntohs(address.sin_port);
}

FreePort::~FreePort() { ::close(fd_); }

}  // namespace redstart::test
