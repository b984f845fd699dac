// SPDX-License-Identifier: Apache-2.0
// queued.hpp: the reply to a command between MULTI and EXEC.
#pragma once

namespace redstart::inline v0 {

/// The reply `QUEUED`, which the server sends to a command between MULTI and EXEC. The command runs with
/// EXEC, whose reply has the values.
///
///     own.command<Ok>("MULTI");
///     own.command<Queued>("INCR", "hits");
///     auto replies = own.command<std::optional<std::tuple<std::int64_t>>>("EXEC");   // empty: WATCH saw a
///     change
struct Queued {
  friend constexpr bool operator==(Queued, Queued) noexcept = default;
};

}  // namespace redstart::inline v0
