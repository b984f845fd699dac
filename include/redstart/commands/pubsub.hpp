// SPDX-License-Identifier: Apache-2.0
// pubsub.hpp: publishes messages, and examines channels.
#pragma once

#include <redstart/commands/command.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

namespace info {

// clang-format off
inline constexpr CommandInfo pubsub[] = {
    {.name = "PUBLISH", .access = Access::write, .retry = Retry::accumulating,
     .spread = {Target::channel}, .since = "2.0.0"},
    {.name = "PUBSUB CHANNELS", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "2.8.0"},
    {.name = "PUBSUB NUMPAT", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "2.8.0"},
    {.name = "PUBSUB NUMSUB", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "2.8.0"},
    {.name = "PUBSUB SHARDCHANNELS", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "7.0.0"},
    {.name = "PUBSUB SHARDNUMSUB", .access = Access::admin, .retry = Retry::read,
     .spread = spread::one_server, .since = "7.0.0"},
    {.name = "SPUBLISH", .access = Access::write, .retry = Retry::accumulating,
     .keys = keys::first, .since = "7.0.0"},
};
// clang-format on

}  // namespace info

/// https://redis.io/commands/?group=pubsub
///
/// A message that is published is not repeated if its effect is unknown: receivers could get it twice.
template <class Self>
class PubsubCommands {
  using Texts = std::vector<std::string>;

 public:
  /// PUBLISH. How many connections received the message; in a cluster, those of one node.
  template <Scalar M>
  auto publish(std::string_view channel, const M& message) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::pubsub, "PUBLISH"), channel, message);
  }
  /// PUBSUB CHANNELS. The channels that match a glob pattern and have subscribers. O(N).
  template <class Out = Texts>
  auto pubsub_channels(std::string_view pattern = "*") const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::pubsub, "PUBSUB CHANNELS"), pattern);
  }
  /// PUBSUB NUMPAT. How many patterns have subscribers.
  auto pubsub_numpat() const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::pubsub, "PUBSUB NUMPAT"));
  }
  /// PUBSUB NUMSUB. Each channel with the number of its subscribers, without those of patterns.
  template <class Out = std::vector<std::pair<std::string, std::int64_t>>, StringLike... Channels>
  auto pubsub_numsub(std::string_view channel, const Channels&... channels) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::pubsub, "PUBSUB NUMSUB"), channel, channels...);
  }
  /// PUBSUB NUMSUB over a container of channels. Errors: `invalid_argument` for an empty one.
  template <class Out = std::vector<std::pair<std::string, std::int64_t>>,
            ManyArguments Range = detail::Texts>
  auto pubsub_numsub(const Range& channels) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::pubsub, "PUBSUB NUMSUB"),
                               detail::EachElement{channels});
  }
  /// PUBSUB SHARDCHANNELS. The shard channels that match a glob pattern and have subscribers. Since
  /// Redis 7.0.
  template <class Out = Texts>
  auto pubsub_shardchannels(std::string_view pattern = "*") const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::pubsub, "PUBSUB SHARDCHANNELS"), pattern);
  }
  /// PUBSUB SHARDNUMSUB. Each shard channel with the number of its subscribers. Since Redis 7.0.
  template <class Out = std::vector<std::pair<std::string, std::int64_t>>, StringLike... Channels>
  auto pubsub_shardnumsub(std::string_view channel, const Channels&... channels) const -> reply_t<Self, Out> {
    return detail::submit<Out>(*this, info::find(info::pubsub, "PUBSUB SHARDNUMSUB"), channel, channels...);
  }
  /// SPUBLISH. How many connections received the message on a shard channel. Since Redis 7.0.
  template <Scalar M>
  auto spublish(std::string_view channel, const M& message) const -> reply_t<Self, std::int64_t> {
    return detail::submit<std::int64_t>(*this, info::find(info::pubsub, "SPUBLISH"), channel, message);
  }
};

}  // namespace redstart::inline v0
