// SPDX-License-Identifier: Apache-2.0
// wakeup.hpp: wakes one waiting thread.
#pragma once

#include <redstart/core/clock.hpp>

#include <semaphore.h>

#include <cerrno>
#include <chrono>
#include <ctime>

namespace redstart::inline v0::pool {

/// A semaphore that one thread waits for. Unlike a condition variable it needs no lock, so the thread that
/// wakes another one need not hold what that one locks next. It may be destroyed as soon as the last post was
/// taken, even if `post` has not returned.
class Wakeup {
 public:
  Wakeup() noexcept { ::sem_init(&posts_, 0, 0); }
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;
  ~Wakeup() { ::sem_destroy(&posts_); }

  void post() noexcept { ::sem_post(&posts_); }

  /// Takes one post. Returns false if there was none until `deadline`.
  [[nodiscard]] bool take_until(TimePoint deadline) noexcept {
    const std::chrono::nanoseconds since_epoch = deadline.time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_epoch);
    timespec at{};
    at.tv_sec = static_cast<std::time_t>(seconds.count());
    at.tv_nsec = static_cast<long>((since_epoch - seconds).count());
    for (;;) {
      if (::sem_clockwait(&posts_, CLOCK_MONOTONIC, &at) == 0) return true;
      if (errno != EINTR) return false;
    }
  }
  /// Takes one post that is certain to come.
  void take() noexcept {
    while (::sem_wait(&posts_) != 0) continue;  // EINTR
  }

 private:
  ::sem_t posts_;
};

}  // namespace redstart::inline v0::pool
