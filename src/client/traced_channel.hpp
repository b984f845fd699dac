// SPDX-License-Identifier: Apache-2.0
// traced_channel.hpp: channels that report each operation to a tracer.
#pragma once

#include <redstart/engine/async_channel.hpp>
#include <redstart/engine/channel_source.hpp>
#include <redstart/observe/tracer.hpp>

#include <memory>

namespace redstart::inline v0::detail {

/// Returns a channel that does what `source` does and reports each exchange to `tracer`. So do the leases
/// that it gives out.
[[nodiscard]] engine::ChannelSourcePtr traced(engine::ChannelSourcePtr source,
                                              std::shared_ptr<Tracer> tracer);
[[nodiscard]] engine::AsyncChannelSourcePtr traced(engine::AsyncChannelSourcePtr source,
                                                   std::shared_ptr<Tracer> tracer);

}  // namespace redstart::inline v0::detail
