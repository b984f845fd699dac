// SPDX-License-Identifier: Apache-2.0
// override_slot.hpp: the manager that stands in for the process-wide one, null when none does.
#pragma once

#include <atomic>

namespace redstart::inline v0 {

class RedisConnectionManager;

namespace detail {
std::atomic<RedisConnectionManager*>& override_slot() noexcept;
}  // namespace detail
}  // namespace redstart::inline v0
