// SPDX-License-Identifier: Apache-2.0
// async_channel.hpp: the seam between asynchronous handles and connections.
#pragma once

#include <redstart/core/call_site.hpp>
#include <redstart/engine/channel.hpp>
#include <redstart/engine/operation_node.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <utility>

namespace redstart::inline v0::engine {

/// Carries asynchronous operations to one database: its pool, or the one connection of a scoped handle.
///
/// Thread safety: full, except for a lease: one thread at a time starts operations (many may be under way).
/// Lifetimes: may outlive its manager and its executor's context; operations then end with `Errc::closed`.
class AsyncChannel {
 public:
  virtual ~AsyncChannel() = default;

  /// Takes the operation over, and notes in its `place` where it goes. It completes exactly once: here (then
  /// its handler is posted), or later on the loop.
  virtual void start(OperationNode& operation) noexcept = 0;
  /// Completes an operation that must not be started with this error, as `start` would with one of its own.
  virtual void reject(OperationNode& operation, Error error) noexcept {
    operation.finish(std::move(error), nullptr);
  }

  /// Where handlers run that have no executor of their own. Handlers of this executor are called from the
  /// loop.
  [[nodiscard]] virtual const boost::asio::any_io_executor& executor() const noexcept = 0;
  [[nodiscard]] virtual Exclusive exclusive() const noexcept = 0;
  /// Of a lease: notes a reply to an operation that changes the state of its connection.
  virtual void state_changed(const OperationNode& operation, std::string_view frame) noexcept {
    static_cast<void>(operation);
    static_cast<void>(frame);
  }
  /// Of a lease: notes the place that took it, for reports of leases that are kept too long.
  virtual void taken_at(CallSite where) noexcept { static_cast<void>(where); }
  /// The database, and the server where operations begin. Another server may reply.
  [[nodiscard]] virtual const Origin& origin() const noexcept = 0;

 protected:
  AsyncChannel() = default;
  AsyncChannel(const AsyncChannel&) = delete;
  AsyncChannel& operator=(const AsyncChannel&) = delete;
};

using AsyncChannelPtr = std::shared_ptr<AsyncChannel>;

/// The asynchronous channel of a database, which can also lease one of its connections.
///
/// Thread safety: full.
class AsyncChannelSource : public AsyncChannel {
 public:
  /// Asks for a connection for the caller alone: `grant`, then `finish`; or `finish` with the error. Notes
  /// the place as `start` does.
  virtual void lease(OperationNode& operation) noexcept = 0;
};

using AsyncChannelSourcePtr = std::shared_ptr<AsyncChannelSource>;

}  // namespace redstart::inline v0::engine
