// SPDX-License-Identifier: Apache-2.0
// async_link_retry.cpp: admits operations and schedules their retries.
#include "async_link.hpp"
#include "async_link_opening.hpp"
#include "async_link_turn.hpp"

#include <redstart/resp/error_text.hpp>

#include <utility>

namespace redstart::inline v0::net {

using namespace std::chrono_literals;

// Asks the circuit breaker for one operation. If it refuses, the operation fails, or stays in the queue if
// the owner wants it to wait; both return false.
bool AsyncLink::admit(Node& node) {
  if (node.internal || owner_->admit(node, now_)) return true;
  if (owner_->waits()) return false;
  Cause why;  // the owner composes the text
  static_cast<Failure&>(why) = {Errc::circuit_open, Effect::not_sent, Remedy::retry};
  FailureGroup& group = fail_later({std::move(why), CloseReason::lost});
  unregister(node);
  queue_.erase(node);
  note_unsent(node);
  group.nodes.push_back(node);
  return false;
}

// Queues a node for a retry after `delay`. Preconditions: it is in no queue.
void AsyncLink::retry_after(Node& node, std::chrono::milliseconds delay) {
  node.sequence = 0;
  node.answered = 0;
  if (delay == 0ms) return queue_.push_back(node);
  wheel_.erase(node);
  node.later = std::exchange(node.deadline, deadline_after(now_, delay));
  wheel_.insert(node, now_);
  wake_at(Wheel::expiry(node.deadline));
  node.delayed = true;
  delayed_.push_back(node);
}

// Queues operations whose retry delay is over.
void AsyncLink::resume(OperationQueue due) {
  while (!due.empty()) {
    Node& node = due.pop_front();
    node.deadline = node.later;
    wheel_.insert(node, now_);
    wake_at(Wheel::expiry(node.deadline));
    queue_.push_back(node);
  }
}

// Handles an error reply to the oldest operation in flight. Returns true if the reply must not be delivered,
// because the operation is repeated or fails otherwise.
bool AsyncLink::handle_refusal(std::string_view frame, bool last) {
  const InFlight::Entry& entry = ring_.front();
  Node& node = *entry.node;
  std::string message = resp::error_text(frame);
  const auto delay = owner_->retry_refused(*this, node, message, now_);
  if (!delay && !(node.uncertain && node.request.replies == 1)) return false;
  blocking_in_flight_ -= entry.blocks ? 1U : 0U;
  ring_.pop();
  head_since_ = now_;
  --in_flight_;
  if (delay) {
    retry_after(node, *delay);
  } else {
    // It ends as a failure, because the error must say that an earlier attempt may have run.
    Outcome outcome;
    outcome.kind = Outcome::Kind::error_reply;
    outcome.text = std::move(message);
    FailureGroup& group = fail_later(std::move(outcome));
    unregister(node);
    if (is_probe(node.ticket)) owner_->end_ticket(node, BreakerVerdict::success, now_, {});
    group.nodes.push_back(node);
  }
  if (last) report_answers();
  return true;
}

void AsyncLink::lose(CloseReason reason, Outcome outcome, BreakerVerdict verdict) {
  if (state_ != State::ready) return;
  report_answers();
  close_socket();
  state_ = State::closed;
  notify_closed_ = reason;
  retiring_.reset();
  close_after_.reset();
  end_in_flight(reason, std::move(outcome), verdict);
}

// Ends the ring after the connection was lost. Each operation is queued for a retry, or fails with its
// effect. The breaker counts one failure for all of them.
void AsyncLink::end_in_flight(CloseReason reason, Outcome outcome, BreakerVerdict verdict) {
  outcome.kind = Outcome::Kind::broken;
  outcome.reason = reason;
  Outcome unsent = outcome;
  unsent.effect = Effect::not_sent;
  outcome.effect = Effect::indeterminate;
  FailureGroup& lost = fail_later(std::move(outcome));
  FailureGroup& not_sent = fail_later(std::move(unsent));
  const auto newest = [this] {
    std::uint64_t at = ring_.end();
    while (at != ring_.begin() && ring_[at - 1].node == nullptr) --at;
    return at;
  }();
  OperationQueue at_once;
  for (std::uint64_t sequence = ring_.begin(); sequence != newest; ++sequence) {
    const InFlight::Entry& entry = ring_[sequence];
    if (entry.node == nullptr) continue;
    Node& node = *entry.node;
    owner_->end_ticket(node, sequence + 1 == newest ? verdict : BreakerVerdict::nothing, now_,
                       lost.outcome.text);
    // A single command takes effect only after its last byte was sent; the first commands of a batch before.
    const bool reached = written_ + node.request.bytes.size() > entry.end;
    const bool untouched = node.request.replies == 1 ? written_ < entry.end : !reached;
    FailureGroup& group = untouched ? not_sent : lost;
    const auto delay =
        reason == CloseReason::shutdown ? std::nullopt : owner_->retry_lost(node, group.outcome, reached);
    node.sequence = 0;
    if (!delay) {
      const std::uint64_t begin = entry.end - node.request.bytes.size();
      if (!node.uncertain) node.reached = reached ? static_cast<std::size_t>(written_ - begin) : 0;
      unregister(node);
      group.nodes.push_back(node);
      continue;
    }
    node.uncertain = node.uncertain || !untouched;
    if (*delay != 0ms) {
      retry_after(node, *delay);
    } else {
      node.answered = 0;
      at_once.push_back(node);
    }
  }
  queue_.prepend(std::move(at_once));
  ring_.clear();
  in_flight_ = blocking_in_flight_ = 0;
  given_up_.store(0, std::memory_order_relaxed);
}

}  // namespace redstart::inline v0::net
