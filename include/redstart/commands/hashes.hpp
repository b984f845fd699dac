// SPDX-License-Identifier: Apache-2.0
// hashes.hpp: commands on hashes.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/scan.hpp>
#include <redstart/commands/scan_range.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo hashes[] = {
    {.name = "HDEL", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "2.0.0"},
    {.name = "HEXISTS", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.0.0"},
    {.name = "HGET", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.0.0"},
    {.name = "HGETALL", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.0.0"},
    {.name = "HINCRBY", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "2.0.0"},
    {.name = "HINCRBYFLOAT", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "2.6.0"},
    {.name = "HKEYS", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.0.0"},
    {.name = "HLEN", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.0.0"},
    {.name = "HMGET", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.0.0"},
    {.name = "HRANDFIELD", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "6.2.0"},
    {.name = "HSCAN", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.8.0"},
    {.name = "HSET", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "2.0.0"},
    {.name = "HSETNX", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "2.0.0"},
    {.name = "HSTRLEN", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "3.2.0"},
    {.name = "HVALS", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.0.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=hash
///
/// Fields and values are text, numbers or types with a `codec`. `Out` is any suitable container: for pairs, a
/// vector of pairs or a map.
template <class Self>
class HashCommands {
  using TextPairs = std::vector<std::pair<std::string, std::string>>;

 public:
  /// HDEL. How many of the fields existed. More than one field since Redis 2.4.
  template <SingleArgument F, SingleArgument... Fields>
  auto hdel(std::string_view key, const F& field, const Fields&... fields) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HDEL"), key, field, fields...);
  }
  /// HDEL over a container of fields. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto hdel(std::string_view key, const Range& fields) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HDEL"), key,
                                        detail::EachElement{fields});
  }
  /// HDEL over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto hdel(std::string_view key, Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HDEL"), key,
                                        detail::EachElement(range));
  }
  template <SingleArgument E>
  auto hdel(std::string_view key, std::initializer_list<E> fields) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HDEL"), key,
                                        detail::EachElement(fields));
  }

  /// HEXISTS. Whether the hash has that field.
  template <SingleArgument F>
  auto hexists(std::string_view key, const F& field) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::hashes, "HEXISTS"), key, field);
  }

  /// HGET. The value of the field; empty if there is no such key or field.
  template <class T = std::string, SingleArgument F>
  auto hget(std::string_view key, const F& field) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::hashes, "HGET"), key, field);
  }
  /// HGETALL. All fields with their values; none if `key` does not exist.
  template <class Out = TextPairs>
  auto hgetall(std::string_view key) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes, "HGETALL"), key);
  }

  /// HINCRBY. The value after adding `amount`; a missing field counts as 0.
  template <SingleArgument F>
  auto hincrby(std::string_view key, const F& field, std::int64_t amount) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HINCRBY"), key, field, amount);
  }
  /// HINCRBYFLOAT. The value after adding `amount`; a missing field counts as 0.
  template <SingleArgument F>
  auto hincrbyfloat(std::string_view key, const F& field, double amount) const -> reply_t<Self, double> {
    return detail::submit<double>(*this, info::find(info::hashes, "HINCRBYFLOAT"), key, field, amount);
  }

  /// HKEYS. All fields.
  template <class Out = std::vector<std::string>>
  auto hkeys(std::string_view key) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes, "HKEYS"), key);
  }
  /// HLEN. How many fields the hash has; 0 if `key` does not exist.
  auto hlen(std::string_view key) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HLEN"), key);
  }

  /// HMGET. One element for each field, empty where there is no such field.
  template <class T = std::string, SingleArgument F, SingleArgument... Fields>
  auto hmget(std::string_view key, const F& field, const Fields&... fields) const
      -> reply_t<Self, std::vector<std::optional<T>>> {
    return detail::submit<std::vector<std::optional<T>>>(*this, info::find(info::hashes, "HMGET"), key, field,
                                                         fields...);
  }
  /// HMGET over a container of fields. Errors: `invalid_argument` for an empty one.
  template <class T = std::string, ManyArguments Range = detail::Texts>
  auto hmget(std::string_view key, const Range& fields) const
      -> reply_t<Self, std::vector<std::optional<T>>> {
    return detail::submit<std::vector<std::optional<T>>>(*this, info::find(info::hashes, "HMGET"), key,
                                                         detail::EachElement{fields});
  }
  /// HMGET over the elements between two iterators, or of a braced list.
  template <class T = std::string, detail::argument_iterator Iterator>
  auto hmget(std::string_view key, Iterator first, Iterator last) const
      -> reply_t<Self, std::vector<std::optional<T>>> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::vector<std::optional<T>>>(*this, info::find(info::hashes, "HMGET"), key,
                                                         detail::EachElement(range));
  }
  template <class T = std::string, SingleArgument E>
  auto hmget(std::string_view key, std::initializer_list<E> fields) const
      -> reply_t<Self, std::vector<std::optional<T>>> {
    return detail::submit<std::vector<std::optional<T>>>(*this, info::find(info::hashes, "HMGET"), key,
                                                         detail::EachElement(fields));
  }

  /// HRANDFIELD. One field at random; empty if `key` does not exist. Since Redis 6.2.
  auto hrandfield(std::string_view key) const -> reply_t<Self, std::optional<std::string>> {
    return detail::submit<std::optional<std::string>>(*this, info::find(info::hashes, "HRANDFIELD"), key);
  }
  /// HRANDFIELD. Up to `count` different fields at random. For a negative count, exactly that many, possibly
  /// repeated. Since Redis 6.2.
  template <class Out = std::vector<std::string>>
  auto hrandfield(std::string_view key, std::int64_t count) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes, "HRANDFIELD"), key, count);
  }
  /// HRANDFIELD … WITHVALUES. Like `hrandfield` with a count, with the values. Since Redis 6.2.
  template <class Out = TextPairs>
  auto hrandfield_with_values(std::string_view key, std::int64_t count) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes, "HRANDFIELD"), key, count,
                               std::string_view("WITHVALUES"));
  }

  /// HSCAN. One step through the fields and values. Begin with cursor 0; the last reply has cursor 0.
  template <class Out = TextPairs>
  auto hscan(std::string_view key, std::uint64_t cursor, const ScanOptions& options = {}) const
      -> reply_t<Self, ScanPage<Out>> {
    return detail::submit<ScanPage<Out>>(*this, info::find(info::hashes, "HSCAN"), key, cursor, options);
  }
  /// HSCAN as a range of fields with values: see `ScanRange`.
  template <class Element = std::pair<std::string, std::string>>
  auto hscan(std::string_view key,
             const ScanOptions& options = {}) const requires detail::returns_replies<Self> {
    return detail::scan_range<Element>(
        static_cast<const Self&>(*this),
        [key = std::string(key), options](const Self& handle, std::uint64_t cursor) {
          return handle.template hscan<std::vector<Element>>(key, cursor, options);
        });
  }

  /// HSET. How many fields are new; takes field, value, field, value … Several fields since Redis 4.0.
  template <SingleArgument F, Scalar V, Scalar... More>
  requires(sizeof...(More) % 2 == 0) auto hset(std::string_view key, const F& field, const V& value,
                                               const More&... more) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HSET"), key, field, value, more...);
  }
  /// HSET over a container of pairs. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::TextPairs>
  auto hset(std::string_view key, const Range& pairs) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HSET"), key,
                                        detail::EachElement{pairs});
  }
  /// HSET over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto hset(std::string_view key, Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HSET"), key,
                                        detail::EachElement(range));
  }
  template <detail::pair_like E>
  auto hset(std::string_view key, std::initializer_list<E> pairs) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HSET"), key,
                                        detail::EachElement(pairs));
  }
  /// HSET with one pair of field and value.
  template <detail::pair_like Pair>
  auto hset(std::string_view key, const Pair& pair) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HSET"), key, pair.first,
                                        pair.second);
  }
  /// HSETNX. True if the field was set, false if it exists.
  template <SingleArgument F, Scalar V>
  auto hsetnx(std::string_view key, const F& field, const V& value) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::hashes, "HSETNX"), key, field, value);
  }

  /// HSTRLEN. The length of the field's value in bytes; 0 if there is no such field. Since Redis 3.2.
  template <SingleArgument F>
  auto hstrlen(std::string_view key, const F& field) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hashes, "HSTRLEN"), key, field);
  }
  /// HVALS. All values.
  template <class Out = std::vector<std::string>>
  auto hvals(std::string_view key) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::hashes, "HVALS"), key);
  }
};

}  // namespace redstart::inline v0
