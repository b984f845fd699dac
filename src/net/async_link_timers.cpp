// SPDX-License-Identifier: Apache-2.0
// async_link_timers.cpp: one timer for all deadlines of a connection.
#include "async_link.hpp"
#include "async_link_opening.hpp"
#include "async_link_turn.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace redstart::inline v0::net {

// Set anew only for something earlier: what ends before its deadline costs no timer. When it fires, the
// socket is looked at once more before deadlines are judged.
void AsyncLink::arm_timer() {
  const TimePoint wanted = std::exchange(wanted_, TimePoint::max());
  if (wanted >= armed_ || stopped_) return;
  armed_ = wanted;
  timer_->expires_at(wanted);
  timer_->async_wait(LinkHandler{
      self(), &timer_slot_, [number = ++timer_number_](AsyncLink& link, const boost::system::error_code&) {
        if (number != link.timer_number_) return;
        link.turn([&link, number] {
          if (number != link.timer_number_) return;
          link.armed_ = TimePoint::max();
          link.check_deadlines_next_ = true;
          link.post_turn();
        });
      }});
}

// The kernel has bytes that the pending read has yet to bring: a process that was stopped finds its timers
// fired and its replies there, and may run the timers first.
bool AsyncLink::arriving() const noexcept {
  return state_ == State::ready && !ring_.empty() && reading_ && readable_now(fd_);
}

// The first in flight is answered within the limit, or never: bytes that trickle in are no answer, and all
// others wait behind it.
void AsyncLink::check_silence() {
  if (state_ != State::ready || ring_.empty() || held_back_ != 0) return;
  const auto limit = silence_limit();
  if (now_ < head_since_ + limit) return wake_at(head_since_ + limit);
  Outcome outcome;
  outcome.code = Errc::connection_lost;
  outcome.text = "the server sent no complete reply for " +
                 std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(limit).count()) + " ms";
  lose(CloseReason::timeout, std::move(outcome));
}

// An idle connection holds as little as it can.
void AsyncLink::release_memory() {
  if (ring_.empty()) ring_.release();
  if (std::exchange(watched_, false) && fd_ >= 0) keep_watch(fd_, config_.keepalive, false);
  if (held_.empty()) std::vector<Held>().swap(held_);
  const std::scoped_lock lock(mutex_);
  if (mail_.empty()) std::vector<Mail>().swap(mail_);
}

}  // namespace redstart::inline v0::net
