// SPDX-License-Identifier: Apache-2.0
// running.hpp: a manager from its start to the end of its shutdown.
#pragma once

#include "../net/io_threads.hpp"
#include "chore.hpp"
#include "metrics_timer.hpp"
#include "registry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace redstart::inline v0::manager {

/// Owns the loops, the databases on them, and the idle clean-up. It may be ended by user threads, by a
/// handler on a loop that ends, or by the destruction of the executor's context. Whatever can't be waited for
/// ends in the background.
///
/// Thread safety: full.
class Running : public std::enable_shared_from_this<Running> {
 public:
  /// Runs on `executor`, or on threads of its own if that is empty.
  [[nodiscard]] static std::shared_ptr<Running> make(RedisConfig config,
                                                     boost::asio::any_io_executor executor);
  explicit Running(RedisConfig config);

  /// Connects the databases that are connected at the start, and starts the clean-up.
  Diagnosis open();
  /// Takes over what differs from `next` and can change live.
  ReloadReport reload(RedisConfig next);
  [[nodiscard]] Registry& registry() noexcept { return registry_; }

  /// Accepts no further operations, lets those under way end until `deadline`, and interrupts the rest.
  /// Returns once that has happened, or shortly after the deadline. On a thread of the loops it returns at
  /// once, and the shutdown continues in the background. True if nothing is left to wait for.
  bool shutdown(TimePoint deadline) noexcept;

 private:
  void start_refill();
  void start_lease_watch();
  [[nodiscard]] bool begin_end(TimePoint deadline);
  void end(TimePoint deadline);
  void end_behind(TimePoint deadline);
  [[nodiscard]] bool has_ended(TimePoint deadline) noexcept;
  void export_last(TimePoint until) noexcept;
  void note_end() noexcept;
  void await_end(TimePoint deadline) noexcept;
  [[nodiscard]] bool must_not_wait() const noexcept;
  void context_died() noexcept;

  Registry registry_;
  std::shared_ptr<net::IoThreads> threads_{};  // empty on a service's executor
  std::shared_ptr<net::Loops> loops_{};

  std::mutex mutex_{};  // held while posting to the loops, so that their context is not destroyed then
  std::condition_variable end_noted_{};
  std::shared_ptr<Chore> cleanup_{};
  std::shared_ptr<Chore> lease_watch_{};
  std::chrono::milliseconds lease_interval_{0};  // of `lease_watch_`
  std::shared_ptr<Chore> refill_{};
  std::shared_ptr<Chore> ending_{};
  bool stopping_ = false;
  TimePoint deadline_{};                     // of the first call of `shutdown`
  std::unique_ptr<MetricsTimer> metrics_{};  // its thread outlives the loops
  bool context_died_ = false;
  bool ended_ = false;
};

}  // namespace redstart::inline v0::manager
