// SPDX-License-Identifier: Apache-2.0
// lists_blocking.hpp: commands on lists that block until there is an element.
#pragma once

#include <redstart/commands/block_for.hpp>
#include <redstart/commands/command.hpp>
#include <redstart/commands/lists_options.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo lists_blocking[] = {
    {.name = "BLMOVE", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first_two, .blocking = true, .since = "6.2.0"},
    {.name = "BLMPOP", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::counted(2), .blocking = true, .since = "7.0.0"},
    {.name = "BLPOP", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::all_but_last, .blocking = true, .since = "2.0.0"},
    {.name = "BRPOP", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::all_but_last, .blocking = true, .since = "2.0.0"},
    {.name = "BRPOPLPUSH", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first_two, .blocking = true, .since = "2.2.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=list: blocking commands.
///
/// `block` is how long the server may wait for an element. Its resolution is a millisecond since Redis 6.0
/// and a second before.
template <class Self>
class BlockingListCommands {
  template <class T>
  using KeyAnd = std::optional<std::pair<std::string, T>>;

 public:
  /// BLMOVE. The element that was moved from an end of `source` to an end of `destination`; empty if the time
  /// has passed. Since Redis 6.2.
  template <class T = std::string>
  auto blmove(std::string_view source, std::string_view destination, ListEnd from, ListEnd to,
              BlockFor block) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::lists_blocking, "BLMOVE"), source,
                                            destination, detail::word_of(from), detail::word_of(to), block);
  }

  /// BLMPOP. Removes and returns up to `count` elements of the first list that has some, with its key; empty
  /// if the time has passed. Since Redis 7.0.
  template <class Out = std::vector<std::string>, ManyArguments Range = detail::Texts>
  auto blmpop(const Range& keys, ListEnd from, BlockFor block, std::int64_t count = 1) const
      -> reply_t<Self, KeyAnd<Out>> {
    return detail::submit<KeyAnd<Out>>(*this, info::find(info::lists_blocking, "BLMPOP"), block,
                                       detail::Counted{keys}, detail::word_of(from),
                                       std::string_view("COUNT"), count);
  }

  /// BLPOP. The key and its first element, which is removed; empty if the time has passed.
  template <class T = std::string>
  auto blpop(std::string_view key, BlockFor block) const -> reply_t<Self, KeyAnd<T>> {
    return detail::submit<KeyAnd<T>>(*this, info::find(info::lists_blocking, "BLPOP"), key, block);
  }
  /// BLPOP over a container of keys; takes the element of the first list that has one. Errors:
  /// `invalid_argument` for an empty container.
  template <class T = std::string, ManyArguments Range = detail::Texts>
  auto blpop(const Range& keys, BlockFor block) const -> reply_t<Self, KeyAnd<T>> {
    return detail::submit<KeyAnd<T>>(*this, info::find(info::lists_blocking, "BLPOP"),
                                     detail::EachElement{keys}, block);
  }

  /// BRPOP. The key and its last element, which is removed; empty if the time has passed.
  template <class T = std::string>
  auto brpop(std::string_view key, BlockFor block) const -> reply_t<Self, KeyAnd<T>> {
    return detail::submit<KeyAnd<T>>(*this, info::find(info::lists_blocking, "BRPOP"), key, block);
  }
  /// BRPOP over a container of keys; takes the element of the first list that has one. Errors:
  /// `invalid_argument` for an empty container.
  template <class T = std::string, ManyArguments Range = detail::Texts>
  auto brpop(const Range& keys, BlockFor block) const -> reply_t<Self, KeyAnd<T>> {
    return detail::submit<KeyAnd<T>>(*this, info::find(info::lists_blocking, "BRPOP"),
                                     detail::EachElement{keys}, block);
  }

  /// BRPOPLPUSH. The element that was moved from the tail of `source` to the head of `destination`; empty
  /// if the time has passed. Deprecated by the server since 6.2 in favour of `blmove`.
  template <class T = std::string>
  auto brpoplpush(std::string_view source, std::string_view destination, BlockFor block) const
      -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::lists_blocking, "BRPOPLPUSH"), source,
                                            destination, block);
  }
};

}  // namespace redstart::inline v0
