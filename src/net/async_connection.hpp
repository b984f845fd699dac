// SPDX-License-Identifier: Apache-2.0
// async_connection.hpp: interface of asynchronous connections and of their owners.
#pragma once

#include "../config/live_settings.hpp"
#include "../protocol/admission.hpp"
#include "../protocol/link_context.hpp"
#include "../protocol/link_event.hpp"
#include "../protocol/outcome.hpp"
#include "../protocol/push_sink.hpp"
#include "loop.hpp"
#include "open_watcher.hpp"

#include <redstart/config/redis_config.hpp>
#include <redstart/engine/operation_node.hpp>
#include <redstart/observe/stats.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace redstart::inline v0::net {

using protocol::end_of_stream;
using protocol::Outcome;

class Preparer;

/// Carries operations to the server: a queue, a socket and the operations in flight. The socket is opened and
/// closed many times (`open`, loss, `retire`). The queue remains, so that operations can wait for a
/// connection.
///
/// Thread safety: `submit`, `cancel`, `load`, `open`, `retire`, `stop` and `abandon` may be called on every
/// thread, all others on the loop, except where noted. The owner is notified on the loop, without a lock, and
/// never from inside one of its own calls.
class AsyncConnection : public std::enable_shared_from_this<AsyncConnection> {
 public:
  /// Decides when the connection is opened, takes its events, and decides about its operations.
  class Owner : public OpenWatcher, public protocol::Admission {
   public:
    /// Takes the events of one step, in order. On the loop.
    virtual void on_events(AsyncConnection& connection, const protocol::LinkEvents& events) = 0;
    /// Operations were completed after everything had stopped: makes sure that a thread runs their handlers.
    /// On every thread.
    virtual void flush() noexcept = 0;

   protected:
    Owner() = default;
    Owner(const Owner&) = default;
    Owner& operator=(const Owner&) = default;
    ~Owner() = default;
  };

  using Kind = protocol::LinkKind;
  using Load = protocol::LinkLoad;

  /// Makes a closed connection. `preparer`: null if the connection needs no preparation in common with
  /// others.
  ///
  /// Lifetimes: `settings` and `client_name` must outlive the connection; the owner holds them.
  [[nodiscard]] static std::shared_ptr<AsyncConnection> make(Loop loop, const LiveSettings& settings,
                                                             const std::string& client_name,
                                                             std::shared_ptr<Owner> owner, Kind kind,
                                                             std::shared_ptr<Preparer> preparer = nullptr);
  virtual ~AsyncConnection() = default;

  /// Takes ownership of an operation. Preconditions: its `start` and `deadline` are set.
  virtual void submit(engine::OperationNode& operation) noexcept = 0;
  virtual void cancel(std::uint64_t id, engine::Cancellation how) noexcept = 0;
  /// Cancels an operation that another connection handed over. `hops`: how many connections have forwarded
  /// this cancellation.
  virtual void forward_cancel(std::uint64_t id, engine::Cancellation how, unsigned hops) noexcept = 0;
  [[nodiscard]] virtual Load load() const noexcept = 0;
  /// The number of turns so far. While it grows, the loop is not stuck. On every thread.
  [[nodiscard]] virtual std::uint64_t turns() const noexcept = 0;
  /// True while the reply of an operation that has timed out is due: later replies wait behind it. Shared
  /// connections only; on every thread.
  [[nodiscard]] virtual bool reply_overdue() const noexcept = 0;

  /// Starts a connect attempt of at most the connect timeout. Does nothing unless closed.
  virtual void open() noexcept = 0;
  /// Closes the socket once nothing is in flight. Queued operations wait for the next `open`.
  virtual void retire(CloseReason reason) noexcept = 0;
  /// Requests one event `idle`. On the loop.
  virtual void notify_idle() noexcept = 0;
  /// Asks the owner again to admit queued operations; the event `woken` follows.
  virtual void wake() noexcept = 0;
  /// Sends PING before the next operation. If no reply comes, the connection is closed and queued operations
  /// wait for the next `open`. For exclusive connections without a caller; shared ones do it by themselves.
  virtual void check_next() noexcept = 0;
  /// While `held`, no AUTH with newer credentials is sent. Released on the loop, or while nothing is in
  /// flight.
  virtual void hold_authentication(bool held) noexcept = 0;
  /// Ends the connection. New operations fail with `Errc::closed`. Accepted ones may end until `deadline`,
  /// then they fail with `Errc::closed`. The event `stopped` follows.
  virtual void stop(TimePoint deadline) noexcept = 0;
  /// The loop's context is being destroyed: releases everything that belongs to it and completes no
  /// operation.
  virtual void abandon() noexcept = 0;

  // On the loop only.
  /// Fails all queued operations with `outcome`.
  virtual void fail_queued(const Outcome& outcome) = 0;
  /// Moves all queued operations, in order, to another shared connection. Preconditions: `to` is open.
  virtual void hand_over(AsyncConnection& to) = 0;
  /// Fails the queued operations that were started at `latest` or before. Returns the earliest start of the
  /// others, or nothing if there are none.
  [[nodiscard]] virtual std::optional<TimePoint> fail_queued(const Outcome& outcome, TimePoint latest) = 0;
  [[nodiscard]] virtual bool ready() const noexcept = 0;           ///< On every thread.
  [[nodiscard]] virtual TimePoint last_used() const noexcept = 0;  ///< On every thread.
  [[nodiscard]] virtual TimePoint opened_at() const noexcept = 0;
  [[nodiscard]] virtual const Loop& loop() const noexcept = 0;
  /// Where its push messages go.
  [[nodiscard]] virtual protocol::PushSink& pushes() noexcept = 0;

 protected:
  AsyncConnection() = default;
};

}  // namespace redstart::inline v0::net
