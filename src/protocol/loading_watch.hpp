// SPDX-License-Identifier: Apache-2.0
// loading_watch.hpp: elects one connect attempt to poll a server that is loading.
#pragma once

#include "not_ready.hpp"

#include <redstart/core/clock.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace redstart::inline v0::protocol {

/// Elects one connect attempt to poll a server that is not ready; all others wait for it. Otherwise a hundred
/// callers would open a hundred connections that send the same request. The first attempt that gets such a
/// reply polls. If it is given up because its caller's deadline has passed, another may start.
///
/// Thread safety: none, the pool's lock guards it.
class LoadingWatch {
 public:
  /// The number of an attempt; 0 is none.
  using ConnectAttempt = std::uint64_t;

  /// How an attempt ended.
  enum class End : std::uint8_t {
    ready,     ///< The connection serves.
    failed,    ///< It failed, and not because the server is not ready.
    given_up,  ///< No result: its deadline had passed.
  };

  /// True from the first such reply until a connection is ready or fails.
  [[nodiscard]] bool waiting() const noexcept { return waiting_; }
  /// False if another attempt is polling, or one was given up a moment ago.
  [[nodiscard]] bool may_begin(TimePoint now) const noexcept {
    return !waiting_ || (poller_ == 0 && now >= next_);
  }
  /// The time at which `may_begin` becomes true; empty while an attempt is polling.
  [[nodiscard]] std::optional<TimePoint> next() const noexcept {
    if (poller_ != 0) return std::nullopt;
    return next_;
  }
  /// Preconditions: `may_begin`.
  ConnectAttempt begin() noexcept {
    ++last_;
    if (waiting_) poller_ = last_;
    return last_;
  }

  /// The result of reporting that the server is not ready.
  struct Report {
    bool polls = true;     ///< False if another attempt is polling already.
    bool changed = false;  ///< True if it was unknown, or the reason has changed.
  };
  [[nodiscard]] Report not_ready(ConnectAttempt attempt, const NotReady& state, TimePoint now) noexcept {
    if (poller_ == 0) poller_ = attempt;
    const Report report{poller_ == attempt, !waiting_ || state_.why != state.why};
    waiting_ = true;
    state_ = state;
    reported_ = now;
    return report;
  }
  /// Returns true if this ends the wait.
  bool ended(ConnectAttempt attempt, End end, TimePoint now) noexcept {
    const bool polled = poller_ == attempt;
    if (end != End::ready && poller_ != 0 && !polled) return false;
    if (polled || end == End::ready) poller_ = 0;
    if (end == End::given_up) {
      if (polled) next_ = now + pause;
      return false;
    }
    const bool over = waiting_;
    waiting_ = false;
    return over;
  }

  /// The latest reply of the server, with the remaining time as of `now`. Preconditions: `waiting`.
  [[nodiscard]] NotReady state(TimePoint now) const noexcept {
    NotReady state = state_;
    if (state.left) {
      const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now - reported_);
      state.left = passed < *state.left ? *state.left - passed : std::chrono::seconds(0);
    }
    return state;
  }

 private:
  static constexpr std::chrono::milliseconds pause{50};

  bool waiting_ = false;
  ConnectAttempt last_ = 0;
  ConnectAttempt poller_ = 0;
  NotReady state_{};
  TimePoint reported_{};
  TimePoint next_{};
};

}  // namespace redstart::inline v0::protocol
