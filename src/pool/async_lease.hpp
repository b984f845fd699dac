// SPDX-License-Identifier: Apache-2.0
// async_lease.hpp: carries the operations of an asynchronous scoped handle over its one connection.
#pragma once

#include "lease_line.hpp"

#include <redstart/engine/async_channel.hpp>

#include <atomic>

namespace redstart::pool {

/// The channel behind `AsyncScopedClient`; gives the connection back when it is destroyed.
class AsyncLease final : public engine::AsyncChannel {
 public:
  explicit AsyncLease(LeaseLine::Ptr line);
  ~AsyncLease() override;

  void start(engine::OperationNode& operation) noexcept override;
  void lease(engine::OperationNode& operation) noexcept override;
  void cancel(std::uint64_t id, engine::Cancellation how) noexcept override;

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept override {
    return line_->shared().loops->home();
  }
  [[nodiscard]] engine::Exclusive exclusive() const noexcept override { return engine::Exclusive::yes; }
  void taken_at(CallSite where) noexcept override;
  void mark_dirty() noexcept override { dirty_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] const engine::Origin& origin() const noexcept override {
    return line_->shared().database->origin();
  }

 private:
  const LeaseLine::Ptr line_;
  LeaseLedger::Entry entry_{};
  std::atomic<bool> dirty_{false};
};

}  // namespace redstart::pool
