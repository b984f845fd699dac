// SPDX-License-Identifier: Apache-2.0
// link_operations.cpp: queues, registers and finishes the operations of a link.
#include "link_operations.hpp"

#include <algorithm>
#include <utility>

namespace redstart::inline v0::protocol {

using namespace std::chrono_literals;

void LinkOperations::accept(Node& node) noexcept {
  ++alive_;
  if (node.id != 0) by_id_.insert(by_id_.end(), node);
  watch_deadline(node);
  if (node.internal) [[unlikely]]
    queue_.push_front(node);
  else
    queue_.push_back(node);
}

void LinkOperations::reject(Node& node, Outcome outcome) {
  ++alive_;
  failing(std::move(outcome)).nodes.push_back(node);
}

void LinkOperations::front_is_connected() noexcept {
  Node& node = queue_.pop_front();
  unregister(node);
  connected_.push_back(node);
}

void LinkOperations::drop_revoked_front() noexcept {
  Node& node = queue_.pop_front();
  context_.admission->end_ticket(node, BreakerVerdict::nothing, context_.now, {});
  unregister(node);
  count_end(node);
  node.destroy();
}

void LinkOperations::retry(Node& node, std::chrono::milliseconds delay) noexcept {
  node.sequence = 0;
  node.answered = 0;
  if (delay == 0ms) return queue_.push_back(node);
  wheel_.erase(node);
  node.later = std::exchange(node.deadline, deadline_after(context_.now, delay));
  watch_deadline(node);
  node.delayed = true;
  delayed_.push_back(node);
}

// Queues operations whose retry delay is over.
void LinkOperations::resume(OperationQueue due) noexcept {
  while (!due.empty()) {
    Node& node = due.pop_front();
    node.deadline = node.later;
    watch_deadline(node);
    queue_.push_back(node);
  }
}

void LinkOperations::complete(Node& node) {
  unregister(node);
  if (Admission::is_probe(node.ticket)) [[unlikely]]
    context_.admission->end_ticket(node, BreakerVerdict::success, context_.now, {});
  count_end(node);
  node.finish(std::nullopt, handler_executor_);
}

void LinkOperations::end_exclusive(const Node& node) noexcept {
  idle_wanted_ = true;
  context_.admission->ending(node);  // before the pool gives the connection to another caller
}

LinkOperations::FailureGroup& LinkOperations::failing(Outcome outcome) {
  FailureGroup& group = failing_.emplace_back();
  group.outcome = std::move(outcome);
  group.outcome.end = context_.now;
  return group;
}

void LinkOperations::fail(Node& node, FailureGroup& group) noexcept {
  unregister(node);
  group.nodes.push_back(node);
}

void LinkOperations::fail_unsent(Node& node, Outcome outcome) {
  FailureGroup& group = failing(std::move(outcome));
  take_from_queue(node);
  fail(node, group);
}

void LinkOperations::fail_queue(const Outcome& outcome) {
  if (queue_.empty()) return;
  FailureGroup& group = failing(outcome);
  group.outcome.effect = Effect::not_sent;
  while (!queue_.empty()) fail(queue_.pop_front(), group);
}

std::optional<TimePoint> LinkOperations::fail_queue(const Outcome& outcome, TimePoint latest) {
  std::optional<TimePoint> first;
  OperationQueue rest;
  FailureGroup& group = failing(outcome);
  group.outcome.effect = Effect::not_sent;
  while (!queue_.empty()) {
    Node& node = queue_.pop_front();
    if (node.start > latest) {
      first = std::min(first.value_or(node.start), node.start);
      rest.push_back(node);
    } else {
      fail(node, group);
    }
  }
  queue_.prepend(std::move(rest));
  return first;
}

void LinkOperations::end_delays() noexcept {
  while (!delayed_.empty()) {
    Node& node = delayed_.front();
    take_from_queue(node);
    queue_.push_back(node);
  }
}

void LinkOperations::finish_groups() {
  // Only the groups that exist now, because handlers may submit operations that fail again.
  for (std::size_t groups = failing_.size(); groups != 0; --groups) {
    while (!failing_.front().nodes.empty()) {
      const Outcome& outcome = failing_.front().outcome;
      Node& node = failing_.front().nodes.front();
      if (node.revocable && !node.claim()) [[unlikely]] {
        // Its caller has revoked it and reported the failure.
        failing_.front().nodes.pop_front();
        count_end(node);
        node.destroy();
        continue;
      }
      Error error = context_.admission->failed(node, outcome);
      failing_.front().nodes.pop_front();
      count_end(node);
      node.finish(std::move(error), handler_executor_);
    }
    failing_.pop_front();
  }
}

void LinkOperations::finish_waiting() {
  while (!connected_.empty()) {
    Node& node = connected_.pop_front();
    count_end(node);
    node.finish(std::nullopt, handler_executor_);
  }
}

LinkOperations::Node* LinkOperations::find(std::uint64_t id) noexcept {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &*found;
}

OperationQueue LinkOperations::release_queue() noexcept {
  OperationQueue all;
  std::swap(all, queue_);
  OperationQueue released;
  while (!all.empty()) {
    Node& node = all.pop_front();
    if (node.internal) {
      queue_.push_back(node);
      continue;
    }
    unregister(node);
    count_end(node);
    released.push_back(node);
  }
  return released;
}

void LinkOperations::take_from_queue(Node& node) noexcept {
  (std::exchange(node.delayed, false) ? delayed_ : queue_).erase(node);
}

void LinkOperations::extend_deadline(Node& node, Clock::duration time) noexcept {
  if (!node.due.is_linked()) return;
  wheel_.erase(node);
  node.deadline = deadline_after(node.deadline, time);
  watch_deadline(node);
}

void LinkOperations::drop_all(OperationQueue in_flight) noexcept {
  const auto drop = [this](OperationQueue& queue, bool uncertain = false) {
    while (!queue.empty()) {
      Node& node = queue.pop_front();
      node.uncertain = node.uncertain || uncertain;
      unregister(node);
      node.destroy();
    }
  };
  drop(delayed_);
  for (FailureGroup& group : failing_) drop(group.nodes, group.outcome.effect == Effect::indeterminate);
  failing_.clear();
  drop(connected_);
  drop(queue_);
  drop(in_flight);
  alive_ = 0;
}

}  // namespace redstart::inline v0::protocol
