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

/// The objects and counters that the asynchronous connections of one pool have in common.
struct PoolContext {
  PoolContext(std::shared_ptr<Server> of, std::shared_ptr<DirectPool> direct_pool,
              std::shared_ptr<net::Loops> on)
      : server(std::move(of)),
        database(server->database()),
        direct(std::move(direct_pool)),
        reachability(&server->reachability()),
        loops(std::move(on)) {}

  /// Held while an operation is accepted. If no loop runs any more, its destructor starts a thread for
  /// posted completions. `alive` keeps the pool or connection that accepts the operation, because the
  /// operation may end and destroy its handle before that.
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

  /// Sets the start and the deadline of the operation. Returns why it must be rejected: fork, shutdown,
  /// expired limit.
  [[nodiscard]] std::optional<Error> set_times_or_refuse(engine::OperationNode& operation) const {
    if (net::forked(generation)) [[unlikely]]
      return refusal(operation);
    operation.start = net::turn_now();
    operation.deadline = database.deadline(operation.start + net::turn_lag, operation.options,
                                           operation.request.traits.blocks_for);
    if (stopping.load(std::memory_order_acquire) || operation.options.timeout.expired()) [[unlikely]]
      return refusal(operation);
    return std::nullopt;
  }

  /// Returns why an operation must not be queued: too many operations or bytes. A single operation may have
  /// any size.
  [[nodiscard]] std::optional<Error> overloaded(const engine::OperationNode& operation,
                                                const net::AsyncConnection::Load& load) const {
    // An operation that was given up counts until its reply has arrived.
    const DatabaseConfig& config = server->config();
    if (load.operations + load.given_up < config.max_pending &&
        (load.bytes + operation.request.bytes.size() <= config.max_pending_bytes || load.operations == 0))
        [[likely]]
      return std::nullopt;
    return overload(operation, load);
  }

  /// The operations that use, or wait for, an exclusive connection.
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
  /// Waits until every connection has ended; false at `last`.
  [[nodiscard]] bool wait_for_end(TimePoint last);

  const std::shared_ptr<Server> server;
  Database& database;  ///< Of the server.
  const std::shared_ptr<DirectPool> direct;
  Reachability* const reachability;  ///< Of the server.
  const std::shared_ptr<net::Loops> loops;
  const std::uint32_t generation = net::fork_generation();
  /// Returns a shared connection that is open, or null. Set it before the first use.
  std::function<std::shared_ptr<net::AsyncConnection>()> serving{};
  /// True if large work may leave the shared connections: they don't use up all capacity. Set it before the
  /// first use.
  bool has_other_connections = true;
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> open{0};    ///< Grants in use.
  std::atomic<std::size_t> leased{0};  ///< Scoped handles that are out.
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
