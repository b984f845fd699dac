// SPDX-License-Identifier: Apache-2.0
// host.hpp: what a host of an endpoint must look like.
#pragma once

#include <optional>
#include <string_view>

namespace redstart::inline v0::detail {

/// A fault of a host, and its remedy.
struct HostFault {
  std::string_view what{};
  std::string_view remedy{};
};

/// The fault of a host as `Endpoint::host` holds it: a name, an IPv4 address, or an IPv6 address without
/// brackets. Empty when there is none. Repeats nothing of the host: where a whole URL was put there, it may
/// hold a password.
[[nodiscard]] std::optional<HostFault> fault_of_host(std::string_view host);

}  // namespace redstart::inline v0::detail
