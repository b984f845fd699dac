// SPDX-License-Identifier: Apache-2.0
// requirements.hpp: one clear error for unsuitable compilers or flags.
#pragma once

#if defined(_MSVC_LANG)
#define REDSTART_LANGUAGE _MSVC_LANG
#else
#define REDSTART_LANGUAGE __cplusplus
#endif

#if REDSTART_LANGUAGE < 202002L
#error "Redstart needs C++20: compile with -std=c++20 or newer (CMake: target_compile_features(… cxx_std_20))"
#define REDSTART_UNSUPPORTED 1
#elif !defined(__cpp_exceptions)
#error \
    "Redstart reports errors by exceptions: compile without -fno-exceptions (results() gives errors as values)"
#define REDSTART_UNSUPPORTED 1
#endif

#undef REDSTART_LANGUAGE
