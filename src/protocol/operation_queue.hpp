// SPDX-License-Identifier: Apache-2.0
// operation_queue.hpp: a FIFO queue of operations.
#pragma once

#include <redstart/engine/operation_node.hpp>

#include <utility>

namespace redstart::inline v0::protocol {

/// A FIFO queue of operations, linked through the nodes.
///
/// Not a `boost::intrusive::list`: an operation has one link for this queue and `net::SubmissionStack`, whose
/// push needs `next` alone; a list hook would add a second pair of pointers to every operation.
///
/// Thread safety: none.
class OperationQueue {
 public:
  using Node = engine::OperationNode;

  OperationQueue() = default;
  OperationQueue(OperationQueue&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)), last_(std::exchange(other.last_, nullptr)) {}
  OperationQueue& operator=(OperationQueue&& other) noexcept {
    std::swap(first_, other.first_);
    std::swap(last_, other.last_);
    return *this;
  }

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] Node& front() noexcept { return *first_; }
  [[nodiscard]] const Node& front() const noexcept { return *first_; }

  void push_back(Node& node) noexcept {
    node.next = nullptr;
    node.previous = last_;
    (last_ == nullptr ? first_ : last_->next) = &node;
    last_ = &node;
  }
  void push_front(Node& node) noexcept {
    node.next = first_;
    node.previous = nullptr;
    (first_ == nullptr ? last_ : first_->previous) = &node;
    first_ = &node;
  }
  /// Preconditions: not empty.
  Node& pop_front() noexcept {
    Node& node = *first_;
    erase(node);
    return node;
  }
  /// Preconditions: the node is in this queue.
  void erase(Node& node) noexcept {
    (node.previous == nullptr ? first_ : node.previous->next) = node.next;
    (node.next == nullptr ? last_ : node.next->previous) = node.previous;
    node.next = node.previous = nullptr;
  }
  /// Moves all nodes of `other`, in their order, to the front.
  void prepend(OperationQueue&& other) noexcept {
    if (other.empty()) return;
    other.last_->next = first_;
    (first_ == nullptr ? last_ : first_->previous) = other.last_;
    first_ = std::exchange(other.first_, nullptr);
    other.last_ = nullptr;
  }

 private:
  Node* first_ = nullptr;
  Node* last_ = nullptr;
};

}  // namespace redstart::inline v0::protocol
