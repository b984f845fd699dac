// SPDX-License-Identifier: Apache-2.0
// parking.cpp: futex calls of Linux.
#include "parking.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <ctime>

namespace redstart::inline v0::net {

static_assert(std::atomic<std::uint32_t>::is_always_lock_free && sizeof(std::atomic<std::uint32_t>) == 4);

void park(const std::atomic<std::uint32_t>& word, std::uint32_t expected, TimePoint deadline) noexcept {
  // FUTEX_WAIT_BITSET measures absolute deadlines by CLOCK_MONOTONIC, which is the steady clock.
  const auto since =
      std::chrono::duration_cast<std::chrono::nanoseconds>(deadline.time_since_epoch()).count();
  constexpr std::int64_t second = 1'000'000'000;
  const timespec until{static_cast<time_t>(since / second), static_cast<long>(since % second)};
  ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, &until, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

void unpark(const std::atomic<std::uint32_t>* word) noexcept {
  ::syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, nullptr, nullptr, 0);
}

}  // namespace redstart::inline v0::net
