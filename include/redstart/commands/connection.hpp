// SPDX-License-Identifier: Apache-2.0
// connection.hpp: commands on connections that every handle has.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/connection_options.hpp>
#include <redstart/core/ok.hpp>
#include <redstart/resp/value.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo connection[] = {
    {.name = "CLIENT GETNAME", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "2.6.9"},
    {.name = "CLIENT GETREDIR", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "6.0.0"},
    {.name = "CLIENT ID", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "5.0.0"},
    {.name = "CLIENT INFO", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "6.2.0"},
    {.name = "CLIENT KILL", .access = Access::admin, .retry = Retry::accumulating,
     .spread = spread::one_server, .since = "2.4.0"},
    {.name = "CLIENT LIST", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "2.4.0"},
    {.name = "CLIENT PAUSE", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::one_server, .since = "3.0.0"},
    {.name = "CLIENT TRACKINGINFO", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "6.2.0"},
    {.name = "CLIENT UNBLOCK", .access = Access::admin, .retry = Retry::accumulating,
     .spread = spread::one_server, .since = "5.0.0"},
    {.name = "CLIENT UNPAUSE", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::one_server, .since = "6.2.0"},
    {.name = "ECHO", .access = Access::admin, .retry = Retry::read,
     .spread = spread::any_server, .since = "1.0.0"},
    {.name = "PING", .access = Access::admin, .retry = Retry::read,
     .spread = spread::any_server, .since = "1.0.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=connection: commands that don't change the connection.
///
/// Commands about "this connection" concern the one that the call uses. Only a scoped handle uses one
/// connection for all its calls.
template <class Self>
class ConnectionCommands {
 public:
  /// CLIENT GETNAME. The name of this connection; empty if it has none.
  auto client_getname() const -> reply_t<Self, std::optional<std::string>> {
    return detail::submit<std::optional<std::string>>(*this, info::find(info::connection, "CLIENT GETNAME"));
  }
  /// CLIENT GETREDIR. The id of the connection that gets invalidations; 0 for this one, -1 without tracking.
  /// Since Redis 6.0.
  auto client_getredir() const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::connection, "CLIENT GETREDIR"));
  }
  /// CLIENT ID. The id of this connection. Since Redis 5.0.
  auto client_id() const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::connection, "CLIENT ID"));
  }
  /// CLIENT INFO. The line of CLIENT LIST about this connection. Since Redis 6.2.
  auto client_info() const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::connection, "CLIENT INFO"));
  }
  /// CLIENT KILL. How many connections were closed.
  auto client_kill(const ClientKillFilter& filter) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::connection, "CLIENT KILL"), filter);
  }
  /// CLIENT LIST. A line of `name=value` pairs for each connection.
  auto client_list(const ClientListOptions& options = {}) const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::connection, "CLIENT LIST"), options);
  }
  /// CLIENT PAUSE. OK; commands of all clients wait until the time has passed or `client_unpause`.
  auto client_pause(std::chrono::milliseconds time, Pause what = Pause::all) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::connection, "CLIENT PAUSE"), time.count(),
                              detail::Keyword{what == Pause::all ? std::string_view() : "WRITE"});
  }
  /// CLIENT TRACKINGINFO. Flags, redirection and prefixes of client-side caching on this connection. Since
  /// Redis 6.2.
  template <class T = Value>
  auto client_trackinginfo() const -> reply_t<Self, T> {
    return detail::submit<T>(*this, info::find(info::connection, "CLIENT TRACKINGINFO"));
  }
  /// CLIENT UNBLOCK. True if the connection with that id was waiting in a blocking command. Since Redis 5.0.
  auto client_unblock(std::int64_t id, Unblock how = Unblock::timeout) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::connection, "CLIENT UNBLOCK"), id,
                                detail::Keyword{how == Unblock::timeout ? std::string_view() : "ERROR"});
  }
  /// CLIENT UNPAUSE. OK; ends CLIENT PAUSE. Since Redis 6.2.
  auto client_unpause() const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::connection, "CLIENT UNPAUSE"));
  }

  /// ECHO. The message.
  template <class T = std::string, Scalar M>
  auto echo(const M& message) const -> reply_t<Self, T> {
    return detail::submit<T>(*this, info::find(info::connection, "ECHO"), message);
  }
  /// PING. `PONG`.
  auto ping() const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::connection, "PING"));
  }
  /// PING. The message.
  auto ping(std::string_view message) const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::connection, "PING"), message);
  }
};

}  // namespace redstart::inline v0
