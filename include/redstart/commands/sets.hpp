// SPDX-License-Identifier: Apache-2.0
// sets.hpp: commands on sets.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/scan.hpp>
#include <redstart/commands/scan_range.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo sets[] = {
    {.name = "SADD", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "SCARD", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "1.0.0"},
    {.name = "SDIFF", .access = Access::read, .retry = Retry::read, .keys = keys::all, .since = "1.0.0"},
    {.name = "SDIFFSTORE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::all, .since = "1.0.0"},
    {.name = "SINTER", .access = Access::read, .retry = Retry::read, .keys = keys::all, .since = "1.0.0"},
    {.name = "SINTERCARD", .access = Access::read, .retry = Retry::read,
     .keys = keys::counted(1), .since = "7.0.0"},
    {.name = "SINTERSTORE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::all, .since = "1.0.0"},
    {.name = "SISMEMBER", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "SMEMBERS", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "1.0.0"},
    {.name = "SMISMEMBER", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "6.2.0"},
    {.name = "SMOVE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first_two, .since = "1.0.0"},
    {.name = "SPOP", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "SRANDMEMBER", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "SREM", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "SSCAN", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.8.0"},
    {.name = "SUNION", .access = Access::read, .retry = Retry::read, .keys = keys::all, .since = "1.0.0"},
    {.name = "SUNIONSTORE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::all, .since = "1.0.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=set
///
/// `T` is the type of one member, `Out` any container of them, such as std::set or std::vector.
template <class Self>
class SetCommands {
  using Texts = std::vector<std::string>;

 public:
  /// SADD. How many of the members are new. Several since Redis 2.4.
  template <SingleArgument M, SingleArgument... More>
  auto sadd(std::string_view key, const M& member, const More&... more) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SADD"), key, member, more...);
  }
  /// SADD over a container of members. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto sadd(std::string_view key, const Range& members) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SADD"), key,
                                        detail::EachElement{members});
  }
  /// SADD over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto sadd(std::string_view key, Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SADD"), key,
                                        detail::EachElement(range));
  }
  template <SingleArgument E>
  auto sadd(std::string_view key, std::initializer_list<E> members) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SADD"), key,
                                        detail::EachElement(members));
  }
  /// SCARD. How many members the set has; 0 if `key` does not exist.
  auto scard(std::string_view key) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SCARD"), key);
  }

  /// SDIFF. The members of the first set that are in none of the others. O(all members).
  template <class Out = Texts, StringLike... Keys>
  auto sdiff(std::string_view key, const Keys&... keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SDIFF"), key, keys...);
  }
  /// SDIFF over a container of keys. Errors: `invalid_argument` for an empty one.
  template <class Out = Texts, ManyArguments Range = detail::Texts>
  auto sdiff(const Range& keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SDIFF"), detail::EachElement{keys});
  }
  /// SDIFF over the elements between two iterators, or of a braced list.
  template <class Out = Texts, detail::argument_iterator Iterator>
  auto sdiff(Iterator first, Iterator last) const -> reply_t<Self, Out> {
    const detail::IteratorRange range(first, last);
    return detail::submit<Out>(*this, info::find(info::sets, "SDIFF"), detail::EachElement(range));
  }
  template <class Out = Texts, SingleArgument E>
  auto sdiff(std::initializer_list<E> keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SDIFF"), detail::EachElement(keys));
  }
  /// SDIFFSTORE. How many members the set at `destination` has now. O(all members).
  template <StringLike... Keys>
  auto sdiffstore(std::string_view destination, std::string_view key, const Keys&... keys) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SDIFFSTORE"), destination, key,
                                        keys...);
  }
  /// SDIFFSTORE over a container of keys. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto sdiffstore(std::string_view destination, const Range& keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SDIFFSTORE"), destination,
                                        detail::EachElement{keys});
  }
  /// SDIFFSTORE over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto sdiffstore(std::string_view destination, Iterator first, Iterator last) const
      -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SDIFFSTORE"), destination,
                                        detail::EachElement(range));
  }
  template <SingleArgument E>
  auto sdiffstore(std::string_view destination, std::initializer_list<E> keys) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SDIFFSTORE"), destination,
                                        detail::EachElement(keys));
  }

  /// SINTER. The members that all sets have in common. O(smallest set × number of sets).
  template <class Out = Texts, StringLike... Keys>
  auto sinter(std::string_view key, const Keys&... keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SINTER"), key, keys...);
  }
  /// SINTER over a container of keys. Errors: `invalid_argument` for an empty one.
  template <class Out = Texts, ManyArguments Range = detail::Texts>
  auto sinter(const Range& keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SINTER"), detail::EachElement{keys});
  }
  /// SINTER over the elements between two iterators, or of a braced list.
  template <class Out = Texts, detail::argument_iterator Iterator>
  auto sinter(Iterator first, Iterator last) const -> reply_t<Self, Out> {
    const detail::IteratorRange range(first, last);
    return detail::submit<Out>(*this, info::find(info::sets, "SINTER"), detail::EachElement(range));
  }
  template <class Out = Texts, SingleArgument E>
  auto sinter(std::initializer_list<E> keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SINTER"), detail::EachElement(keys));
  }
  /// SINTERCARD. How many members all sets have in common. Counts up to `limit`, without limit if it is 0.
  /// Since Redis 7.0.
  template <ManyArguments Range = detail::Texts>
  auto sintercard(const Range& keys, std::int64_t limit = 0) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SINTERCARD"), detail::Counted{keys},
                                        std::string_view("LIMIT"), limit);
  }
  /// SINTERSTORE. How many members the set at `destination` has now. O(smallest set × number of sets).
  template <StringLike... Keys>
  auto sinterstore(std::string_view destination, std::string_view key, const Keys&... keys) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SINTERSTORE"), destination, key,
                                        keys...);
  }
  /// SINTERSTORE over a container of keys. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto sinterstore(std::string_view destination, const Range& keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SINTERSTORE"), destination,
                                        detail::EachElement{keys});
  }
  /// SINTERSTORE over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto sinterstore(std::string_view destination, Iterator first, Iterator last) const
      -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SINTERSTORE"), destination,
                                        detail::EachElement(range));
  }
  template <SingleArgument E>
  auto sinterstore(std::string_view destination, std::initializer_list<E> keys) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SINTERSTORE"), destination,
                                        detail::EachElement(keys));
  }

  /// SISMEMBER. Whether `member` is in the set.
  template <Scalar M>
  auto sismember(std::string_view key, const M& member) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::sets, "SISMEMBER"), key, member);
  }
  /// SMEMBERS. All members, in no order. O(N): use `sscan` for large sets.
  template <class Out = Texts>
  auto smembers(std::string_view key) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SMEMBERS"), key);
  }
  /// SMISMEMBER. For each member, whether it is in the set. Since Redis 6.2.
  template <class Out = std::vector<bool>, SingleArgument M, SingleArgument... More>
  auto smismember(std::string_view key, const M& member, const More&... more) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SMISMEMBER"), key, member, more...);
  }
  /// SMISMEMBER over a container of members. Errors: `invalid_argument` for an empty one.
  template <class Out = std::vector<bool>, ManyArguments Range = detail::Texts>
  auto smismember(std::string_view key, const Range& members) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SMISMEMBER"), key,
                               detail::EachElement{members});
  }
  /// SMISMEMBER over the elements between two iterators, or of a braced list.
  template <class Out = std::vector<bool>, detail::argument_iterator Iterator>
  auto smismember(std::string_view key, Iterator first, Iterator last) const -> reply_t<Self, Out> {
    const detail::IteratorRange range(first, last);
    return detail::submit<Out>(*this, info::find(info::sets, "SMISMEMBER"), key, detail::EachElement(range));
  }
  template <class Out = std::vector<bool>, SingleArgument E>
  auto smismember(std::string_view key, std::initializer_list<E> members) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SMISMEMBER"), key,
                               detail::EachElement(members));
  }
  /// SMOVE. True if `member` was moved from `source` to `destination`, false if it is not in `source`.
  template <Scalar M>
  auto smove(std::string_view source, std::string_view destination, const M& member) const
      -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::sets, "SMOVE"), source, destination, member);
  }

  /// SPOP. Removes and returns a member at random; empty if `key` does not exist.
  template <class T = std::string>
  auto spop(std::string_view key) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::sets, "SPOP"), key);
  }
  /// SPOP. Removes and returns up to `count` members at random. Since Redis 3.2.
  template <class Out = Texts>
  auto spop(std::string_view key, std::int64_t count) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SPOP"), key, count);
  }
  /// SRANDMEMBER. A member at random; empty if `key` does not exist.
  template <class T = std::string>
  auto srandmember(std::string_view key) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::sets, "SRANDMEMBER"), key);
  }
  /// SRANDMEMBER. Up to `count` different members at random. For a negative count, exactly that many,
  /// possibly repeated.
  template <class Out = Texts>
  auto srandmember(std::string_view key, std::int64_t count) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SRANDMEMBER"), key, count);
  }

  /// SREM. How many of the members were in the set. Several since Redis 2.4.
  template <SingleArgument M, SingleArgument... More>
  auto srem(std::string_view key, const M& member, const More&... more) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SREM"), key, member, more...);
  }
  /// SREM over a container of members. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto srem(std::string_view key, const Range& members) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SREM"), key,
                                        detail::EachElement{members});
  }
  /// SREM over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto srem(std::string_view key, Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SREM"), key,
                                        detail::EachElement(range));
  }
  template <SingleArgument E>
  auto srem(std::string_view key, std::initializer_list<E> members) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SREM"), key,
                                        detail::EachElement(members));
  }

  /// SSCAN. One step through the members. Begin with cursor 0; the last reply has cursor 0.
  template <class Out = Texts>
  auto sscan(std::string_view key, std::uint64_t cursor, const ScanOptions& options = {}) const
      -> reply_t<Self, ScanPage<Out>> {
    return detail::submit<ScanPage<Out>>(*this, info::find(info::sets, "SSCAN"), key, cursor, options);
  }
  /// SSCAN as a range of members: see `ScanRange`.
  template <class Element = std::string>
  auto sscan(std::string_view key,
             const ScanOptions& options = {}) const requires detail::returns_replies<Self> {
    return detail::scan_range<Element>(
        static_cast<const Self&>(*this),
        [key = std::string(key), options](const Self& handle, std::uint64_t cursor) {
          return handle.template sscan<std::vector<Element>>(key, cursor, options);
        });
  }

  /// SUNION. The members of all sets. O(all members).
  template <class Out = Texts, StringLike... Keys>
  auto sunion(std::string_view key, const Keys&... keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SUNION"), key, keys...);
  }
  /// SUNION over a container of keys. Errors: `invalid_argument` for an empty one.
  template <class Out = Texts, ManyArguments Range = detail::Texts>
  auto sunion(const Range& keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SUNION"), detail::EachElement{keys});
  }
  /// SUNION over the elements between two iterators, or of a braced list.
  template <class Out = Texts, detail::argument_iterator Iterator>
  auto sunion(Iterator first, Iterator last) const -> reply_t<Self, Out> {
    const detail::IteratorRange range(first, last);
    return detail::submit<Out>(*this, info::find(info::sets, "SUNION"), detail::EachElement(range));
  }
  template <class Out = Texts, SingleArgument E>
  auto sunion(std::initializer_list<E> keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sets, "SUNION"), detail::EachElement(keys));
  }
  /// SUNIONSTORE. How many members the set at `destination` has now. O(all members).
  template <StringLike... Keys>
  auto sunionstore(std::string_view destination, std::string_view key, const Keys&... keys) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SUNIONSTORE"), destination, key,
                                        keys...);
  }
  /// SUNIONSTORE over a container of keys. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto sunionstore(std::string_view destination, const Range& keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SUNIONSTORE"), destination,
                                        detail::EachElement{keys});
  }
  /// SUNIONSTORE over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto sunionstore(std::string_view destination, Iterator first, Iterator last) const
      -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SUNIONSTORE"), destination,
                                        detail::EachElement(range));
  }
  template <SingleArgument E>
  auto sunionstore(std::string_view destination, std::initializer_list<E> keys) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sets, "SUNIONSTORE"), destination,
                                        detail::EachElement(keys));
  }
};

}  // namespace redstart::inline v0
