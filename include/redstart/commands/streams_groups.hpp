// SPDX-License-Identifier: Apache-2.0
// streams_groups.hpp: commands of consumer groups of streams.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/streams_info.hpp>
#include <redstart/commands/streams_options.hpp>
#include <redstart/core/ok.hpp>

#include <chrono>
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
inline constexpr CommandInfo streams_groups[] = {
    {.name = "XACK", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "5.0.0"},
    {.name = "XAUTOCLAIM", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "6.2.0"},
    {.name = "XCLAIM", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "5.0.0"},
    {.name = "XGROUP CREATE", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::at(2), .since = "5.0.0"},
    {.name = "XGROUP CREATECONSUMER", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::at(2), .since = "6.2.0"},
    {.name = "XGROUP DELCONSUMER", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::at(2), .since = "5.0.0"},
    {.name = "XGROUP DESTROY", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::at(2), .since = "5.0.0"},
    {.name = "XGROUP SETID", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::at(2), .since = "5.0.0"},
    {.name = "XINFO CONSUMERS", .access = Access::read, .retry = Retry::read,
     .keys = keys::at(2), .since = "5.0.0"},
    {.name = "XINFO GROUPS", .access = Access::read, .retry = Retry::read,
     .keys = keys::at(2), .since = "5.0.0"},
    {.name = "XPENDING", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "5.0.0"},
    {.name = "XREADGROUP", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::streams(4), .blocking = true, .since = "5.0.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=stream: consumer groups.
///
/// An entry that a consumer received is pending until it is acknowledged. `Fields` is the type of the fields
/// of an entry: any container of pairs, such as a map.
template <class Self>
class StreamGroupCommands {
  using TextPairs = std::vector<std::pair<std::string, std::string>>;
  using Ids = std::initializer_list<StreamId>;

 public:
  /// XACK. How many of the entries were pending.
  template <ManyArguments Range = Ids>
  auto xack(std::string_view key, std::string_view group, const Range& ids) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::streams_groups, "XACK"), key, group,
                                        detail::EachElement{ids});
  }
  auto xack(std::string_view key, std::string_view group, const StreamId& id) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::streams_groups, "XACK"), key, group, id);
  }

  /// XAUTOCLAIM. Gives up to `count` pending entries to `consumer` that were delivered at least `idle` ago,
  /// and returns them. Go on at `next` until it is `finished()`. Since Redis 6.2.
  template <class Fields = TextPairs, class Rep, class Period>
  auto xautoclaim(std::string_view key, std::string_view group, std::string_view consumer,
                  std::chrono::duration<Rep, Period> idle, const StreamId& begin = {},
                  std::int64_t count = 100) const -> reply_t<Self, AutoClaimed<StreamEntry<Fields>>> {
    return detail::submit<AutoClaimed<StreamEntry<Fields>>>(
        *this, info::find(info::streams_groups, "XAUTOCLAIM"), key, group, consumer,
        detail::milliseconds(idle), begin, std::string_view("COUNT"), count);
  }
  /// XAUTOCLAIM … JUSTID. Returns the identifiers alone, and does not count as a delivery.
  template <class Rep, class Period>
  auto xautoclaim_ids(std::string_view key, std::string_view group, std::string_view consumer,
                      std::chrono::duration<Rep, Period> idle, const StreamId& begin = {},
                      std::int64_t count = 100) const -> reply_t<Self, AutoClaimed<StreamId>> {
    return detail::submit<AutoClaimed<StreamId>>(
        *this, info::find(info::streams_groups, "XAUTOCLAIM"), key, group, consumer,
        detail::milliseconds(idle), begin, std::string_view("COUNT"), count, std::string_view("JUSTID"));
  }
  /// XCLAIM. Gives the pending entries to `consumer` that were delivered at least `idle` ago, and returns
  /// them.
  template <class Fields = TextPairs, class Rep, class Period, ManyArguments Range = Ids>
  auto xclaim(std::string_view key, std::string_view group, std::string_view consumer,
              std::chrono::duration<Rep, Period> idle, const Range& ids,
              const XclaimOptions& options = {}) const -> reply_t<Self, std::vector<StreamEntry<Fields>>> {
    return detail::submit<std::vector<StreamEntry<Fields>>>(*this, info::find(info::streams_groups, "XCLAIM"),
                                                            key, group, consumer, detail::milliseconds(idle),
                                                            detail::EachElement{ids}, options);
  }
  /// XCLAIM … JUSTID. Returns the identifiers alone, and does not count as a delivery.
  template <class Rep, class Period, ManyArguments Range = Ids>
  auto xclaim_ids(std::string_view key, std::string_view group, std::string_view consumer,
                  std::chrono::duration<Rep, Period> idle, const Range& ids,
                  const XclaimOptions& options = {}) const -> reply_t<Self, std::vector<StreamId>> {
    return detail::submit<std::vector<StreamId>>(
        *this, info::find(info::streams_groups, "XCLAIM"), key, group, consumer, detail::milliseconds(idle),
        detail::EachElement{ids}, options, std::string_view("JUSTID"));
  }

  /// XGROUP CREATE. OK; the group receives the entries behind `after`. The server replies with BUSYGROUP if
  /// it exists.
  auto xgroup_create(std::string_view key, std::string_view group,
                     const StreamPosition& after = StreamPosition::end(),
                     const XgroupOptions& options = {}) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::streams_groups, "XGROUP CREATE"), key, group, after,
                              options);
  }
  /// XGROUP CREATECONSUMER. True if the consumer is new. Since Redis 6.2.
  auto xgroup_createconsumer(std::string_view key, std::string_view group, std::string_view consumer) const
      -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::streams_groups, "XGROUP CREATECONSUMER"), key, group,
                                consumer);
  }
  /// XGROUP DELCONSUMER. How many pending entries the consumer had, which are then pending no longer.
  auto xgroup_delconsumer(std::string_view key, std::string_view group, std::string_view consumer) const
      -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::streams_groups, "XGROUP DELCONSUMER"), key,
                                        group, consumer);
  }
  /// XGROUP DESTROY. True if the group existed.
  auto xgroup_destroy(std::string_view key, std::string_view group) const -> reply_t<Self, bool> {
    return detail::submit<bool>(*this, info::find(info::streams_groups, "XGROUP DESTROY"), key, group);
  }
  /// XGROUP SETID. OK; the group goes on behind `after`.
  auto xgroup_setid(std::string_view key, std::string_view group, const StreamPosition& after) const
      -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::streams_groups, "XGROUP SETID"), key, group, after);
  }

  /// XINFO CONSUMERS.
  template <class Out = std::vector<StreamConsumerInfo>>
  auto xinfo_consumers(std::string_view key, std::string_view group) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::streams_groups, "XINFO CONSUMERS"), key, group);
  }
  /// XINFO GROUPS.
  template <class Out = std::vector<StreamGroupInfo>>
  auto xinfo_groups(std::string_view key) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::streams_groups, "XINFO GROUPS"), key);
  }

  /// XPENDING. How many entries are pending, and whose.
  auto xpending(std::string_view key, std::string_view group) const -> reply_t<Self, PendingSummary> {
    return detail::submit<PendingSummary>(*this, info::find(info::streams_groups, "XPENDING"), key, group);
  }
  /// XPENDING with a range. The pending entries one by one.
  template <class Out = std::vector<PendingEntry>>
  auto xpending(std::string_view key, std::string_view group, const XpendingOptions& options) const
      -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::streams_groups, "XPENDING"), key, group, options);
  }

  /// XREADGROUP. Entries of a stream that no consumer of the group has received, which are then pending;
  /// empty if there is none, or `block` has passed. With another position than `undelivered()`: the
  /// consumer's own pending entries behind it. The handle's time limit is extended by `block`.
  template <class Fields = TextPairs>
  auto xreadgroup(std::string_view group, std::string_view consumer, std::string_view key,
                  const StreamPosition& after = StreamPosition::undelivered(),
                  const XreadgroupOptions& options = {}) const
      -> reply_t<Self, std::optional<StreamReads<Fields>>> {
    return detail::submit<std::optional<StreamReads<Fields>>>(
        *this, info::find(info::streams_groups, "XREADGROUP"), std::string_view("GROUP"), group, consumer,
        options, std::string_view("STREAMS"), key, after);
  }
  /// XREADGROUP over a container of pairs: keys and positions. Errors: `invalid_argument` for an empty one.
  template <class Fields = TextPairs, ManyArguments Range = detail::StreamPositions>
  auto xreadgroup(std::string_view group, std::string_view consumer, const Range& streams,
                  const XreadgroupOptions& options = {}) const
      -> reply_t<Self, std::optional<StreamReads<Fields>>> {
    return detail::submit<std::optional<StreamReads<Fields>>>(
        *this, info::find(info::streams_groups, "XREADGROUP"), std::string_view("GROUP"), group, consumer,
        options, detail::KeysThenPositions{streams});
  }
};

}  // namespace redstart::inline v0
