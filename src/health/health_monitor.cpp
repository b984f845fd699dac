// SPDX-License-Identifier: Apache-2.0
// health_monitor.cpp: makes checks one at a time, and keeps the last report.
#include <redstart/health/health_monitor.hpp>

#include "../core/failures.hpp"
#include "../net/descriptors.hpp"
#include "checker.hpp"
#include "readiness.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace redstart::inline v0 {

namespace {

constexpr const char* not_checked = "no check has been made yet: call start() or check()";
constexpr const char* of_parent = "the process was forked: create a new HealthMonitor in the child";

WallTime wall_time() noexcept { return std::chrono::system_clock::now(); }

// Names the databases before the first check.
std::vector<ServiceReadiness> unchecked(const ManagerStats& stats) {
  std::vector<ServiceReadiness> services;
  for (const DatabaseStats& database : stats.databases)
    services.push_back({database.name, false, "not checked yet", database.required});
  return services;
}

// No probe is needed to know this.
std::vector<ServiceReadiness> not_started(std::vector<ServiceReadiness> services) {
  for (ServiceReadiness& service : services) {
    service.ready = false;
    service.message = "the manager is not started, or was shut down";
  }
  return services;
}

HealthPolicy validated(HealthPolicy policy) {
  if (auto faults = validate(policy); !faults.empty()) throw ConfigError(std::move(faults));
  return policy;
}

}  // namespace

class HealthMonitor::State {
 public:
  State(RedisConnectionManager& manager, HealthPolicy policy)
      : manager_(manager), policy_(validated(std::move(policy))), checker_(policy_), readiness_(policy_) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] bool is_parents() const noexcept { return net::forked(generation_); }
  [[nodiscard]] const HealthPolicy& policy() const noexcept { return policy_; }
  [[nodiscard]] std::chrono::nanoseconds uptime() const noexcept { return Clock::now() - created_; }

  void start() {
    const std::scoped_lock lock(control_);
    if (thread_.joinable()) return;
    {
      const std::scoped_lock inside(mutex_);
      stopping_ = false;
    }
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::exception& error) {
      throw Error(failure::out_of_resources("no thread for health checks: " + std::string(error.what())));
    }
  }
  void stop() noexcept {
    const std::scoped_lock lock(control_);
    if (!thread_.joinable()) return;
    {
      const std::scoped_lock inside(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
    thread_ = std::thread();
  }
  [[nodiscard]] bool running() const noexcept {
    const std::scoped_lock lock(control_);
    return thread_.joinable();
  }

  // Returns a report that is younger than `cache_time`, that of the check that runs, or that of a new one.
  [[nodiscard]] HealthReport check(std::chrono::milliseconds cache_time) {
    const TimePoint began = Clock::now();
    {
      std::unique_lock lock(mutex_);
      if (checked_ && began - last_check_ < cache_time) return report_;
      if (checking_) {
        const std::uint64_t check = checks_;
        changed_.wait(lock, [&] { return checks_ != check; });
        return checked_ ? report_ : health::unknown_health(not_checked);
      }
      checking_ = true;
    }
    const Turn turn(*this);
    HealthReport report;
    try {
      report = checker_.check(manager_, began);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      report = health::unknown_health(error.what());
    }
    const std::scoped_lock lock(mutex_);
    readiness_.update(report);
    report_ = std::move(report);
    last_check_ = Clock::now();
    checked_ = true;
    return report_;
  }

  [[nodiscard]] HealthReport status() const {
    const std::scoped_lock lock(mutex_);
    return checked_ ? report_ : health::unknown_health(not_checked);
  }
  [[nodiscard]] ReadyReport ready() const {
    const bool started = manager_.started();
    const std::scoped_lock lock(mutex_);
    if (!checked_) return {false, unchecked(manager_.stats()), wall_time()};
    if (!started) return {false, not_started(readiness_.services()), wall_time()};
    return {readiness_.ready(), readiness_.services(), report_.timestamp};
  }
  [[nodiscard]] StartupReport startup() const {
    const std::scoped_lock lock(mutex_);
    if (!checked_) return {false, unchecked(manager_.stats()), wall_time()};
    return {readiness_.started(), readiness_.services(), report_.timestamp};
  }

 private:
  // Ends the check that runs, also if it has thrown.
  class Turn {
   public:
    explicit Turn(State& state) noexcept : state_(state) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      {
        const std::scoped_lock lock(state_.mutex_);
        state_.checking_ = false;
        ++state_.checks_;
      }
      state_.changed_.notify_all();
    }

   private:
    State& state_;
  };

  void run() noexcept {
    for (;;) {
      const TimePoint next = deadline_after(Clock::now(), policy_.interval);
      try {
        static_cast<void>(check(std::chrono::milliseconds(0)));
      } catch (const std::exception&) {
        // No memory: the next check may succeed.
      }
      std::unique_lock lock(mutex_);
      if (changed_.wait_until(lock, next, [this] { return stopping_; })) return;
    }
  }

  RedisConnectionManager& manager_;
  const HealthPolicy policy_;
  const std::uint32_t generation_ = net::fork_generation();
  const TimePoint created_ = Clock::now();
  health::Checker checker_;  // of the check that runs

  mutable std::mutex control_{};  // held while the thread is started or joined
  std::thread thread_{};

  mutable std::mutex mutex_{};
  std::condition_variable changed_{};  // a check has ended, or `stopping_`
  HealthReport report_{};
  health::Readiness readiness_;
  TimePoint last_check_{};
  std::uint64_t checks_ = 0;
  bool checked_ = false;
  bool checking_ = false;
  bool stopping_ = false;
};

HealthMonitor::HealthMonitor(RedisConnectionManager& manager, HealthPolicy policy)
    : state_(std::make_shared<State>(manager, std::move(policy))) {}

HealthMonitor::~HealthMonitor() {
  if (state_->is_parents())
    net::leave_to_parent(std::move(state_));
  else
    state_->stop();
}

void HealthMonitor::start() {
  if (state_->is_parents()) throw Error(failure::forked());
  state_->start();
}

void HealthMonitor::stop() noexcept {
  if (!state_->is_parents()) state_->stop();
}

bool HealthMonitor::running() const noexcept { return !state_->is_parents() && state_->running(); }

HealthReport HealthMonitor::check() {
  if (state_->is_parents()) return health::unknown_health(of_parent);
  return state_->check(state_->policy().cache_time);
}

HealthReport HealthMonitor::status() const {
  return state_->is_parents() ? health::unknown_health(of_parent) : state_->status();
}

LiveReport HealthMonitor::live() const { return {wall_time(), state_->uptime()}; }

ReadyReport HealthMonitor::ready() const {
  return state_->is_parents() ? ReadyReport{false, {}, wall_time()} : state_->ready();
}

StartupReport HealthMonitor::startup() const {
  return state_->is_parents() ? StartupReport{false, {}, wall_time()} : state_->startup();
}

const HealthPolicy& HealthMonitor::policy() const noexcept { return state_->policy(); }

}  // namespace redstart::inline v0
