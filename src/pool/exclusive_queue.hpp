// SPDX-License-Identifier: Apache-2.0
// exclusive_queue.hpp: operations that wait for an exclusive connection, and who opens one.
#pragma once

#include "capacity.hpp"

#include <redstart/core/clock.hpp>
#include <redstart/engine/operation_node.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace redstart::inline v0::pool {

/// One operation in the queue. It also waits in the capacity, from its start until it has a grant.
struct QueuedOperation : Waiter {
  QueuedOperation(engine::OperationNode& of, bool leases) noexcept
      : Waiter(ConnectionKind::exclusive, Takes::connections), operation(&of), lease(leases) {}

  engine::OperationNode* operation;
  const bool lease;       ///< It asks for a scoped handle; otherwise it is carried itself.
  bool starting = false;  ///< A connection is being opened for its grant.
  TimePoint expires{};    ///< Its deadline, or earlier: the end of its patience for room.
  boost::intrusive::list_member_hook<> line{};
  boost::intrusive::set_member_hook<boost::intrusive::optimize_size<true>> due{};

 protected:
  ~QueuedOperation() = default;
};

/// Operations in the order of their start, and the connections that are being opened for them (openers). A
/// connection belongs to no operation before it is open: whichever is open first serves the operation that
/// waits longest.
///
/// | gate    | operations that get grants                   | leaves by
/// | ------- | -------------------------------------------- | -----------------------------------------------
/// | open    | as many as there are grants                  | `opener_failed` -> closed
/// | closed  | none: the next attempt is not due            | `retry` -> probing; `opener_succeeded` -> open
/// | probing | one, whose opener makes the next attempt     | `opener_failed`, `opener_succeeded`
///
/// Pure: the caller has the lock and the timer, and reads the clock.
class ExclusiveQueue {
 public:
  using Line = boost::intrusive::list<
      QueuedOperation, boost::intrusive::member_hook<QueuedOperation, boost::intrusive::list_member_hook<>,
                                                     &QueuedOperation::line>>;
  enum class Gate : std::uint8_t { open, closed, probing };

  /// `acquire`: how long an operation waits for room.
  explicit ExclusiveQueue(Clock::duration acquire) noexcept : acquire_(acquire) {}
  ExclusiveQueue(const ExclusiveQueue&) = delete;
  ExclusiveQueue& operator=(const ExclusiveQueue&) = delete;

  [[nodiscard]] bool empty() const noexcept { return line_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return line_.size(); }
  /// The bytes of the operations that are carried themselves.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// The operation that waits longest; null if there is none.
  [[nodiscard]] QueuedOperation* front() noexcept { return empty() ? nullptr : &line_.front(); }

  /// Preconditions: start and deadline of the operation are set.
  void push(QueuedOperation& operation) noexcept;
  /// Leaves `starting` as it is.
  void remove(QueuedOperation& operation) noexcept;

  /// A connection is being opened with the grant of this operation.
  void opener_began(QueuedOperation& operation) noexcept;
  /// An opener has become ready, so that the server has room.
  void opener_succeeded() noexcept;
  /// An opener has ended. No attempt is made before `next`. Returns what `without_opener` does.
  [[nodiscard]] QueuedOperation* opener_failed(TimePoint next) noexcept;
  /// Returns an operation that has no opener any more and must wait for another grant; null if the openers
  /// suffice. Call it after an opener has served another operation than the first that had one.
  [[nodiscard]] QueuedOperation* without_opener() noexcept;
  [[nodiscard]] std::size_t openers() const noexcept { return openers_; }

  [[nodiscard]] Gate gate() const noexcept { return gate_; }
  /// When `retry` is due; `TimePoint::max()` unless the gate is closed and operations wait.
  [[nodiscard]] TimePoint retry_at() const noexcept {
    return gate_ == Gate::closed && !empty() ? retry_at_ : (TimePoint::max)();
  }
  /// The next attempt is due. Otherwise keep the gate closed with `postpone`.
  void retry() noexcept { gate_ = Gate::probing; }
  void postpone(TimePoint next) noexcept { retry_at_ = next; }
  /// How many further operations may get a grant.
  [[nodiscard]] std::size_t allowance() const noexcept;

  /// When `expired` must be called; `TimePoint::max()` if nothing waits.
  [[nodiscard]] TimePoint next_expiry() const noexcept {
    return due_.empty() ? (TimePoint::max)() : due_.begin()->expires;
  }
  /// Returns an operation whose time is over, which must be removed next; null if there is none. `lacks_room`
  /// false: operations do not wait for room, but for a server that is away or loading.
  [[nodiscard]] QueuedOperation* expired(TimePoint now, bool lacks_room) noexcept;

 private:
  struct Expiry {
    using type = TimePoint;
    type operator()(const QueuedOperation& operation) const noexcept { return operation.expires; }
  };
  using ByExpiry = boost::intrusive::multiset<
      QueuedOperation,
      boost::intrusive::member_hook<QueuedOperation,
                                    boost::intrusive::set_member_hook<boost::intrusive::optimize_size<true>>,
                                    &QueuedOperation::due>,
      boost::intrusive::key_of_value<Expiry>, boost::intrusive::constant_time_size<false>>;

  void expire_at(QueuedOperation& operation, TimePoint time) noexcept;
  [[nodiscard]] TimePoint patience_of(const QueuedOperation& operation) const noexcept;

  const Clock::duration acquire_;
  Line line_{};
  ByExpiry due_{};
  std::size_t bytes_ = 0;
  std::size_t openers_ = 0;   // connections that are being opened
  std::size_t starting_ = 0;  // operations that an opener belongs to; they are the first of `line_`
  Gate gate_ = Gate::open;
  TimePoint retry_at_{};
};

}  // namespace redstart::inline v0::pool
