// SPDX-License-Identifier: Apache-2.0
// host.hpp: checks the host of an endpoint.
#pragma once

#include <optional>
#include <string_view>

namespace redstart::inline v0::detail {

/// A fault of a host, and its remedy.
struct HostFault {
  std::string_view what{};
  std::string_view remedy{};
};

/// The fault of a value for `Endpoint::host`; empty if there is none. Valid are a name, an IPv4 address, and
/// an IPv6 address without brackets. The fault repeats no part of the host: it may be a URL with a password.
[[nodiscard]] std::optional<HostFault> fault_of_host(std::string_view host);

}  // namespace redstart::inline v0::detail
