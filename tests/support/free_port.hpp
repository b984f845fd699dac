// SPDX-License-Identifier: Apache-2.0
// free_port.hpp: reserves a loopback port for a test.
#pragma once

#include <cstdint>
#include <string>

namespace redstart::test {

/// Reserves a TCP port of 127.0.0.1 on which nothing listens.
///
/// During its lifetime the kernel doesn't hand out the port as a free one and refuses connect attempts to it.
/// A process that binds this port by number with SO_REUSEADDR, as redis-server does, may listen on it
/// repeatedly.
class FreePort {
 public:
  /// Errors: std::system_error if no port is free.
  FreePort();
  ~FreePort();
  FreePort(const FreePort&) = delete;
  FreePort& operator=(const FreePort&) = delete;

  [[nodiscard]] std::uint16_t number() const noexcept { return number_; }
  [[nodiscard]] std::string text() const { return std::to_string(number_); }

 private:
  int fd_ = -1;  // bound, never listening
  std::uint16_t number_ = 0;
};

}  // namespace redstart::test
