// SPDX-License-Identifier: Apache-2.0
// heap_watch.hpp: counts what one thread allocates with operator new while a watch lives, and lets it fail.
#pragma once

#include <cstddef>

namespace redstart::test {

/// Counts allocations of this thread from its construction on. Watches don't nest.
class HeapWatch {
 public:
  HeapWatch() noexcept;
  ~HeapWatch();
  HeapWatch(const HeapWatch&) = delete;
  HeapWatch& operator=(const HeapWatch&) = delete;

  /// The most bytes that were held at once, on top of what was held at the beginning.
  std::size_t peak() const noexcept;
  /// How often memory was asked for.
  std::size_t allocations() const noexcept;
  /// The largest single request.
  std::size_t largest() const noexcept;
};

/// Lets one allocation of this thread throw std::bad_alloc: the nth from its construction on, from 1. One at
/// a time. Where a sanitizer has its own operator new, nothing ever fails.
class AllocationFault {
 public:
  explicit AllocationFault(std::size_t nth) noexcept;
  ~AllocationFault();
  AllocationFault(const AllocationFault&) = delete;
  AllocationFault& operator=(const AllocationFault&) = delete;

  /// True where allocations can be made to fail.
  static bool possible() noexcept;
  /// True once it has happened.
  [[nodiscard]] bool fired() const noexcept;
};

}  // namespace redstart::test
