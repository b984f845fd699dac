// SPDX-License-Identifier: Apache-2.0
// flight.hpp: what a link has sent and what the server has not answered yet.
#pragma once

#include "in_flight.hpp"
#include "link_context.hpp"

#include <redstart/engine/operation_node.hpp>

#include <cstddef>
#include <cstdint>

namespace redstart::inline v0::protocol {

/// The operations in flight of one link, with tombstones and fences, in the order in which they were sent.
/// Watches how long the oldest one has been the oldest.
///
/// Thread safety: none.
class Flight {
 public:
  using Node = engine::OperationNode;
  using Ring = InFlight<Node>;
  using Entry = Ring::Entry;

  explicit Flight(LinkContext& context) noexcept : context_(context) {}

  [[nodiscard]] bool empty() const noexcept { return ring_.empty(); }
  [[nodiscard]] Entry& front() noexcept { return ring_.front(); }
  [[nodiscard]] Entry& operator[](std::uint64_t sequence) noexcept { return ring_[sequence]; }
  [[nodiscard]] std::uint64_t begin() const noexcept { return ring_.begin(); }
  [[nodiscard]] std::uint64_t end() const noexcept { return ring_.end(); }
  /// The number of operations, without tombstones and fences.
  [[nodiscard]] std::size_t operations() const noexcept { return operations_; }
  /// The number of commands that may block in the server. While it is not 0, there is no silence limit.
  [[nodiscard]] std::size_t blocking() const noexcept { return blocking_; }

  /// An operation was sent: returns its sequence number. The caller sets `head_since` if it is the oldest.
  /// Errors: std::bad_alloc, nothing changed.
  std::uint64_t push(const Entry& entry) {
    const std::uint64_t sequence = ring_.push(entry);
    operations_ += entry.node != nullptr ? 1U : 0U;
    blocking_ += entry.blocks ? 1U : 0U;
    return sequence;
  }
  /// The oldest entry has all of its replies. The caller finishes its operation.
  void pop() noexcept {
    const Entry& entry = ring_.front();
    operations_ -= entry.node != nullptr ? 1U : 0U;
    blocking_ -= entry.blocks ? 1U : 0U;
    ring_.pop();
    head_since_ = context_.now;
  }
  /// The operation is given up: its replies will be dropped.
  void leave_tombstone(std::uint64_t sequence) noexcept {
    ring_[sequence].node = nullptr;
    --operations_;
    context_.status.given_up(context_.status.given_up() + 1);
  }
  /// The last reply of a tombstone was dropped.
  void tombstone_ended() noexcept { context_.status.given_up(context_.status.given_up() - 1); }
  /// The connection was closed.
  void clear() noexcept {
    ring_.clear();
    operations_ = blocking_ = 0;
    context_.status.given_up(0);
  }
  /// Frees the memory that an idle link does not need.
  void release() noexcept {
    if (ring_.empty()) ring_.release();
  }

  /// When the oldest entry became the oldest.
  [[nodiscard]] TimePoint head_since() const noexcept { return head_since_; }
  /// Silence counts from `time` on: the connection is ready, or more of the oldest reply is known to be
  /// there.
  void head_since(TimePoint time) noexcept { head_since_ = time; }

 private:
  LinkContext& context_;
  Ring ring_{};
  std::size_t operations_ = 0;
  std::size_t blocking_ = 0;
  TimePoint head_since_{};
};

}  // namespace redstart::inline v0::protocol
