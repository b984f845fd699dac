// SPDX-License-Identifier: Apache-2.0
// async_lease.hpp: carries the operations of an asynchronous scoped handle.
#pragma once

#include "exclusive_connection.hpp"
#include "session_tracker.hpp"

#include <redstart/engine/async_channel.hpp>

#include <atomic>
#include <mutex>
#include <optional>
#include <string_view>

namespace redstart::inline v0::pool {

/// The channel of `AsyncScopedClient`. It gives the connection back when it is destroyed.
class AsyncLease final : public engine::AsyncChannel {
 public:
  explicit AsyncLease(ExclusiveConnection::Ptr pooled);
  ~AsyncLease() override;

  void start(engine::OperationNode& operation) noexcept override;

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept override {
    return pooled_->context().loops->default_executor();
  }
  [[nodiscard]] engine::Exclusive exclusive() const noexcept override { return engine::Exclusive::yes; }
  void taken_at(CallSite where) noexcept override;
  void state_changed(const engine::OperationNode& operation, std::string_view frame) noexcept override;
  [[nodiscard]] const engine::Origin& origin() const noexcept override {
    return pooled_->context().server->origin();
  }

 private:
  // Returns the error of an operation that must not be sent: the server would queue its command, and the
  // reply can't show that.
  [[nodiscard]] std::optional<Error> only_queued(const engine::OperationNode& operation);
  void note_sent(const engine::OperationNode& operation) noexcept;
  void note_session() noexcept;

  const ExclusiveConnection::Ptr pooled_;
  LeaseLedger::Entry entry_{};
  std::mutex session_mutex_{};  // operations start on the caller's thread and end on the loop
  SessionTracker session_{};
  std::atomic<bool> queues_{false};  // as the tracker says; read without the lock
};

}  // namespace redstart::inline v0::pool
