// SPDX-License-Identifier: Apache-2.0
// async_link_retry.cpp: what may be sent, what is sent again, and when.
#include "async_link.hpp"
#include "async_link_opening.hpp"
#include "async_link_turn.hpp"

#include <redstart/resp/error_text.hpp>

#include <utility>

namespace redstart::inline v0::net {

using namespace std::chrono_literals;

// While not everything passes. False: it was ended, or waits on where the owner says so.
bool AsyncLink::admit(Node& node) {
  if (node.unguarded || owner_->admit(node, now_)) return true;
  if (owner_->waits()) return false;
  Outcome outcome;
  outcome.kind = Outcome::Kind::broken;
  outcome.code = Errc::circuit_open;
  outcome.effect = Effect::not_sent;
  FailureGroup& group = fail_later(std::move(outcome));
  forget(node);
  queue_.erase(node);
  group.nodes.push_back(node);
  return false;
}

// Puts a node that is in no queue where its next attempt begins.
void AsyncLink::again(Node& node, std::chrono::milliseconds delay) {
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

// Their delay is over.
void AsyncLink::resume(OperationQueue due) {
  while (!due.empty()) {
    Node& node = due.pop_front();
    node.deadline = node.later;
    wheel_.insert(node, now_);
    wake_at(Wheel::expiry(node.deadline));
    queue_.push_back(node);
  }
}

// The reply of the first in flight is an error. True when the operation goes on, or ended, without it.
bool AsyncLink::refused(std::string_view frame, bool last) {
  const InFlight::Entry& entry = ring_.front();
  Node& node = *entry.node;
  std::string message = resp::error_text(frame);
  const auto delay = owner_->retry_refused(*this, node, message, now_);
  if (!delay && !(node.uncertain && node.request.replies == 1)) return false;
  held_back_ -= entry.waits ? 1U : 0U;
  ring_.pop();
  head_since_ = now_;
  --in_flight_;
  if (delay) {
    again(node, *delay);
  } else {
    // What an earlier attempt may have done is part of the answer.
    Outcome outcome;
    outcome.kind = Outcome::Kind::refused;
    outcome.text = std::move(message);
    FailureGroup& group = fail_later(std::move(outcome));
    forget(node);
    if (is_probe(node.ticket)) owner_->ended(node, BreakerVerdict::success, now_, {});
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
  break_off(reason, std::move(outcome), verdict);
}

// Decides for each operation in flight: back to the queue, or what its effect was. All together are one
// failure.
void AsyncLink::break_off(CloseReason reason, Outcome outcome, BreakerVerdict verdict) {
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
    owner_->ended(node, sequence + 1 == newest ? verdict : BreakerVerdict::nothing, now_, lost.outcome.text);
    // One command has no effect before its last byte has arrived; of a batch the first ones may have.
    const bool reached = written_ + node.request.bytes.size() > entry.end;
    const bool untouched = node.request.replies == 1 ? written_ < entry.end : !reached;
    FailureGroup& group = untouched ? not_sent : lost;
    const auto delay =
        reason == CloseReason::shutdown ? std::nullopt : owner_->retry_lost(node, group.outcome, reached);
    node.sequence = 0;
    if (!delay) {
      forget(node);
      group.nodes.push_back(node);
      continue;
    }
    node.uncertain = node.uncertain || !untouched;
    if (*delay != 0ms) {
      again(node, *delay);
    } else {
      node.answered = 0;
      at_once.push_back(node);
    }
  }
  queue_.prepend(std::move(at_once));
  ring_.clear();
  in_flight_ = held_back_ = 0;
  given_up_.store(0, std::memory_order_relaxed);
}

}  // namespace redstart::inline v0::net
