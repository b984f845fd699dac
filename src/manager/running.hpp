// SPDX-License-Identifier: Apache-2.0
// running.hpp: a manager from its start to the end of its shutdown.
#pragma once

#include "../net/io_threads.hpp"
#include "chore.hpp"
#include "registry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace redstart::inline v0::manager {

/// The loops, the databases on them, and the idle clean-up. Its end may come from anywhere: from user
/// threads, from a handler on the very loop that is to end, from the executor's context that dies first; and
/// what can't be waited for goes on by itself.
///
/// Thread safety: full.
class Running : public std::enable_shared_from_this<Running> {
 public:
  /// On threads of its own, or on `executor` where there is one.
  [[nodiscard]] static std::shared_ptr<Running> make(RedisConfig config,
                                                     boost::asio::any_io_executor executor);
  explicit Running(RedisConfig config);

  /// Connects what is to be connected at the start, and begins to clean up.
  void open();
  [[nodiscard]] Registry& registry() noexcept { return registry_; }

  /// Takes no more operations, lets those under way end until `deadline`, ends the rest. Returns once all
  /// that has happened, or a short grace after the deadline; on a thread of the loops at once, and it happens
  /// behind.
  /// True when nothing is left to wait for.
  bool shutdown(TimePoint deadline) noexcept;

 private:
  [[nodiscard]] bool begin_end(TimePoint deadline);
  void end(TimePoint deadline);
  void end_behind(TimePoint deadline);
  [[nodiscard]] bool has_ended(TimePoint deadline) noexcept;
  void note_end() noexcept;
  void await_end(TimePoint deadline) noexcept;
  [[nodiscard]] bool must_not_wait() const noexcept;
  void context_died() noexcept;

  Registry registry_;
  std::shared_ptr<net::IoThreads> threads_{};  // empty on a service's executor
  std::shared_ptr<net::Loops> loops_{};

  std::mutex
      mutex_{};  // what is posted to the loops is posted with it, so that their context lives meanwhile
  std::condition_variable end_noted_{};
  std::shared_ptr<Chore> cleanup_{};
  std::shared_ptr<Chore> lease_watch_{};
  std::shared_ptr<Chore> refill_{};
  std::shared_ptr<Chore> ending_{};
  bool stopping_ = false;
  TimePoint deadline_{};  // of the first who stopped it
  bool context_died_ = false;
  bool ended_ = false;
};

}  // namespace redstart::inline v0::manager
