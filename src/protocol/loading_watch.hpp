// SPDX-License-Identifier: Apache-2.0
// loading_watch.hpp: one of many waits at a server that is not ready yet, the others wait for him.
#pragma once

#include "not_ready.hpp"

#include <redstart/core/clock.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace redstart::inline v0::protocol {

/// Lets one attempt to connect at a time poll a server that is not ready: a hundred callers need not have a
/// hundred connections that all ask the same. The first attempt that hears of it polls; when that one is
/// given up (its caller's time was over), another may begin.
///
/// Thread safety: none, the pool's lock guards it.
class LoadingWatch {
 public:
  /// Names an attempt; 0 is none.
  using ConnectAttempt = std::uint64_t;

  /// How an attempt ended.
  enum class End : std::uint8_t {
    ready,     ///< The connection serves.
    failed,    ///< It failed, and not because the server is not ready.
    given_up,  ///< It says nothing: its time was over.
  };

  /// True from the first poll that said so until a connection was ready, or failed.
  [[nodiscard]] bool waiting() const noexcept { return waiting_; }
  /// False where another attempt waits already, or one was given up a moment ago.
  [[nodiscard]] bool may_begin(TimePoint now) const noexcept {
    return !waiting_ || (poller_ == 0 && now >= next_);
  }
  /// When `may_begin` changes by itself; empty while an attempt is under way.
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

  /// What came of telling that the server is not ready.
  struct Told {
    bool goes_on = true;  ///< False: another attempt polls already.
    bool news = false;    ///< It was not known, or the reason is another now.
  };
  [[nodiscard]] Told not_ready(ConnectAttempt attempt, const NotReady& state, TimePoint now) noexcept {
    if (poller_ == 0) poller_ = attempt;
    const Told told{poller_ == attempt, !waiting_ || state_.why != state.why};
    waiting_ = true;
    state_ = state;
    told_ = now;
    return told;
  }
  /// Returns true when the wait is over with it.
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

  /// What the server said last, counted down to `now`. Preconditions: `waiting`.
  [[nodiscard]] NotReady state(TimePoint now) const noexcept {
    NotReady state = state_;
    if (state.left) {
      const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now - told_);
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
  TimePoint told_{};
  TimePoint next_{};
};

}  // namespace redstart::inline v0::protocol
