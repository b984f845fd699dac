// SPDX-License-Identifier: Apache-2.0
// heap_watch.cpp: counting operator new and delete, or sanitizer hooks.
#include "support/heap_watch.hpp"

#include <malloc.h>

#include <cstdlib>
#include <new>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define REDSTART_TEST_SANITIZER_HOOKS 1
#include <sanitizer/allocator_interface.h>
#endif
#endif

namespace redstart::test {
namespace {

struct Counts {
  bool active = false;
  long held = 0;
  long peak = 0;
  std::size_t allocations = 0;
  std::size_t largest = 0;
};
thread_local Counts counts;

thread_local std::size_t until_failure = 0;  // 0: no failure is scheduled
thread_local bool failed = false;

}  // namespace

bool fails_now() noexcept {
  if (until_failure == 0 || --until_failure != 0) return false;
  failed = true;
  return true;
}

void allocated(std::size_t asked, std::size_t usable) noexcept {
  if (!counts.active) return;
  counts.held += static_cast<long>(usable);
  if (counts.held > counts.peak) counts.peak = counts.held;
  if (asked > counts.largest) counts.largest = asked;
  ++counts.allocations;
}

void freed(std::size_t usable) noexcept {
  if (counts.active) counts.held -= static_cast<long>(usable);
}

HeapWatch::HeapWatch() noexcept {
  counts = Counts{};
  counts.active = true;
}
HeapWatch::~HeapWatch() { counts.active = false; }
std::size_t HeapWatch::peak() const noexcept { return static_cast<std::size_t>(counts.peak); }
std::size_t HeapWatch::allocations() const noexcept { return counts.allocations; }
std::size_t HeapWatch::largest() const noexcept { return counts.largest; }

AllocationFault::AllocationFault(std::size_t nth) noexcept {
  until_failure = nth;
  failed = false;
}
AllocationFault::~AllocationFault() { until_failure = 0; }
bool AllocationFault::possible() noexcept {
#ifdef REDSTART_TEST_SANITIZER_HOOKS
  return false;
#else
  return true;
#endif
}
bool AllocationFault::fired() const noexcept { return failed; }

}  // namespace redstart::test

#ifdef REDSTART_TEST_SANITIZER_HOOKS

namespace {

void on_malloc(const volatile void*, std::size_t size) { redstart::test::allocated(size, size); }
void on_free(const volatile void* memory) {
  if (memory != nullptr)
    redstart::test::freed(::malloc_usable_size(const_cast<void*>(memory)));  // only reads the size
}
[[maybe_unused]] const int installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);

}  // namespace

#else

namespace {

void* try_counted_new(std::size_t size) noexcept {
  if (redstart::test::fails_now()) return nullptr;
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory != nullptr) redstart::test::allocated(size, ::malloc_usable_size(memory));
  return memory;
}

void* counted_new(std::size_t size) {
  void* const memory = try_counted_new(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void counted_delete(void* memory) noexcept {
  if (memory != nullptr) redstart::test::freed(::malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return counted_new(size); }
void* operator new[](std::size_t size) { return counted_new(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return try_counted_new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return try_counted_new(size); }
void operator delete(void* memory) noexcept { counted_delete(memory); }
void operator delete[](void* memory) noexcept { counted_delete(memory); }
void operator delete(void* memory, std::size_t) noexcept { counted_delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { counted_delete(memory); }

#endif
