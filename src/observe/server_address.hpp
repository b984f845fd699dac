// SPDX-License-Identifier: Apache-2.0
// server_address.hpp: splits an endpoint's text into host and port.
#pragma once

#include <string_view>

namespace redstart::inline v0 {

/// Host and port of `host:port` or `[address]:port`. The path of a Unix socket is a host without a port.
struct ServerAddress {
  std::string_view host{};
  std::string_view port{};

  /// Views `endpoint`.
  [[nodiscard]] static constexpr ServerAddress of(std::string_view endpoint) noexcept {
    const std::size_t colon = endpoint.rfind(':');
    if (endpoint.starts_with('/') || colon == std::string_view::npos || colon + 1 == endpoint.size() ||
        endpoint.find_first_not_of("0123456789", colon + 1) != std::string_view::npos)
      return {endpoint, {}};
    std::string_view host = endpoint.substr(0, colon);
    if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    return {host, endpoint.substr(colon + 1)};
  }
};

}  // namespace redstart::inline v0
