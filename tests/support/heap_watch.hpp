// SPDX-License-Identifier: Apache-2.0
// heap_watch.hpp: counts allocations of one thread or makes one fail.
#pragma once

#include <cstddef>

namespace redstart::test {

/// Counts the allocations of this thread during its lifetime. Watches don't nest.
class HeapWatch {
 public:
  HeapWatch() noexcept;
  ~HeapWatch();
  HeapWatch(const HeapWatch&) = delete;
  HeapWatch& operator=(const HeapWatch&) = delete;

  /// The peak of allocated bytes, above the bytes allocated at construction.
  std::size_t peak() const noexcept;
  /// The number of allocations.
  std::size_t allocations() const noexcept;
  /// The size of the largest allocation.
  std::size_t largest() const noexcept;
};

/// Makes the nth allocation of this thread after construction throw std::bad_alloc; n starts at 1. Only one
/// may exist at a time. No allocation fails if a sanitizer replaces operator new.
class AllocationFault {
 public:
  explicit AllocationFault(std::size_t nth) noexcept;
  ~AllocationFault();
  AllocationFault(const AllocationFault&) = delete;
  AllocationFault& operator=(const AllocationFault&) = delete;

  /// Whether allocations can be made to fail in this build.
  static bool possible() noexcept;
  /// Whether the allocation has failed.
  [[nodiscard]] bool fired() const noexcept;
};

}  // namespace redstart::test
