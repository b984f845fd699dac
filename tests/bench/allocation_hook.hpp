// SPDX-License-Identifier: Apache-2.0
// allocation_hook.hpp: counts every allocation of the program that it is linked into.
#pragma once

#include "meter.hpp"

namespace redstart::bench {

/// False where malloc can't be replaced: under a sanitizer, or with another C library than glibc.
[[nodiscard]] bool allocations_are_counted();
/// Calls of malloc, calloc, realloc and their kin since the program began; operator new is among them.
[[nodiscard]] Allocations counted_allocations();

}  // namespace redstart::bench
