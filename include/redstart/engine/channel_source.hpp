// SPDX-License-Identifier: Apache-2.0
// channel_source.hpp: where the channels of one database come from.
#pragma once

#include <redstart/core/call_site.hpp>
#include <redstart/core/result.hpp>
#include <redstart/engine/channel.hpp>

#include <memory>
#include <optional>

namespace redstart::inline v0::engine {

/// The channel of a database, which can also wait for the database and lease one of its connections.
///
/// Thread safety: full.
class ChannelSource : public Channel {
 public:
  /// Makes sure that the last attempt to reach the database did not fail, and makes one if there was none.
  [[nodiscard]] virtual std::optional<Error> ensure_reachable(const CallOptions& options) = 0;
  /// One connection for the caller alone. `where`: the place that reports name if the connection is kept too
  /// long.
  [[nodiscard]] virtual Result<ChannelPtr> lease(const CallOptions& options, CallSite where) = 0;
};

using ChannelSourcePtr = std::shared_ptr<ChannelSource>;

}  // namespace redstart::inline v0::engine
