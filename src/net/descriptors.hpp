// SPDX-License-Identifier: Apache-2.0
// descriptors.hpp: the sockets that this process holds, and whether it is still the process that opened them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

namespace redstart::inline v0::net {

namespace detail {
extern std::atomic<std::uint32_t> fork_generation;
}  // namespace detail

/// How often this process, or one before it, was forked. What is made remembers it, and asks `forked` before
/// it takes a lock: in a child other threads' locks stay locked for ever.
[[nodiscard]] inline std::uint32_t fork_generation() noexcept {
  return detail::fork_generation.load(std::memory_order_relaxed);
}

/// True when what was made in `generation` belongs to the parent: nothing of it may be touched.
[[nodiscard]] inline bool forked(std::uint32_t generation) noexcept {
  return generation != fork_generation();
}

/// Keeps what is the parent's for ever: its destruction would wait for threads that the child does not have.
void leave_to_parent(std::shared_ptr<const void> what) noexcept;

/// The open sockets of this process. In a child of `fork` they are closed, by number, so that the parent's
/// connections end when the parent ends them; without `::shutdown`, which would end them for the parent too.
///
/// Thread safety: full.
namespace descriptors {

/// Keeps the process from being forked meanwhile: hold it from opening a socket to `add`, and from `remove`
/// to closing, so that no child inherits what it does not know. Do nothing that blocks, meanwhile.
/// Preconditions: this thread holds none.
class Hold {
 public:
  Hold() noexcept;
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() = default;

 private:
  std::scoped_lock<std::mutex> lock_;
};

/// Preconditions: `fd` is open.
void add(int fd, const Hold& hold) noexcept;
/// Call it before closing: afterwards the number may be another's.
void remove(int fd, const Hold& hold) noexcept;
/// The same, with a `Hold` of their own.
void add(int fd) noexcept;
void remove(int fd) noexcept;

}  // namespace descriptors

}  // namespace redstart::inline v0::net
