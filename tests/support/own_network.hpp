// SPDX-License-Identifier: Apache-2.0
// own_network.hpp: runs a test in its own network namespace.
#pragma once

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

namespace redstart::test {

/// Runs `test` on a thread in a new network namespace with only a loopback interface. Threads and processes
/// that it starts inherit the namespace. Returns why it could not run, or an empty string.
template <class F>
[[nodiscard]] std::string in_own_network(F test) {
  std::string reason;
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) != 0) {
      reason = std::string("needs root, for a network namespace: ") + std::strerror(errno);
      return;
    }
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strncpy(static_cast<char*>(request.ifr_name), "lo", sizeof request.ifr_name - 1);
    request.ifr_flags = IFF_UP;
    if (::ioctl(fd, SIOCSIFFLAGS, &request) != 0)
      reason = std::string("needs a loopback interface in a network namespace: ") + std::strerror(errno);
    ::close(fd);
    if (reason.empty()) test();
  }).join();
  return reason;
}

}  // namespace redstart::test
