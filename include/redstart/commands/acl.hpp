// SPDX-License-Identifier: Apache-2.0
// acl.hpp: commands on users and their permissions.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/core/ok.hpp>
#include <redstart/resp/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo acl[] = {
    {.name = "ACL CAT", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "6.0.0"},
    {.name = "ACL DELUSER", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::all_servers, .since = "6.0.0"},
    {.name = "ACL DRYRUN", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "7.0.0"},
    {.name = "ACL GENPASS", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "6.0.0"},
    {.name = "ACL GETUSER", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "6.0.0"},
    {.name = "ACL LIST", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "6.0.0"},
    {.name = "ACL LOAD", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::one_server, .since = "6.0.0"},
    {.name = "ACL LOG", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::one_server, .since = "6.0.0"},
    {.name = "ACL SAVE", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::all_servers, .since = "6.0.0"},
    {.name = "ACL SETUSER", .access = Access::admin, .retry = Retry::last_write_wins,
     .spread = spread::all_servers, .since = "6.0.0"},
    {.name = "ACL USERS", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "6.0.0"},
    {.name = "ACL WHOAMI", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "6.0.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=server: ACL. All since Redis 6.0.
///
/// Rules may contain passwords. The library sends them to the server only, but error replies of the server
/// may repeat them.
template <class Self>
class AclCommands {
  using Texts = std::vector<std::string>;

 public:
  /// ACL CAT. All categories of commands.
  template <class Out = Texts>
  auto acl_cat() const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::acl, "ACL CAT"));
  }
  /// ACL CAT. The commands of a category.
  template <class Out = Texts>
  auto acl_cat(std::string_view category) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::acl, "ACL CAT"), category);
  }
  /// ACL DELUSER. How many of the users existed; their connections are closed.
  template <StringLike... Users>
  auto acl_deluser(std::string_view user, const Users&... users) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::acl, "ACL DELUSER"), user, users...);
  }
  /// ACL DRYRUN. `OK` if the user may run the command, otherwise the reason why not. Since Redis 7.0.
  template <Scalar... Arguments>
  auto acl_dryrun(std::string_view user, std::string_view command, const Arguments&... arguments) const
      -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::acl, "ACL DRYRUN"), user, command,
                                       arguments...);
  }
  /// ACL GENPASS. A random password of `bits` bits, in hexadecimal.
  auto acl_genpass(std::int64_t bits = 256) const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::acl, "ACL GENPASS"), bits);
  }
  /// ACL GETUSER. Flags, password hashes and rules of the user; empty if there is no such user.
  template <class T = Value>
  auto acl_getuser(std::string_view user) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::acl, "ACL GETUSER"), user);
  }
  /// ACL LIST. The rules of all users, in the format of an ACL file.
  template <class Out = Texts>
  auto acl_list() const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::acl, "ACL LIST"));
  }
  /// ACL LOAD. OK; replaces all users by those of the ACL file.
  auto acl_load() const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::acl, "ACL LOAD"));
  }
  /// ACL LOG. Up to `count` entries on refused commands and logins, the newest first.
  template <class T = Value>
  auto acl_log(std::int64_t count = 10) const -> reply_t<Self, T> {
    return detail::submit<T>(*this, info::find(info::acl, "ACL LOG"), count, detail::RetryAs{Retry::read});
  }
  /// ACL LOG RESET. OK; empties the log.
  auto acl_log_reset() const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::acl, "ACL LOG"), std::string_view("RESET"));
  }
  /// ACL SAVE. OK; writes the users to the ACL file.
  auto acl_save() const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::acl, "ACL SAVE"));
  }
  /// ACL SETUSER. OK; creates the user if needed and adds the rules to its own.
  template <StringLike... Rules>
  auto acl_setuser(std::string_view user, const Rules&... rules) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::acl, "ACL SETUSER"), user, rules...);
  }
  /// ACL USERS. The names of all users.
  template <class Out = Texts>
  auto acl_users() const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::acl, "ACL USERS"));
  }
  /// ACL WHOAMI. The user of this connection.
  auto acl_whoami() const -> reply_t<Self, std::string> {
    return detail::submit<std::string>(*this, info::find(info::acl, "ACL WHOAMI"));
  }
};

}  // namespace redstart::inline v0
