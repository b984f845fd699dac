// SPDX-License-Identifier: Apache-2.0
// redis_connection_manager.cpp: the manager's life: started, serving, shut down.
#include <redstart/manager/redis_connection_manager.hpp>

#include "housekeeper.hpp"
#include "override_slot.hpp"
#include "registry.hpp"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <utility>

namespace redstart {

namespace {

Error lifecycle_error(Errc code, std::string what, std::string advice) {
  ErrorInfo info;
  info.code = code;
  info.effect = code == Errc::closed ? Effect::not_sent : Effect::none;
  info.remedy = Remedy::never;
  info.what = std::move(what);
  info.advice = std::move(advice);
  return Error(std::move(info));
}

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
  using RegistryPtr = std::shared_ptr<manager::Registry>;

  void start(RedisConfig config) {
    RegistryPtr started;
    {
      const std::scoped_lock lock(mutex_);
      if (registry_) {
        throw lifecycle_error(Errc::invalid_argument, "the manager has been started already",
                              "Call shutdown() first, or start it in one place only");
      }
      if (auto faults = validate(config); !faults.empty()) throw ConfigError(std::move(faults));
      registry_ = started = std::make_shared<manager::Registry>(std::move(config));
      closed_ = false;
    }
    const RedisConfig& used = started->config();
    started->warm_up(pool::Clock::now() + used.start_timeout);
    if (used.cleanup_interval.count() == 0) return;
    auto cleaner = std::make_unique<manager::Housekeeper>(
        used.cleanup_interval, [started] { started->cleanup_idle(pool::Clock::now()); });
    const std::scoped_lock lock(mutex_);
    if (registry_ == started) housekeeper_ = std::move(cleaner);
  }

  void shutdown(std::chrono::milliseconds deadline) noexcept {
    RegistryPtr ending;
    std::unique_ptr<manager::Housekeeper> cleaner;
    {
      const std::scoped_lock lock(mutex_);
      ending = std::exchange(registry_, nullptr);
      cleaner = std::move(housekeeper_);
      if (ending) closed_ = true;
    }
    cleaner.reset();
    if (ending) ending->shutdown(pool::Clock::now() + deadline);
  }

  [[nodiscard]] Result<RegistryPtr> registry() const {
    const std::scoped_lock lock(mutex_);
    if (registry_) return registry_;
    if (closed_) return lifecycle_error(Errc::closed, "the manager was shut down", {});
    return lifecycle_error(Errc::not_started, "the manager has not been started",
                           "Call start(RedisConfigLoader{}.load()) first");
  }

 private:
  mutable std::mutex mutex_{};
  RegistryPtr registry_{};
  std::unique_ptr<manager::Housekeeper> housekeeper_{};
  bool closed_ = false;
};

RedisConnectionManager::RedisConnectionManager() : state_(std::make_unique<State>()) {}

RedisConnectionManager::~RedisConnectionManager() { shutdown(); }

RedisConnectionManager& RedisConnectionManager::instance() {
  if (auto* const overriding = detail::override_slot().load(std::memory_order_acquire)) return *overriding;
  return process_instance();
}

void RedisConnectionManager::start(RedisConfig config) {
  state_->start(std::move(config));
  if (this != &process_instance()) return;
  // One hook for the life of the process, however often the instance is started.
  [[maybe_unused]] static const int registered = std::atexit([] { process_instance().shutdown(); });
}

void RedisConnectionManager::shutdown(std::chrono::milliseconds deadline) noexcept {
  state_->shutdown(deadline);
}

bool RedisConnectionManager::started() const noexcept { return state_->registry().has_value(); }

Result<engine::ChannelPtr> RedisConnectionManager::channel(std::string_view database) {
  auto registry = state_->registry();
  if (!registry) return registry.error();
  auto found = (*registry)->find(database);
  if (!found) return found.error();
  if (auto error = (*found)->ensure_reachable({})) return *std::move(error);
  return engine::ChannelPtr(*std::move(found));
}

ManagerStats RedisConnectionManager::stats() const {
  const auto registry = state_->registry();
  return registry ? (*registry)->stats() : ManagerStats{};
}

DatabaseStats RedisConnectionManager::stats(std::string_view database) const {
  const auto registry = state_->registry().value();
  return registry->stats(*registry->find(database).value());
}

std::size_t RedisConnectionManager::cleanup_idle_connections() {
  const auto registry = state_->registry();
  return registry ? (*registry)->cleanup_idle(pool::Clock::now()) : 0;
}

}  // namespace redstart
