// SPDX-License-Identifier: Apache-2.0
// plain_client.cpp: the socket calls of the bare client.
#include "plain_client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace redstart::test {
namespace {

constexpr int watchdog_ms = 30'000;

int connect_to(int fd, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

bool wait(int fd, short events, int limit_ms) {
  pollfd entry{fd, events, 0};
  return ::poll(&entry, 1, limit_ms) > 0;
}

}  // namespace

PlainClient::PlainClient(NotConnected) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

PlainClient::PlainClient(std::uint16_t port) : PlainClient(not_connected) {
  EXPECT_EQ(connect_to(fd_, port), 0);
}

bool PlainClient::connects(std::uint16_t port) {
  const PlainClient client(not_connected);
  return connect_to(client.fd_, port) == 0;
}

void PlainClient::start_connect(std::uint16_t port) {
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  EXPECT_NE(connect_to(fd_, port), 0);
  EXPECT_EQ(errno, EINPROGRESS);
}

bool PlainClient::writable_within(std::chrono::milliseconds time) const {
  return wait(fd_, POLLOUT, static_cast<int>(time.count()));
}

void PlainClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ASSERT_GT(n, 0);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::size_t PlainClient::try_send(std::string_view bytes) {
  // Retry briefly: the socket accepts more while the peer's kernel still receives.
  if (!wait(fd_, POLLOUT, 100)) return 0;
  const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

std::string PlainClient::receive(std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    if (!wait(fd_, POLLIN, watchdog_ms)) {
      ADD_FAILURE() << "nothing arrived for 30 s";
      break;
    }
    const ssize_t n = ::recv(fd_, bytes.data() + have, size - have, 0);
    if (n <= 0) {
      end_ = n == 0 ? End::in_order : End::reset;
      break;
    }
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

bool PlainClient::readable() const { return wait(fd_, POLLIN, 0); }

void PlainClient::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace redstart::test
