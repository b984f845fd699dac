// SPDX-License-Identifier: Apache-2.0
// deliver.hpp: passes events to a listener.
#pragma once

#include <redstart/observe/event.hpp>

namespace redstart::inline v0 {

/// Passes an event to `listener`, its texts as `peer_text`, with at most 3,584 bytes of detail. The only
/// place that calls listeners.
void deliver(EventListener& listener, Event event) noexcept;

}  // namespace redstart::inline v0
