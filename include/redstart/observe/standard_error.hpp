// SPDX-License-Identifier: Apache-2.0
// standard_error.hpp: the listener of a configuration that sets none.
#pragma once

#include <redstart/observe/event.hpp>

#include <memory>

namespace redstart::inline v0 {

/// A listener that writes changes of state to standard error, as `StateLines` decides: one line per database,
/// state and 10 s. It is the default of `RedisConfig::listener`; another listener may hand its events on to
/// one.
///
///     redstart: main at localhost:6379: connected
///     redstart: main at localhost:6379: connection closed: lost (12 times since the last such line)
///
/// Never waits: a line that standard error can't take at once is left out. Never raises SIGPIPE.
[[nodiscard]] std::shared_ptr<EventListener> standard_error_listener();

}  // namespace redstart::inline v0
