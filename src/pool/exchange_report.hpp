// SPDX-License-Identifier: Apache-2.0
// exchange_report.hpp: counts how an exchange went and finds the words for it.
#pragma once

#include "database.hpp"

#include <redstart/core/error.hpp>
#include <redstart/engine/replies.hpp>
#include <redstart/engine/request.hpp>

#include <optional>
#include <span>

namespace redstart::pool {

/// Reports one command's exchange on `connection` that began at `start`: what the caller gets instead of a
/// reply, if anything.
[[nodiscard]] std::optional<Error> report(Database& database, const engine::RequestTraits& request,
                                          const net::DirectConnection& connection,
                                          const net::Outcome& outcome, Time start);

/// Reports a batch's, and fills in what stands for replies that did not come.
void report_batch(Database& database, engine::Replies& replies, std::size_t commands,
                  const net::DirectConnection& connection, const net::Outcome& outcome, Time start);

/// Fails all commands of a batch that never got a connection.
void report_unsent(Database& database, engine::Replies& replies, std::size_t commands, const ErrorInfo& info);

}  // namespace redstart::pool
