// SPDX-License-Identifier: Apache-2.0
// link_core.hpp: decides what happens on one asynchronous connection.
#pragma once

#include "fences.hpp"
#include "flight.hpp"
#include "link_context.hpp"
#include "link_event.hpp"
#include "link_operations.hpp"
#include "link_receiver.hpp"
#include "link_sender.hpp"
#include "outbox.hpp"

#include <redstart/engine/operation_node.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace redstart::inline v0::protocol {

/// One asynchronous connection without its socket: operations go in, bytes and events come out. It has no
/// socket, no thread and no clock. `net::LinkDriver` acts for it, and a test can act instead.
///
/// The driver calls it in turns. A turn begins with `begin_turn`. Then come the calls for what has happened:
/// operations that were submitted or cancelled, bytes that were received, a deadline. `settle` follows, with
/// the sending, until nothing changes. After each call the driver asks `take_close`, and it closes the socket
/// if that is true.
///
/// | state   | leaves by
/// | ------- | ---------------------------------------------------------------------------
/// | closed  | `begin_opening` -> opening
/// | opening | `opened` -> ready; `open_failed` -> closed
/// | ready   | `lose`, a deadline, silence, `retire`, `stop` -> closed
///
/// Parts: `LinkOperations` (queues, deadlines, ends), `LinkSender`, `Flight`, `Outbox`, `LinkReceiver`,
/// `Fences`.
///
/// Users' code runs in `settle` and `deliver` only, inside `OperationNode::finish`. If it throws, the state
/// is consistent, and the next turn continues.
///
/// Thread safety: none, except for the `LinkStatus`.
class LinkCore {
 public:
  using Node = engine::OperationNode;

  struct Settings {
    LinkKind kind = LinkKind::shared;
    std::chrono::milliseconds silence{5000};  ///< See `LinkContext::silence`.
    std::uint64_t nonce = 0;                  ///< The first fence has the next number.
  };

  /// Lifetimes: `config`, `status` and `admission` must outlive it, `admission` only until `detach`.
  /// `handler_executor`: see `OperationNode::finish`.
  LinkCore(const LiveSettings& live, const Settings& settings, LinkStatus& status, Admission& admission,
           const boost::asio::any_io_executor* handler_executor) noexcept;
  LinkCore(const LinkCore&) = delete;
  LinkCore& operator=(const LinkCore&) = delete;

  void begin_turn(TimePoint now) noexcept { context_.now = now; }
  [[nodiscard]] TimePoint now() const noexcept { return context_.now; }
  [[nodiscard]] LinkKind kind() const noexcept { return context_.kind; }
  [[nodiscard]] bool ready() const noexcept { return context_.status.state() == LinkState::ready; }
  [[nodiscard]] bool closed() const noexcept { return context_.status.state() == LinkState::closed; }

  // Operations.
  /// Takes ownership of an operation. After `stop` it fails with `Errc::closed`.
  void accept(Node& node) {
    if (stopping_) [[unlikely]]
      return reject(node);
    operations_.accept(node);
  }
  /// Returns false if no operation here has this id.
  bool cancel(std::uint64_t id, engine::Cancellation how);
  /// Fails all queued operations with `outcome`, as not sent.
  void fail_queue(const Outcome& outcome);
  /// Fails the queued operations that were started at `latest` or before, as not sent. Returns the earliest
  /// start of the others, or nothing if there are none.
  std::optional<TimePoint> fail_queue(const Outcome& outcome, TimePoint latest) {
    return operations_.fail_queue(outcome, latest);
  }
  /// See `LinkOperations::release_queue`.
  [[nodiscard]] OperationQueue release_queue() noexcept { return operations_.release_queue(); }

  // The connection.
  /// Preconditions: closed.
  void begin_opening() noexcept;
  /// The connection is ready; `pushes` were dropped during the handshake. `renewal`: when it must
  /// authenticate again.
  void opened(std::uint64_t pushes, const CredentialsRenewal& renewal = {}) noexcept;
  void open_failed(Cause failure);
  [[nodiscard]] TimePoint opened_at() const noexcept { return opened_at_; }
  /// The connection was lost, or can't be used any more: `outcome` says why. Does nothing unless it is ready.
  /// The breaker counts one failure for everything in flight.
  void lose(Outcome outcome, BreakerVerdict verdict = BreakerVerdict::failure);
  /// Closes the connection once nothing is in flight. Queued operations wait for the next one.
  void retire(CloseReason reason) noexcept { context_.retire(reason); }
  /// Requests the event `woken`.
  void wake() noexcept { woken_ = true; }
  /// Requests the event `idle`.
  void want_idle() noexcept { operations_.want_idle(); }
  /// New operations fail with `Errc::closed`. Accepted ones may end until `deadline`, then they fail as well.
  void stop(TimePoint deadline);
  /// True once after the connection was closed: the driver must close the socket now.
  [[nodiscard]] bool take_close() noexcept { return std::exchange(close_socket_, false); }

