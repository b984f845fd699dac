// SPDX-License-Identifier: Apache-2.0
// session_check.hpp: which commands a connection must not be sent.
#pragma once

#include <redstart/engine/channel.hpp>

#include <optional>
#include <string_view>

namespace redstart::inline v0::engine {

/// Whether a connection is between MULTI and EXEC, where the server replies QUEUED instead of a value.
enum class Queues : bool { no, yes };

/// Whether the command is EXEC or DISCARD. `name`: the name of its row.
[[nodiscard]] constexpr bool ends_transaction(Session session, std::string_view name) noexcept {
  return session == Session::transaction && (name == "EXEC" || name == "DISCARD");
}

/// Why a command must not be sent over such a connection; empty if it may. The one place that decides it, for
/// both sides and for pipelines. `encoded` is the command in RESP, which shows its subcommand.
///
/// Errors, all of them `not_sent`:
/// - `invalid_argument` if the command lacks keys, fields or elements;
/// - `not_allowed` if the command changes the state of a connection that others use too;
/// - `not_allowed` for subscriptions, replication, RESET, and commands that suppress replies, over every
///   connection: no handle could read what follows them;
/// - `not_allowed` between MULTI and EXEC, if the reply's type would take QUEUED for a value.
[[nodiscard]] std::optional<Error> refusal_of(const Origin& origin, Exclusive kind, Queues queues,
                                              const RequestTraits& traits, std::string_view encoded);

/// Whether `refusal_of` can refuse a command over a connection that doesn't queue.
[[nodiscard]] inline bool may_be_refused(const RequestTraits& traits) noexcept {
  return traits.session != Session::none || traits.lacks_arguments;
}

}  // namespace redstart::inline v0::engine
