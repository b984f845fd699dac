// SPDX-License-Identifier: Apache-2.0
// fault_rule.hpp: one requested fault and how often it took effect.
#pragma once

#include <redstart/testing/fault_script.hpp>

#include <cstdint>
#include <memory>

namespace redstart::inline v0::testing::detail {

/// Common to a statement of a script and its copies for each connection. Guarded by the mutex of the proxy.
struct FiredCount {
  std::uint64_t times = 0;
};

struct FaultRule {
  FaultTrigger trigger{};
  FaultAction action{};
  std::shared_ptr<FiredCount> fired{};
};

}  // namespace redstart::inline v0::testing::detail
