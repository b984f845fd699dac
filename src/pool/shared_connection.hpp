// SPDX-License-Identifier: Apache-2.0
// shared_connection.hpp: a connection that many callers use at once.
#pragma once

#include "pooled_connection.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

namespace redstart::inline v0::pool {

/// Opens with its first operation. After a loss it reopens as the reconnect policy allows, even if no
/// operation waits. It may be closed while it is idle.
class SharedConnection final : public PooledConnection {
 public:
  /// `yields_when_busy`: on request it closes although it is busy, once its operations have ended.
  [[nodiscard]] static std::shared_ptr<SharedConnection> make(std::shared_ptr<PoolContext> context,
                                                              net::Loop loop, bool yields_when_busy);
  SharedConnection(std::shared_ptr<PoolContext> context, bool yields_when_busy)
      : PooledConnection(std::move(context), ConnectionKind::shared),
        yields_when_busy_(yields_when_busy),
        unserved_(this->context().server->config().reconnect) {}

  /// Opens the connection if it is closed. Any thread.
  void warm_up() noexcept;
  /// A caller waits for capacity: closes the connection when possible. Any thread.
  void request_yield() noexcept;
  /// Sends PING if the connection was not used since `since`. Any thread.
  void ping_if_unused(TimePoint since) noexcept;
  /// Makes it the connection that sends the recovery ping while the breaker is open. Call it before the first
  /// use.
  void enable_recovery_pings();
  void stop(TimePoint deadline) noexcept override;

 private:
  bool hand_over_queued() override;
  void connect_unavailable(const Error& error, TimePoint next) override;
  void postponed() override;
  void opened(net::AsyncConnection& connection) override;
  void answered(std::size_t commands, std::size_t errors, std::chrono::nanoseconds latency) override;
  void closed(net::AsyncConnection& connection, CloseReason reason) override;
  void idle(net::AsyncConnection&) override { yield_if_requested(); }
  void wanted(net::AsyncConnection& connection) override;
  void woken(net::AsyncConnection& connection) override;
  void leave_server(ServerCondition condition, TimePoint now) override;
  void close_unauthenticated() override;
  void on_ended() override;
  void use_reserved_grant();
  void retire();
  void yield_if_requested();
  void send_recovery_ping();

  [[nodiscard]] std::shared_ptr<SharedConnection> self() {
    return std::static_pointer_cast<SharedConnection>(shared_from_this());
  }

  class RecoveryPing;

  const bool yields_when_busy_;
  std::atomic<bool> warm_{false};             // it must be opened
  std::atomic<bool> reserved_{false};         // `warm_up` has taken a grant for it
  std::atomic<bool> yield_requested_{false};  // it must close to free capacity
  const std::uint64_t recovery_ping_id_ = engine::next_operation_id();
  std::optional<boost::asio::steady_timer> recovery_{};  // set if this connection sends the recovery ping
  std::atomic<bool> pinging_{false};                     // the reply to it is outstanding
  TimePoint left_{};                                     // when a changed role of the server was last noticed
  bool has_served_ = false;                              // has answered a command since it was opened
  Backoff unserved_;  // delays after connections that were closed without having served
};

}  // namespace redstart::inline v0::pool
