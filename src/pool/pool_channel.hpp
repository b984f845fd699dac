// SPDX-License-Identifier: Apache-2.0
// pool_channel.hpp: carries commands over whichever connection of a pool is free.
#pragma once

#include "direct_pool.hpp"

#include <redstart/engine/channel.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace redstart::pool {

/// The channel behind `Client`: takes a connection for each exchange.
class PoolChannel final : public engine::Channel {
 public:
  PoolChannel(std::shared_ptr<Database> database, std::shared_ptr<DirectPool> pool) noexcept
      : database_(std::move(database)), pool_(std::move(pool)) {}

  std::optional<Error> exchange(const engine::Request& request, engine::ReplySink& sink,
                                const engine::CallOptions& options) override;
  engine::Replies exchange_batch(std::string_view bytes, std::span<const std::size_t> ends,
                                 const engine::CallOptions& options) override;
  std::optional<Error> ensure_reachable(const engine::CallOptions& options) override;
  Result<std::unique_ptr<engine::Channel>> lease(const engine::CallOptions& options) override;

  engine::Exclusive exclusive() const noexcept override { return engine::Exclusive::no; }
  void mark_dirty() noexcept override {}
  std::string_view database() const noexcept override { return database_->name(); }
  std::string_view endpoint() const noexcept override { return database_->origin().endpoint; }

  [[nodiscard]] DirectPool& pool() const noexcept { return *pool_; }
  [[nodiscard]] Database& shared() const noexcept { return *database_; }

 private:
  std::shared_ptr<Database> database_;
  std::shared_ptr<DirectPool> pool_;
};

}  // namespace redstart::pool
