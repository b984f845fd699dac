// SPDX-License-Identifier: Apache-2.0
// scoped_override.cpp: sets the overriding manager and restores the previous one.
#include <redstart/testing/scoped_override.hpp>

#include "../manager/override_slot.hpp"

namespace redstart::inline v0::testing {

ScopedOverride::ScopedOverride(RedisConnectionManager& manager) noexcept
    : before_(detail::override_slot().exchange(&manager, std::memory_order_acq_rel)) {}

ScopedOverride::~ScopedOverride() { detail::override_slot().store(before_, std::memory_order_release); }

}  // namespace redstart::inline v0::testing
