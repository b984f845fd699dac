// SPDX-License-Identifier: Apache-2.0
// hashes_expiry.hpp: commands on fields of hashes that expire.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/expiry.hpp>
#include <redstart/commands/hashes_expiry_options.hpp>
#include <redstart/commands/keys_options.hpp>
#include <redstart/commands/server_time.hpp>
#include <redstart/commands/ttl.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo hashes_expiry[] = {
    {.name = "HEXPIRE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "7.4.0", .since_valkey = "9.0.0"},
    {.name = "HEXPIREAT", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "7.4.0", .since_valkey = "9.0.0"},
    {.name = "HEXPIRETIME", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "7.4.0", .since_valkey = "9.0.0"},
    {.name = "HGETDEL", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "8.0.0", .since_valkey = "9.1.0"},
    {.name = "HGETEX", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "8.0.0", .since_valkey = "9.0.0"},
    {.name = "HPERSIST", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "7.4.0", .since_valkey = "9.0.0"},
    {.name = "HPEXPIRE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "7.4.0", .since_valkey = "9.0.0"},
    {.name = "HPEXPIREAT", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "7.4.0", .since_valkey = "9.0.0"},
    {.name = "HPEXPIRETIME", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "7.4.0", .since_valkey = "9.0.0"},
    {.name = "HPTTL", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "7.4.0", .since_valkey = "9.0.0"},
    {.name = "HSETEX", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "8.0.0", .since_valkey = "9.0.0"},
    {.name = "HTTL", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "7.4.0", .since_valkey = "9.0.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=hash: fields that expire.
///
/// Each function takes several fields, and returns one result for each, in their order. `only_if` concerns
/// each field by itself. Errors: `invalid_argument` for an empty container.
template <class Self>
class HashExpiryCommands {
  using Expiries = std::vector<FieldExpiry>;

 public:
  /// HEXPIRE. Since Redis 7.4.
  template <ManyArguments Range = detail::Texts>
  auto hexpire(std::string_view key, std::chrono::seconds after, const Range& fields,
               ExpireIf only_if = ExpireIf::always) const -> reply_t<Self, Expiries> {
    return detail::submit<Expiries>(*this, info::find(info::hashes_expiry, "HEXPIRE"), key, after.count(),
                                    detail::ExpireCondition{only_if}, detail::Fields{fields});
  }
  /// HEXPIREAT. Since Redis 7.4.
  template <ManyArguments Range = detail::Texts>
  auto hexpireat(std::string_view key, TimeSeconds at, const Range& fields,
                 ExpireIf only_if = ExpireIf::always) const -> reply_t<Self, Expiries> {
    return detail::submit<Expiries>(*this, info::find(info::hashes_expiry, "HEXPIREAT"), key,
                                    at.time_since_epoch().count(), detail::ExpireCondition{only_if},
                                    detail::Fields{fields});
  }
  /// HEXPIRETIME. The times at which fields expire. Since Redis 7.4.
  template <class Out = std::vector<Ttl<TimeSeconds>>, ManyArguments Range = detail::Texts>
  auto hexpiretime(std::string_view key, const Range& fields) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes_expiry, "HEXPIRETIME"), key,
                               detail::Fields{fields});
  }
  /// HGETDEL. Deletes fields. Their values; empty for a field that did not exist. Since Redis 8.0.
  template <class Out = std::vector<std::optional<std::string>>, ManyArguments Range = detail::Texts>
  auto hgetdel(std::string_view key, const Range& fields) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes_expiry, "HGETDEL"), key,
                               detail::Fields{fields});
  }
  /// HGETEX. Sets when fields expire; `Expiry::persist()` for never. Their values; empty for a field that
  /// does not exist. Since Redis 8.0.
  template <class Out = std::vector<std::optional<std::string>>, ManyArguments Range = detail::Texts>
  auto hgetex(std::string_view key, const Expiry& expire, const Range& fields) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes_expiry, "HGETEX"), key, expire,
                               detail::Fields{fields});
  }
  /// HPERSIST. Fields no longer expire. Since Redis 7.4.
  template <class Out = std::vector<FieldPersisted>, ManyArguments Range = detail::Texts>
  auto hpersist(std::string_view key, const Range& fields) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes_expiry, "HPERSIST"), key,
                               detail::Fields{fields});
  }
  /// HPEXPIRE. Since Redis 7.4.
  template <ManyArguments Range = detail::Texts>
  auto hpexpire(std::string_view key, std::chrono::milliseconds after, const Range& fields,
                ExpireIf only_if = ExpireIf::always) const -> reply_t<Self, Expiries> {
    return detail::submit<Expiries>(*this, info::find(info::hashes_expiry, "HPEXPIRE"), key, after.count(),
                                    detail::ExpireCondition{only_if}, detail::Fields{fields});
  }
  /// HPEXPIREAT. Since Redis 7.4.
  template <ManyArguments Range = detail::Texts>
  auto hpexpireat(std::string_view key, TimeMilliseconds at, const Range& fields,
                  ExpireIf only_if = ExpireIf::always) const -> reply_t<Self, Expiries> {
    return detail::submit<Expiries>(*this, info::find(info::hashes_expiry, "HPEXPIREAT"), key,
                                    at.time_since_epoch().count(), detail::ExpireCondition{only_if},
                                    detail::Fields{fields});
  }
  /// HPEXPIRETIME. The times at which fields expire, to the millisecond. Since Redis 7.4.
  template <class Out = std::vector<Ttl<TimeMilliseconds>>, ManyArguments Range = detail::Texts>
  auto hpexpiretime(std::string_view key, const Range& fields) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes_expiry, "HPEXPIRETIME"), key,
                               detail::Fields{fields});
  }
  /// HPTTL. The remaining times to live of fields, in milliseconds. Since Redis 7.4.
  template <class Out = std::vector<Ttl<std::chrono::milliseconds>>, ManyArguments Range = detail::Texts>
  auto hpttl(std::string_view key, const Range& fields) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes_expiry, "HPTTL"), key, detail::Fields{fields});
  }
  /// HSETEX over a container of pairs. True if the fields were set: all or none of them. Since Redis 8.0.
  ///
  ///     db.hsetex("session:7", {{"token", "abc"}}, {.expire = 15min});
  template <ManyArguments Range = detail::TextPairs>
  auto hsetex(std::string_view key, const Range& pairs, const HsetexOptions& options) const
      -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::hashes_expiry, "HSETEX"), key, options,
                                detail::Fields{pairs});
  }
  /// HTTL. The remaining times to live of fields. Since Redis 7.4.
  template <class Out = std::vector<Ttl<std::chrono::seconds>>, ManyArguments Range = detail::Texts>
  auto httl(std::string_view key, const Range& fields) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes_expiry, "HTTL"), key, detail::Fields{fields});
  }
};

}  // namespace redstart::inline v0
