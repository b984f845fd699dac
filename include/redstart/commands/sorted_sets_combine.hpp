// SPDX-License-Identifier: Apache-2.0
// sorted_sets_combine.hpp: union, intersection and difference of sorted sets.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/sorted_sets_options.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// ZINTERSTORE and ZUNIONSTORE accumulate if the destination is one of the sources.
// clang-format off
inline constexpr CommandInfo sorted_sets_combine[] = {
    {.name = "ZDIFF", .access = Access::read, .retry = Retry::read,
     .keys = keys::counted(1), .since = "6.2.0"},
    {.name = "ZDIFFSTORE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::destination_and_counted, .since = "6.2.0"},
    {.name = "ZINTER", .access = Access::read, .retry = Retry::read,
     .keys = keys::counted(1), .since = "6.2.0"},
    {.name = "ZINTERCARD", .access = Access::read, .retry = Retry::read,
     .keys = keys::counted(1), .since = "7.0.0"},
    {.name = "ZINTERSTORE", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::destination_and_counted, .since = "2.0.0"},
    {.name = "ZUNION", .access = Access::read, .retry = Retry::read,
     .keys = keys::counted(1), .since = "6.2.0"},
    {.name = "ZUNIONSTORE", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::destination_and_counted, .since = "2.0.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=sorted-set: several sets at once.
///
/// Errors: `invalid_argument` for an empty container of keys. Plain sets may be among the keys; their members
/// have a score of 1.
template <class Self>
class SortedSetCombineCommands {
  using Texts = std::vector<std::string>;
  using Scored = std::vector<std::pair<std::string, double>>;

 public:
  /// ZDIFF. The members of the first set that are in none of the others. Since Redis 6.2.
  template <class Out = Texts, StringLike... Keys>
  auto zdiff(std::string_view key, const Keys&... keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_combine, "ZDIFF"), 1 + sizeof...(Keys),
                               key, keys...);
  }
  /// ZDIFF over a container of keys.
  template <class Out = Texts, ManyArguments Range = detail::Texts>
  auto zdiff(const Range& keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_combine, "ZDIFF"), detail::Counted{keys});
  }
  /// ZDIFF … WITHSCORES. Like `zdiff`, with the scores in the first set.
  template <class Out = Scored, ManyArguments Range = detail::Texts>
  auto zdiff_with_scores(const Range& keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_combine, "ZDIFF"), detail::Counted{keys},
                               std::string_view("WITHSCORES"));
  }
  /// ZDIFFSTORE. How many members the set at `destination` has now. Since Redis 6.2.
  template <ManyArguments Range = detail::Texts>
  auto zdiffstore(std::string_view destination, const Range& keys) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets_combine, "ZDIFFSTORE"),
                                        destination, detail::Counted{keys});
  }

  /// ZINTER. The members that all sets have in common. Since Redis 6.2.
  template <class Out = Texts, StringLike... Keys>
  auto zinter(std::string_view key, const Keys&... keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_combine, "ZINTER"), 1 + sizeof...(Keys),
                               key, keys...);
  }
  /// ZINTER over a container of keys.
  template <class Out = Texts, ManyArguments Range = detail::Texts>
  auto zinter(const Range& keys, const ZcombineOptions& options = {}) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_combine, "ZINTER"), detail::Counted{keys},
                               options);
  }
  /// ZINTER … WITHSCORES. Like `zinter`, with the combined scores.
  template <class Out = Scored, ManyArguments Range = detail::Texts>
  auto zinter_with_scores(const Range& keys, const ZcombineOptions& options = {}) const
      -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_combine, "ZINTER"), detail::Counted{keys},
                               options, std::string_view("WITHSCORES"));
  }
  /// ZINTERCARD. How many members all sets have in common. Counts up to `limit`, without limit if it is 0.
  /// Since Redis 7.0.
  template <ManyArguments Range = detail::Texts>
  auto zintercard(const Range& keys, std::int64_t limit = 0) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets_combine, "ZINTERCARD"),
                                        detail::Counted{keys}, std::string_view("LIMIT"), limit);
  }
  /// ZINTERSTORE. How many members the set at `destination` has now.
  template <ManyArguments Range = detail::Texts>
  auto zinterstore(std::string_view destination, const Range& keys, const ZcombineOptions& options = {}) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets_combine, "ZINTERSTORE"),
                                        destination, detail::Counted{keys}, options);
  }

  /// ZUNION. The members of all sets. Since Redis 6.2.
  template <class Out = Texts, StringLike... Keys>
  auto zunion(std::string_view key, const Keys&... keys) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_combine, "ZUNION"), 1 + sizeof...(Keys),
                               key, keys...);
  }
  /// ZUNION over a container of keys.
  template <class Out = Texts, ManyArguments Range = detail::Texts>
  auto zunion(const Range& keys, const ZcombineOptions& options = {}) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_combine, "ZUNION"), detail::Counted{keys},
                               options);
  }
  /// ZUNION … WITHSCORES. Like `zunion`, with the combined scores.
  template <class Out = Scored, ManyArguments Range = detail::Texts>
  auto zunion_with_scores(const Range& keys, const ZcombineOptions& options = {}) const
      -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_combine, "ZUNION"), detail::Counted{keys},
                               options, std::string_view("WITHSCORES"));
  }
  /// ZUNIONSTORE. How many members the set at `destination` has now.
  template <ManyArguments Range = detail::Texts>
  auto zunionstore(std::string_view destination, const Range& keys, const ZcombineOptions& options = {}) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets_combine, "ZUNIONSTORE"),
                                        destination, detail::Counted{keys}, options);
  }
};

}  // namespace redstart::inline v0
