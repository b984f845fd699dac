// SPDX-License-Identifier: Apache-2.0
// breaker_state.hpp: the states of a circuit breaker.
#pragma once

#include <cstdint>
#include <string_view>

namespace redstart::inline v0 {

enum class BreakerState : std::uint8_t {
  closed,         ///< Calls pass; their outcomes are counted.
  open,           ///< Calls are rejected until the recovery time is over or a connection becomes ready.
  half_open,      ///< A few calls pass as probes, and decide on the next state.
  forced_open,    ///< Rejects every call, by API, until `automatic()`.
  forced_closed,  ///< Admits every call, by API, until `automatic()`.
};

[[nodiscard]] constexpr std::string_view to_string(BreakerState state) noexcept {
  switch (state) {
    case BreakerState::closed: return "closed";
    case BreakerState::open: return "open";
    case BreakerState::half_open: return "half_open";
    case BreakerState::forced_open: return "forced_open";
    case BreakerState::forced_closed: return "forced_closed";
  }
  return "unknown";
}

}  // namespace redstart::inline v0
