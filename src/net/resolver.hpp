// SPDX-License-Identifier: Apache-2.0
// resolver.hpp: from an endpoint to the addresses it stands for.
#pragma once

#include "socket.hpp"

#include <redstart/core/endpoint.hpp>

#include <functional>
#include <string>
#include <vector>

namespace redstart::inline v0::net {

/// The addresses of an endpoint, or why there are none.
struct Resolved {
  std::vector<Address> addresses{};
  std::string error{};
};

/// What is asked for the addresses of a name, on a helper thread; may take as long as it likes.
using NameLookup = std::function<Resolved(const std::string& host, const std::string& port)>;

/// From now on this process asks `lookup` in place of the system; nothing: the system again. For tests.
void replace_name_lookup(NameLookup lookup);

/// True for literal addresses and Unix sockets.
[[nodiscard]] bool needs_no_lookup(const Endpoint& endpoint);

/// Calls `done` once: at once for literal addresses and Unix sockets, which need no lookup, else on a helper
/// thread whenever the lookup ends, maybe never, because the system's lookup can hang and cannot be
/// interrupted. Nothing that `done` holds may need the caller's thread to be freed.
void resolve(const Endpoint& endpoint, std::function<void(Resolved)> done);

}  // namespace redstart::inline v0::net
