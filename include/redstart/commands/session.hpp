// SPDX-License-Identifier: Apache-2.0
// session.hpp: commands that change their connection: scoped handles only.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/core/ok.hpp>

#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo session[] = {
    {.name = "CLIENT NO-EVICT", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::one_server, .session = Session::identity, .since = "7.0.0"},
    {.name = "CLIENT SETNAME", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::one_server, .session = Session::identity, .since = "2.6.9"},
    {.name = "SELECT", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::one_server, .session = Session::database, .since = "1.0.0"},
};
// clang-format on

}  // namespace info

/// Commands that change the state of their connection. Not part of `AllCommands`: only a handle with a
/// connection of its own has them.
template <class Self>
class SessionCommands {
 public:
  /// CLIENT NO-EVICT. OK; sets whether the server may close this connection when it runs out of buffer
  /// memory. Since Redis 7.0.
  auto client_no_evict(bool spared) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::session, "CLIENT NO-EVICT"),
                              std::string_view(spared ? "ON" : "OFF"));
  }
  /// CLIENT SETNAME. OK; sets the name that CLIENT LIST shows for this connection. No blanks.
  auto client_setname(std::string_view name) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::session, "CLIENT SETNAME"), name);
  }
  /// SELECT. OK; further commands on this connection use that database.
  auto select(std::int64_t database) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::session, "SELECT"), database);
  }
};

}  // namespace redstart::inline v0
