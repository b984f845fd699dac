// SPDX-License-Identifier: Apache-2.0
// large_work.hpp: decides which work leaves the shared connections.
#pragma once

#include "database.hpp"

#include <redstart/engine/operation_node.hpp>

#include <cstddef>
#include <string_view>

namespace redstart::inline v0::pool {

/// A larger request, or batch of requests, does not use a shared connection: others would wait behind it.
inline constexpr std::size_t largest_shared_request = std::size_t{64} * 1024;
/// Nor does a batch of more commands.
inline constexpr std::size_t most_shared_commands = 1000;

/// True if encoded commands are too many or too large for a shared connection.
[[nodiscard]] constexpr bool is_large_work(std::size_t bytes, std::size_t commands) noexcept {
  return bytes > largest_shared_request || commands > most_shared_commands;
}

/// True if the reply to a command is probably so large that it needs its own connection. Reads only: writes
/// that one caller starts keep their order on the shared connection.
[[nodiscard]] inline bool expects_large_reply(const Database& database, std::string_view encoded,
                                              const engine::RequestTraits& traits) noexcept {
  return traits.retry == Retry::read && database.large_replies().expects(encoded);
}

/// True if the operation must not use a shared connection: it blocks in the server, may take longer than a
/// shared connection may be silent, or is large.
/// Preconditions: its `start` is set.
[[nodiscard]] inline bool needs_own_connection(const Database& database,
                                               const engine::OperationNode& operation) noexcept {
  const engine::OwnedRequest& request = operation.request;
  if (request.traits.blocks_for || is_large_work(request.bytes.size(), request.replies) ||
      database.outlasts_silence(operation.options.timeout))
    return true;
  return (request.replies > 1 || request.traits.retry == Retry::read) &&
         database.large_replies().expects(request.bytes.view(), operation.start);
}

}  // namespace redstart::inline v0::pool
