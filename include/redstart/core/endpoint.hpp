// SPDX-License-Identifier: Apache-2.0
// endpoint.hpp: the address of a server.
#pragma once

#include <cstdint>
#include <string>

namespace redstart::inline v0 {

/// A TCP endpoint, or a Unix socket if `unix_path` is set.
struct Endpoint {
  std::string host = "localhost";  ///< Name or address; an IPv6 address without brackets.
  std::uint16_t port = 6379;
  std::string unix_path{};  ///< Path of a Unix socket; host and port are then unused.

  [[nodiscard]] bool is_unix() const noexcept { return !unix_path.empty(); }
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// `host:port`, `[address]:port` for IPv6, or the path of the Unix socket.
[[nodiscard]] inline std::string to_string(const Endpoint& endpoint) {
  if (endpoint.is_unix()) return endpoint.unix_path;
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

}  // namespace redstart::inline v0
