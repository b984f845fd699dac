// SPDX-License-Identifier: Apache-2.0
// standard_error.hpp: the default listener, which writes to standard error.
#pragma once

#include <redstart/observe/event.hpp>

#include <memory>

namespace redstart::inline v0 {

/// Returns a listener that writes changes of state to standard error, as `StateLines` decides: one line per
/// database, state and 10 s. It is the default of `RedisConfig::listener`; another listener may pass its
/// events on to it.
///
///     redstart: main at localhost:6379: connected
///     redstart: main at localhost:6379: connection closed: lost (12 times since the last such line)
///
/// Never waits: a line that standard error can't accept at once is dropped. Never raises SIGPIPE.
[[nodiscard]] std::shared_ptr<EventListener> standard_error_listener();

}  // namespace redstart::inline v0
