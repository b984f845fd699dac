// SPDX-License-Identifier: Apache-2.0
// async_link_timers.cpp: one timer for all deadlines of a connection.
#include "async_link.hpp"
#include "async_link_opening.hpp"
#include "async_link_turn.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace redstart::inline v0::net {

// Sets the timer only for an earlier time, so that an operation that ends before its deadline costs no timer
// call. When it expires, the socket is read before deadlines are checked.
void AsyncLink::arm_timer() {
  const TimePoint wanted = std::exchange(wanted_, TimePoint::max());
  if (wanted >= armed_ || stopped_) return;
  armed_ = wanted;
  timer_->expires_at(wanted);
  timer_->async_wait(LinkHandler{
      self(), &timer_memory_, [number = ++timer_number_](AsyncLink& link, const boost::system::error_code&) {
        if (number != link.timer_number_) return;
        link.turn([&link, number] {
          if (number != link.timer_number_) return;
          link.armed_ = TimePoint::max();
          link.check_deadlines_next_ = true;
          link.post_turn();
        });
      }});
}

// True if the kernel holds bytes that the pending read has not delivered. After the process was stopped,
// timers have expired and replies have arrived, and the timers may run first.
bool AsyncLink::arriving() const noexcept {
  return state_ == State::ready && !ring_.empty() && reading_ && readable_now(fd_);
}

// Closes the connection if the oldest operation in flight has no complete reply within the limit. Partial
// bytes don't count, because all other operations wait behind that reply.
void AsyncLink::check_silence() {
  if (state_ != State::ready || ring_.empty() || blocking_in_flight_ != 0) return;
  const auto limit = silence_limit();
  if (now_ < head_since_ + limit) return wake_at(head_since_ + limit);
  lose({failure::silent_for(std::chrono::duration_cast<std::chrono::milliseconds>(limit)),
        CloseReason::timeout});
}

// Frees the memory that an idle connection does not need.
void AsyncLink::release_memory() {
  if (ring_.empty()) ring_.release();
  if (std::exchange(fast_keepalive_, false) && fd_ >= 0) set_keepalive(fd_, config_.keepalive, false);
  if (held_.empty()) std::vector<Held>().swap(held_);
  const std::scoped_lock lock(mutex_);
  if (mail_.empty()) std::vector<Mail>().swap(mail_);
}

}  // namespace redstart::inline v0::net
