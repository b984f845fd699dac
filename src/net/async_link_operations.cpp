// SPDX-License-Identifier: Apache-2.0
// async_link_operations.cpp: handles operations from pick-up to completion, and closes the socket.
#include "async_link.hpp"
#include "async_link_opening.hpp"
#include "async_link_turn.hpp"
#include "descriptors.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace redstart::inline v0::net {

namespace {

Outcome closed_by_shutdown() { return {failure::closed(), CloseReason::shutdown}; }

}  // namespace

void AsyncLink::pick_up(Node& node) {
  ++live_;
  if (stopping_) [[unlikely]] {
    fail_later(closed_by_shutdown()).nodes.push_back(node);
    return;
  }
  if (node.id != 0) by_id_.insert(by_id_.end(), node);
  wheel_.insert(node, now_);
  wake_at(Wheel::expiry(node.deadline));
  if (node.internal) [[unlikely]]
    queue_.push_front(node);  // the pool's own PING goes first: queued operations may wait for its reply
  else
    queue_.push_back(node);
}

// Removes it from the wheel and the index, so that neither a deadline nor a cancellation finds it.
void AsyncLink::unregister(Node& node) noexcept {
  if (node.due.is_linked()) wheel_.erase(node);
  if (node.known.is_linked()) by_id_.erase(by_id_.iterator_to(node));
}

// Finishes an operation that has received all replies. `finish` destroys the node.
void AsyncLink::complete(Node& node) {
  unregister(node);
  if (is_probe(node.ticket)) [[unlikely]]
    owner_->end_ticket(node, BreakerVerdict::success, now_, {});
  --in_flight_;
  count_end(node);
  node.finish(std::nullopt, &loop_.handler_executor);
}

void AsyncLink::count_end(const Node& node) noexcept {
  --live_;
  if (kind_ == Kind::exclusive) {
    notify_idle_ = true;
    owner_->ending(node);  // before the pool sees the end and gives the connection to another caller
  }
  ended_operations_.add(1);
  ended_bytes_.add(node.request.bytes.size());
}

AsyncLink::FailureGroup& AsyncLink::fail_later(Outcome outcome) {
  FailureGroup& group = failing_later_.emplace_back();
  group.outcome = std::move(outcome);
  group.outcome.end = now_;
  return group;
}

void AsyncLink::finish_failed() {
  // Only the groups that exist now, because handlers may submit operations that fail again.
  for (std::size_t groups = failing_later_.size(); groups != 0; --groups) {
    while (!failing_later_.front().nodes.empty()) {
      const Outcome& outcome = failing_later_.front().outcome;
      Node& node = failing_later_.front().nodes.front();
      if (node.revocable && !node.claim())
          [[unlikely]] {  // its caller has revoked it and reported the failure
        failing_later_.front().nodes.pop_front();
        count_end(node);
        node.destroy();
        continue;
      }
      Error error = owner_->failed(node, outcome);
      failing_later_.front().nodes.pop_front();
      count_end(node);
      node.finish(std::move(error), &loop_.handler_executor);
    }
    failing_later_.pop_front();
  }
}

// Finishes operations without a command, which only waited for a ready connection.
bool AsyncLink::finish_waiting() {
  if (waiting_done_.empty()) return false;
  OperationQueue& done = waiting_done_;
  while (!done.empty()) {
    Node& node = done.pop_front();
    count_end(node);
    node.finish(std::nullopt, &loop_.handler_executor);
  }
  return true;
}

void AsyncLink::fail_queued(const Outcome& outcome) {
  wanted_notified_ = false;
  drain_stack();
  drain_and_fail_queue(outcome);
  if (!in_turn_) post_turn();
}

void AsyncLink::hand_over(AsyncConnection& to) {
  drain_stack();
  OperationQueue all;
  std::swap(all, queue_);
  bool any = false;
  while (!all.empty()) {
    Node& node = all.pop_front();
    if (node.internal) {  // the pool's own PING checks this connection
      queue_.push_back(node);
      continue;
    }
    any = true;
    unregister(node);
    count_end(node);
    to.submit(node);
  }
  if (any) add_successor(to);
}

// Callers send cancellations to the connection that took the operation first, so remember where it went.
void AsyncLink::add_successor(AsyncConnection& to) {
  std::erase_if(successors_, [&to](const auto& known) {
    const auto successor = known.lock();
    return !successor || successor.get() == &to;
  });
  successors_.push_back(to.weak_from_this());
}

