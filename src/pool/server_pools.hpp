// SPDX-License-Identifier: Apache-2.0
// server_pools.hpp: one server of a database with its pools.
#pragma once

#include "async_pool.hpp"
#include "direct_pool.hpp"
#include "server.hpp"

#include <redstart/core/clock.hpp>
#include <redstart/core/endpoint.hpp>
#include <redstart/observe/stats.hpp>

#include <cstddef>
#include <memory>

namespace redstart::inline v0::pool {

/// A server with all that only its connections use: capacity, reachability, breaker, pools. A database has
/// one for each of its servers; they share nothing but `Database`.
///
/// Thread safety: full.
class ServerPools {
 public:
  /// `loops`: null if the server has no asynchronous connections.
  ServerPools(std::shared_ptr<Database> database, Endpoint endpoint,
              const std::shared_ptr<net::Loops>& loops);

  [[nodiscard]] const std::shared_ptr<Server>& server() const noexcept { return server_; }
  [[nodiscard]] const std::shared_ptr<DirectPool>& direct() const noexcept { return direct_; }
  /// Null if there are no asynchronous connections.
  [[nodiscard]] const std::shared_ptr<AsyncPool>& async() const noexcept { return async_; }

  /// Accepts no further operations. Those under way may end until `deadline`.
  void stop(TimePoint deadline) noexcept;
  /// Waits until `deadline` for synchronous calls, then interrupts them. Waits until `last` for their end.
  void drain(TimePoint deadline, TimePoint last) noexcept { direct_->drain(deadline, last); }
  /// Waits until `last` for asynchronous operations. Returns false if some are left.
  [[nodiscard]] bool drain_async(TimePoint last) noexcept { return !async_ || async_->drain(last); }
  /// The loops' context is being destroyed.
  void abandon() noexcept {
    if (async_) async_->abandon();
  }
  /// Takes over the settings of the database after their reload.
  void reload();
  /// Closes connections that have been idle for too long. Returns how many it closed.
  std::size_t cleanup_idle(TimePoint now);
  [[nodiscard]] NodeStats stats() const;

 private:
  const std::shared_ptr<Server> server_;
  const std::shared_ptr<DirectPool> direct_;
  const std::shared_ptr<AsyncPool> async_;
};

}  // namespace redstart::inline v0::pool
