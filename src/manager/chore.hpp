// SPDX-License-Identifier: Apache-2.0
// chore.hpp: repeats a small task on a loop.
#pragma once

#include "../net/loop.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace redstart::inline v0::manager {

/// Calls `work` after each `interval`, until it returns false or the chore is stopped.
///
/// Lifetimes: the timer keeps the chore alive until it is stopped.
///
/// Thread safety: full.
class Chore : public std::enable_shared_from_this<Chore> {
 public:
  using Work = std::function<bool()>;

  [[nodiscard]] static std::shared_ptr<Chore> start(net::Loop loop, std::chrono::milliseconds interval,
                                                    Work work);
  Chore(net::Loop loop, std::chrono::milliseconds interval, Work work);

  /// Prevents further calls of `work`. A call that is under way ends by itself.
  void stop() noexcept;
  /// Stops like `stop` while the loop's context is being destroyed: leaves no timer behind.
  void abandon() noexcept;

 private:
  void arm();
  void turn();

  const std::chrono::milliseconds interval_;
  std::mutex mutex_{};
  Work work_;                                         // empty: stopped
  std::optional<boost::asio::steady_timer> timer_{};  // empty: abandoned
};

}  // namespace redstart::inline v0::manager
