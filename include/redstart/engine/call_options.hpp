// SPDX-License-Identifier: Apache-2.0
// call_options.hpp: what a handle sets for its calls.
#pragma once

#include <redstart/core/clock.hpp>
#include <redstart/resilience/retry_policy.hpp>

#include <optional>

namespace redstart::inline v0::engine {

/// Options that a handle sets for each of its calls.
struct CallOptions {
  TimeLimit timeout{};               ///< For the whole call; unset: the database's command timeout.
  std::optional<RetryMode> retry{};  ///< Which commands may be sent again; empty: the database's policy.
};

}  // namespace redstart::inline v0::engine
