// SPDX-License-Identifier: Apache-2.0
// override_slot.hpp: the manager that replaces the process-wide one in tests, or null.
#pragma once

#include <atomic>

namespace redstart::inline v0 {

class RedisConnectionManager;

namespace detail {
std::atomic<RedisConnectionManager*>& override_slot() noexcept;
}  // namespace detail
}  // namespace redstart::inline v0
