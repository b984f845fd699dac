// SPDX-License-Identifier: Apache-2.0
// async_memory.hpp: memory that a connection's events need again and again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace redstart::inline v0::net {

/// Memory for the handler of one kind of event, of which one at a time is pending as a rule; what does not
/// fit or comes on top is taken from the heap.
///
/// Thread safety: one thread at a time allocates; any may free (Asio does before it enters the strand).
class HandlerSlot {
 public:
  HandlerSlot(const HandlerSlot&) = delete;
  HandlerSlot& operator=(const HandlerSlot&) = delete;

  [[nodiscard]] void* allocate(std::size_t size) {
    if (size > size_ || used_.load(std::memory_order_acquire)) return ::operator new(size);
    used_.store(true, std::memory_order_relaxed);
    return memory_;
  }
  void free(void* at) noexcept {
    if (at == memory_)
      used_.store(false, std::memory_order_release);
    else
      ::operator delete(at);
  }

 protected:
  HandlerSlot(std::byte* memory, std::uint32_t size) noexcept : memory_(memory), size_(size) {}
  ~HandlerSlot() = default;

 private:
  std::byte* memory_;
  std::uint32_t size_;
  std::atomic<bool> used_{false};
};

/// A slot with its memory.
template <std::uint32_t Size>
class SizedSlot final : public HandlerSlot {
 public:
  SizedSlot() noexcept : HandlerSlot(bytes_, Size) {}

 private:
  alignas(std::max_align_t) std::byte bytes_[Size];
};

/// Gives a handler its slot, as Asio asks for it.
template <class T>
class HandlerAllocator {
 public:
  using value_type = T;

  explicit HandlerAllocator(HandlerSlot& slot) noexcept : slot_(&slot) {}
  template <class U>
  explicit(false) HandlerAllocator(const HandlerAllocator<U>& other) noexcept : slot_(other.slot_) {}

  [[nodiscard]] T* allocate(std::size_t n) { return static_cast<T*>(slot_->allocate(n * sizeof(T))); }
  void deallocate(T* at, std::size_t) noexcept { slot_->free(at); }

  template <class U>
  friend bool operator==(const HandlerAllocator& a, const HandlerAllocator<U>& b) noexcept {
    return a.slot_ == b.slot_;
  }

 private:
  template <class U>
  friend class HandlerAllocator;
  HandlerSlot* slot_;
};

/// 64 KiB for as long as it lives: the thread's own, or fresh ones while those are in use further up the
/// stack (a user's handler may run another loop).
class Scratch {
 public:
  static constexpr std::size_t size = std::size_t{64} * 1024;

  Scratch() : of_thread_(!std::exchange(thread_memory().used, true)) {
    if (of_thread_ && thread_memory().bytes != nullptr) return;
    auto bytes = std::make_unique_for_overwrite<char[]>(size);
    (of_thread_ ? thread_memory().bytes : bytes_) = std::move(bytes);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    if (of_thread_) thread_memory().used = false;
  }

  [[nodiscard]] char* data() const noexcept {
    return of_thread_ ? thread_memory().bytes.get() : bytes_.get();
  }

 private:
  struct Memory {
    std::unique_ptr<char[]> bytes{};
    bool used = false;
  };
  [[nodiscard]] static Memory& thread_memory() noexcept {
    thread_local Memory memory;
    return memory;
  }

  bool of_thread_;
  std::unique_ptr<char[]> bytes_{};
};

}  // namespace redstart::inline v0::net
