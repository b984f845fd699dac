// SPDX-License-Identifier: Apache-2.0
// heap_watch.cpp: operator new and delete of the test programs, which count.
#include "support/heap_watch.hpp"

#include <malloc.h>

#include <cstdlib>
#include <new>

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

}  // namespace

void* counted_new(std::size_t size) {
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  if (counts.active) {
    counts.held += static_cast<long>(::malloc_usable_size(memory));
    if (counts.held > counts.peak) counts.peak = counts.held;
    if (size > counts.largest) counts.largest = size;
    ++counts.allocations;
  }
  return memory;
}

void counted_delete(void* memory) noexcept {
  if (counts.active && memory != nullptr) counts.held -= static_cast<long>(::malloc_usable_size(memory));
  std::free(memory);
}

HeapWatch::HeapWatch() noexcept {
  counts = Counts{};
  counts.active = true;
}
HeapWatch::~HeapWatch() { counts.active = false; }
std::size_t HeapWatch::peak() const noexcept { return static_cast<std::size_t>(counts.peak); }
std::size_t HeapWatch::allocations() const noexcept { return counts.allocations; }
std::size_t HeapWatch::largest() const noexcept { return counts.largest; }

}  // namespace redstart::test

void* operator new(std::size_t size) { return redstart::test::counted_new(size); }
void* operator new[](std::size_t size) { return redstart::test::counted_new(size); }
void operator delete(void* memory) noexcept { redstart::test::counted_delete(memory); }
void operator delete[](void* memory) noexcept { redstart::test::counted_delete(memory); }
void operator delete(void* memory, std::size_t) noexcept { redstart::test::counted_delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { redstart::test::counted_delete(memory); }
