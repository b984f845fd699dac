// SPDX-License-Identifier: Apache-2.0
// running.cpp: starts a manager, cleans up, and ends it.
#include "running.hpp"

#include "../net/service_loops.hpp"
#include "../net/standard_error.hpp"
#include "../observe/deliver.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace redstart::inline v0::manager {

namespace {

using namespace std::chrono_literals;

constexpr auto grace = 500ms;  // for what was interrupted to notice, all databases together
constexpr auto look_again = 2ms;
constexpr std::chrono::milliseconds lines_every{5000};  // how late a line that was held back may be
constexpr auto refill_every = 250ms;  // connections that the server has closed are noticed so soon

}  // namespace

std::shared_ptr<Running> Running::make(RedisConfig config, boost::asio::any_io_executor executor) {
  const std::size_t count = config.io_threads;
  const auto listener = config.listener;
  auto running = std::make_shared<Running>(std::move(config));
  if (executor) {
    running->loops_ =
        std::make_shared<net::ServiceLoops>(std::move(executor), [weak = std::weak_ptr(running)] {
          if (const auto self = weak.lock()) self->context_died();
        });
  } else {
    running->threads_ = std::make_shared<net::IoThreads>(count, [listener](std::string_view what) {
      if (listener) deliver(*listener, {.kind = EventKind::handler_failed, .detail = what});
    });
    running->loops_ = running->threads_;
  }
  running->registry_.use(running->loops_);
  return running;
}

Running::Running(RedisConfig config) : registry_(std::move(config)) {}

Diagnosis Running::open() {
  const RedisConfig& config = registry_.config();
  for (const ConfigFault& notice : config.notices) {
    if (config.listener) {
      deliver(*config.listener, {.kind = EventKind::config_notice,
                                 .detail = notice.where + " " + notice.what + "; " + notice.remedy,
                                 .reason = notice.what,
                                 .remedy = notice.remedy,
                                 .source = notice.where});
    }
  }
  Diagnosis diagnosis = registry_.warm_up(deadline_after(Clock::now(), config.start_timeout));
  const std::scoped_lock lock(mutex_);
  if (stopping_ || context_died_) return diagnosis;
  if (config.cleanup_interval != 0ms) {
    cleanup_ = Chore::start(loops_->next(), config.cleanup_interval, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self) static_cast<void>(self->registry_.cleanup_idle(Clock::now()));
      return self != nullptr;
    });
  }
  metrics_ = MetricsTimer::start(config, [weak = weak_from_this()]() -> std::optional<ManagerStats> {
    if (const auto self = weak.lock()) return self->registry_.stats();
    return std::nullopt;
  });
  start_refill();
  start_lease_watch();
  return diagnosis;
}

ReloadReport Running::reload(RedisConfig next) {
  ReloadReport report = registry_.reload(std::move(next), loops_->width());
  const std::scoped_lock lock(mutex_);
  if (stopping_ || context_died_) return report;
  start_refill();
  start_lease_watch();
  return report;
}

// Preconditions of these: the lock is held. After a reload, a chore may be missing or have another interval.
void Running::start_refill() {
  if (refill_ || !registry_.refills()) return;
  refill_ = Chore::start(loops_->next(), refill_every, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self) self->registry_.refill(Clock::now());
    return self != nullptr;
  });
}

void Running::start_lease_watch() {
  auto interval = registry_.lease_interval();
  auto lines = std::dynamic_pointer_cast<net::StandardErrorListener>(registry_.config().listener);
  if (lines && (interval == 0ms || interval > lines_every)) interval = lines_every;
  if (interval == std::exchange(lease_interval_, interval)) return;
  if (lease_watch_) std::exchange(lease_watch_, nullptr)->stop();
  if (interval == 0ms) return;
  lease_watch_ = Chore::start(loops_->next(), interval, [weak = weak_from_this(), lines] {
    const auto self = weak.lock();
    if (self) self->registry_.report_leases(Clock::now());
    if (self && lines) lines->write_due();
    return self != nullptr;
  });
}

bool Running::must_not_wait() const noexcept { return net::on_loop_thread() || loops_->on_this_thread(); }

