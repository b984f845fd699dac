// SPDX-License-Identifier: Apache-2.0
// allocation_hook.hpp: counts every allocation of the program that links it.
#pragma once

#include "meter.hpp"

namespace redstart::bench {

/// False if malloc can't be replaced: under a sanitizer, or with a C library other than glibc.
[[nodiscard]] bool allocations_are_counted();
/// Calls of malloc, calloc, realloc and similar functions since the program began, including operator new.
[[nodiscard]] Allocations counted_allocations();

}  // namespace redstart::bench
