// SPDX-License-Identifier: Apache-2.0
// reply_buffer.hpp: a growing buffer of received bytes.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace redstart::inline v0::engine {

/// A growing block of received bytes. It begins in memory of its owner, such as an array on the stack, and
/// moves to the heap when that is full. Memory that is not used yet is never touched.
class ReplyBuffer {
 public:
  ReplyBuffer() noexcept = default;
  /// Begins in `lent`, which must outlive this and is never freed.
  ReplyBuffer(char* lent, std::size_t size) noexcept : data_(lent), capacity_(size) {}
  ReplyBuffer(ReplyBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)),
        owned_(std::exchange(other.owned_, false)) {}
  ReplyBuffer& operator=(ReplyBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(owned_, other.owned_);
    return *this;
  }
  ~ReplyBuffer() {
    if (owned_) std::free(data_);
  }

  [[nodiscard]] std::string_view view() const noexcept { return {data_, size_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t space() const noexcept { return capacity_ - size_; }
  [[nodiscard]] char* end() noexcept { return data_ + size_; }
  void commit(std::size_t n) noexcept { size_ += n; }

  /// Makes room for `n` more bytes, at least doubling. Errors: std::bad_alloc, nothing changed.
  void reserve(std::size_t n) {
    if (space() >= n) return;
    std::size_t wanted = capacity_ < 2048 ? 4096 : capacity_ * 2;
    while (wanted - size_ < n) wanted *= 2;
    char* grown = static_cast<char*>(owned_ ? std::realloc(data_, wanted) : std::malloc(wanted));
    if (grown == nullptr) throw std::bad_alloc();
    if (!owned_ && size_ != 0) std::memcpy(grown, data_, size_);
    data_ = grown;
    capacity_ = wanted;
    owned_ = true;
  }
  /// Drops the first `n` bytes.
  void discard(std::size_t n) noexcept {
    if (n == 0) return;
    size_ -= n;
    if (size_ != 0) std::memmove(data_, data_ + n, size_);
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  bool owned_ = false;
};

}  // namespace redstart::inline v0::engine