bool Running::shutdown(TimePoint deadline) noexcept {
  try {
    const bool first = begin_end(deadline);
    if (must_not_wait()) {
      if (first) end_behind(deadline);
      return false;
    }
    if (first)
      end(deadline);
    else
      await_end(deadline);
  } catch (const std::exception&) {
    note_end();  // no memory: what is left ends with its connections
  }
  const std::scoped_lock lock(mutex_);
  return ended_;
}

// False when somebody else has begun.
bool Running::begin_end(TimePoint deadline) {
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(stopping_, true)) return false;
    deadline_ = deadline;
  }
  registry_.emit(EventKind::shutdown_begin);
  const std::scoped_lock lock(mutex_);
  registry_.stop(deadline);  // when the context has died: what is synchronous
  if (cleanup_) cleanup_->stop();
  if (lease_watch_) lease_watch_->stop();
  if (refill_) refill_->stop();
  return true;
}

void Running::end(TimePoint deadline) {
  const TimePoint last = deadline + grace;
  if (!registry_.drain(deadline, last)) {
    // Nobody runs the loops, or a handler does not return. When that changes, the rest follows.
    end_behind(deadline);
    if (threads_) threads_->stop(TimePoint{}, net::IoThreads::Remaining::run);
    return;
  }
  registry_.report_leases(Clock::now(), true);
  registry_.report_shutdown();
  export_last(std::max(last, Clock::now() + grace));
  registry_.emit(EventKind::shutdown_complete);
  if (threads_) threads_->stop(std::max(last, Clock::now() + grace / 5), net::IoThreads::Remaining::drop);
  note_end();
}

// On the loops. The posted work keeps this object alive.
void Running::end_behind(TimePoint deadline) {
  const std::scoped_lock lock(mutex_);
  if (context_died_) return;
  ending_ = Chore::start(loops_->next(), look_again,
                         [self = shared_from_this(), deadline] { return !self->has_ended(deadline); });
}

bool Running::has_ended(TimePoint deadline) noexcept {
  if (!registry_.drained(deadline, deadline + grace)) return false;
  registry_.report_leases(Clock::now(), true);
  registry_.report_shutdown();
  export_last(TimePoint{});
  registry_.emit(EventKind::shutdown_complete);
  if (threads_) {
    threads_->flush();  // handlers of what another thread ended after the first one had gone
    threads_->stop(TimePoint{}, net::IoThreads::Remaining::run);
  }
  note_end();
  return true;
}

// `until`: how long to wait for it.
void Running::export_last(TimePoint until) noexcept {
  try {
    if (metrics_) metrics_->finish(registry_.stats(), until);
  } catch (const std::exception&) {
    // No memory: the statistics since the last export are lost.
  }
}

void Running::note_end() noexcept {
  const std::scoped_lock lock(mutex_);
  ended_ = true;
  ending_.reset();
  cleanup_.reset();
  lease_watch_.reset();
  refill_.reset();
  end_noted_.notify_all();
}

// At most until a grace after the earlier deadline: who comes when that was in vain does not wait again.
void Running::await_end(TimePoint deadline) noexcept {
  TimePoint last;
  {
    std::unique_lock lock(mutex_);
    last = std::min(deadline, deadline_) + grace;
    end_noted_.wait_until(lock, last, [this] { return ended_; });
  }
  if (threads_) threads_->stop(last, net::IoThreads::Remaining::run);
}

// Nothing runs on the loops any more, nor ever will.
void Running::context_died() noexcept {
  std::shared_ptr<Chore> cleanup;
  std::shared_ptr<Chore> lease_watch;
  std::shared_ptr<Chore> refill;
  std::shared_ptr<Chore> ending;
  {
    const std::scoped_lock lock(mutex_);
    context_died_ = true;
    cleanup = std::move(cleanup_);
    lease_watch = std::move(lease_watch_);
    refill = std::move(refill_);
    ending = std::move(ending_);
  }
  if (cleanup) cleanup->abandon();
  if (lease_watch) lease_watch->abandon();
  if (refill) refill->abandon();
  if (ending) ending->abandon();
  registry_.abandon();
  const std::scoped_lock lock(mutex_);
  ended_ = stopping_;
  end_noted_.notify_all();
}

}  // namespace redstart::inline v0::manager
