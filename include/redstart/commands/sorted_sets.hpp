// SPDX-License-Identifier: Apache-2.0
// sorted_sets.hpp: commands on the members of one sorted set.
#pragma once

#include <redstart/commands/block_for.hpp>
#include <redstart/commands/command.hpp>
#include <redstart/commands/scan.hpp>
#include <redstart/commands/scan_range.hpp>
#include <redstart/commands/sorted_sets_options.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo sorted_sets[] = {
    {.name = "BZMPOP", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::counted(2), .blocking = true, .since = "7.0.0"},
    {.name = "BZPOPMAX", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::all_but_last, .blocking = true, .since = "5.0.0"},
    {.name = "BZPOPMIN", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::all_but_last, .blocking = true, .since = "5.0.0"},
    {.name = "ZADD", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.2.0"},
    {.name = "ZCARD", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "1.2.0"},
    {.name = "ZINCRBY", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "1.2.0"},
    {.name = "ZMPOP", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::counted(1), .since = "7.0.0"},
    {.name = "ZMSCORE", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "6.2.0"},
    {.name = "ZPOPMAX", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "5.0.0"},
    {.name = "ZPOPMIN", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "5.0.0"},
    {.name = "ZRANDMEMBER", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "6.2.0"},
    {.name = "ZRANK", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.0.0"},
    {.name = "ZREM", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "1.2.0"},
    {.name = "ZREVRANK", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.0.0"},
    {.name = "ZSCAN", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "2.8.0"},
    {.name = "ZSCORE", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "1.2.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=sorted-set: members and scores.
///
/// Members with scores are pairs of member and score, both as arguments and as results. `Out` is a vector of
/// pairs or a map.
template <class Self>
class SortedSetCommands {
  using Scored = std::vector<std::pair<std::string, double>>;
  template <class Out>
  using KeyAnd = std::optional<std::pair<std::string, Out>>;
  using KeyMemberScore = std::optional<std::tuple<std::string, std::string, double>>;

 public:
  /// BZMPOP. Removes and returns up to `count` members with the lowest or highest scores of the first set
  /// that exists, with its key; empty if the time has passed. Since Redis 7.0.
  template <class Out = Scored, ManyArguments Range = detail::Texts>
  auto bzmpop(const Range& keys, ScoreEnd from, BlockFor block, std::int64_t count = 1) const
      -> reply_t<Self, KeyAnd<Out>> {
    return detail::submit<KeyAnd<Out>>(*this, info::find(info::sorted_sets, "BZMPOP"), block,
                                       detail::Counted{keys}, detail::word_of(from),
                                       std::string_view("COUNT"), count);
  }
  /// BZPOPMAX. Key, member and score of the highest score, which is removed; empty if the time has passed.
  /// Since Redis 5.0.
  auto bzpopmax(std::string_view key, BlockFor block) const -> reply_t<Self, KeyMemberScore> {
    return detail::submit<KeyMemberScore>(*this, info::find(info::sorted_sets, "BZPOPMAX"), key, block);
  }
  /// BZPOPMAX over a container of keys; takes a member of the first set that exists. Errors:
  /// `invalid_argument` for an empty container.
  template <ManyArguments Range = detail::Texts>
  auto bzpopmax(const Range& keys, BlockFor block) const -> reply_t<Self, KeyMemberScore> {
    return detail::submit<KeyMemberScore>(*this, info::find(info::sorted_sets, "BZPOPMAX"),
                                          detail::EachElement{keys}, block);
  }
  /// BZPOPMIN. Key, member and score of the lowest score, which is removed; empty if the time has passed.
  /// Since Redis 5.0.
  auto bzpopmin(std::string_view key, BlockFor block) const -> reply_t<Self, KeyMemberScore> {
    return detail::submit<KeyMemberScore>(*this, info::find(info::sorted_sets, "BZPOPMIN"), key, block);
  }
  /// BZPOPMIN over a container of keys; takes a member of the first set that exists. Errors:
  /// `invalid_argument` for an empty container.
  template <ManyArguments Range = detail::Texts>
  auto bzpopmin(const Range& keys, BlockFor block) const -> reply_t<Self, KeyMemberScore> {
    return detail::submit<KeyMemberScore>(*this, info::find(info::sorted_sets, "BZPOPMIN"),
                                          detail::EachElement{keys}, block);
  }

  /// ZADD. How many members are new; with `count_changed`, also those with a new score.
  template <SingleArgument M>
  auto zadd(std::string_view key, double score, const M& member, const ZaddOptions& options = {}) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets, "ZADD"), key, options, score,
                                        member);
  }
  /// ZADD over a container of pairs of a member and a score, in either order. If both are numbers, the member
  /// comes first. Errors: `invalid_argument` for an empty one. Since Redis 2.4.
  template <ManyArguments Range = detail::ScoredTexts>
  auto zadd(std::string_view key, const Range& members, const ZaddOptions& options = {}) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets, "ZADD"), key, options,
                                        detail::ScoreMember{members});
  }
  /// ZADD over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto zadd(std::string_view key, Iterator first, Iterator last, const ZaddOptions& options = {}) const
      -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets, "ZADD"), key, options,
                                        detail::ScoreMember(range));
  }
  template <detail::pair_like E>
  auto zadd(std::string_view key, std::initializer_list<E> members, const ZaddOptions& options = {}) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets, "ZADD"), key, options,
                                        detail::ScoreMember(members));
  }
  /// ZADD … INCR. The score after adding `amount`; empty if an option prevented it. Since Redis 3.0.2.
  template <SingleArgument M>
  auto zadd_incr(std::string_view key, double amount, const M& member,
                 const ZaddIncrOptions& options = {}) const -> reply_t<Self, std::optional<double>> {
    return detail::submit<std::optional<double>>(*this, info::find(info::sorted_sets, "ZADD"), key, options,
                                                 amount, member);
  }
  /// ZCARD. How many members the set has; 0 if `key` does not exist.
  auto zcard(std::string_view key) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets, "ZCARD"), key);
  }
  /// ZINCRBY. The score after adding `amount`; a missing member counts as 0.
  template <SingleArgument M>
  auto zincrby(std::string_view key, double amount, const M& member) const -> reply_t<Self, double> {
    return detail::submit<double>(*this, info::find(info::sorted_sets, "ZINCRBY"), key, amount, member);
  }

  /// ZMPOP. Removes and returns up to `count` members with the lowest or highest scores of the first set that
  /// exists, with its key; empty if none does. Since Redis 7.0.
  template <class Out = Scored, ManyArguments Range = detail::Texts>
  auto zmpop(const Range& keys, ScoreEnd from, std::int64_t count = 1) const -> reply_t<Self, KeyAnd<Out>> {
    return detail::submit<KeyAnd<Out>>(*this, info::find(info::sorted_sets, "ZMPOP"), detail::Counted{keys},
                                       detail::word_of(from), std::string_view("COUNT"), count);
  }
  /// ZMSCORE. The score of each member, empty where it is not in the set. Since Redis 6.2.
  template <SingleArgument M, SingleArgument... More>
  auto zmscore(std::string_view key, const M& member, const More&... more) const
      -> reply_t<Self, std::vector<std::optional<double>>> {
    return detail::submit<std::vector<std::optional<double>>>(*this, info::find(info::sorted_sets, "ZMSCORE"),
                                                              key, member, more...);
  }
  /// ZMSCORE over a container of members. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto zmscore(std::string_view key, const Range& members) const
      -> reply_t<Self, std::vector<std::optional<double>>> {
    return detail::submit<std::vector<std::optional<double>>>(*this, info::find(info::sorted_sets, "ZMSCORE"),
                                                              key, detail::EachElement{members});
  }
  /// ZMSCORE over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto zmscore(std::string_view key, Iterator first, Iterator last) const
      -> reply_t<Self, std::vector<std::optional<double>>> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::vector<std::optional<double>>>(*this, info::find(info::sorted_sets, "ZMSCORE"),
                                                              key, detail::EachElement(range));
  }
  template <SingleArgument E>
  auto zmscore(std::string_view key, std::initializer_list<E> members) const
      -> reply_t<Self, std::vector<std::optional<double>>> {
    return detail::submit<std::vector<std::optional<double>>>(*this, info::find(info::sorted_sets, "ZMSCORE"),
                                                              key, detail::EachElement(members));
  }

  /// ZPOPMAX. Removes and returns up to `count` members with the highest scores, the highest first. Since
  /// Redis 5.0.
  template <class Out = Scored>
  auto zpopmax(std::string_view key, std::int64_t count = 1) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets, "ZPOPMAX"), key, count);
  }
  /// ZPOPMIN. Removes and returns up to `count` members with the lowest scores, the lowest first. Since
  /// Redis 5.0.
  template <class Out = Scored>
  auto zpopmin(std::string_view key, std::int64_t count = 1) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets, "ZPOPMIN"), key, count);
  }

  /// ZRANDMEMBER. A member at random; empty if `key` does not exist. Since Redis 6.2.
  template <class T = std::string>
  auto zrandmember(std::string_view key) const -> reply_t<Self, std::optional<T>> {
    return detail::submit<std::optional<T>>(*this, info::find(info::sorted_sets, "ZRANDMEMBER"), key);
  }
  /// ZRANDMEMBER. Up to `count` different members at random. For a negative count, exactly that many,
  /// possibly repeated. Since Redis 6.2.
  template <class Out = std::vector<std::string>>
  auto zrandmember(std::string_view key, std::int64_t count) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets, "ZRANDMEMBER"), key, count);
  }
  /// ZRANDMEMBER … WITHSCORES. Like `zrandmember` with a count, with the scores. Since Redis 6.2.
  template <class Out = Scored>
  auto zrandmember_with_scores(std::string_view key, std::int64_t count) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::sorted_sets, "ZRANDMEMBER"), key, count,
                               std::string_view("WITHSCORES"));
  }

  /// ZRANK. How many members come before `member`, by rising score; empty if it is not in the set. O(log N).
  template <SingleArgument M>
  auto zrank(std::string_view key, const M& member) const -> reply_t<Self, std::optional<std::int64_t>> {
    return detail::submit<std::optional<std::int64_t>>(*this, info::find(info::sorted_sets, "ZRANK"), key,
                                                       member);
  }
  /// ZREM. How many of the members were in the set. Several since Redis 2.4.
  template <SingleArgument M, SingleArgument... More>
  auto zrem(std::string_view key, const M& member, const More&... more) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets, "ZREM"), key, member, more...);
  }
  /// ZREM over a container of members. Errors: `invalid_argument` for an empty one.
  template <ManyArguments Range = detail::Texts>
  auto zrem(std::string_view key, const Range& members) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets, "ZREM"), key,
                                        detail::EachElement{members});
  }
  /// ZREM over the elements between two iterators, or of a braced list.
  template <detail::argument_iterator Iterator>
  auto zrem(std::string_view key, Iterator first, Iterator last) const -> reply_t<Self, std::int64_t> {
    const detail::IteratorRange range(first, last);
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets, "ZREM"), key,
                                        detail::EachElement(range));
  }
  template <SingleArgument E>
  auto zrem(std::string_view key, std::initializer_list<E> members) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::sorted_sets, "ZREM"), key,
                                        detail::EachElement(members));
  }
  /// ZREVRANK. How many members come before `member`, by falling score; empty if it is not in the set.
  /// O(log N).
  template <SingleArgument M>
  auto zrevrank(std::string_view key, const M& member) const -> reply_t<Self, std::optional<std::int64_t>> {
    return detail::submit<std::optional<std::int64_t>>(*this, info::find(info::sorted_sets, "ZREVRANK"), key,
                                                       member);
  }

  /// ZSCAN. One step through the members and scores. Begin with cursor 0; the last reply has cursor 0.
  template <class Out = Scored>
  auto zscan(std::string_view key, std::uint64_t cursor, const ScanOptions& options = {}) const
      -> reply_t<Self, ScanPage<Out>> {
    return detail::submit<ScanPage<Out>>(*this, info::find(info::sorted_sets, "ZSCAN"), key, cursor, options);
  }
  /// ZSCAN as a range of members with scores: see `ScanRange`.
  template <class Element = std::pair<std::string, double>>
  auto zscan(std::string_view key,
             const ScanOptions& options = {}) const requires detail::returns_replies<Self> {
    return detail::scan_range<Element>(
        static_cast<const Self&>(*this),
        [key = std::string(key), options](const Self& handle, std::uint64_t cursor) {
          return handle.template zscan<std::vector<Element>>(key, cursor, options);
        });
  }
  /// ZSCORE. The score of `member`; empty if it is not in the set.
  template <SingleArgument M>
  auto zscore(std::string_view key, const M& member) const -> reply_t<Self, std::optional<double>> {
    return detail::submit<std::optional<double>>(*this, info::find(info::sorted_sets, "ZSCORE"), key, member);
  }
};

}  // namespace redstart::inline v0
