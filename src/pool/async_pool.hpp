// SPDX-License-Identifier: Apache-2.0
// async_pool.hpp: the shared and leased connections of one database.
#pragma once

#include "../net/async_connection.hpp"
#include "database.hpp"
#include "direct_pool.hpp"

#include <redstart/engine/async_channel.hpp>

#include <memory>

namespace redstart::pool {

/// The channel behind `AsyncClient`, and what synchronous calls stand on when there are many.
///
/// Thread safety: full.
class AsyncPool : public engine::AsyncChannel {
 public:
  /// `loops` is shared with the manager; connections are made when they are first needed.
  [[nodiscard]] static std::shared_ptr<AsyncPool> make(std::shared_ptr<Database> database,
                                                       std::shared_ptr<DirectPool> direct,
                                                       std::shared_ptr<Reachability> reachability,
                                                       std::shared_ptr<net::Loops> loops);

  /// Takes no more operations; those under way may end until `deadline`, then they end with `Errc::closed`.
  virtual void stop(Time deadline) noexcept = 0;
  /// Waits until everything has ended; false when that was not so at `last`. Not on an engine thread.
  virtual bool drain(Time last) noexcept = 0;
  /// The loops' context is being destroyed: drops everything without completing it. Takes no more operations.
  virtual void abandon() noexcept = 0;

  /// Connects in the background, where nothing is or is being connected.
  virtual void warm_up() noexcept = 0;
  /// Closes shared and leased connections that have been idle for longer than `idle_timeout`, or open for
  /// longer than `max_lifetime`; returns how many.
  virtual std::size_t cleanup_idle(Time now) = 0;
  virtual void collect(PoolStats& into) const = 0;

 protected:
  AsyncPool() = default;
};

}  // namespace redstart::pool
