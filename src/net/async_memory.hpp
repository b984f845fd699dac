// SPDX-License-Identifier: Apache-2.0
// async_memory.hpp: reusable memory for the handlers and reads of connections.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace redstart::inline v0::net {

/// Memory for the handlers of one kind of event. Usually one such handler is pending at a time. A handler
/// that does not fit, and each further one, is allocated on the heap.
///
/// Thread safety: one thread at a time allocates; any thread may free, because Asio frees before it enters
/// the strand.
class HandlerMemory {
 public:
  HandlerMemory(const HandlerMemory&) = delete;
  HandlerMemory& operator=(const HandlerMemory&) = delete;

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
  HandlerMemory(std::byte* memory, std::uint32_t size) noexcept : memory_(memory), size_(size) {}
  ~HandlerMemory() = default;

 private:
  std::byte* memory_;
  std::uint32_t size_;
  std::atomic<bool> used_{false};
};

/// Handler memory of fixed size.
template <std::uint32_t Size>
class SizedHandlerMemory final : public HandlerMemory {
 public:
  SizedHandlerMemory() noexcept : HandlerMemory(bytes_, Size) {}

 private:
  alignas(std::max_align_t) std::byte bytes_[Size];
};

/// The allocator through which Asio gets handler memory.
template <class T>
class HandlerAllocator {
 public:
  using value_type = T;

  explicit HandlerAllocator(HandlerMemory& memory) noexcept : memory_(&memory) {}
  template <class U>
  explicit(false) HandlerAllocator(const HandlerAllocator<U>& other) noexcept : memory_(other.memory_) {}

  [[nodiscard]] T* allocate(std::size_t n) { return static_cast<T*>(memory_->allocate(n * sizeof(T))); }
  void deallocate(T* at, std::size_t) noexcept { memory_->free(at); }

  template <class U>
  friend bool operator==(const HandlerAllocator& a, const HandlerAllocator<U>& b) noexcept {
    return a.memory_ == b.memory_;
  }

 private:
  template <class U>
  friend class HandlerAllocator;
  HandlerMemory* memory_;
};

/// Provides 64 KiB for its lifetime: the thread's own buffer, or a new one if that is in use further up the
/// stack, because a user's handler may run another loop.
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
