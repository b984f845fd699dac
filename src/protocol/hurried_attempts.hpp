// SPDX-License-Identifier: Apache-2.0
// hurried_attempts.hpp: counts connect timeouts of callers with little time.
#pragma once

#include <redstart/core/clock.hpp>

#include <chrono>

namespace redstart::inline v0::protocol {

/// A connect timeout of a caller with little time proves nothing about the server. Several in sequence do.
/// Otherwise each caller with a short deadline would spend all of its time at a server that is frozen.
///
/// Thread safety: none. Pure.
class HurriedAttempts {
 public:
  /// An attempt that began at `began` has timed out. Returns true for the third and later ones, from 500 ms
  /// after the first of them began.
  [[nodiscard]] bool timed_out(TimePoint began, TimePoint now) noexcept {
    constexpr unsigned enough = 3;
    constexpr auto long_enough = std::chrono::milliseconds(500);
    if (timeouts_++ == 0) since_ = began;
    return timeouts_ >= enough && now - since_ >= long_enough;
  }
  /// An attempt has succeeded.
  void succeeded() noexcept { timeouts_ = 0; }

 private:
  unsigned timeouts_ = 0;  // since an attempt succeeded
  TimePoint since_{};
};

}  // namespace redstart::inline v0::protocol
