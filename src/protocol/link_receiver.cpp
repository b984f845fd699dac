// SPDX-License-Identifier: Apache-2.0
// link_receiver.cpp: from received bytes to completed operations.
#include "link_receiver.hpp"

#include "../core/failures.hpp"
#include "../core/probes.hpp"
#include "../engine/refusal.hpp"
#include "../engine/secret_arguments.hpp"

#include <redstart/resp/error_text.hpp>

#include <string>
#include <utility>

namespace redstart::inline v0::protocol {

// The oldest entry has all of its replies. The server may have refused an operation before all of it was
// sent.
inline void LinkReceiver::leave_flight(const Node* node) {
  if (!outbox_.flushed() && node != nullptr) [[unlikely]]
    outbox_.detach(*node);
  flight_.pop();
}

// Counts an operation that has all of its replies. `failed`: the last of them is an error. A batch succeeds
// whatever its replies are.
inline void LinkReceiver::note_end(const Node& node, bool failed) noexcept {
  const OperationId command = node.request.traits.operation;
  if (node.internal || (failed && !is_batch(command))) return;
  if (command != run_.command) {
    if (run_.operations != 0) report_operations();
    run_.command = command;
  }
  ++run_.operations;
}

[[gnu::always_inline]] inline void LinkReceiver::dispatch(std::string_view frame, resp::Type type,
                                                          bool last) {
  Flight::Entry& entry = flight_.front();
  Node* const node = entry.node;
  const bool complete = --entry.replies == 0;
  if (node != nullptr) {
    if (node->start != run_.start) report_answers();
    run_.start = node->start;
    run_.commands += node->internal ? 0U : 1U;
    if (resp::is_error(type)) [[unlikely]]
      run_.errors += node->internal ? 0U : 1U;
    if (complete) note_end(*node, resp::is_error(type));
    ++node->answered;
    node->accept(frame, context_.origin);
    REDSTART_PROBE(decoded, node->id, this, frame.size());
    if (frame.size() >= Admission::large_reply_size) [[unlikely]]
      context_.admission->large_reply(*node, frame.size());
  } else if (sender_.authentication().awaits(flight_.begin())) {
    sender_.authentication().answered(frame);
  } else if (!sender_.check_ended() && complete) {
    flight_.tombstone_ended();
  }
  if (complete) leave_flight(node);
  // Report it before it is completed, so that the handler sees it in the statistics.
  if (last) report_answers();
  if (complete && node != nullptr) operations_.complete(*node);
}

// Delivers one reply. `last`: it is the last one that has arrived so far. It may run users' code, which can
// change the state of this link.
[[gnu::always_inline]] inline void LinkReceiver::deliver_frame(std::string_view frame, resp::Type type,
                                                               bool last) {
  if (resp::is_error(type) && flight_.front().node != nullptr) [[unlikely]]
    deliver_refusal(frame, type, last);
  else
    dispatch(frame, type, last);
}

[[gnu::noinline]] void LinkReceiver::deliver_refusal(std::string_view frame, resp::Type type, bool last) {
  // Secrets are removed here, so that no code below sees them.
  const std::string shown =
      engine::refusal_frame(frame, {answered_command(*flight_.front().node), {}}, context_.config());
  if (handle_refusal(shown, last)) return;
  const Node& node = *flight_.front().node;
  if (!node.internal) context_.admission->error_reply(node, resp::error_text(shown), context_.now);
  dispatch(shown, type, last);
}

std::optional<Outcome> LinkReceiver::deliver(std::string_view bytes) {
  if (fences_.proven()) deliver_proven(bytes);
  while (scanner_.position() != bytes.size()) {
    switch (scanner_.scan(bytes)) {
      case resp::Scanner::Status::incomplete:
        if (!flight_.empty() || bytes[scanner_.begin()] == '>') return std::nullopt;
        return unsolicited_reply(context_.now);
      case resp::Scanner::Status::fault: return not_resp(scanner_, bytes, context_.now);
      case resp::Scanner::Status::complete: break;
    }
    if (scanner_.type() == resp::Type::push) [[unlikely]] {
      if (auto flood = take_push(bytes)) return flood;
      continue;
    }
    if ((flight_.empty() || !outbox_.flushed()) && is_early(scanner_.type())) [[unlikely]]
      return unsolicited_reply(context_.now);
    if (context_.integrity) {
      if (auto shifted = hold(bytes)) return shifted;
      continue;
    }
    delivered_ = scanner_.position();
    deliver_frame(bytes.substr(scanner_.begin(), delivered_ - scanner_.begin()), scanner_.type(),
                  delivered_ == bytes.size());
  }
  return std::nullopt;
}

std::optional<Outcome> LinkReceiver::take_push(std::string_view bytes) {
  pushes_.take(bytes.substr(scanner_.begin(), scanner_.position() - scanner_.begin()));
  if (!fences_.holds()) {
    delivered_ = scanner_.position();
    return std::nullopt;
  }
  if (fences_.push(scanner_.position() - scanner_.begin()) <= scanner_.limits().push) return std::nullopt;
  return Outcome(failure::too_many_pushes(), CloseReason::protocol);
}

// True for a reply without a command: nothing is in flight, or the last byte of the command was not sent yet.
// An error reply is accepted in the second case, because a server may refuse a command early.
bool LinkReceiver::is_early(resp::Type type) noexcept {
  if (flight_.empty()) return true;
  const std::uint64_t sequence = fences_.entry(flight_.begin());
  if (sequence == flight_.end()) return true;
  const Flight::Entry& entry = flight_[sequence];
  return entry.end > outbox_.written() && entry.replies - fences_.replies_held() == 1 &&
         !resp::is_error(type);
}

// Holds a reply until the fence of its block has arrived.
std::optional<Outcome> LinkReceiver::hold(std::string_view bytes) {
  const Fences::Held reply{scanner_.begin(), scanner_.position(), scanner_.type()};
  const std::uint64_t sequence = fences_.entry(flight_.begin());
  if (sequence == flight_.end()) return unsolicited_reply(context_.now);
  const Flight::Entry& entry = flight_[sequence];
  if (entry.fence == 0) {
    if (fences_.hold(reply, flight_.begin(), entry.replies)) flight_.head_since(context_.now);
    return std::nullopt;
  }
  if (!Fences::proves(bytes.substr(reply.begin, reply.end - reply.begin), entry.fence))
    return Outcome(failure::shifted_replies(), CloseReason::desync);
  fences_.prove(reply);
  deliver_proven(bytes);
  return std::nullopt;
}

void LinkReceiver::deliver_proven(std::string_view bytes) {
  while (fences_.proven()) {
    const bool is_fence = fences_.fence_is_next();
    const Fences::Held held = fences_.next();
    delivered_ = held.end;
    if (is_fence) {
      flight_.pop();
      return report_answers();
    }
    deliver_frame(bytes.substr(held.begin, held.end - held.begin), held.type, fences_.fence_is_next());
  }
}

// Returns the encoded command whose reply is next, followed by the rest of its batch.
std::string_view LinkReceiver::answered_command(const Node& node) noexcept {
  const std::string_view all = node.request.bytes.view();
  if (node.answered == 0) return all;
  if (error_position_.node != &node || error_position_.sequence != node.sequence ||
      error_position_.command > node.answered)
    error_position_ = {&node, node.sequence, 0, 0};
  const std::string_view rest =
      engine::skip_commands(all.substr(error_position_.begin), node.answered - error_position_.command);
  error_position_.command = node.answered;
  error_position_.begin = all.size() - rest.size();
  return rest;
}

// Handles an error reply to the oldest operation in flight. Returns true if the reply must not be delivered,
// because the operation is repeated or fails otherwise.
bool LinkReceiver::handle_refusal(std::string_view frame, bool last) {
  Node& node = *flight_.front().node;
  std::string message = resp::error_text(frame);
  const auto delay = context_.admission->retry_refused(node, message, context_.now);
  if (!delay && !(node.uncertain && node.request.replies == 1)) return false;
  leave_flight(&node);
  if (delay) {
    operations_.retry(node, *delay);
  } else {
    // It ends as a failure, because the error must say that an earlier attempt may have run.
    Outcome outcome;
    outcome.kind = Outcome::Kind::error_reply;
    outcome.text = std::move(message);
    LinkOperations::FailureGroup& group = operations_.failing(std::move(outcome));
    if (Admission::is_probe(node.ticket))
      context_.admission->end_ticket(node, BreakerVerdict::success, context_.now, {});
    operations_.fail(node, group);
  }
  if (last) report_answers();
  return true;
}

void LinkReceiver::report_operations() {
  context_.admission->succeeded(run_.command, std::exchange(run_.operations, 0), context_.now - run_.start);
}

void LinkReceiver::report_run() {
  if (run_.operations != 0) report_operations();
  const std::size_t errors = std::exchange(run_.errors, 0);
  context_.admission->answered(std::exchange(run_.commands, 0), errors, context_.now - run_.start);
}

std::size_t LinkReceiver::take_delivered() noexcept {
  const std::size_t n = std::exchange(delivered_, 0);
  if (n == 0) return 0;
  scanner_.discard(n);
  fences_.discard(n);
  return n;
}

}  // namespace redstart::inline v0::protocol
