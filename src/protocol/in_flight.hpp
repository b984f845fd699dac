// SPDX-License-Identifier: Apache-2.0
// in_flight.hpp: operations that were sent and await replies, in FIFO order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace redstart::inline v0::protocol {

/// The operations in flight on one connection, in the order in which they were sent. A sequence number finds
/// each at once. It is a growing circular buffer: no allocation per operation.
///
/// Thread safety: none.
template <class Node>
class InFlight {
 public:
  struct Entry {
    Node* node = nullptr;       ///< Null for a tombstone or a fence, whose replies are dropped.
    std::uint64_t end = 0;      ///< Position of the end of its bytes in the stream of sent bytes.
    std::uint64_t fence = 0;    ///< If not 0, this is a fence, and the reply must be this number.
    std::uint32_t replies = 1;  ///< The number of replies that are outstanding.
    bool blocks = false;        ///< The server may delay the reply on purpose.
  };

  InFlight() = default;
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - begin_); }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  /// The sequence numbers inside are `begin()` … `end()` - 1. None is ever 0.
  [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }
  /// Preconditions: begin() <= sequence < end(). The reference lives until the next `push`.
  [[nodiscard]] Entry& operator[](std::uint64_t sequence) noexcept {
    return entries_[static_cast<std::size_t>(sequence) & (capacity_ - 1)];
  }
  [[nodiscard]] Entry& front() noexcept { return (*this)[begin_]; }

  /// Returns its sequence number. Errors: std::bad_alloc, nothing changed.
  std::uint64_t push(const Entry& entry) {
    if (size() == capacity_) grow();
    (*this)[end_] = entry;
    return end_++;
  }
  /// Preconditions: not empty.
  void pop() noexcept { ++begin_; }
  void clear() noexcept { begin_ = end_; }
  /// Frees the memory. Preconditions: empty.
  void release() noexcept {
    entries_.reset();
    capacity_ = 0;
  }

 private:
  static constexpr std::size_t first_capacity = 8;

  void grow() {
    const std::size_t capacity = capacity_ == 0 ? first_capacity : capacity_ * 2;
    auto entries = std::make_unique<Entry[]>(capacity);
    for (std::uint64_t sequence = begin_; sequence != end_; ++sequence)
      entries[static_cast<std::size_t>(sequence) & (capacity - 1)] = (*this)[sequence];
    entries_ = std::move(entries);
    capacity_ = capacity;
  }

  std::unique_ptr<Entry[]> entries_{};
  std::size_t capacity_ = 0;  // 0 or a power of two
  std::uint64_t begin_ = 1;
  std::uint64_t end_ = 1;
};

}  // namespace redstart::inline v0::protocol
