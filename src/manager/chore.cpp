// SPDX-License-Identifier: Apache-2.0
// chore.cpp: runs a chore on its timer, and stops it.
#include "chore.hpp"

#include <redstart/core/clock.hpp>

#include <boost/asio/post.hpp>

#include <exception>
#include <utility>

namespace redstart::inline v0::manager {

namespace asio = boost::asio;

std::shared_ptr<Chore> Chore::start(net::Loop loop, std::chrono::milliseconds interval, Work work) {
  auto chore = std::make_shared<Chore>(std::move(loop), interval, std::move(work));
  chore->arm();  // nobody else knows the timer yet
  return chore;
}

Chore::Chore(net::Loop loop, std::chrono::milliseconds interval, Work work)
    : interval_(interval), work_(std::move(work)), timer_(std::in_place, std::move(loop.executor)) {}

void Chore::arm() {
  timer_->expires_at(deadline_after(Clock::now(), interval_));
  timer_->async_wait([self = shared_from_this()](const boost::system::error_code&) { self->turn(); });
}

void Chore::turn() {
  Work work;
  {
    const std::scoped_lock lock(mutex_);
    if (!work_) return;
    work = work_;
  }
  bool again = true;
  try {
    again = work();
  } catch (const std::exception&) {
    // No memory: the next time, then.
  }
  const std::scoped_lock lock(mutex_);
  if (!again) work_ = nullptr;
  if (work_ && timer_) arm();
}

void Chore::stop() noexcept {
  Work ended;  // destroyed without the lock
  const std::scoped_lock lock(mutex_);
  ended.swap(work_);
  if (!timer_) return;
  try {
    // The timer belongs to the loop.
    asio::post(timer_->get_executor(), [self = shared_from_this()] {
      const std::scoped_lock inside(self->mutex_);
      if (self->timer_) self->timer_->cancel();
    });
  } catch (const std::exception&) {
    // No memory: it ends when the timer fires.
  }
}

void Chore::abandon() noexcept {
  Work ended;
  const std::scoped_lock lock(mutex_);
  ended.swap(work_);
  timer_.reset();
}

}  // namespace redstart::inline v0::manager
