// SPDX-License-Identifier: Apache-2.0
// free_port.hpp: a loopback port that stays the test's own, also while nobody listens on it.
#pragma once

#include <cstdint>
#include <string>

namespace redstart::test {

/// A TCP port of 127.0.0.1 that nobody listens on. For as long as this lives, the kernel gives it to nobody
/// who asks for any free port, and attempts to connect to it are refused; who names it and sets SO_REUSEADDR,
/// as redis-server does, may listen on it, again and again.
class FreePort {
 public:
  /// Errors: std::system_error when there is none.
  FreePort();
  ~FreePort();
  FreePort(const FreePort&) = delete;
  FreePort& operator=(const FreePort&) = delete;

  [[nodiscard]] std::uint16_t number() const noexcept { return number_; }
  [[nodiscard]] std::string text() const { return std::to_string(number_); }

 private:
  int fd_ = -1;  // bound, and never listening
  std::uint16_t number_ = 0;
};

}  // namespace redstart::test
