// SPDX-License-Identifier: Apache-2.0
// queued.hpp: the reply to a command between MULTI and EXEC.
#pragma once

namespace redstart::inline v0 {

/// The reply `QUEUED`, and nothing else: the server gives it to a command between MULTI and EXEC. Such a
/// command runs with EXEC, whose reply holds the values.
///
///     own.command<Ok>("MULTI");
///     own.command<Queued>("INCR", "hits");
///     auto replies = own.command<std::optional<std::tuple<std::int64_t>>>("EXEC");   // empty: WATCH saw a
///     change
struct Queued {
  friend constexpr bool operator==(Queued, Queued) noexcept = default;
};

}  // namespace redstart::inline v0
