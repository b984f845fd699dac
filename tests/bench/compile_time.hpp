// SPDX-License-Identifier: Apache-2.0
// compile_time.hpp: measures how long the compiler takes.
#pragma once

#include "process.hpp"

#include <cstdint>

namespace redstart::bench {

/// The library that a program uses.
enum class Smallest : std::uint8_t { hiredis, redstart, redstart_async };

/// Compiles and links the smallest program that GETs a key, with the compiler and the library of this build.
[[nodiscard]] ProgramRun compile_smallest(Smallest which);

}  // namespace redstart::bench