void AsyncLink::forward(const Cancel& mail) noexcept {
  constexpr unsigned max_hops = 4;
  if (mail.hops == max_hops) return;
  for (const auto& known : successors_)
    if (const auto successor = known.lock()) successor->forward_cancel(mail.id, mail.how, mail.hops + 1);
}

std::optional<TimePoint> AsyncLink::fail_queued(const Outcome& outcome, TimePoint latest) {
  drain_stack();
  std::optional<TimePoint> first;
  OperationQueue rest;
  FailureGroup& group = fail_later(outcome);
  group.outcome.effect = Effect::not_sent;
  while (!queue_.empty()) {
    Node& node = queue_.pop_front();
    if (node.start > latest) {
      first = std::min(first.value_or(node.start), node.start);
      rest.push_back(node);
      continue;
    }
    unregister(node);
    group.nodes.push_back(node);
  }
  queue_.prepend(std::move(rest));
  if (!in_turn_) post_turn();
  return first;
}

void AsyncLink::drain_and_fail_queue(const Outcome& outcome) {
  if (queue_.empty()) return;
  FailureGroup& group = fail_later(outcome);
  group.outcome.effect = Effect::not_sent;
  while (!queue_.empty()) {
    Node& node = queue_.pop_front();
    unregister(node);
    group.nodes.push_back(node);
  }
}

void AsyncLink::apply(Cancel& mail) {
  const auto found = by_id_.find(mail.id);
  if (found == by_id_.end()) return forward(mail);
  Node& node = *found;
  if (node.sequence == 0) {
    if (node.uncertain && mail.how == engine::Cancellation::total) return;
    FailureGroup& group = fail_later({failure::cancelled(Effect::not_sent), CloseReason::lost});
    unregister(node);
    take_from_queue(node);
    note_unsent(node);
    group.nodes.push_back(node);
  } else if (mail.how == engine::Cancellation::terminal) {
    leave_tombstone(node, {failure::cancelled(Effect::indeterminate), CloseReason::dirty});
    close_if_due();
  }
}

// Gives up an operation in flight: the tombstone lets `dispatch_reply` drop its replies.
void AsyncLink::leave_tombstone(Node& node, Outcome outcome) {
  if (kind_ == Kind::exclusive)
    close_after_ = outcome.code == Errc::timeout ? CloseReason::timeout : CloseReason::dirty;
  FailureGroup& group = fail_later(std::move(outcome));
  unregister(node);
  owner_->end_ticket(node, verdict(group.outcome.code), now_, group.outcome.text);
  ring_[node.sequence].node = nullptr;
  given_up_.store(given_up() + 1, std::memory_order_relaxed);
  --in_flight_;
  group.nodes.push_back(node);
}

void AsyncLink::close_if_due() {
  if (!close_after_) return;
  const CloseReason reason = *std::exchange(close_after_, std::nullopt);
  if (state_ == State::ready)
    lose(reason, {failure::closed_after_give_up(), reason},
         BreakerVerdict::nothing);  // the breaker was notified when the command was given up
}

void AsyncLink::expire_queued(Node& node) {
  FailureGroup& group = fail_later({failure::not_sent_in_time(), CloseReason::timeout});
  unregister(node);
  queue_.erase(node);
  note_unsent(node);
  group.nodes.push_back(node);
}

// A scoped handle counts a command that changes the session as sent from its submission on. If the command
// ends unsent, the handle no longer knows the state of its connection: a later reply could be QUEUED. So
// nothing is sent any more, and the connection closes once the replies in flight have arrived.
void AsyncLink::note_unsent(const Node& node) noexcept {
  if (kind_ != Kind::exclusive || node.request.traits.session == Session::none) return;
  if (state_ == State::ready && !retiring_) retiring_ = CloseReason::dirty;
}

// Drops an operation that its caller has revoked. The caller has reported the failure, so it isn't counted
// here.
void AsyncLink::drop_revoked(Node& node) {
  owner_->end_ticket(node, BreakerVerdict::nothing, now_, {});
  unregister(node);
  queue_.erase(node);
  count_end(node);
  node.destroy();
}

void AsyncLink::take_from_queue(Node& node) noexcept {
  (std::exchange(node.delayed, false) ? delayed_ : queue_).erase(node);
}

