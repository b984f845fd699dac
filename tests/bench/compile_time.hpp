// SPDX-License-Identifier: Apache-2.0
// compile_time.hpp: how long a user waits for the compiler.
#pragma once

#include "process.hpp"

namespace redstart::bench {

/// Compiles and links the smallest program that GETs a key, with the compiler and the library of this build.
[[nodiscard]] ProgramRun compile_smallest(bool with_hiredis);

}  // namespace redstart::bench
