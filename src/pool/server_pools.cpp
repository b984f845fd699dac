// SPDX-License-Identifier: Apache-2.0
// server_pools.cpp: makes, stops and counts the pools of one server.
#include "server_pools.hpp"

#include <utility>

namespace redstart::inline v0::pool {

ServerPools::ServerPools(std::shared_ptr<Database> database, Endpoint endpoint,
                         const std::shared_ptr<net::Loops>& loops)
    : server_(std::make_shared<Server>(std::move(database), std::move(endpoint))),
      direct_(std::make_shared<DirectPool>(server_)),
      async_(loops ? AsyncPool::make(server_, direct_, loops) : nullptr) {}

void ServerPools::stop(TimePoint deadline) noexcept {
  direct_->stop();
  if (async_) async_->stop(deadline);
}

void ServerPools::reload() {
  server_->reload();
  direct_->resize();
}

std::size_t ServerPools::cleanup_idle(TimePoint now) {
  return direct_->cleanup_idle(now) + (async_ ? async_->cleanup_idle(now) : 0);
}

NodeStats ServerPools::stats() const {
  NodeStats node;
  server_->collect(node);
  node.state = direct_->state();
  node.loading_eta = direct_->loading_eta();
  direct_->collect(node.pool);
  node.pool.min_idle = server_->config().min_idle;
  if (async_) async_->collect(node.pool);
  return node;
}

}  // namespace redstart::inline v0::pool
