// SPDX-License-Identifier: Apache-2.0
// exchange_report.hpp: counts an exchange and composes its error.
#pragma once

#include "server.hpp"

#include <redstart/core/error.hpp>
#include <redstart/engine/batch.hpp>
#include <redstart/engine/replies.hpp>
#include <redstart/engine/request.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::pool {

/// Counts an exchange of one command that began at `start`. Returns the error of the call, or nothing if it
/// succeeded. `uncertain`: an earlier attempt may have run. `attempts`: their number, this one included.
[[nodiscard]] std::optional<Error> report(Server& server, const engine::RequestTraits& request,
                                          std::size_t shard, const protocol::Outcome& outcome,
                                          TimePoint start, bool uncertain = false, unsigned attempts = 1);

/// Reports a batch, and fails each command that has no reply. Preconditions: `replies.sent` is known.
void report_batch(Server& server, engine::Replies& replies, const engine::Batch& batch, std::size_t shard,
                  const protocol::Outcome& outcome, TimePoint start, unsigned attempts = 1);

/// True if the reply was an error after which the connection must be closed. The server is loading, has
/// become a replica, has lost its master, or has dropped the session.
[[nodiscard]] bool must_reconnect(const Server& server, const engine::RequestTraits& request,
                                  const protocol::Outcome& outcome) noexcept;
/// Returns the message of the first such error in the replies of a batch.
[[nodiscard]] std::optional<std::string> must_reconnect(const Server& server, const engine::Batch& batch,
                                                        const engine::Replies& replies);

/// Fails all commands of a batch that never got a connection.
void report_unsent(Server& server, engine::Replies& replies, const engine::Batch& batch, ErrorInfo info,
                   unsigned attempts);

}  // namespace redstart::inline v0::pool
