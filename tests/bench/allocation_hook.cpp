// SPDX-License-Identifier: Apache-2.0
// allocation_hook.cpp: replaces glibc's malloc by functions that count.
#include "allocation_hook.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define REDSTART_BENCH_SANITIZED
#endif
#endif
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(REDSTART_BENCH_SANITIZED)
#define REDSTART_BENCH_COUNTS
#endif

#if defined(REDSTART_BENCH_COUNTS)

namespace {

// Constant-initialised: malloc is called before any constructor runs.
std::atomic<std::uint64_t> calls{0};
std::atomic<std::uint64_t> bytes{0};

void count(std::size_t size) {
  calls.fetch_add(1, std::memory_order_relaxed);
  bytes.fetch_add(size, std::memory_order_relaxed);
}

}  // namespace

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t number, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept {
  count(size);
  return __libc_malloc(size);
}

void* calloc(std::size_t number, std::size_t size) noexcept {
  count(number * size);
  return __libc_calloc(number, size);
}

void* realloc(void* block, std::size_t size) noexcept {
  count(size);
  return __libc_realloc(block, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  count(size);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  count(size);
  *block = __libc_memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}

}  // extern "C"

namespace redstart::bench {

bool allocations_are_counted() { return true; }
Allocations counted_allocations() {
  return {calls.load(std::memory_order_relaxed), bytes.load(std::memory_order_relaxed)};
}

}  // namespace redstart::bench

#else

namespace redstart::bench {

bool allocations_are_counted() { return false; }
Allocations counted_allocations() { return {}; }

}  // namespace redstart::bench

#endif
