// SPDX-License-Identifier: Apache-2.0
// metrics_timer.cpp: the thread that exports statistics.
#include "metrics_timer.hpp"

#include "../observe/deliver.hpp"

#include <redstart/observe/event.hpp>
#include <redstart/observe/metrics_exporter.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace redstart::inline v0::manager {

class MetricsTimer::State {
 public:
  State(const RedisConfig& config, Source source)
      : exporter_(config.metrics_exporter),
        listener_(config.listener),
        interval_(config.metrics_interval),
        source_(std::move(source)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void run() noexcept {
    {
      const std::scoped_lock lock(mutex_);
      thread_ = std::this_thread::get_id();
    }
    TimePoint next = Clock::now();
    for (bool last = false; !last;) {
      next = std::max(deadline_after(next, interval_), Clock::now());
      last = wait_until(next);
      export_once();
    }
    const std::scoped_lock lock(mutex_);
    source_ = nullptr;
    ended_ = true;
    changed_.notify_all();
  }
  void finish(std::optional<ManagerStats> last) noexcept {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    last_ = std::move(last);
    changed_.notify_all();
  }
  void await_end(TimePoint until) noexcept {
    std::unique_lock lock(mutex_);
    if (thread_ == std::this_thread::get_id()) return;
    changed_.wait_until(lock, until, [this] { return ended_; });
  }
  void report(std::string_view what) const noexcept {
    if (listener_) deliver(*listener_, {.kind = EventKind::metrics_failed, .detail = what, .reason = what});
  }

 private:
  // True if the next export is the last one.
  [[nodiscard]] bool wait_until(TimePoint next) noexcept {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, next, [this] { return stopping_; });
  }
  [[nodiscard]] std::optional<ManagerStats> statistics() {
    {
      const std::scoped_lock lock(mutex_);
      if (stopping_) return std::exchange(last_, std::nullopt);
    }
    return source_();
  }
  void export_once() noexcept {
    try {
      if (const auto stats = statistics()) export_metrics(*stats, *exporter_);
    } catch (const std::exception& error) {
      report(error.what());
    } catch (...) {
      report("an exception that is no std::exception");
    }
  }

  const std::shared_ptr<MetricsExporter> exporter_;
  const std::shared_ptr<EventListener> listener_;
  const std::chrono::milliseconds interval_;
  Source source_;  // of the thread

  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::thread::id thread_{};
  std::optional<ManagerStats> last_{};
  bool stopping_ = false;
  bool ended_ = false;
};

std::unique_ptr<MetricsTimer> MetricsTimer::start(const RedisConfig& config, Source source) {
  if (!config.metrics_exporter || config.metrics_interval.count() == 0) return nullptr;
  const auto state = std::make_shared<State>(config, std::move(source));
  std::unique_ptr<MetricsTimer> timer(new MetricsTimer(state));
  try {
    std::thread([state] { state->run(); }).detach();
  } catch (const std::exception& error) {
    state->report(error.what());
    return nullptr;
  }
  return timer;
}

MetricsTimer::~MetricsTimer() { state_->finish(std::nullopt); }

void MetricsTimer::finish(ManagerStats last, TimePoint until) {
  state_->finish(std::move(last));
  state_->await_end(until);
}

}  // namespace redstart::inline v0::manager
