// SPDX-License-Identifier: Apache-2.0
// descriptors.cpp: one bit per descriptor, and the handlers of fork.
#include "descriptors.hpp"

#include <pthread.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <new>
#include <utility>

namespace redstart::inline v0::net {

std::atomic<std::uint32_t> detail::fork_generation{1};

namespace {

constexpr std::size_t bits = 64;
constexpr std::size_t largest = std::size_t{1} << 20;  // default maximum of Linux (fs.nr_open)

// The table has a fixed size, so that registering can't fail and a forked child allocates nothing. Pages
// without descriptors are never touched.
struct Table {
  std::mutex mutex{};
  std::array<std::uint64_t, largest / bits> words{};
  std::size_t used = 0;  // words beyond are zero
};
constinit Table table;

void set(int fd, bool open) noexcept {
  const auto number = static_cast<std::size_t>(fd);
  if (fd < 0 || number >= largest) return;
  const std::size_t word = number / bits;
  const std::uint64_t bit = std::uint64_t{1} << (number % bits);
  if (open)
    table.words[word] |= bit;
  else
    table.words[word] &= ~bit;
  table.used = std::max(table.used, word + 1);
}

extern "C" {

// The lock is held across the fork, so that the child's copy of the table is consistent.
void redstart_before_fork() { table.mutex.lock(); }
void redstart_after_fork_in_parent() { table.mutex.unlock(); }

void redstart_after_fork_in_child() {
  detail::fork_generation.fetch_add(1, std::memory_order_relaxed);
  for (std::size_t word = 0; word < table.used; ++word) {
    for (std::size_t bit = 0; table.words[word] != 0 && bit < bits; ++bit) {
      const std::uint64_t mask = std::uint64_t{1} << bit;
      if ((table.words[word] & mask) == 0) continue;
      table.words[word] &= ~mask;
      ::close(static_cast<int>(word * bits + bit));
    }
  }
  table.used = 0;
  table.mutex.unlock();
}

}  // extern "C"

// Runs before any thread of the library is started.
[[maybe_unused]] const int registered =
    ::pthread_atfork(redstart_before_fork, redstart_after_fork_in_parent, redstart_after_fork_in_child);

}  // namespace

void leave_to_parent(std::shared_ptr<const void> what) noexcept {
  struct Kept {
    std::shared_ptr<const void> what;
    Kept* next;
  };
  static std::atomic<Kept*> all{nullptr};  // reachable, so that leak checkers don't report it
  auto* const kept = new (std::nothrow) Kept{std::move(what), all.load(std::memory_order_relaxed)};
  if (kept == nullptr) std::terminate();
  while (!all.compare_exchange_weak(kept->next, kept, std::memory_order_release)) continue;
}

descriptors::ForkGuard::ForkGuard() noexcept : lock_(table.mutex) {}

void descriptors::add(int fd, const ForkGuard&) noexcept { set(fd, true); }
void descriptors::remove(int fd, const ForkGuard&) noexcept { set(fd, false); }

void descriptors::add(int fd) noexcept { add(fd, ForkGuard()); }
void descriptors::remove(int fd) noexcept { remove(fd, ForkGuard()); }

}  // namespace redstart::inline v0::net
