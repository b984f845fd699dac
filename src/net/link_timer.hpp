// SPDX-License-Identifier: Apache-2.0
// link_timer.hpp: one timer for all deadlines of a link.
#pragma once

#include "async_memory.hpp"

#include <redstart/core/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace redstart::inline v0::net {

/// A timer that is set only for an earlier time, so that an operation that ends before its deadline costs no
/// timer call.
///
/// Thread safety: none.
class LinkTimer {
 public:
  explicit LinkTimer(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  /// Makes the timer expire at `time` at the latest. `handler(number)` returns the completion handler.
  template <class MakeHandler>
  void expire_by(TimePoint time, MakeHandler handler) {
    if (time >= armed_ || !timer_) return;
    armed_ = time;
    timer_->expires_at(time);
    timer_->async_wait(handler(++number_));
  }
  [[nodiscard]] HandlerMemory& memory() noexcept { return memory_; }
  /// True if the timer with that number is the armed one.
  [[nodiscard]] bool is_armed(std::uint64_t number) const noexcept { return number == number_ && timer_; }
  /// Like `is_armed`; the timer is not armed any more afterwards.
  [[nodiscard]] bool expired(std::uint64_t number) noexcept {
    if (!is_armed(number)) return false;
    armed_ = TimePoint::max();
    return true;
  }
  /// It refers to its context and must not outlive it.
  void close() noexcept {
    ++number_;
    timer_.reset();
  }

 private:
  std::optional<boost::asio::steady_timer> timer_;
  std::uint64_t number_ = 0;            // of the armed timer; expiries of earlier ones are ignored
  TimePoint armed_ = TimePoint::max();  // when it expires
  SizedHandlerMemory<160> memory_{};
};

}  // namespace redstart::inline v0::net
