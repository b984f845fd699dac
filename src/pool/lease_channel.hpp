// SPDX-License-Identifier: Apache-2.0
// lease_channel.hpp: carries the commands of a scoped handle over its one connection.
#pragma once

#include "../net/descriptors.hpp"
#include "direct_pool.hpp"

#include <redstart/engine/channel.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace redstart::pool {

/// The channel behind `ScopedClient`. Once its connection broke, calls fail: what the connection knew (WATCH,
/// SELECT) is gone.
class LeaseChannel final : public engine::Channel {
 public:
  LeaseChannel(std::shared_ptr<Database> database, std::shared_ptr<DirectPool> pool, Borrowed connection,
               CallSite where) noexcept;
  ~LeaseChannel() override;

  std::optional<Error> exchange(const engine::Request& request, engine::ReplySink& sink,
                                const engine::CallOptions& options) override;
  engine::Replies exchange_batch(std::string_view bytes, std::span<const std::size_t> ends,
                                 const engine::RequestTraits& traits,
                                 const engine::CallOptions& options) override;
  std::optional<Error> ensure_reachable(const engine::CallOptions& options) override;
  Result<std::unique_ptr<engine::Channel>> lease(const engine::CallOptions& options, CallSite where) override;

  engine::Exclusive exclusive() const noexcept override { return engine::Exclusive::yes; }
  void mark_dirty() noexcept override { dirty_ = true; }
  std::string_view database() const noexcept override { return database_->name(); }
  std::string_view endpoint() const noexcept override { return database_->origin().endpoint; }

 private:
  [[nodiscard]] bool usable() const noexcept { return connection_ && !net::forked(generation_); }
  [[nodiscard]] Error gone(std::string_view what, std::size_t commands) const;
  void keep(Borrowed connection, const net::Outcome& outcome) noexcept;

  std::shared_ptr<Database> database_;
  std::shared_ptr<DirectPool> pool_;
  Borrowed connection_;
  LeaseLedger::Entry entry_{};
  const std::uint32_t generation_ = net::fork_generation();
  bool dirty_ = false;
};

}  // namespace redstart::pool
