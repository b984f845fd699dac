// SPDX-License-Identifier: Apache-2.0
// submission.hpp: the stack that passes operations to a loop.
#pragma once

#include <redstart/engine/operation_node.hpp>

#include <atomic>

namespace redstart::inline v0::net {

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
