// SPDX-License-Identifier: Apache-2.0
// keys.hpp: commands on keys of any type: existence, expiry, names, iteration.
#pragma once

#include <redstart/commands/block_for.hpp>
#include <redstart/commands/command.hpp>
#include <redstart/commands/keys_options.hpp>
#include <redstart/commands/scan.hpp>
#include <redstart/commands/scan_range.hpp>
#include <redstart/commands/ttl.hpp>
#include <redstart/core/ok.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo keys[] = {
    {.name = "COPY", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first_two, .since = "6.2.0"},
    {.name = "DEL", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::all, .spread = {Target::each_slot, Join::sum}, .since = "1.0.0"},
    {.name = "DUMP", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.6.0"},
    {.name = "EXISTS", .access = Access::read, .retry = Retry::read,
     .keys = keys::all, .spread = {Target::each_slot, Join::sum}, .since = "1.0.0"},
    {.name = "EXPIRE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "EXPIREAT", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "1.2.0"},
    {.name = "EXPIRETIME", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "7.0.0"},
    {.name = "KEYS", .access = Access::read, .retry = Retry::read,
     .spread = {Target::primaries, Join::concatenated}, .since = "1.0.0"},
    {.name = "MIGRATE", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::with_options(3, 6), .since = "2.6.0"},
    {.name = "MOVE", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "OBJECT ENCODING", .access = Access::read, .retry = Retry::read,
     .keys = keys::at(2), .since = "2.2.3"},
    {.name = "OBJECT FREQ", .access = Access::read, .retry = Retry::read,
     .keys = keys::at(2), .since = "4.0.0"},
    {.name = "OBJECT IDLETIME", .access = Access::read, .retry = Retry::read,
     .keys = keys::at(2), .since = "2.2.3"},
    {.name = "OBJECT REFCOUNT", .access = Access::read, .retry = Retry::read,
     .keys = keys::at(2), .since = "2.2.3"},
    {.name = "PERSIST", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "2.2.0"},
    {.name = "PEXPIRE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "2.6.0"},
    {.name = "PEXPIREAT", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "2.6.0"},
    {.name = "PEXPIRETIME", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "7.0.0"},
    {.name = "PTTL", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.6.0"},
    {.name = "RANDOMKEY", .access = Access::read, .retry = Retry::read,
     .spread = {Target::primaries, Join::any_value}, .since = "1.0.0"},
    {.name = "RENAME", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first_two, .since = "1.0.0"},
    {.name = "RENAMENX", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first_two, .since = "1.0.0"},
    {.name = "RESTORE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "2.6.0"},
    {.name = "SCAN", .access = Access::read, .retry = Retry::read,
     .spread = {Target::walk}, .since = "2.8.0"},
    {.name = "SORT", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::with_options(1, 2), .since = "1.0.0"},
    {.name = "SORT_RO", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "7.0.0"},
    {.name = "TOUCH", .access = Access::read, .retry = Retry::read,
     .keys = keys::all, .spread = {Target::each_slot, Join::sum}, .since = "3.2.1"},
    {.name = "TTL", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "1.0.0"},
    {.name = "TYPE", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "1.0.0"},
    {.name = "UNLINK", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::all, .spread = {Target::each_slot, Join::sum}, .since = "4.0.0"},
    {.name = "WAIT", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .blocking = true, .since = "3.0.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=generic
template <class Self>
class KeyCommands {
 public:
  /// COPY. True if `destination` was written, false if it exists and `replace` is not set. Since Redis 6.2.
  auto copy(std::string_view source, std::string_view destination, const CopyOptions& options = {}) const
      -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::keys, "COPY"), source, destination, options);
  }

  /// DEL. How many of the keys existed.
  template <StringLike... Keys>
  auto del(std::string_view key, const Keys&... keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "DEL"), key, keys...);
  }
  /// DEL over a container of keys. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto del(const Range& keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "DEL"), detail::EachElement{keys});
  }
  /// DEL over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto del(Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "DEL"), detail::EachElement(range));
  }
  template <SingleArgument E>
  auto del(std::initializer_list<E> keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "DEL"), detail::EachElement(keys));
  }

  /// DUMP. The serialized value for `restore`; empty if `key` does not exist.
  auto dump(std::string_view key) const -> reply_t<Self, std::optional<std::string>> {
    return detail::submit<std::optional<std::string>>(*this, info::find(info::keys, "DUMP"), key);
  }

  /// EXISTS. How many of the keys exist; a key named twice counts twice.
  template <StringLike... Keys>
  auto exists(std::string_view key, const Keys&... keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "EXISTS"), key, keys...);
  }
  /// EXISTS over a container of keys. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto exists(const Range& keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "EXISTS"), detail::EachElement{keys});
  }
  /// EXISTS over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto exists(Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "EXISTS"), detail::EachElement(range));
  }
  template <SingleArgument E>
  auto exists(std::initializer_list<E> keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "EXISTS"), detail::EachElement(keys));
  }

  /// EXPIRE. True if the time was set, false if `key` does not exist or `only_if` prevented it.
  auto expire(std::string_view key, std::chrono::seconds after, ExpireIf only_if = ExpireIf::always) const
      -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::keys, "EXPIRE"), key, after.count(),
                                detail::ExpireCondition{only_if});
  }
  /// EXPIREAT. True if the time was set, false if `key` does not exist or `only_if` prevented it.
  auto expireat(std::string_view key, TimeSeconds at, ExpireIf only_if = ExpireIf::always) const
      -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::keys, "EXPIREAT"), key, at.time_since_epoch().count(),
                                detail::ExpireCondition{only_if});
  }
  /// EXPIRETIME. The time at which `key` expires. Since Redis 7.0.
  auto expiretime(std::string_view key) const -> reply_t<Self, Ttl<TimeSeconds>> {
    return detail::submit<Ttl<TimeSeconds>>(*this, info::find(info::keys, "EXPIRETIME"), key);
  }

  /// KEYS. All keys that match the glob `pattern`. O(all keys), and the server executes nothing else until it
  /// is done: use `scan` in production.
  template <class Out = std::vector<std::string>>
  auto keys(std::string_view pattern) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::keys, "KEYS"), pattern);
  }

  /// MIGRATE. Whether `key` was moved to the other server or did not exist. `timeout` limits each step. The
  /// server executes nothing else until it is done.
  auto migrate(std::string_view host, std::uint16_t port, std::string_view key, std::int64_t database,
               std::chrono::milliseconds timeout, const MigrateOptions& options = {}) const
      -> reply_t<Self, Migration> {
    return detail::submit<Migration>(*this, info::find(info::keys, "MIGRATE"), host, port, key, database,
                                     timeout.count(), options);
  }
  /// MIGRATE over a container of keys. Errors: `invalid_argument` for an empty one. Since Redis 3.0.6.
  template <ManyArguments Range = detail::Texts>
  auto migrate(std::string_view host, std::uint16_t port, const Range& keys, std::int64_t database,
               std::chrono::milliseconds timeout, const MigrateOptions& options = {}) const
      -> reply_t<Self, Migration> {
    return detail::submit<Migration>(*this, info::find(info::keys, "MIGRATE"), host, port, std::string_view(),
                                     database, timeout.count(), options, std::string_view("KEYS"),
                                     detail::EachElement{keys});
  }

  /// MOVE. True if `key` is now in `database`, false if it does not exist here or exists there.
  auto move(std::string_view key, std::int64_t database) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::keys, "MOVE"), key, database);
  }

  /// OBJECT ENCODING. The internal encoding of the value; empty if `key` does not exist.
  auto object_encoding(std::string_view key) const -> reply_t<Self, std::optional<std::string>> {
    return detail::submit<std::optional<std::string>>(*this, info::find(info::keys, "OBJECT ENCODING"), key);
  }
  /// OBJECT FREQ. The logarithmic access counter; empty if `key` does not exist. Needs an LFU
  /// `maxmemory-policy`. Since Redis 4.0.
  auto object_freq(std::string_view key) const -> reply_t<Self, std::optional<std::int64_t>> {
    return detail::submit<std::optional<std::int64_t>>(*this, info::find(info::keys, "OBJECT FREQ"), key);
  }
  /// OBJECT IDLETIME. Seconds since the last access; empty if `key` does not exist. Not with an LFU policy.
  auto object_idletime(std::string_view key) const -> reply_t<Self, std::optional<std::int64_t>> {
    return detail::submit<std::optional<std::int64_t>>(*this, info::find(info::keys, "OBJECT IDLETIME"), key);
  }
  /// OBJECT REFCOUNT. How many references the value has; empty if `key` does not exist.
  auto object_refcount(std::string_view key) const -> reply_t<Self, std::optional<std::int64_t>> {
    return detail::submit<std::optional<std::int64_t>>(*this, info::find(info::keys, "OBJECT REFCOUNT"), key);
  }

  /// PERSIST. True if `key` had an expiry, which is now removed.
  auto persist(std::string_view key) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::keys, "PERSIST"), key);
  }

  /// PEXPIRE. True if the time was set, false if `key` does not exist or `only_if` prevented it.
  auto pexpire(std::string_view key, std::chrono::milliseconds after,
               ExpireIf only_if = ExpireIf::always) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::keys, "PEXPIRE"), key, after.count(),
                                detail::ExpireCondition{only_if});
  }
  /// PEXPIREAT. True if the time was set, false if `key` does not exist or `only_if` prevented it.
  auto pexpireat(std::string_view key, TimeMilliseconds at, ExpireIf only_if = ExpireIf::always) const
      -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::keys, "PEXPIREAT"), key,
                                at.time_since_epoch().count(), detail::ExpireCondition{only_if});
  }
  /// PEXPIRETIME. The time at which `key` expires, to the millisecond. Since Redis 7.0.
  auto pexpiretime(std::string_view key) const -> reply_t<Self, Ttl<TimeMilliseconds>> {
    return detail::submit<Ttl<TimeMilliseconds>>(*this, info::find(info::keys, "PEXPIRETIME"), key);
  }

  /// PTTL. The remaining time to live of `key`, in milliseconds.
  auto pttl(std::string_view key) const -> reply_t<Self, Ttl<std::chrono::milliseconds>> {
    return detail::submit<Ttl<std::chrono::milliseconds>>(*this, info::find(info::keys, "PTTL"), key);
  }

  /// RANDOMKEY. Any key; empty if the database is empty.
  auto randomkey() const -> reply_t<Self, std::optional<std::string>> {
    return detail::submit<std::optional<std::string>>(*this, info::find(info::keys, "RANDOMKEY"));
  }

  /// RENAME. OK; overwrites `to`. The server replies with an error if `key` does not exist.
  auto rename(std::string_view key, std::string_view to) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::keys, "RENAME"), key, to);
  }
  /// RENAMENX. True if `key` was renamed, false if `to` exists.
  auto renamenx(std::string_view key, std::string_view to) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::keys, "RENAMENX"), key, to);
  }

  /// RESTORE. OK; `key` holds the value that `dump` returned. The server replies with BUSYKEY if it exists
  /// and `replace` is not set.
  auto restore(std::string_view key, std::string_view serialized, const RestoreOptions& options = {}) const
      -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::keys, "RESTORE"), key, options.ttl(), serialized,
                              options);
  }

  /// RESTORE. The value expires after that time.
  template <class Rep, class Period>
  auto restore(std::string_view key, std::string_view serialized,
               std::chrono::duration<Rep, Period> expire) const -> reply_t<Self, Ok> {
    const RestoreOptions options{.expire = std::chrono::ceil<std::chrono::milliseconds>(expire)};
    return detail::submit<Ok>(*this, info::find(info::keys, "RESTORE"), key, options.ttl(), serialized,
                              options);
  }

  /// SCAN. One step through the keys of the database. Begin with cursor 0; the last reply has cursor 0. Keys
  /// that exist from the first step to the last are returned at least once.
  template <class Out = std::vector<std::string>>
  auto scan(std::uint64_t cursor, const ScanKeysOptions& options = {}) const -> reply_t<Self, ScanPage<Out>> {
    return detail::submit<ScanPage<Out>>(*this, info::find(info::keys, "SCAN"), cursor, options);
  }
  /// SCAN as a range of keys: see `ScanRange`.
  template <class Element = std::string>
  auto scan(const ScanKeysOptions& options = {}) const requires detail::returns_replies<Self> {
    return detail::scan_range<Element>(static_cast<const Self&>(*this),
                                       [options](const Self& handle, std::uint64_t cursor) {
                                         return handle.template scan<std::vector<Element>>(cursor, options);
                                       });
  }

  /// SORT. The sorted elements of the list, set or sorted set; with `get`, the values of those keys instead
  /// (use an `Out` of optionals if some may not exist). O(N log N). `sort_ro` also runs on replicas.
  template <class Out = std::vector<std::string>>
  auto sort(std::string_view key, const SortOptions& options = {}) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::keys, "SORT"), key, options,
                               detail::RetryAs{Retry::read});
  }
  /// SORT … STORE. How many elements the list at `destination` has now.
  auto sort_store(std::string_view key, std::string_view destination, const SortOptions& options = {}) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "SORT"), key, options,
                                        std::string_view("STORE"), destination);
  }
  /// SORT_RO. The sorted elements of the list, set or sorted set. Since Redis 7.0.
  template <class Out = std::vector<std::string>>
  auto sort_ro(std::string_view key, const SortOptions& options = {}) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::keys, "SORT_RO"), key, options);
  }

  /// TOUCH. How many of the keys exist; sets their time of last access to now. Since Redis 3.2.1.
  template <StringLike... Keys>
  auto touch(std::string_view key, const Keys&... keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "TOUCH"), key, keys...);
  }
  /// TOUCH over a container of keys. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto touch(const Range& keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "TOUCH"), detail::EachElement{keys});
  }
  /// TOUCH over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto touch(Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "TOUCH"), detail::EachElement(range));
  }
  template <SingleArgument E>
  auto touch(std::initializer_list<E> keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "TOUCH"), detail::EachElement(keys));
  }

  /// TTL. The remaining time to live of `key`, in seconds.
  auto ttl(std::string_view key) const -> reply_t<Self, Ttl<std::chrono::seconds>> {
    return detail::submit<Ttl<std::chrono::seconds>>(*this, info::find(info::keys, "TTL"), key);
  }

  /// TYPE. The type of the value at `key`; `KeyType::none` if it does not exist.
  auto type(std::string_view key) const -> reply_t<Self, KeyType> {
    return detail::submit<KeyType>(*this, info::find(info::keys, "TYPE"), key);
  }

  /// UNLINK. How many of the keys existed. Unlike `del`, it frees their memory in the background. Since
  /// Redis 4.0.
  template <StringLike... Keys>
  auto unlink(std::string_view key, const Keys&... keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "UNLINK"), key, keys...);
  }
  /// UNLINK over a container of keys. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto unlink(const Range& keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "UNLINK"), detail::EachElement{keys});
  }
  /// UNLINK over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto unlink(Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "UNLINK"), detail::EachElement(range));
  }
  template <SingleArgument E>
  auto unlink(std::initializer_list<E> keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "UNLINK"), detail::EachElement(keys));
  }

  /// WAIT. How many replicas have the writes of this connection. Returns when `replicas` have them or the
  /// time has passed. Useful in a scoped handle or a pipeline only, where the writes use the same connection.
  /// Since Redis 3.0.
  auto wait(std::int64_t replicas, BlockFor block) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::keys, "WAIT"), replicas,
                                        detail::BlockForMilliseconds{block});
  }
};

}  // namespace redstart::inline v0
