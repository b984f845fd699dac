// SPDX-License-Identifier: Apache-2.0
// hyperloglogs.hpp: commands on HyperLogLogs.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/core/ok.hpp>

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo hyperloglogs[] = {
    {.name = "PFADD", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "2.8.9"},
    {.name = "PFCOUNT", .access = Access::read, .retry = Retry::read, .keys = keys::all, .since = "2.8.9"},
    {.name = "PFMERGE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::all, .since = "2.8.9"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=hyperloglog
///
/// A HyperLogLog estimates how many different elements were added, in at most 12 KiB, with a standard error
/// of 0.81 %.
template <class Self>
class HyperLogLogCommands {
 public:
  /// PFADD. True if the estimate may have changed, or the key is new.
  template <SingleArgument... Elements>
  auto pfadd(std::string_view key, const Elements&... elements) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::hyperloglogs, "PFADD"), key, elements...);
  }
  /// PFADD over a container of elements. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto pfadd(std::string_view key, const Range& elements) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::hyperloglogs, "PFADD"), key,
                                detail::EachElement{elements});
  }
  /// PFADD over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto pfadd(std::string_view key, Iterator first, Iterator last) const -> reply_t<Self, bool> {
    const detail::IteratorRange range(first, last);
    return detail::submit<bool>(*this, info::find(info::hyperloglogs, "PFADD"), key,
                                detail::EachElement(range));
  }
  template <SingleArgument E>
  auto pfadd(std::string_view key, std::initializer_list<E> elements) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::hyperloglogs, "PFADD"), key,
                                detail::EachElement(elements));
  }

  /// PFCOUNT. About how many different elements all of the keys have together. O(number of keys).
  template <StringLike... Keys>
  auto pfcount(std::string_view key, const Keys&... keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hyperloglogs, "PFCOUNT"), key, keys...);
  }
  /// PFCOUNT over a container of keys. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto pfcount(const Range& keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hyperloglogs, "PFCOUNT"),
                                        detail::EachElement{keys});
  }
  /// PFCOUNT over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto pfcount(Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::hyperloglogs, "PFCOUNT"),
                                        detail::EachElement(range));
  }
  template <SingleArgument E>
  auto pfcount(std::initializer_list<E> keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::hyperloglogs, "PFCOUNT"),
                                        detail::EachElement(keys));
  }

  /// PFMERGE. Adds the elements of the other keys to `destination`, which is created if needed.
  template <StringLike... Keys>
  auto pfmerge(std::string_view destination, std::string_view key, const Keys&... keys) const
      -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::hyperloglogs, "PFMERGE"), destination, key, keys...);
  }
  /// PFMERGE over a container of keys. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto pfmerge(std::string_view destination, const Range& keys) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::hyperloglogs, "PFMERGE"), destination,
                              detail::EachElement{keys});
  }
  /// PFMERGE over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto pfmerge(std::string_view destination, Iterator first, Iterator last) const -> reply_t<Self, Ok> {
    const detail::IteratorRange range(first, last);
    return detail::submit<Ok>(*this, info::find(info::hyperloglogs, "PFMERGE"), destination,
                              detail::EachElement(range));
  }
  template <SingleArgument E>
  auto pfmerge(std::string_view destination, std::initializer_list<E> keys) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::hyperloglogs, "PFMERGE"), destination,
                              detail::EachElement(keys));
  }
};

}  // namespace redstart::inline v0