  // Input and output.
  [[nodiscard]] LinkSender& sender() noexcept { return sender_; }
  /// Where pushes go. Those that nobody takes are counted in the event `pushed`.
  [[nodiscard]] PushSink& pushes() noexcept { return receiver_.pushes(); }
  /// The connection in static tracepoints.
  [[nodiscard]] const void* identity() const noexcept { return &receiver_; }
  /// The bytes that the kernel has not accepted yet.
  [[nodiscard]] const Outbox& outbox() const noexcept { return outbox_; }
  /// Delivers received bytes. Returns false if the connection was closed. See `LinkReceiver::deliver`.
  bool deliver(std::string_view bytes);
  /// Returns how many of the delivered bytes are not needed any more. The caller drops them.
  [[nodiscard]] std::size_t take_delivered() noexcept { return receiver_.take_delivered(); }
  /// Bytes have arrived: the connection is in use.
  void received() noexcept { context_.status.used(context_.now); }
  /// True if a reply is due.
  [[nodiscard]] bool awaits_reply() const noexcept { return !flight_.empty(); }

  // Steps of the settling.
  /// Finishes operations that have failed, or have only waited for a connection. Returns true if there were
  /// any.
  bool finish_failed() { return operations_.finish_failed(); }
  bool finish_connected() { return operations_.finish_connected(); }
  /// Reports answers that are not reported yet, and closes a connection that must close and has nothing in
  /// flight. Before `has_events`.
  void end_step();
  /// True if `take_events` may return events or end the link.
  [[nodiscard]] bool has_events() const noexcept {
    return opened_ || closed_ || failed_ || woken_ || stopping_ || operations_.idle_is_due() ||
           receiver_.pushes().has_dropped() || sender_.authentication().has_failed() ||
           (!operations_.queue_empty() && !wanted_reported_ && closed());
  }
  /// True if an event was caused by the last call of `take_events`.
  [[nodiscard]] bool must_report() const noexcept { return opened_ || closed_ || failed_; }
  /// Returns the next events, perhaps none.
  [[nodiscard]] LinkEvents take_events();
  /// True if no operation is left.
  [[nodiscard]] bool is_empty() const noexcept { return operations_.alive() == 0; }
  /// True if everything has ended after `stop`.
  [[nodiscard]] bool finished() const noexcept {
    return stopping_ && is_empty() && !ready() && !must_report();
  }

  // Time.
  /// Ends what has expired: operations, a silent connection, the time of `stop`. Deliver the bytes that
  /// have arrived first. If `LinkAuthentication::wants_newer` is true then, call its `offer`.
  void check_deadlines();
  /// Returns the earliest time, since the last call, at which `check_deadlines` must be called.
  [[nodiscard]] TimePoint take_wake_time() noexcept {
    return std::exchange(context_.wake_time, TimePoint::max());
  }

  /// Destroys all operations without completing them, and `submitted`, which were not accepted yet.
  void drop_all(OperationQueue submitted) noexcept;
  /// The last call: the admission is not used any more.
  void detach() noexcept {
    context_.status.state(LinkState::closed);
    context_.admission = nullptr;
  }

 private:
  void reject(Node& node);
  void give_up(Node& node, Outcome outcome);
  void close_if_given_up();
  void check_silence();
  void end_all();
  void end_in_flight(const Outcome& outcome, BreakerVerdict verdict);
  void end_lost(Node& node, const Flight::Entry& entry, LinkOperations::FailureGroup& lost,
                LinkOperations::FailureGroup& not_sent, OperationQueue& at_once);
  void forget_overdue() noexcept;

  LinkContext context_;
  LinkOperations operations_;
  Flight flight_;
  Outbox outbox_{};
  Fences fences_;
  LinkSender sender_;
  LinkReceiver receiver_;
  TimePoint opened_at_{};
  std::optional<CloseReason> given_up_{};  // exclusive: an operation in flight was given up; close
  std::optional<TimePoint> stopping_{};
  bool close_socket_ = false;
  // Events that were not taken yet.
  bool wanted_reported_ = false;
  bool opened_ = false;
  bool woken_ = false;
  std::optional<CloseReason> closed_{};
  std::shared_ptr<const Cause> failed_{};
};

}  // namespace redstart::inline v0::protocol
