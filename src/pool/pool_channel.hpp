// SPDX-License-Identifier: Apache-2.0
// pool_channel.hpp: carries commands over the connections of a pool.
#pragma once

#include "../protocol/routing.hpp"
#include "async_pool.hpp"
#include "direct_pool.hpp"

#include <redstart/engine/channel_source.hpp>

#include <memory>
#include <optional>
#include <string_view>

namespace redstart::inline v0::pool {

class CallRetries;

/// The channel behind `Client`. Uses a direct connection for each exchange, or a shared one when many
/// callers call at once.
class PoolChannel final : public engine::ChannelSource {
 public:
  PoolChannel(std::shared_ptr<Server> server, std::shared_ptr<DirectPool> pool,
              std::shared_ptr<AsyncPool> async);

  std::optional<Error> exchange(const engine::Request& request, engine::ReplySink& sink,
                                const engine::CallOptions& options) override;
  engine::Replies exchange_batch(const engine::Batch& batch, const engine::CallOptions& options) override;
  std::optional<Error> ensure_reachable(const engine::CallOptions& options) override;
  Result<engine::ChannelPtr> lease(const engine::CallOptions& options, CallSite where) override;

  engine::Exclusive exclusive() const noexcept override { return engine::Exclusive::no; }
  const engine::Origin& origin() const noexcept override { return server_->origin(); }

  [[nodiscard]] DirectPool& pool() const noexcept { return *pool_; }
  [[nodiscard]] const std::shared_ptr<AsyncPool>& async() const noexcept { return async_; }
  [[nodiscard]] const std::shared_ptr<Server>& server() const noexcept { return server_; }

 private:
  class CallRoute;

  [[nodiscard]] std::optional<Error> exchange_direct(const engine::Request& request, engine::ReplySink& sink,
                                                     const engine::CallOptions& options, TimePoint start);

  [[nodiscard]] Result<DirectLease> acquire(Admission& admission, TimePoint& now, TimePoint deadline,
                                            bool* paused);
  [[nodiscard]] bool shared_works() const noexcept;
  [[nodiscard]] bool try_again(CallRetries& attempts, const engine::RequestTraits& traits,
                               DirectLease& connection, net::Outcome& outcome, bool reused,
                               Admission& admission, TimePoint& now);
  void exchange_batch_direct(const engine::Batch& batch, engine::Replies& replies,
                             const engine::CallOptions& options, TimePoint start);
  [[nodiscard]] bool try_batch_again(CallRetries& attempts, engine::Replies& replies, DirectLease& connection,
                                     const net::Outcome& outcome, bool reused, TimePoint& now);
  void leave_server(const net::DirectConnection& connection, net::Outcome& outcome, std::string_view message);

  const std::shared_ptr<Server> server_;
  Database& database_;  // of the server
  std::shared_ptr<DirectPool> pool_;
  std::shared_ptr<AsyncPool> async_;
  const std::uint32_t generation_;
  const bool sharing_;
  protocol::Routing routing_;
};

}  // namespace redstart::inline v0::pool
