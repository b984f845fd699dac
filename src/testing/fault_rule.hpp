// SPDX-License-Identifier: Apache-2.0
// fault_rule.hpp: one fault that was asked for, and how often it has happened.
#pragma once

#include <redstart/testing/fault_script.hpp>

#include <cstdint>
#include <memory>

namespace redstart::inline v0::testing::detail {

/// Shared by a script's line and its copies on each connection; guarded by the proxy's mutex.
struct FiredCount {
  std::uint64_t times = 0;
};

struct FaultRule {
  FaultTrigger trigger{};
  FaultAction action{};
  std::shared_ptr<FiredCount> fired{};
};

inline Direction opposite(Direction direction) noexcept {
  return direction == Direction::to_client ? Direction::to_server : Direction::to_client;
}

}  // namespace redstart::inline v0::testing::detail
