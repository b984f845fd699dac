// SPDX-License-Identifier: Apache-2.0
// host.cpp: checks that a host is a name or an address alone.
#include "host.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <algorithm>
#include <string>

namespace redstart::inline v0::detail {

namespace {

bool is_ipv6(std::string_view host) {
  const std::string address(host.substr(0, host.find('%')));  // without the zone
  in6_addr unused{};
  return ::inet_pton(AF_INET6, address.c_str(), &unused) == 1;
}

}  // namespace

std::optional<HostFault> fault_of_host(std::string_view host) {
  constexpr std::string_view alone =
      "set the host alone: port and database have their own settings, and a URL belongs in REDIS_URL or "
      "apply_url";
  if (host.empty()) return HostFault{"is empty", "set a host, or a Unix socket in unix_path"};
  if (!std::all_of(host.begin(), host.end(), [](char c) { return c > ' ' && c <= '~'; }))
    return HostFault{"contains a space, a control character or a non-ASCII character",
                     "use a host name or an address; write an international name in its xn-- form"};
  if (host.find("://") != std::string_view::npos) return HostFault{"contains a scheme", alone};
  if (host.find_first_of("/?#@") != std::string_view::npos)
    return HostFault{"contains one of / ? # @", alone};
  if (host.find_first_of("[]") != std::string_view::npos)
    return HostFault{"contains brackets",
                     "write an IPv6 address without brackets, and set the port in endpoint.port"};
  const auto colons = std::count(host.begin(), host.end(), ':');
  if (colons == 1) return HostFault{"contains a port", "set the port in endpoint.port"};
  if (colons > 1 && !is_ipv6(host))
    return HostFault{"contains colons but is not an IPv6 address", "use a host name or an address"};
  return std::nullopt;
}

}  // namespace redstart::inline v0::detail
