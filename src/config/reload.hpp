// SPDX-License-Identifier: Apache-2.0
// reload.hpp: compares configurations and takes over what can change live.
#pragma once

#include <redstart/config/redis_config.hpp>
#include <redstart/config/reload_report.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace redstart::inline v0::detail {

/// Copies the reloadable settings that differ from `next` to `current`. Appends all differences to `changes`.
/// Returns true if `current` has changed. `shared`: the number of its shared connections, which do not yield
/// their place, so that `max_connections` must be above.
bool take_over(DatabaseConfig& current, const DatabaseConfig& next, std::string_view database,
               std::size_t shared, std::vector<ConfigChange>& changes);
/// Appends the differences of the manager's own settings, none of which can change live.
void compare(const RedisConfig& current, const RedisConfig& next, std::vector<ConfigChange>& changes);

}  // namespace redstart::inline v0::detail
