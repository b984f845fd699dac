// SPDX-License-Identifier: Apache-2.0
// block_for.hpp: how long a blocking command may wait in the server.
#pragma once

#include <redstart/commands/argument.hpp>

#include <chrono>
#include <cstdint>

namespace redstart::inline v0 {

/// How long a blocking command may wait in the server. Converts from any duration, rounded up to a
/// millisecond; zero and `{}` wait without limit. The handle's time limit is extended by it.
struct BlockFor {
  std::chrono::milliseconds time{0};

  constexpr BlockFor() noexcept = default;
  template <class Rep, class Period>
  constexpr BlockFor(std::chrono::duration<Rep, Period> wait)
      : time(std::chrono::ceil<std::chrono::milliseconds>(wait)) {}

  [[nodiscard]] constexpr std::chrono::milliseconds blocks_for() const noexcept { return time; }
  /// In seconds with a fraction, as BLPOP and similar commands take it. 1 ms is sent as 2 ms, because
  /// Redis 6.0 truncates 0.001 to 0 and would wait without limit.
  template <class Put>
  void arguments(Put& put) const {
    const std::int64_t milliseconds = time.count() == 1 ? 2 : time.count();
    put(static_cast<double>(milliseconds) / 1000.0);
  }
};

namespace detail {

/// In milliseconds, as WAIT takes it.
struct BlockForMilliseconds : BlockFor {
  constexpr explicit BlockForMilliseconds(const BlockFor& block) noexcept : BlockFor(block) {}

  template <class Put>
  void arguments(Put& put) const {
    put(time.count());
  }
};

}  // namespace detail
}  // namespace redstart::inline v0
