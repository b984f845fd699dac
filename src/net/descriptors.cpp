// SPDX-License-Identifier: Apache-2.0
// descriptors.cpp: one bit per descriptor, and what happens at a fork.
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
constexpr std::size_t largest = std::size_t{1} << 20;  // the most that Linux allows by default (fs.nr_open)

// A table of fixed size: marking a descriptor can't fail, and the child of a fork allocates nothing. Pages
// that no descriptor needs are never touched.
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

// Between these two no thread is inside, so that the child's copy is whole.
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

// Before any thread of ours runs.
[[maybe_unused]] const int registered =
    ::pthread_atfork(redstart_before_fork, redstart_after_fork_in_parent, redstart_after_fork_in_child);

}  // namespace

void leave_to_parent(std::shared_ptr<const void> what) noexcept {
  struct Kept {
    std::shared_ptr<const void> what;
    Kept* next;
  };
  static std::atomic<Kept*> all{nullptr};  // known to leak checkers
  auto* const kept = new (std::nothrow) Kept{std::move(what), all.load(std::memory_order_relaxed)};
  if (kept == nullptr) std::terminate();
  while (!all.compare_exchange_weak(kept->next, kept, std::memory_order_release)) continue;
}

descriptors::Hold::Hold() noexcept : lock_(table.mutex) {}

void descriptors::add(int fd, const Hold&) noexcept { set(fd, true); }
void descriptors::remove(int fd, const Hold&) noexcept { set(fd, false); }

void descriptors::add(int fd) noexcept { add(fd, Hold()); }
void descriptors::remove(int fd) noexcept { remove(fd, Hold()); }

}  // namespace redstart::inline v0::net
