// SPDX-License-Identifier: Apache-2.0
// pool_context.cpp: rejects operations, and waits until all connections have ended.
#include "pool_context.hpp"
#include "../core/failures.hpp"

#include <string>
#include <utility>

namespace redstart::inline v0::pool {

Error PoolContext::refusal(const engine::OperationNode& operation) const {
  const std::string_view name = engine::command_name(operation.request.bytes.view());
  if (net::forked(generation)) return server->error(name, failure::forked());
  if (stopping.load(std::memory_order_acquire))
    return server->failed(name, operation.request.replies, failure::closed());
  return server->expired(name, operation.request.replies);
}

Error PoolContext::overload(const engine::OperationNode& operation,
                            const net::AsyncConnection::Load& load) const {
  const DatabaseConfig& config = server->config();
  return server->failed(engine::command_name(operation.request.bytes.view()), operation.request.replies,
                        failure::overloaded({.commands = load.operations + load.given_up,
                                             .bytes = load.bytes,
                                             .given_up = load.given_up,
                                             .most_commands = config.max_pending,
                                             .most_bytes = config.max_pending_bytes}));
}

void PoolContext::connection_began() {
  const std::scoped_lock lock(mutex_);
  ++alive_;
}

void PoolContext::connection_ended() {
  const std::scoped_lock lock(mutex_);
  if (--alive_ == 0) none_left_.notify_all();
}

bool PoolContext::wait_for_end(TimePoint last) {
  std::unique_lock lock(mutex_);
  return none_left_.wait_until(lock, last, [this] { return alive_ == 0; });
}

}  // namespace redstart::inline v0::pool
