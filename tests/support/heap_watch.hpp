// SPDX-License-Identifier: Apache-2.0
// heap_watch.hpp: counts what one thread allocates with operator new while a watch lives.
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

}  // namespace redstart::test
