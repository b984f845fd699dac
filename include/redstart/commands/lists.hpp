// SPDX-License-Identifier: Apache-2.0
// lists.hpp: commands on lists that don't block.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/lists_options.hpp>
#include <redstart/core/ok.hpp>

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
inline constexpr CommandInfo lists[] = {
    {.name = "LINDEX", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "1.0.0"},
    {.name = "LINSERT", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "2.2.0"},
    {.name = "LLEN", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "1.0.0"},
    {.name = "LMOVE", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first_two, .since = "6.2.0"},
    {.name = "LMPOP", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::counted(1), .since = "7.0.0"},
    {.name = "LPOP", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "LPOS", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "6.0.6"},
    {.name = "LPUSH", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "LPUSHX", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "2.2.0"},
    {.name = "LRANGE", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "1.0.0"},
    {.name = "LREM", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "LSET", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "LTRIM", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "RPOP", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "RPOPLPUSH", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first_two, .since = "1.2.0"},
    {.name = "RPUSH", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.0.0"},
    {.name = "RPUSHX", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "2.2.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=list
///
/// `T` is the type of one element, `Out` any container of them. Indexes begin at 0; negative ones count from
/// the end.
template <class Self>
class ListCommands {
 public:
  /// LINDEX. The element at `index`; empty if there is none. O(N).
  template <class T = std::string>
  auto lindex(std::string_view key, std::int64_t index) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::lists, "LINDEX"), key, index);
  }
  /// LINSERT. The new length; -1 if there is no `pivot`, 0 if there is no list. O(N).
  template <Scalar P, Scalar E>
  auto linsert(std::string_view key, Insert where, const P& pivot, const E& element) const
      -> reply_t<Self, std::int64_t> {
    const std::string_view word = where == Insert::before ? "BEFORE" : "AFTER";
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "LINSERT"), key, word, pivot, element);
  }
  /// LLEN. The length; 0 if `key` does not exist.
  auto llen(std::string_view key) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "LLEN"), key);
  }

  /// LMOVE. The element that was moved from an end of `source` to an end of `destination`; empty if `source`
  /// does not exist. Since Redis 6.2.
  template <class T = std::string>
  auto lmove(std::string_view source, std::string_view destination, ListEnd from, ListEnd to) const
      -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::lists, "LMOVE"), source, destination,
                                            detail::word_of(from), detail::word_of(to));
  }
  /// LMPOP. Up to `count` elements of the first list that exists, with its key; empty if none does. Since
  /// Redis 7.0.
  template <class Out = std::vector<std::string>, ManyArguments Range = detail::Texts>
  auto lmpop(const Range& keys, ListEnd from, std::int64_t count = 1) const
      -> reply_t<Self, std::optional<std::pair<std::string, Out>>> {
    return detail::submit<std::optional<std::pair<std::string, Out>>>(
        *this, info::find(info::lists, "LMPOP"), detail::Counted{keys}, detail::word_of(from),
        std::string_view("COUNT"), count);
  }

  /// LPOP. Removes and returns the first element; empty if `key` does not exist.
  template <class T = std::string>
  auto lpop(std::string_view key) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::lists, "LPOP"), key);
  }
  /// LPOP. Removes and returns up to `count` first elements; empty if `key` does not exist. Since Redis 6.2.
  template <class Out = std::vector<std::string>>
  auto lpop(std::string_view key, std::int64_t count) const -> reply_t<Self, std::optional<Out>> {
    return detail::submit<std::optional<Out>>(*this, info::find(info::lists, "LPOP"), key, count);
  }

  /// LPOS. The index of the first match; empty if there is none. O(N). Since Redis 6.0.6.
  template <Scalar E>
  auto lpos(std::string_view key, const E& element, const LposOptions& options = {}) const
      -> reply_t<Self, std::optional<std::int64_t>> {
    return detail::submit<std::optional<std::int64_t>>(*this, info::find(info::lists, "LPOS"), key, element,
                                                       options);
  }
  /// LPOS … COUNT. The indexes of up to `count` matches, of all if 0. O(N). Since Redis 6.0.6.
  template <class Out = std::vector<std::int64_t>, Scalar E>
  auto lpos_all(std::string_view key, const E& element, std::int64_t count = 0,
                const LposOptions& options = {}) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::lists, "LPOS"), key, element,
                               std::string_view("COUNT"), count, options);
  }

  /// LPUSH. The new length. The last argument becomes the first element. Several since Redis 2.4.
  template <SingleArgument E, SingleArgument... More>
  auto lpush(std::string_view key, const E& element, const More&... more) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "LPUSH"), key, element, more...);
  }
  /// LPUSH over a container of elements. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto lpush(std::string_view key, const Range& elements) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "LPUSH"), key,
                                        detail::EachElement{elements});
  }
  /// LPUSH over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto lpush(std::string_view key, Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "LPUSH"), key,
                                        detail::EachElement(range));
  }
  template <SingleArgument E>
  auto lpush(std::string_view key, std::initializer_list<E> elements) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "LPUSH"), key,
                                        detail::EachElement(elements));
  }
  /// LPUSHX. The new length; 0 if there is no list, and then none is created. Several since Redis 4.0.
  template <SingleArgument E, SingleArgument... More>
  auto lpushx(std::string_view key, const E& element, const More&... more) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "LPUSHX"), key, element, more...);
  }
  /// LPUSHX over a container of elements. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto lpushx(std::string_view key, const Range& elements) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "LPUSHX"), key,
                                        detail::EachElement{elements});
  }
  /// LPUSHX over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto lpushx(std::string_view key, Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "LPUSHX"), key,
                                        detail::EachElement(range));
  }
  template <SingleArgument E>
  auto lpushx(std::string_view key, std::initializer_list<E> elements) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "LPUSHX"), key,
                                        detail::EachElement(elements));
  }

  /// LRANGE. The elements `first` to `last`, both included. O(first + number of elements returned).
  template <class Out = std::vector<std::string>>
  auto lrange(std::string_view key, std::int64_t first, std::int64_t last) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::lists, "LRANGE"), key, first, last);
  }
  /// LREM. How many elements equal to `element` were removed: up to `count` from the head, from the tail if
  /// it is negative, all if it is 0. O(N).
  template <Scalar E>
  auto lrem(std::string_view key, std::int64_t count, const E& element) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(
        *this, info::find(info::lists, "LREM"), key, count, element,
        detail::RetryAs{count == 0 ? Retry::last_write_wins : Retry::accumulating});
  }
  /// LSET. OK; replaces the element at `index`. The server replies with an error if there is none. O(N).
  template <Scalar E>
  auto lset(std::string_view key, std::int64_t index, const E& element) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::lists, "LSET"), key, index, element);
  }
  /// LTRIM. OK; keeps only the elements `first` to `last`, both included.
  auto ltrim(std::string_view key, std::int64_t first, std::int64_t last) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::lists, "LTRIM"), key, first, last);
  }

  /// RPOP. Removes and returns the last element; empty if `key` does not exist.
  template <class T = std::string>
  auto rpop(std::string_view key) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::lists, "RPOP"), key);
  }
  /// RPOP. Removes and returns up to `count` last elements, the last one first; empty if `key` does not
  /// exist. Since Redis 6.2.
  template <class Out = std::vector<std::string>>
  auto rpop(std::string_view key, std::int64_t count) const -> reply_t<Self, std::optional<Out>> {
    return detail::submit<std::optional<Out>>(*this, info::find(info::lists, "RPOP"), key, count);
  }
  /// RPOPLPUSH. The element that was moved from the tail of `source` to the head of `destination`; empty if
  /// `source` does not exist. Deprecated by the server since 6.2 in favour of `lmove`.
  template <class T = std::string>
  auto rpoplpush(std::string_view source, std::string_view destination) const
      -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::lists, "RPOPLPUSH"), source, destination);
  }

  /// RPUSH. The new length. Several since Redis 2.4.
  template <SingleArgument E, SingleArgument... More>
  auto rpush(std::string_view key, const E& element, const More&... more) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "RPUSH"), key, element, more...);
  }
  /// RPUSH over a container of elements. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto rpush(std::string_view key, const Range& elements) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "RPUSH"), key,
                                        detail::EachElement{elements});
  }
  /// RPUSH over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto rpush(std::string_view key, Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "RPUSH"), key,
                                        detail::EachElement(range));
  }
  template <SingleArgument E>
  auto rpush(std::string_view key, std::initializer_list<E> elements) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "RPUSH"), key,
                                        detail::EachElement(elements));
  }
  /// RPUSHX. The new length; 0 if there is no list, and then none is created. Several since Redis 4.0.
  template <SingleArgument E, SingleArgument... More>
  auto rpushx(std::string_view key, const E& element, const More&... more) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "RPUSHX"), key, element, more...);
  }
  /// RPUSHX over a container of elements. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto rpushx(std::string_view key, const Range& elements) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "RPUSHX"), key,
                                        detail::EachElement{elements});
  }
  /// RPUSHX over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto rpushx(std::string_view key, Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "RPUSHX"), key,
                                        detail::EachElement(range));
  }
  template <SingleArgument E>
  auto rpushx(std::string_view key, std::initializer_list<E> elements) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::lists, "RPUSHX"), key,
                                        detail::EachElement(elements));
  }
};

}  // namespace redstart::inline v0
