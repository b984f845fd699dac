// SPDX-License-Identifier: Apache-2.0
// link_operations.hpp: the operations of a link, from their acceptance to their end.
#pragma once

#include "link_context.hpp"
#include "operation_queue.hpp"
#include "timing_wheel.hpp"

#include <boost/intrusive/set.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>

namespace redstart::inline v0::protocol {

/// Holds the operations of one link that are not in flight, the deadlines of all, and the index for
/// cancellations. Finishes them.
///
/// Path of an operation: `accept` queues it. `take_front` hands it to the sender. From then on it is in the
/// ring of `Flight`, until `complete`, `retry` or `fail`. A failed operation goes into a group of operations
/// with the same outcome, and `finish_failed` finishes it later.
///
/// Users' code runs in `finish_failed`, `finish_connected` and `complete` only. The state is consistent
/// before each call of it, and each function can be called again after an exception.
///
/// Thread safety: none.
class LinkOperations {
 public:
  using Node = engine::OperationNode;
  /// Operations that fail with the same outcome.
  struct FailureGroup {
    OperationQueue nodes{};
    Outcome outcome{};
  };

  /// `handler_executor`: see `OperationNode::finish`.
  LinkOperations(LinkContext& context, const boost::asio::any_io_executor* handler_executor) noexcept
      : context_(context), handler_executor_(handler_executor) {}
  LinkOperations(const LinkOperations&) = delete;
  LinkOperations& operator=(const LinkOperations&) = delete;

  /// Takes ownership. The pool's own PING goes first: queued operations may wait for its reply.
  void accept(Node& node) noexcept;
  /// Takes ownership of an operation that must not run, and fails it.
  void reject(Node& node, Outcome outcome);
  /// The number of operations that were accepted and have not ended.
  [[nodiscard]] std::size_t alive() const noexcept { return alive_; }

  // The queue of those to be sent.
  [[nodiscard]] bool queue_empty() const noexcept { return queue_.empty(); }
  [[nodiscard]] Node& front() noexcept { return queue_.front(); }
  [[nodiscard]] const Node& front() const noexcept { return queue_.front(); }
  /// The front is in flight now.
  void take_front() noexcept { queue_.pop_front(); }
  /// The front has no command: it waited for a ready connection, which is there.
  void front_is_connected() noexcept;
  /// The caller of the front has revoked it and reported that: destroys it.
  void drop_revoked_front() noexcept;

  // In flight, or just taken out of it.
  /// Sends it again after `delay`. Preconditions: it is in no queue.
  void retry(Node& node, std::chrono::milliseconds delay) noexcept;
  /// Sends these before all others. Preconditions: they are in no queue.
  void retry_first(OperationQueue nodes) noexcept { queue_.prepend(std::move(nodes)); }
  /// Finishes an operation that has received all replies.
  void complete(Node& node);

  // Failures.
  /// Returns a new group; `fail` adds operations to it.
  FailureGroup& failing(Outcome outcome);
  /// Preconditions: the operation is in no queue.
  void fail(Node& node, FailureGroup& group) noexcept;
  /// Fails an operation that is queued or waits for its retry.
  void fail_unsent(Node& node, Outcome outcome);
  /// Fails all queued operations as not sent.
  void fail_queue(const Outcome& outcome);
  /// Fails the queued operations that were started at `latest` or before, as not sent. Returns the earliest
  /// start of the others, or nothing if there are none.
  std::optional<TimePoint> fail_queue(const Outcome& outcome, TimePoint latest);
  /// Queues operations that wait for their retry, so that `fail_queue` fails them too.
  void end_delays() noexcept;
  /// Finishes failed operations. Returns true if there were any.
  bool finish_failed() {
    if (failing_.empty()) [[likely]]
      return false;
    finish_groups();
    return true;
  }
  /// Finishes operations that only waited for a ready connection. Returns true if there were any.
  bool finish_connected() {
    if (connected_.empty()) [[likely]]
      return false;
    finish_waiting();
    return true;
  }

  /// Returns the operation of this id, or null.
  [[nodiscard]] Node* find(std::uint64_t id) noexcept;
  /// Hands over all queued operations, in order; they are another link's from now on. Keeps the pool's own.
  [[nodiscard]] OperationQueue release_queue() noexcept;

  // Deadlines.
  /// Passes each operation whose deadline has passed to `expired(node)`; those that waited for their retry
  /// are queued instead.
  template <class Expired>
  void expire(Expired expired) {
    OperationQueue due;
    wheel_.advance(context_.now, [this, &due, &expired](Node& node) {
      if (!node.delayed) return expired(node);
      take_from_queue(node);
      due.push_back(node);
    });
    resume(std::move(due));
    context_.wake_by(wheel_.next());
  }
  /// Extends the deadline of an operation in flight.
  void extend_deadline(Node& node, Clock::duration time) noexcept;

  /// True if `take_idle` would return true.
  [[nodiscard]] bool idle_is_due() const noexcept { return idle_wanted_ && alive_ == 0; }
  /// True once after the last operation of an exclusive link has ended, or after `want_idle`.
  [[nodiscard]] bool take_idle() noexcept { return alive_ == 0 && std::exchange(idle_wanted_, false); }
  void want_idle() noexcept { idle_wanted_ = true; }

  /// Destroys all operations without completing them. `in_flight`: those that this object does not hold.
  void drop_all(OperationQueue in_flight) noexcept;

 private:
  struct Id {
    using type = std::uint64_t;
    type operator()(const Node& node) const noexcept { return node.id; }
  };
  using ById = boost::intrusive::set<
      Node, boost::intrusive::member_hook<Node, boost::intrusive::set_member_hook<>, &Node::known>,
      boost::intrusive::key_of_value<Id>, boost::intrusive::constant_time_size<false>>;
  using Wheel = TimingWheel<Node, &Node::due, &Node::deadline>;

  void finish_groups();
  void finish_waiting();
  void watch_deadline(Node& node) noexcept {
    wheel_.insert(node, context_.now);
    context_.wake_by(Wheel::expiry(node.deadline));
  }
  // Removes it from the wheel and the index, so that neither a deadline nor a cancellation finds it.
  [[gnu::always_inline]] void unregister(Node& node) noexcept {
    if (node.due.is_linked()) wheel_.erase(node);
    if (node.known.is_linked()) by_id_.erase(by_id_.iterator_to(node));
  }
  void take_from_queue(Node& node) noexcept;
  void resume(OperationQueue due) noexcept;
  void count_end(const Node& node) noexcept {
    --alive_;
    if (context_.kind == LinkKind::exclusive) end_exclusive(node);
    context_.status.ended(node.request.bytes.size());
  }
  void end_exclusive(const Node& node) noexcept;

  LinkContext& context_;
  const boost::asio::any_io_executor* const handler_executor_;
  // Each operation that is not in flight is in exactly one of these four.
  OperationQueue queue_{};             // to be sent
  OperationQueue delayed_{};           // wait for their retry, until their deadline in the wheel
  OperationQueue connected_{};         // without a command: they waited for a ready connection
  std::list<FailureGroup> failing_{};  // to be finished with an error
  ById by_id_{};                       // those that can be cancelled
  Wheel wheel_{};                      // their deadlines
  std::size_t alive_ = 0;
  bool idle_wanted_ = false;
};

}  // namespace redstart::inline v0::protocol
