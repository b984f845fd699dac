// SPDX-License-Identifier: Apache-2.0
// http_config.hpp: settings of the HTTP server.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace redstart::inline v0 {

/// Where the HTTP server listens, and what clients may cost.
struct HttpConfig {
  /// An IPv4 or IPv6 address of this host. The default accepts connections of this host only. For the probes
  /// of Kubernetes, set the address of the pod or `0.0.0.0`. The server has neither TLS nor authentication,
  /// so keep it from networks that are not trusted.
  std::string address = "127.0.0.1";
  /// TCP port; 0 takes a free one, see `HttpServer::port`.
  std::uint16_t port = 8080;
  /// Names by which clients may address the server (header `Host`), without port. `.example.com` admits
  /// example.com and all names below it, `*` all names. IP addresses, `localhost` and names below it are
  /// always admitted. Requests with another name get 421.
  ///
  /// Empty: no further name if `address` is a loopback address, else all names. So no page of another site
  /// can read from a server on loopback through a browser of this host (DNS rebinding).
  std::vector<std::string> hosts{};

  /// Open connections: 1 to 10,000. If one more arrives, the one that has been idle for longest is closed;
  /// if none is idle, the one whose request or response has been under way for longest.
  std::size_t max_connections = 64;
  /// Bytes of a request's line and headers: 1 KiB to 64 KiB. A request line that does not fit gets 414,
  /// headers that do not fit get 431. Bodies are always refused with 413.
  std::size_t max_header_bytes = std::size_t{8} * 1024;
  /// Keeps connections open after a response, if the client agrees. Off: each response closes its connection.
  bool keep_alive = true;

  // Time limits: 1 ms to 1 h.
  /// From the first byte of a request to the end of its headers. Then the connection is closed.
  std::chrono::milliseconds header_timeout{5'000};
  /// Without a byte of the next request. Then the connection is closed.
  std::chrono::milliseconds idle_timeout{60'000};
  /// For the client to accept a response. Then the connection is closed.
  std::chrono::milliseconds write_timeout{5'000};
};

}  // namespace redstart::inline v0