void AsyncLink::check_deadlines() {
  check_deadlines_next_ = false;
  OperationQueue due;
  wheel_.advance(now_, [this, &due](Node& node) {
    if (node.delayed) {
      take_from_queue(node);
      due.push_back(node);
    } else if (node.sequence == 0) {
      expire_queued(node);
    } else {
      const std::uint64_t sequence = node.sequence;
      leave_tombstone(node, {failure::timed_out(Effect::indeterminate), CloseReason::timeout});
      // Deadlines need not expire in the order of sending.
      if (kind_ == Kind::shared)
        overdue_.store(std::max(sequence, overdue_.load(std::memory_order_relaxed)),
                       std::memory_order_relaxed);
    }
  });
  resume(std::move(due));
  close_if_due();
  check_silence();
  if (stopping_ && *stopping_ <= now_) end_all();
  if (stopping_ && !stopped_) wake_at(*stopping_ > now_ ? *stopping_ : TimePoint::max());
  wake_at(wheel_.next());
  if (live_ == 0) release_memory();
}

// Fails all operations because the deadline of `stop` has passed.
void AsyncLink::end_all() {
  if (state_ == State::ready) lose(CloseReason::shutdown, closed_by_shutdown(), BreakerVerdict::nothing);
  while (!delayed_.empty()) {
    Node& node = delayed_.front();
    take_from_queue(node);
    queue_.push_back(node);
  }
  drain_and_fail_queue(closed_by_shutdown());
}

void AsyncLink::close_socket() noexcept {
  ++epoch_;
  reading_ = more_to_read_ = checking_ = fast_keepalive_ = false;
  check_due_.store(false, std::memory_order_relaxed);
  overdue_.store(0, std::memory_order_relaxed);
  write_error_ = 0;
  partial_ = engine::ReplyBuffer();
  held_.clear();
  held_left_ = held_pushes_ = 0;
  delivered_ = 0;
  std::string().swap(unsent_);
  unsent_at_ = 0;
  if (!socket_) return;
  if (tls_) tls_->close();
  tls_.reset();
  {
    const descriptors::ForkGuard hold;
    descriptors::remove(fd_, hold);
    boost::system::error_code ignored;
    socket_->close(ignored);
  }
  socket_.reset();
  fd_ = -1;
}

// Rejects operations that were submitted after the connection had stopped.
void AsyncLink::reject_rest() noexcept {
  std::shared_ptr<Owner> owner;
  {
    const std::scoped_lock lock(mutex_);
    owner = owner_ ? owner_ : late_owner_.lock();
  }
  for (Node* node = stack_.take(); node != nullptr;) {
    Node& one = *std::exchange(node, node->next);
    if (owner && kind_ == Kind::exclusive) owner->ending(one);
    // Not `Count::add`: several threads may run this at once.
    ended_operations_.value.fetch_add(1, std::memory_order_relaxed);
    ended_bytes_.value.fetch_add(one.request.bytes.size(), std::memory_order_relaxed);
    if (abandoned_ || !owner)
      one.destroy();
    else
      one.finish(owner->failed(one, closed_by_shutdown()), nullptr);
  }
  if (owner) owner->flush();
}

// Destroys all operations without completing them.
void AsyncLink::drop_all() noexcept {
  const auto drop = [this](OperationQueue& queue, bool uncertain = false) {
    while (!queue.empty()) {
      Node& node = queue.pop_front();
      node.uncertain = node.uncertain || uncertain;
      unregister(node);
      node.destroy();
    }
  };
  OperationQueue all = std::move(queue_);
  for (std::uint64_t sequence = ring_.begin(); sequence != ring_.end(); ++sequence) {
    Node* const node = ring_[sequence].node;
    if (node == nullptr) continue;
    if (owner_ && is_probe(node->ticket)) owner_->end_ticket(*node, BreakerVerdict::nothing, now_, {});
    all.push_back(*node);
  }
  drop(delayed_);
  ring_.clear();
  for (Node* node = stack_.take(); node != nullptr;) all.push_back(*std::exchange(node, node->next));
  for (FailureGroup& group : failing_later_) drop(group.nodes, group.outcome.effect == Effect::indeterminate);
  failing_later_.clear();
  drop(waiting_done_);
  drop(all);
  live_ = in_flight_ = blocking_in_flight_ = 0;
  given_up_.store(0, std::memory_order_relaxed);
}

}  // namespace redstart::inline v0::net
