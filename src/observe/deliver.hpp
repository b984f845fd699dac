// SPDX-License-Identifier: Apache-2.0
// deliver.hpp: the one place from which events go to a listener.
#pragma once

#include <redstart/observe/event.hpp>

namespace redstart::inline v0 {

/// Gives an event to `listener`; its texts as `peer_text`, at most 3,584 bytes of detail.
void deliver(EventListener& listener, Event event) noexcept;

}  // namespace redstart::inline v0
