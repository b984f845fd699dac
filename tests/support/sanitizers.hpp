// SPDX-License-Identifier: Apache-2.0
// sanitizers.hpp: reports the sanitizers that the tests are compiled with.
#pragma once

namespace redstart::test {

#if defined(__has_feature)
#define REDSTART_HAS_FEATURE(name) __has_feature(name)
#else
#define REDSTART_HAS_FEATURE(name) 0
#endif

#if defined(__SANITIZE_THREAD__) || REDSTART_HAS_FEATURE(thread_sanitizer)
inline constexpr bool with_thread_sanitizer = true;
#else
inline constexpr bool with_thread_sanitizer = false;
#endif

#if defined(__SANITIZE_ADDRESS__) || REDSTART_HAS_FEATURE(address_sanitizer)
inline constexpr bool with_address_sanitizer = true;
#else
inline constexpr bool with_address_sanitizer = false;
#endif

#undef REDSTART_HAS_FEATURE

}  // namespace redstart::test
