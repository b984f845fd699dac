// SPDX-License-Identifier: Apache-2.0
// pool_context.cpp: refusing operations, and waiting for the end of all connections.
#include "pool_context.hpp"

#include <string>
#include <utility>

namespace redstart::inline v0::pool {

Error PoolContext::refusal(const engine::OperationNode& operation) const {
  const std::string_view name = engine::command_name(operation.request.bytes.view());
  if (net::forked(generation)) return database->error(name, Database::forked());
  if (stopping.load(std::memory_order_acquire))
    return database->failed(name, operation.request.replies, Database::closed());
  return database->expired(name, operation.request.replies);
}

Error PoolContext::overload(const engine::OperationNode& operation,
                            const net::AsyncConnection::Load& load) const {
  const DatabaseConfig& config = database->config();
  const std::size_t pending = load.operations + load.given_up;
  ErrorInfo info;
  info.code = Errc::overloaded;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::retry;
  info.what =
      std::to_string(pending) + " commands of " + std::to_string(load.bytes) + " bytes wait already" +
      (load.given_up == 0 ? std::string() : ", " + std::to_string(load.given_up) + " of them given up") +
      ", the limits are " + std::to_string(config.max_pending) + " and " +
      std::to_string(config.max_pending_bytes);
  return database->failed(engine::command_name(operation.request.bytes.view()), operation.request.replies,
                          std::move(info));
}

void PoolContext::began() {
  const std::scoped_lock lock(mutex_);
  ++alive_;
}

void PoolContext::ended() {
  const std::scoped_lock lock(mutex_);
  if (--alive_ == 0) none_left_.notify_all();
}

bool PoolContext::wait_for_end(TimePoint last) {
  std::unique_lock lock(mutex_);
  return none_left_.wait_until(lock, last, [this] { return alive_ == 0; });
}

}  // namespace redstart::inline v0::pool
