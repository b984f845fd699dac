// SPDX-License-Identifier: Apache-2.0
// buffer.hpp: a growing byte buffer with 160 bytes of inline storage.
#pragma once

#include <redstart/resp/detail/huge_pages.hpp>

#include <cstddef>
#include <cstring>
#include <new>
#include <string_view>

namespace redstart::inline v0::resp {

/// A movable, growing byte buffer. Its first `inline_capacity` bytes are stored in the object, so a typical
/// command is encoded without an allocation.
///
/// Exception safety: growth may throw std::bad_alloc and then leaves the contents unchanged.
class Buffer {
 public:
  static constexpr std::size_t inline_capacity = 160;

  // Not defaulted: with a defaulted constructor `Buffer bytes{}` zeroes the inline bytes first.
  Buffer() noexcept {}
  ~Buffer() { free_heap(); }
  Buffer(Buffer&& other) noexcept { take(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    if (this != &other) {
      free_heap();
      take(other);
    }
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  /// Returns where to write the next bytes, with room for at least `n`. Call commit() afterwards.
  char* extend(std::size_t n) {
    if (capacity_ - size_ < n) [[unlikely]]
      grow(n);
    return data_ + size_;
  }
  /// Adds `n` bytes that were written to the pointer from extend(). Precondition: n <= the room requested.
  void commit(std::size_t n) noexcept { size_ += n; }

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  char* data() noexcept { return data_; }
  const char* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t capacity() const noexcept { return capacity_; }
  /// The contents. The view is valid until the buffer is modified or moved.
  std::string_view view() const noexcept { return {data_, size_}; }

  /// Removes all bytes and keeps the memory.
  void clear() noexcept { size_ = 0; }
  /// Overwrites all bytes before it removes them. For secrets.
  void wipe() noexcept {
    volatile char* const at = data_;  // volatile: the stores must not be optimised away
    for (std::size_t i = 0; i != size_; ++i) at[i] = '\0';
    size_ = 0;
  }
  /// Removes all bytes from offset `size` on. Precondition: size <= size().
  void truncate(std::size_t size) noexcept { size_ = size; }
  /// Removes the first `n` bytes. Cost: linear, as the rest moves. Precondition: n <= size().
  void discard(std::size_t n) noexcept {
    size_ -= n;
    if (n != 0 && size_ != 0) std::memmove(data_, data_ + n, size_);
  }
  /// Removes all bytes and frees heap memory.
  void release() noexcept {
    free_heap();
    data_ = inline_;
    size_ = 0;
    capacity_ = inline_capacity;
  }

 private:
  [[gnu::noinline]] void grow(std::size_t n) {
    if (n > static_cast<std::size_t>(-1) / 2 - size_) throw std::bad_alloc();
    const std::size_t doubled = capacity_ * 2;
    const std::size_t capacity = doubled < size_ + n ? size_ + n : doubled;
    char* const bytes = static_cast<char*>(::operator new(capacity));
    if (capacity >= detail::huge_pages_from) detail::advise_huge_pages(bytes, capacity);
    std::memcpy(bytes, data_, size_);
    free_heap();
    data_ = bytes;
    capacity_ = capacity;
  }
  void free_heap() noexcept {
    if (data_ != inline_) ::operator delete(data_);
  }
  void take(Buffer& other) noexcept {
    size_ = other.size_;
    capacity_ = other.capacity_;
    if (other.data_ == other.inline_) {
      data_ = inline_;
      std::memcpy(inline_, other.inline_, size_);
    } else {
      data_ = other.data_;
      other.data_ = other.inline_;
    }
    other.size_ = 0;
    other.capacity_ = inline_capacity;
  }

  char* data_ = inline_;
  std::size_t size_ = 0;
  std::size_t capacity_ = inline_capacity;
  char inline_[inline_capacity];
};

}  // namespace redstart::inline v0::resp
