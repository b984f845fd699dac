// SPDX-License-Identifier: Apache-2.0
// pool_context.hpp: what a pool's asynchronous connections have in common.
#pragma once

#include "../net/async_connection.hpp"
#include "../net/descriptors.hpp"
#include "../net/loop.hpp"
#include "direct_pool.hpp"
#include "server.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace redstart::inline v0::pool {

/// What the asynchronous connections of one pool use in common, and what they count together.
struct PoolContext {
  PoolContext(std::shared_ptr<Server> of, std::shared_ptr<DirectPool> direct_pool,
              std::shared_ptr<net::Loops> on)
      : server(std::move(of)),
        database(server->database()),
        direct(std::move(direct_pool)),
        reachability(&server->reachability()),
        loops(std::move(on)) {}

  /// Lives while an operation is taken over: where the loops have ended or belong to a parent, somebody has
  /// to run what is posted for one that is refused. `alive` keeps what takes it, the context included: the
  /// operation may be over before that, and its handle with it.
  class Acceptance {
   public:
    Acceptance(const PoolContext& context, std::shared_ptr<const void>&& alive) noexcept
        : alive_(std::move(alive)), context_(context) {}
    Acceptance(const Acceptance&) = delete;
    Acceptance& operator=(const Acceptance&) = delete;
    ~Acceptance() {
      if (context_.stopping.load(std::memory_order_acquire) || net::forked(context_.generation))
        context_.loops->flush();
    }

   private:
    const std::shared_ptr<const void> alive_;
    const PoolContext& context_;
  };

  /// Sets the operation's times. Returns why it must not be taken: forked, shut down.
  [[nodiscard]] std::optional<Error> set_times_or_refuse(engine::OperationNode& operation) const {
    if (net::forked(generation)) [[unlikely]]
      return refusal(operation);
    operation.start = net::turn_now();
    operation.deadline =
        database.deadline(operation.start + net::turn_lag, {operation.timeout}, operation.request.blocks_for);
    if (stopping.load(std::memory_order_acquire) || operation.timeout.expired()) [[unlikely]]
      return refusal(operation);
    return std::nullopt;
  }

  /// Why an operation must not be queued behind what is there: too many, or too many bytes. One is let in
  /// whatever its size.
  [[nodiscard]] std::optional<Error> overloaded(const engine::OperationNode& operation,
                                                const net::AsyncConnection::Load& load) const {
    // A connection remembers what was given up until its reply has come.
    const DatabaseConfig& config = server->config();
    if (load.operations + load.given_up < config.max_pending &&
        (load.bytes + operation.request.bytes.size() <= config.max_pending_bytes || load.operations == 0))
        [[likely]]
      return std::nullopt;
    return overload(operation, load);
  }

  /// Operations that have a connection of their own, or wait for it.
  [[nodiscard]] net::AsyncConnection::Load alone() const noexcept {
    return {alone_.load(std::memory_order_relaxed), alone_bytes_.load(std::memory_order_relaxed)};
  }
  void alone_began(const engine::OperationNode& operation) noexcept {
    alone_.fetch_add(1, std::memory_order_relaxed);
    alone_bytes_.fetch_add(operation.request.bytes.size(), std::memory_order_relaxed);
  }
  void alone_ended(const engine::OperationNode& operation) noexcept {
    alone_.fetch_sub(1, std::memory_order_relaxed);
    alone_bytes_.fetch_sub(operation.request.bytes.size(), std::memory_order_relaxed);
  }

  void connection_began();
  void connection_ended();
  /// Waits until every line has ended; false when that was not so at `last`.
  [[nodiscard]] bool wait_for_end(TimePoint last);

  const std::shared_ptr<Server> server;
  Database& database;  ///< Of the server.
  const std::shared_ptr<DirectPool> direct;
  Reachability* const reachability;  ///< Of the server.
  const std::shared_ptr<net::Loops> loops;
  const std::uint32_t generation = net::fork_generation();
  /// A shared connection that is open; empty where there is none. Set before anything else.
  std::function<std::shared_ptr<net::AsyncConnection>()> serving{};
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> open{0};    ///< Slots held.
  std::atomic<std::size_t> leased{0};  ///< Handles out.
  std::atomic<std::uint64_t> pushes_dropped{0};
  std::array<std::atomic<std::uint64_t>, close_reasons> closed_by{};

 private:
  [[nodiscard]] Error refusal(const engine::OperationNode& operation) const;
  [[nodiscard]] Error overload(const engine::OperationNode& operation,
                               const net::AsyncConnection::Load& load) const;

  std::atomic<std::size_t> alone_{0};
  std::atomic<std::size_t> alone_bytes_{0};
  std::mutex mutex_{};
  std::condition_variable none_left_{};
  std::size_t alive_ = 0;
};

}  // namespace redstart::inline v0::pool
