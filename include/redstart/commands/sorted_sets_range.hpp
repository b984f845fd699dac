// SPDX-License-Identifier: Apache-2.0
// sorted_sets_range.hpp: commands on ranges of a sorted set.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/sorted_sets_bounds.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo sorted_sets_range[] = {
    {.name = "ZCOUNT", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.0.0"},
    {.name = "ZLEXCOUNT", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "2.8.9"},
    {.name = "ZRANGE", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "1.2.0"},
    {.name = "ZRANGEBYLEX", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "2.8.9"},
    {.name = "ZRANGEBYSCORE", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "1.0.5"},
    {.name = "ZRANGESTORE", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first_two, .since = "6.2.0"},
    {.name = "ZREMRANGEBYLEX", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "2.8.9"},
    {.name = "ZREMRANGEBYRANK", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "2.0.0"},
    {.name = "ZREMRANGEBYSCORE", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "1.2.0"},
    {.name = "ZREVRANGE", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "1.2.0"},
    {.name = "ZREVRANGEBYLEX", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "2.8.9"},
    {.name = "ZREVRANGEBYSCORE", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "2.2.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=sorted-set: ranges by rank, score or member.
///
/// Each costs O(log N + number of elements touched).
template <class Self>
class SortedSetRangeCommands {
  using Texts = std::vector<std::string>;
  using Scored = std::vector<std::pair<std::string, double>>;

 public:
  /// ZCOUNT. How many members have a score in the range. O(log N).
  auto zcount(std::string_view key, const ByScore& range) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets_range, "ZCOUNT"), key,
                                        detail::ZrangeEnds{range});
  }
  /// ZLEXCOUNT. How many members lie in the range. O(log N).
  auto zlexcount(std::string_view key, const ByLex& range) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets_range, "ZLEXCOUNT"), key,
                                        detail::ZrangeEnds{range});
  }

  /// ZRANGE. The members from rank `first` to `last`, both included, the lowest score first; with `reverse`
  /// (since Redis 6.2) the highest.
  template <class Out = Texts>
  auto zrange(std::string_view key, std::int64_t first, std::int64_t last,
              const ZrangeOptions& options = {}) const -> reply_t<Self, Out> {
    const ByRank range{first, last};
    return detail::submit<Out>(*this, info::find(info::sorted_sets_range, "ZRANGE"), key,
                               detail::ZrangeArguments{range, options});
  }
  /// ZRANGE. The members in a `ByRank`, `ByScore` or `ByLex`. All but an ascending ByRank since Redis 6.2.
  template <class Out = Texts, SortedSetRange Range>
  auto zrange(std::string_view key, const Range& range, const ZrangeOptions& options = {}) const
      -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_range, "ZRANGE"), key,
                               detail::ZrangeArguments{range, options});
  }
  /// ZRANGE … WITHSCORES. The members from rank `first` to `last`, both included, with their scores, the
  /// lowest score first; with `reverse` (since Redis 6.2) the highest.
  template <class Out = Scored>
  auto zrange_with_scores(std::string_view key, std::int64_t first, std::int64_t last,
                          const ZrangeOptions& options = {}) const -> reply_t<Self, Out> {
    const ByRank range{first, last};
    return detail::submit<Out>(*this, info::find(info::sorted_sets_range, "ZRANGE"), key,
                               detail::ZrangeArguments{range, options}, std::string_view("WITHSCORES"));
  }
  /// ZRANGE … WITHSCORES. The members in a `ByRank` or `ByScore` with their scores. All but an ascending
  /// ByRank since Redis 6.2.
  template <class Out = Scored, SortedSetRange Range>
  requires(!std::same_as<Range, ByLex>) auto zrange_with_scores(std::string_view key, const Range& range,
                                                                const ZrangeOptions& options = {}) const
      -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_range, "ZRANGE"), key,
                               detail::ZrangeArguments{range, options}, std::string_view("WITHSCORES"));
  }
  /// ZRANGESTORE. How many members the set at `destination` has now: those of `source` in a `ByRank`,
  /// `ByScore` or `ByLex`. Since Redis 6.2.
  template <SortedSetRange Range>
  auto zrangestore(std::string_view destination, std::string_view source, const Range& range,
                   const ZrangeOptions& options = {}) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets_range, "ZRANGESTORE"),
                                        destination, source, detail::ZrangeArguments{range, options});
  }

  /// ZRANGEBYLEX. The members in the range. Deprecated by the server since 6.2 in favour of `zrange`.
  template <class Out = Texts>
  auto zrangebylex(std::string_view key, const ByLex& range, const std::optional<Limit>& limit = {}) const
      -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_range, "ZRANGEBYLEX"), key,
                               detail::ZrangeEnds{range}, limit);
  }
  /// ZRANGEBYSCORE. The members with a score in the range. Deprecated by the server since 6.2 in favour of
  /// `zrange`.
  template <class Out = Texts>
  auto zrangebyscore(std::string_view key, const ByScore& range, const std::optional<Limit>& limit = {}) const
      -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_range, "ZRANGEBYSCORE"), key,
                               detail::ZrangeEnds{range}, limit);
  }
  /// ZRANGEBYSCORE … WITHSCORES. Like `zrangebyscore`, with the scores.
  template <class Out = Scored>
  auto zrangebyscore_with_scores(std::string_view key, const ByScore& range,
                                 const std::optional<Limit>& limit = {}) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_range, "ZRANGEBYSCORE"), key,
                               detail::ZrangeEnds{range}, std::string_view("WITHSCORES"), limit);
  }

  /// ZREMRANGEBYLEX. How many members were removed.
  auto zremrangebylex(std::string_view key, const ByLex& range) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets_range, "ZREMRANGEBYLEX"), key,
                                        detail::ZrangeEnds{range});
  }
  /// ZREMRANGEBYRANK. How many members were removed: those from rank `first` to `last`, both included.
  auto zremrangebyrank(std::string_view key, std::int64_t first, std::int64_t last) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets_range, "ZREMRANGEBYRANK"), key,
                                        first, last);
  }
  /// ZREMRANGEBYSCORE. How many members were removed.
  auto zremrangebyscore(std::string_view key, const ByScore& range) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets_range, "ZREMRANGEBYSCORE"), key,
                                        detail::ZrangeEnds{range});
  }

  /// ZREVRANGE. The members from rank `first` to `last`, counted from the highest score. Deprecated by the
  /// server since 6.2 in favour of `zrange`.
  template <class Out = Texts>
  auto zrevrange(std::string_view key, std::int64_t first, std::int64_t last) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_range, "ZREVRANGE"), key, first, last);
  }
  /// ZREVRANGE … WITHSCORES. Like `zrevrange`, with the scores.
  template <class Out = Scored>
  auto zrevrange_with_scores(std::string_view key, std::int64_t first, std::int64_t last) const
      -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_range, "ZREVRANGE"), key, first, last,
                               std::string_view("WITHSCORES"));
  }
  /// ZREVRANGEBYLEX. The members in the range, the last one first. Deprecated by the server since 6.2 in
  /// favour of `zrange`.
  template <class Out = Texts>
  auto zrevrangebylex(std::string_view key, const ByLex& range, const std::optional<Limit>& limit = {}) const
      -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_range, "ZREVRANGEBYLEX"), key,
                               detail::ZrangeEnds{range, true}, limit);
  }
  /// ZREVRANGEBYSCORE. The members with a score in the range, the highest first. Deprecated by the server
  /// since 6.2 in favour of `zrange`.
  template <class Out = Texts>
  auto zrevrangebyscore(std::string_view key, const ByScore& range,
                        const std::optional<Limit>& limit = {}) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_range, "ZREVRANGEBYSCORE"), key,
                               detail::ZrangeEnds{range, true}, limit);
  }
  /// ZREVRANGEBYSCORE … WITHSCORES. Like `zrevrangebyscore`, with the scores.
  template <class Out = Scored>
  auto zrevrangebyscore_with_scores(std::string_view key, const ByScore& range,
                                    const std::optional<Limit>& limit = {}) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets_range, "ZREVRANGEBYSCORE"), key,
                               detail::ZrangeEnds{range, true}, std::string_view("WITHSCORES"), limit);
  }
};

}  // namespace redstart::inline v0
