// SPDX-License-Identifier: Apache-2.0
// resolver.hpp: resolves an endpoint to its addresses.
#pragma once

#include "socket.hpp"

#include <redstart/core/endpoint.hpp>

#include <functional>
#include <string>
#include <vector>

namespace redstart::inline v0::net {

/// The addresses of an endpoint, or the text of the error if there are none.
struct Resolved {
  std::vector<Address> addresses{};
  std::string error{};
};

/// Returns the addresses of a name. Runs on a helper thread and may block without limit.
using NameLookup = std::function<Resolved(const std::string& host, const std::string& port)>;

/// Replaces the system's name lookup in this process; an empty function restores it. For tests.
void replace_name_lookup(NameLookup lookup);

/// True for literal addresses and Unix sockets.
[[nodiscard]] bool needs_no_lookup(const Endpoint& endpoint);

/// Resolves `endpoint` and calls `done` at most once. Literal addresses and Unix sockets need no lookup, so
/// the call is made before this function returns. Otherwise a helper thread makes it. The call never comes if
/// the system's lookup hangs, because that cannot be interrupted.
///
/// Lifetimes: `done` may be destroyed on any thread.
void resolve(const Endpoint& endpoint, std::function<void(Resolved)> done);

}  // namespace redstart::inline v0::net
