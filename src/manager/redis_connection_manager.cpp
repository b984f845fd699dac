// SPDX-License-Identifier: Apache-2.0
// redis_connection_manager.cpp: starts, serves and shuts down a manager.
#include <redstart/client/async_operations.hpp>
#include <redstart/manager/io_executor.hpp>
#include <redstart/manager/redis_connection_manager.hpp>

#include "../core/failures.hpp"
#include "../net/descriptors.hpp"
#include "../pool/inspection.hpp"
#include "../pool/inspections.hpp"
#include "override_slot.hpp"
#include "refusing_channel.hpp"
#include "running.hpp"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>

namespace redstart::inline v0 {

namespace {

// Never destroyed: handles and other static objects may use it until the process ends.
RedisConnectionManager& process_instance() {
  static auto* const instance = new RedisConnectionManager;
  return *instance;
}

}  // namespace

std::atomic<RedisConnectionManager*>& detail::override_slot() noexcept {
  static std::atomic<RedisConnectionManager*> slot{nullptr};
  return slot;
}

class RedisConnectionManager::State {
 public:
  using RunningPtr = std::shared_ptr<manager::Running>;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (is_parents()) net::leave_to_parent(std::move(life_));
  }

  Diagnosis start(RedisConfig config, const boost::asio::any_io_executor& executor) {
    const StartMode mode = config.start_mode;
    if (is_parents()) begin_anew();
    Life& life = *life_;
    RunningPtr started;
    {
      const std::scoped_lock lock(life.mutex);
      if (life.running) {
        throw Error(failure::started_before());
      }
      if (auto faults = validate(config); !faults.empty()) throw ConfigError(std::move(faults));
      life.running = started = manager::Running::make(std::move(config), executor);
      life.closed = false;
    }
    Diagnosis diagnosis = started->open();
    if (mode == StartMode::complete && !diagnosis.can_serve()) {
      give_up(started);
      throw StartError(std::move(diagnosis));
    }
    return diagnosis;
  }

  void shutdown(TimeLimit deadline) noexcept {
    if (is_parents()) return;
    Life& life = *life_;
    RunningPtr ending;
    {
      const std::scoped_lock lock(life.mutex);
      if (life.running) {
        life.ending = std::exchange(life.running, nullptr);
        life.closed = true;
      }
      ending = life.ending;  // also one whose end goes on behind an earlier call
    }
    if (!ending) return;
    if (!ending->shutdown(deadline_after(Clock::now(), deadline.value_or(std::chrono::seconds(1))))) return;
    const std::scoped_lock lock(life.mutex);
    if (life.ending == ending) life.ending.reset();
  }

  // Ends a manager that was started but must not run.
  void give_up(const RunningPtr& started) noexcept {
    {
      const std::scoped_lock lock(life_->mutex);
      if (life_->running == started) life_->running.reset();
    }
    static_cast<void>(started->shutdown(Clock::now()));
  }

  [[nodiscard]] Result<RunningPtr> running() const {
    if (is_parents()) {
      return Error(failure::forked());
    }
    const std::scoped_lock lock(life_->mutex);
    if (life_->running) return life_->running;
    if (life_->closed) return Error(failure::closed());
    return Error(failure::not_started());
  }

 private:
  // All of it is the parent's in the child of a fork, the lock too.
  struct Life {
    std::mutex mutex{};
    RunningPtr running{};
    RunningPtr ending{};  // kept so that a later call can wait for it
    bool closed = false;
  };

  [[nodiscard]] bool is_parents() const noexcept {
    return net::forked(generation_.load(std::memory_order_acquire));
  }
  void begin_anew() {
    auto fresh = std::make_shared<Life>();
    {
      const net::descriptors::ForkGuard one_at_a_time;
      if (!is_parents()) return;
      fresh.swap(life_);
      generation_.store(net::fork_generation(), std::memory_order_release);
    }
    net::leave_to_parent(std::move(fresh));
  }

  std::atomic<std::uint32_t> generation_{net::fork_generation()};
  std::shared_ptr<Life> life_ = std::make_shared<Life>();
};

RedisConnectionManager::RedisConnectionManager() : state_(std::make_unique<State>()) {}

RedisConnectionManager::~RedisConnectionManager() { shutdown(); }

RedisConnectionManager& RedisConnectionManager::instance() {
  if (auto* const overriding = detail::override_slot().load(std::memory_order_acquire)) return *overriding;
  return process_instance();
}

Diagnosis RedisConnectionManager::start(RedisConfig config) { return start_on(std::move(config), nullptr); }

