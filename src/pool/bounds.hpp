// SPDX-License-Identifier: Apache-2.0
// bounds.hpp: limits the durations of a configuration.
#pragma once

#include <redstart/config/redis_config.hpp>
#include <redstart/core/clock.hpp>

#include <chrono>
#include <type_traits>

namespace redstart::inline v0::pool {

/// Returns `config` with each duration limited to zero … `no_limit`, so that comparing and adding can't wrap.
[[nodiscard]] inline DatabaseConfig with_bounded_durations(DatabaseConfig config) noexcept {
  const auto bound = [](auto&... durations) {
    ((durations = bounded<std::remove_reference_t<decltype(durations)>>(durations)), ...);
  };
  bound(config.timeouts.connect, config.timeouts.command, config.timeouts.acquire, config.timeouts.health);
  if (config.timeouts.silence) bound(*config.timeouts.silence);
  bound(config.keepalive.idle, config.keepalive.interval);
  bound(config.idle_timeout, config.max_lifetime, config.check_after_idle, config.lease_warning,
        config.slow_command);
  for (BackoffPolicy* const policy :
       {&config.startup.backoff, &config.reconnect, &config.breaker.recovery, &config.retry.backoff})
    bound(policy->initial, policy->maximum);
  return config;
}

}  // namespace redstart::inline v0::pool
