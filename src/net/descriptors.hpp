// SPDX-License-Identifier: Apache-2.0
// descriptors.hpp: registers open sockets and detects that the process was forked.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

namespace redstart::inline v0::net {

namespace detail {
extern std::atomic<std::uint32_t> fork_generation;
}  // namespace detail

/// Returns how often this process and its ancestors were forked. Objects store it when they are made, and
/// call `forked` before they take a lock: in a child, locks of the parent's other threads are never released.
[[nodiscard]] inline std::uint32_t fork_generation() noexcept {
  return detail::fork_generation.load(std::memory_order_relaxed);
}

/// True if an object of `generation` belongs to the parent process: it must not be used.
[[nodiscard]] inline bool forked(std::uint32_t generation) noexcept {
  return generation != fork_generation();
}

/// Leaks an object of the parent process, because its destructor would wait for threads that the child does
/// not have.
void leave_to_parent(std::shared_ptr<const void> what) noexcept;

/// Registers the open sockets of this process. A forked child closes them by number, so that it doesn't keep
/// the parent's connections open. It doesn't call `::shutdown`, which would end them for the parent too.
///
/// Thread safety: full.
namespace descriptors {

/// Delays `fork` during its lifetime. Hold it from opening a socket to `add`, and from `remove` to
/// closing, so that no child inherits an unregistered socket. Do nothing that blocks during that time.
///
/// Preconditions: this thread holds no other one.
class ForkGuard {
 public:
  ForkGuard() noexcept;
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;
  ~ForkGuard() = default;

 private:
  std::scoped_lock<std::mutex> lock_;
};

/// Preconditions: `fd` is open.
void add(int fd, const ForkGuard& hold) noexcept;
/// Call it before closing, because the number can be reused after that.
void remove(int fd, const ForkGuard& hold) noexcept;
/// Like the functions above, with a guard of their own.
void add(int fd) noexcept;
void remove(int fd) noexcept;

}  // namespace descriptors

}  // namespace redstart::inline v0::net
