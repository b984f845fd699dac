// SPDX-License-Identifier: Apache-2.0
// routing.hpp: chooses a direct or a shared connection for a call.
#pragma once

#include <redstart/core/clock.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace redstart::inline v0::protocol {

/// The kind of connection that a synchronous call uses.
enum class Route : std::uint8_t {
  direct,  ///< A connection of its own: fastest while there are few callers.
  shared,  ///< A shared connection: its bytes are sent together with those of others.
};

/// Counts the callers inside a pool, on either route, and routes new ones. At most `limit` callers use direct
/// connections. Once there is one more, all new calls use shared connections. That ends when fewer than half
/// of the limit are inside for 10 ms without a break; one caller alone always counts as few. A mix of both
/// routes costs more than either, hence the two thresholds.
///
/// Only calls that enter read the time, so the 10 ms start with the first of them that finds few callers.
///
/// Thread safety: full, lock-free. Cost: one atomic addition in, one out; one operation more where the route
/// changes or the 10 ms begin or are broken.
class Routing {
 public:
  static constexpr std::chrono::milliseconds calm_time{10};

  /// `limit` 0: always shared. Range: 0 to 2^20 - 1.
  explicit constexpr Routing(std::uint32_t limit) noexcept
      : limit_(limit), calm_limit_(limit < 3 ? 1 : (limit - 1) / 2) {}

  Routing(const Routing&) = delete;
  Routing& operator=(const Routing&) = delete;

  /// Returns the route of a new call. Each call must be followed by one `leave()`. `now` may be a little
  /// older than that of other threads' calls. Preconditions: fewer than 2^20 - 1 callers are inside.
  [[nodiscard]] Route enter(TimePoint now) noexcept {
    if (limit_ == 0) {
      word_.fetch_add(one_caller, std::memory_order_relaxed);
      return Route::shared;
    }
    const std::uint64_t word = word_.fetch_add(one_caller, std::memory_order_relaxed) + one_caller;
    if ((word & sharing_bit) != 0) return enter_shared(word, now);
    if (callers(word) <= limit_) return Route::direct;
    word_.fetch_or(sharing_bit, std::memory_order_relaxed);
    return Route::shared;
  }

  void leave() noexcept { word_.fetch_sub(one_caller, std::memory_order_relaxed); }

  /// The number of callers inside, on either route.
  [[nodiscard]] std::uint32_t inside() const noexcept {
    return callers(word_.load(std::memory_order_relaxed));
  }
  /// The route that a new call would have taken a moment ago.
  [[nodiscard]] Route current() const noexcept {
    return limit_ == 0 || (word_.load(std::memory_order_relaxed) & sharing_bit) != 0 ? Route::shared
                                                                                     : Route::direct;
  }

 private:
  // One word holds everything, so that an addition returns count and mode of the same moment, and a change of
  // mode succeeds only if the count on which it is based is unchanged. Bits 0 to 19: callers; 20: sharing;
  // 21: calm; from 22: since when, in units of 0.1 ms modulo 2^42 (14 years).
  static constexpr std::uint64_t one_caller = 1;
  static constexpr unsigned caller_bits = 20;
  static constexpr unsigned since_shift = caller_bits + 2;
  static constexpr std::uint64_t caller_mask = (std::uint64_t{1} << caller_bits) - 1;
  static constexpr std::uint64_t sharing_bit = std::uint64_t{1} << caller_bits;
  static constexpr std::uint64_t calm_bit = sharing_bit << 1;
  using Tick = std::chrono::duration<std::int64_t, std::ratio<1, 10'000>>;

  static constexpr std::uint32_t callers(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word & caller_mask);
  }

  // `word`: the value after this caller was counted.
  Route enter_shared(std::uint64_t word, TimePoint now) noexcept {
    if (callers(word) > calm_limit_) {
      if ((word & calm_bit) != 0) word_.fetch_and(~calm_bit, std::memory_order_relaxed);
      return Route::shared;
    }
    if ((word & calm_bit) == 0) {
      // Rounded up here and down when compared, so that 10 ms are never less. If another caller interferes,
      // the next one tries again.
      const auto since = static_cast<std::uint64_t>(std::chrono::ceil<Tick>(now.time_since_epoch()).count());
      const std::uint64_t calm = (word & (caller_mask | sharing_bit)) | calm_bit | (since << since_shift);
      word_.compare_exchange_strong(word, calm, std::memory_order_relaxed);
      return Route::shared;
    }
    if (calm_for(word, now) < calm_time) return Route::shared;
    const bool switched = word_.compare_exchange_strong(word, word & caller_mask, std::memory_order_relaxed);
    return switched ? Route::direct : Route::shared;
  }

  static Tick calm_for(std::uint64_t word, TimePoint now) noexcept {
    const auto ticks = static_cast<std::uint64_t>(std::chrono::floor<Tick>(now.time_since_epoch()).count());
    // Sign-extended, because `now` of a slow thread may be before the start.
    const std::uint64_t difference = (ticks << since_shift) - (word & ~(calm_bit | (calm_bit - 1)));
    return Tick(static_cast<std::int64_t>(difference) >> since_shift);
  }

  // A cache line of its own: every synchronous call writes it.
  alignas(64) std::atomic<std::uint64_t> word_{0};
  const std::uint32_t limit_;
  const std::uint32_t calm_limit_;  // at most this many callers are "fewer than half"
};

}  // namespace redstart::inline v0::protocol