Diagnosis RedisConnectionManager::start(RedisConfig config, const IoExecutor& executor) {
  return start_on(std::move(config), &executor);
}

Diagnosis RedisConnectionManager::start_on(RedisConfig config, const IoExecutor* executor) {
  Diagnosis diagnosis = state_->start(std::move(config),
                                      executor != nullptr ? executor->get() : boost::asio::any_io_executor());
  if (this == &process_instance()) {
    // One hook for the life of the process, however often the instance is started.
    [[maybe_unused]] static const int registered = std::atexit([] { process_instance().shutdown(); });
  }
  return diagnosis;
}

void RedisConnectionManager::shutdown(TimeLimit deadline) noexcept { state_->shutdown(deadline); }

Result<std::shared_ptr<manager::Running>> RedisConnectionManager::running() const {
  return state_->running();
}

bool RedisConnectionManager::started() const noexcept { return state_->running().has_value(); }

Result<engine::ChannelSourcePtr> RedisConnectionManager::channel(std::string_view database,
                                                                 TimeLimit timeout) {
  auto running = state_->running();
  if (!running) return running.error();
  auto found = (*running)->registry().find(database);
  if (!found) return found.error();
  if (auto error = (*found)->ensure_reachable({timeout})) return *std::move(error);
  return (*running)->registry().source_of(*found);
}

Result<engine::AsyncChannelSourcePtr> RedisConnectionManager::async_channel(std::string_view database) {
  auto running = state_->running();
  if (!running) return running.error();
  auto found = (*running)->registry().find(database);
  if (!found) return found.error();
  if (!(*found)->async()) return (*found)->server()->error({}, failure::closed());
  return (*running)->registry().async_source_of(*found);
}

std::optional<Error> RedisConnectionManager::outage(std::string_view database) {
  auto running = state_->running();
  if (!running) return running.error();
  auto found = (*running)->registry().find(database);
  if (!found) return found.error();
  const auto& async = (*found)->async();
  if (!async) return (*found)->server()->error({}, failure::closed());
  auto error = async->unavailable();
  if (!error) async->warm_up();
  return error;
}

ManagerStats RedisConnectionManager::stats() const {
  const auto running = state_->running();
  return running ? (*running)->registry().stats() : ManagerStats{};
}

DatabaseStats RedisConnectionManager::stats(std::string_view database) const {
  const auto running = state_->running().value();
  manager::Registry& registry = running->registry();
  static_cast<void>(registry.find(database).value());
  return registry.stats(database);
}

CircuitControl RedisConnectionManager::breaker(std::string_view database) const {
  const auto running = state_->running().value();
  return CircuitControl({running->registry().find(database).value()->server()});
}

ConnectionReport RedisConnectionManager::validate_connection(std::string_view database,
                                                             TimeLimit timeout) const {
  const auto running = state_->running().value();
  const auto channel = running->registry().find(database).value();
  pool::Server& server = *channel->server();
  return pool::inspect(server,
                       deadline_after(Clock::now(), timeout.value_or(server.config().timeouts.health)));
}

ReportOperation RedisConnectionManager::async_validate_connection(std::string_view database,
                                                                  TimeLimit timeout) const {
  auto report = std::make_shared<ConnectionReport>();
  const auto running = state_->running();
  if (!running) {
    if (running.error().code() != Errc::closed) running.error().raise();
    return ReportOperation(std::make_shared<manager::RefusingChannel>(running.error().info()),
                           detail::no_command(), engine::CallOptions{timeout}, std::move(report));
  }
  manager::Registry& registry = (*running)->registry();
  auto channel = std::make_shared<pool::InspectionChannel>(registry.inspections(),
                                                           registry.find(database).value()->server(), report);
  return ReportOperation(std::move(channel), detail::no_command(), engine::CallOptions{timeout},
                         std::move(report));
}

Diagnosis RedisConnectionManager::diagnose(TimeLimit timeout) const {
  return state_->running().value()->registry().diagnose(timeout);
}

ReloadReport RedisConnectionManager::reload(RedisConfig config) {
  const auto running = state_->running().value();
  if (auto faults = validate(config); !faults.empty()) throw ConfigError(std::move(faults));
  return running->reload(std::move(config));
}

std::size_t RedisConnectionManager::cleanup_idle_connections() {
  const auto running = state_->running();
  return running ? (*running)->registry().cleanup_idle(Clock::now()) : 0;
}

}  // namespace redstart::inline v0
