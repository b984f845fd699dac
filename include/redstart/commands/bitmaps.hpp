// SPDX-License-Identifier: Apache-2.0
// bitmaps.hpp: commands on the bits of strings.
#pragma once

#include <redstart/commands/bitmaps_options.hpp>
#include <redstart/commands/command.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo bitmaps[] = {
    {.name = "BITCOUNT", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.6.0"},
    {.name = "BITFIELD", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "3.2.0"},
    {.name = "BITFIELD_RO", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "6.0.0"},
    {.name = "BITOP", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::all_but_first, .since = "2.6.0"},
    {.name = "BITPOS", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.8.7"},
    {.name = "GETBIT", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.2.0"},
    {.name = "SETBIT", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "2.2.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=bitmap
///
/// Bits are counted from 0, the highest bit of the first byte. Negative ends of a range count from the end:
/// -1 is the last byte or bit.
template <class Self>
class BitmapCommands {
 public:
  /// BITCOUNT. How many bits are 1. O(N).
  auto bitcount(std::string_view key) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::bitmaps, "BITCOUNT"), key);
  }
  /// BITCOUNT. How many bits from `first` to `last` are 1, both ends included.
  auto bitcount(std::string_view key, std::int64_t first, std::int64_t last,
                BitUnit unit = BitUnit::byte) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::bitmaps, "BITCOUNT"), key, first, last,
                                        detail::keyword_of(unit));
  }

  /// BITFIELD. Reads and writes integers. The result of each step, in order; empty for a step that
  /// `BitOverflow::fail` kept from writing. Errors: `invalid_argument` without a step.
  template <class Out = std::vector<std::optional<std::int64_t>>>
  auto bitfield(std::string_view key, const Bitfield& steps) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::bitmaps, "BITFIELD"), key, steps);
  }
  /// BITFIELD_RO. Reads integers. Errors: `invalid_argument` without a read. Since Redis 6.0.
  template <class Out = std::vector<std::int64_t>>
  auto bitfield_ro(std::string_view key, const BitfieldReads& reads) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::bitmaps, "BITFIELD_RO"), key, reads);
  }

  /// BITOP. Combines the strings bit by bit into `destination`. The length of the result in bytes; 0 if no
  /// key exists. O(N). Accumulating, because `destination` can be one of the keys.
  template <StringLike... Keys>
  auto bitop(BitOp operation, std::string_view destination, std::string_view key, const Keys&... keys) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::bitmaps, "BITOP"), detail::word_of(operation),
                                        destination, key, keys...);
  }
  /// BITOP over a container of keys. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto bitop(BitOp operation, std::string_view destination, const Range& keys) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::bitmaps, "BITOP"), detail::word_of(operation),
                                        destination, detail::EachElement{keys});
  }
  /// BITOP over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto bitop(BitOp operation, std::string_view destination, Iterator first, Iterator last) const
      -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::bitmaps, "BITOP"), detail::word_of(operation),
                                        destination, detail::EachElement(range));
  }
  template <SingleArgument E>
  auto bitop(BitOp operation, std::string_view destination, std::initializer_list<E> keys) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::bitmaps, "BITOP"), detail::word_of(operation),
                                        destination, detail::EachElement(keys));
  }

  /// BITPOS. The position of the first bit with this value; -1 if there is none. A search for 0 in a string
  /// of ones returns the position behind its end. O(N).
  auto bitpos(std::string_view key, bool bit) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::bitmaps, "BITPOS"), key, int{bit});
  }
  /// BITPOS, from the byte `first` on.
  auto bitpos(std::string_view key, bool bit, std::int64_t first) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::bitmaps, "BITPOS"), key, int{bit}, first);
  }
  /// BITPOS, from `first` to `last`, both ends included. Returns -1 also for a search for 0 among ones.
  auto bitpos(std::string_view key, bool bit, std::int64_t first, std::int64_t last,
              BitUnit unit = BitUnit::byte) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::bitmaps, "BITPOS"), key, int{bit}, first,
                                        last, detail::keyword_of(unit));
  }

  /// GETBIT. The bit at `offset`; false behind the end.
  auto getbit(std::string_view key, std::int64_t offset) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::bitmaps, "GETBIT"), key, offset);
  }
  /// SETBIT. Sets the bit at `offset`, and extends the string if needed. The bit before.
  auto setbit(std::string_view key, std::int64_t offset, bool bit) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::bitmaps, "SETBIT"), key, offset, int{bit});
  }
};

}  // namespace redstart::inline v0
