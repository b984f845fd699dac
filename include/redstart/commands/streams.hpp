// SPDX-License-Identifier: Apache-2.0
// streams.hpp: commands on streams.
#pragma once

#include <redstart/commands/command.hpp>
#include <redstart/commands/streams_info.hpp>
#include <redstart/commands/streams_options.hpp>
#include <redstart/core/ok.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

class Value;

namespace info {

// clang-format off
inline constexpr CommandInfo streams[] = {
    {.name = "XADD", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "5.0.0"},
    {.name = "XDEL", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "5.0.0"},
    {.name = "XINFO STREAM", .access = Access::read, .retry = Retry::read,
     .keys = keys::at(2), .since = "5.0.0"},
    {.name = "XLEN", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "5.0.0"},
    {.name = "XRANGE", .access = Access::read, .retry = Retry::read, .keys = keys::first, .since = "5.0.0"},
    {.name = "XREAD", .access = Access::read, .retry = Retry::read,
     .keys = keys::streams(1), .blocking = true, .since = "5.0.0"},
    {.name = "XREVRANGE", .access = Access::read, .retry = Retry::read,
     .keys = keys::first, .since = "5.0.0"},
    {.name = "XSETID", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "5.0.0"},
    {.name = "XTRIM", .access = Access::write, .retry = Retry::last_write_wins,
     .keys = keys::first, .since = "5.0.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=stream
///
/// `Fields` is the type of the fields of an entry: any container of pairs, such as a map. Consumer groups:
/// `StreamGroupCommands`.
template <class Self>
class StreamCommands {
  using TextPairs = std::vector<std::pair<std::string, std::string>>;

 public:
  /// XADD. Adds an entry with these fields. Its identifier; empty if `existing_only` kept it from being
  /// added.
  ///
  ///     db.xadd("orders", {{"customer", "7"}, {"total", "19.90"}}, {.trim =
  ///     StreamTrim::to_length(1'000'000)});
  template <ManyArguments Range = detail::TextPairs>
  auto xadd(std::string_view key, const Range& fields, const XaddOptions& options = {}) const
      -> reply_t<Self, std::optional<StreamId>> {
    return detail::submit<std::optional<StreamId>>(*this, info::find(info::streams, "XADD"), key, options,
                                                   detail::EachElement{fields});
  }
  /// XDEL. How many of the entries existed.
  template <ManyArguments Range = std::initializer_list<StreamId>>
  auto xdel(std::string_view key, const Range& ids) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::streams, "XDEL"), key,
                                        detail::EachElement{ids});
  }
  auto xdel(std::string_view key, const StreamId& id) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::streams, "XDEL"), key, id);
  }
  /// XINFO STREAM. Errors: the server refuses a key that does not exist.
  template <class Out = StreamInfo>
  auto xinfo_stream(std::string_view key) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::streams, "XINFO STREAM"), key);
  }
  /// XINFO STREAM … FULL. Also entries, groups and consumers, up to `count` of each; all if 0. Since
  /// Redis 6.0.
  template <class R = Value>
  auto xinfo_stream_full(std::string_view key, std::int64_t count = 10) const -> reply_t<Self, R> {
    return detail::submit<R>(*this, info::find(info::streams, "XINFO STREAM"), key, std::string_view("FULL"),
                             std::string_view("COUNT"), count);
  }
  /// XLEN. How many entries the stream has; 0 if `key` does not exist.
  auto xlen(std::string_view key) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::streams, "XLEN"), key);
  }

  /// XRANGE. The entries from `first` to `last`, oldest first; all of them if `count` is not set.
  template <class Fields = TextPairs>
  auto xrange(std::string_view key, const StreamBound& first = StreamBound::lowest(),
              const StreamBound& last = StreamBound::highest(), std::optional<std::int64_t> count = {}) const
      -> reply_t<Self, std::vector<StreamEntry<Fields>>> {
    return detail::submit<std::vector<StreamEntry<Fields>>>(*this, info::find(info::streams, "XRANGE"), key,
                                                            first, last, detail::CountOption{count});
  }
  /// XREVRANGE. The entries from `last` back to `first`, newest first.
  template <class Fields = TextPairs>
  auto xrevrange(std::string_view key, const StreamBound& last = StreamBound::highest(),
                 const StreamBound& first = StreamBound::lowest(),
                 std::optional<std::int64_t> count = {}) const
      -> reply_t<Self, std::vector<StreamEntry<Fields>>> {
    return detail::submit<std::vector<StreamEntry<Fields>>>(*this, info::find(info::streams, "XREVRANGE"),
                                                            key, last, first, detail::CountOption{count});
  }
  /// XREAD. The entries of each stream behind a position; empty if there is none, or `block` has passed. The
  /// handle's time limit is extended by `block`.
  ///
  ///     auto reads = db.xread("orders", StreamPosition::end(), {.block = 5s});
  template <class Fields = TextPairs>
  auto xread(std::string_view key, const StreamPosition& after, const XreadOptions& options = {}) const
      -> reply_t<Self, std::optional<StreamReads<Fields>>> {
    return detail::submit<std::optional<StreamReads<Fields>>>(
        *this, info::find(info::streams, "XREAD"), options, std::string_view("STREAMS"), key, after);
  }
  /// XREAD over a container of pairs: keys and positions. Errors: `invalid_argument` for an empty one.
  template <class Fields = TextPairs, ManyArguments Range = detail::StreamPositions>
  auto xread(const Range& streams, const XreadOptions& options = {}) const
      -> reply_t<Self, std::optional<StreamReads<Fields>>> {
    return detail::submit<std::optional<StreamReads<Fields>>>(*this, info::find(info::streams, "XREAD"),
                                                              options, detail::KeysThenPositions{streams});
  }
  /// XSETID. OK; sets the last identifier of a stream. For tools that restore streams.
  auto xsetid(std::string_view key, const StreamId& last) const -> reply_t<Self, Ok> {
    return detail::submit<Ok>(*this, info::find(info::streams, "XSETID"), key, last);
  }
  /// XTRIM. How many entries were deleted.
  auto xtrim(std::string_view key, const StreamTrim& trim) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::streams, "XTRIM"), key, trim);
  }
};

}  // namespace redstart::inline v0
