// SPDX-License-Identifier: Apache-2.0
// submission.hpp: queue of operations, and the stack that passes them to a loop.
#pragma once

#include <redstart/engine/operation_node.hpp>

#include <atomic>
#include <utility>

namespace redstart::inline v0::net {

/// A FIFO queue of operations, linked through the nodes.
///
/// Not a `boost::intrusive::list`: an operation has one link for this queue and `SubmissionStack`, whose push
/// needs `next` alone; a list hook would add a second pair of pointers to every operation.
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

/// A lock-free stack. Any thread pushes; one thread takes all nodes at once. Nodes are never popped one by
/// one, so there is no ABA problem.
///
/// Thread safety: full.
class SubmissionStack {
 public:
  using Node = engine::OperationNode;

  void push(Node& node) noexcept {
    Node* top = top_.load(std::memory_order_relaxed);
    do {
      node.next = top;
    } while (!top_.compare_exchange_weak(top, &node, std::memory_order_release, std::memory_order_relaxed));
  }
  [[nodiscard]] bool empty() const noexcept { return top_.load(std::memory_order_acquire) == nullptr; }

  /// Takes all nodes, oldest first, linked by `next`. Returns null if there are none.
  [[nodiscard]] Node* take() noexcept {
    Node* node = empty() ? nullptr : top_.exchange(nullptr, std::memory_order_acquire);
    Node* oldest = nullptr;
    while (node != nullptr) {
      Node* const older = node->next;
      node->next = oldest;
      oldest = node;
      node = older;
    }
    return oldest;
  }

 private:
  std::atomic<Node*> top_{nullptr};
};

}  // namespace redstart::inline v0::net
