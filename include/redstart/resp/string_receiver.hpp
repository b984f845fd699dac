// SPDX-License-Identifier: Apache-2.0
// string_receiver.hpp: receives a large payload into a string that grows.
#pragma once

#include <redstart/resp/detail/huge_pages.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace redstart::inline v0::resp {

/// Receives a payload of declared size directly into a std::string, without trusting that size before the
/// bytes arrive.
///
///     StringReceiver receiver(size);
///     while (!receiver.complete()) {
///       std::span<char> room = receiver.prepare();
///       receiver.commit(recv(fd, room.data(), room.size(), 0));
///     }
///     std::string text = std::move(receiver).take();
///
/// Memory grows by a factor of eight, from 128 KiB on, and never exceeds eight times what has arrived. While
/// the string moves, one eighth more is allocated. It is zeroed in steps that stay in the cache.
class StringReceiver {
 public:
  explicit StringReceiver(std::size_t size) noexcept : size_(size) {}

  std::size_t size() const noexcept { return size_; }
  std::size_t received() const noexcept { return received_; }
  std::size_t missing() const noexcept { return size_ - received_; }
  bool complete() const noexcept { return received_ == size_; }

  /// Returns where to receive the next bytes; empty only if complete. Valid until the next call.
  /// Errors: std::bad_alloc; the bytes received so far are kept.
  std::span<char> prepare() {
    if (received_ == text_.size() && received_ != size_) {
      if (received_ == text_.capacity() || text_.empty()) {
        text_.reserve(next_capacity());
        if (text_.capacity() >= detail::huge_pages_from)
          detail::advise_huge_pages(text_.data() + received_, text_.capacity() - received_);
      }
      const std::size_t room = text_.capacity() < size_ ? text_.capacity() : size_;
      text_.resize(room - received_ > step ? received_ + step : room);
    }
    return {text_.data() + received_, text_.size() - received_};
  }
  /// Records that `n` bytes were received. Precondition: n <= prepare().size().
  void commit(std::size_t n) noexcept { received_ += n; }

  /// Appends bytes that were received elsewhere. Precondition: bytes.size() <= missing().
  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::span<char> room = prepare();
      const std::size_t n = bytes.size() < room.size() ? bytes.size() : room.size();
      std::memcpy(room.data(), bytes.data(), n);
      commit(n);
      bytes.remove_prefix(n);
    }
  }

  /// Returns the received bytes.
  std::string take() && {
    text_.resize(received_);
    return std::move(text_);
  }

 private:
  static constexpr std::size_t unproven = std::size_t{128} << 10;  // allocated before any payload arrives
  static constexpr std::size_t step = std::size_t{512} << 10;

  // The largest of size, size/8, size/64, … that the bytes received so far justify.
  std::size_t next_capacity() const noexcept {
    const std::size_t justified =
        received_ < unproven / 8 ? unproven : (received_ > size_ / 8 ? size_ : received_ * 8);
    std::size_t capacity = size_;
    while (capacity > justified) capacity = capacity / 8 + 1;
    return capacity > received_ ? capacity : size_;
  }

  std::string text_;
  std::size_t size_;
  std::size_t received_ = 0;
};

}  // namespace redstart::inline v0::resp
