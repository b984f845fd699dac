// SPDX-License-Identifier: Apache-2.0
// shared_exchange.hpp: synchronous calls over shared connections.
#pragma once

#include "async_pool.hpp"

#include <redstart/engine/channel.hpp>

#include <optional>

namespace redstart::inline v0::pool {

/// True if a request may use a shared connection. False for requests that block, that are so large that
/// sending them directly is faster, and whose callers may wait longer than the connection may be silent.
[[nodiscard]] bool sharable(const Database& database, const engine::Request& request,
                            const engine::CallOptions& options) noexcept;
[[nodiscard]] bool sharable(const Database& database, const engine::Batch& batch,
                            const engine::CallOptions& options) noexcept;

/// Sends a command over a shared connection and waits for its reply; see engine::Channel::exchange.
/// Preconditions: not on a thread that serves the pool.
[[nodiscard]] std::optional<Error> exchange_shared(AsyncPool& pool, Server& server,
                                                   const engine::Request& request, engine::ReplySink& sink,
                                                   const engine::CallOptions& options);
/// Sends a batch as `exchange_shared` sends a command; see engine::Channel::exchange_batch.
[[nodiscard]] engine::Replies exchange_batch_shared(AsyncPool& pool, Server& server,
                                                    const engine::Batch& batch,
                                                    const engine::CallOptions& options);

}  // namespace redstart::inline v0::pool
