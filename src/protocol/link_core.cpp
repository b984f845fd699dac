// SPDX-License-Identifier: Apache-2.0
// link_core.cpp: the states of a link, cancellation, deadlines and losses.
#include "link_core.hpp"

#include "../core/failures.hpp"

#include <algorithm>
#include <utility>

namespace redstart::inline v0::protocol {

namespace {

using namespace std::chrono_literals;

Outcome closed_by_shutdown() { return {failure::closed(), CloseReason::shutdown}; }

}  // namespace

LinkCore::LinkCore(const LiveSettings& live, const Settings& settings, LinkStatus& status,
                   Admission& admission, const boost::asio::any_io_executor* handler_executor) noexcept
    : context_{live,   live.now().integrity, settings.kind,     settings.silence,
               status, &admission,           admission.origin()},
      operations_(context_, handler_executor),
      flight_(context_),
      fences_(settings.nonce),
      sender_(context_, operations_, flight_, outbox_, fences_),
      receiver_(context_, operations_, flight_, outbox_, sender_, fences_) {}

void LinkCore::reject(Node& node) { operations_.reject(node, closed_by_shutdown()); }

bool LinkCore::cancel(std::uint64_t id, engine::Cancellation how) {
  Node* const node = operations_.find(id);
  if (node == nullptr) return false;
  if (node->sequence == 0) {
    if (node->uncertain && how == engine::Cancellation::total) return true;
    sender_.note_unsent(*node);
    operations_.fail_unsent(*node, {failure::cancelled(Effect::not_sent), CloseReason::lost});
  } else if (how == engine::Cancellation::terminal) {
    give_up(*node, {failure::cancelled(Effect::indeterminate), CloseReason::dirty});
    close_if_given_up();
  }
  return true;
}

void LinkCore::fail_queue(const Outcome& outcome) {
  wanted_reported_ = false;
  operations_.fail_queue(outcome);
}

void LinkCore::begin_opening() noexcept {
  context_.status.state(LinkState::opening);
  wanted_reported_ = true;
}

void LinkCore::opened(std::uint64_t pushes, const CredentialsRenewal& renewal) noexcept {
  context_.status.state(LinkState::ready);
  context_.status.used(context_.now);
  context_.status.check_due(false);
  receiver_.reset();
  receiver_.pushes().dropped(pushes);
  outbox_.reset();
  sender_.authentication().opened(renewal);
  flight_.head_since(context_.now);
  opened_at_ = context_.now;
  wanted_reported_ = false;
  opened_ = true;
}

void LinkCore::open_failed(Cause failure) {
  context_.status.state(LinkState::closed);
  failed_ = std::make_shared<const Cause>(std::move(failure));
}

void LinkCore::stop(TimePoint deadline) {
  stopping_ = stopping_ ? std::min(*stopping_, deadline) : deadline;
  if (*stopping_ <= context_.now)
    end_all();
  else
    context_.wake_by(*stopping_);
}

// Fails all operations because the deadline of `stop` has passed.
void LinkCore::end_all() {
  lose(closed_by_shutdown(), BreakerVerdict::nothing);
  operations_.end_delays();
  operations_.fail_queue(closed_by_shutdown());
}

bool LinkCore::deliver(std::string_view bytes) {
  auto loss = receiver_.deliver(bytes);
  if (!loss) [[likely]]
    return true;
  lose(*std::move(loss));
  return false;
}

void LinkCore::end_step() {
  receiver_.report_answers();
  if (context_.status.overdue() != 0) [[unlikely]]
    forget_overdue();
  if (context_.retiring && ready() && flight_.operations() == 0) [[unlikely]] {
    Outcome outcome;
    outcome.code = Errc::connection_lost;
    outcome.reason = *context_.retiring;
    lose(std::move(outcome));
  }
}

LinkEvents LinkCore::take_events() {
  using Kind = LinkEvent::Kind;
  LinkEvents events;
  if (const std::uint64_t pushes = receiver_.pushes().take_dropped(); pushes != 0) [[unlikely]]
    events.add({Kind::pushed, {}, pushes, {}});
  if (std::exchange(opened_, false)) {
    events.add({Kind::opened, {}, 0, {}});
  } else if (closed_) {
    events.add({Kind::closed, *std::exchange(closed_, std::nullopt), 0, {}});
  } else if (failed_) {
    events.add({Kind::open_failed, {}, 0, std::exchange(failed_, nullptr)});
  } else if (closed() && !operations_.queue_empty() && !wanted_reported_) {
    // Also after `stop`: queued operations may still be sent until its deadline.
    wanted_reported_ = true;
    events.add({Kind::wanted, {}, 0, {}});
  } else if (stopping_) {
    if (operations_.alive() == 0) lose(closed_by_shutdown(), BreakerVerdict::nothing);  // `closed` follows
  } else if (sender_.authentication().has_failed()) {
    auto failed = sender_.authentication().take_failed();
    events.add({Kind::unauthenticated, {}, 0, std::move(failed.cause), failed.number});
  } else if (std::exchange(woken_, false)) {
    events.add({Kind::woken, {}, 0, {}});
  } else if (operations_.take_idle()) {
    events.add({Kind::idle, {}, 0, {}});
  }
  return events;
}

// Gives up an operation in flight: its replies will be dropped.
void LinkCore::give_up(Node& node, Outcome outcome) {
  if (context_.kind == LinkKind::exclusive)
    given_up_ = outcome.code == Errc::timeout ? CloseReason::timeout : CloseReason::dirty;
  outbox_.detach(node);
  LinkOperations::FailureGroup& group = operations_.failing(std::move(outcome));
  context_.admission->end_ticket(node, verdict(group.outcome.code), context_.now, group.outcome.text);
  flight_.leave_tombstone(node.sequence);
  operations_.fail(node, group);
}

void LinkCore::close_if_given_up() {
  if (!given_up_) return;
  const CloseReason reason = *std::exchange(given_up_, std::nullopt);
  // The breaker has counted the operation that was given up.
  lose({failure::closed_after_give_up(), reason}, BreakerVerdict::nothing);
}

void LinkCore::check_deadlines() {
  operations_.expire([this](Node& node) {
    if (node.sequence == 0) {
      sender_.note_unsent(node);
      operations_.fail_unsent(node, {failure::not_sent_in_time(), CloseReason::timeout});
      return;
    }
    const std::uint64_t sequence = node.sequence;
    give_up(node, {failure::timed_out(Effect::indeterminate), CloseReason::timeout});
    // Deadlines need not expire in the order of sending.
    if (context_.kind == LinkKind::shared)
      context_.status.overdue(std::max(sequence, context_.status.overdue()));
  });
  close_if_given_up();
  check_silence();
  if (!sender_.authentication().wants_newer()) sender_.authentication().watch();
  if (stopping_) {
    if (*stopping_ <= context_.now)
      end_all();
    else
      context_.wake_by(*stopping_);
  }
  if (operations_.alive() == 0) {
    flight_.release();
    fences_.release();
  }
}

// Closes the connection if the oldest operation in flight has no complete reply within the limit. Partial
// bytes don't count, because all other operations wait behind that reply.
void LinkCore::check_silence() {
  if (!ready() || flight_.empty() || flight_.blocking() != 0) return;
  const auto limit = sender_.silence_limit();
  if (context_.now < flight_.head_since() + limit) return context_.wake_by(flight_.head_since() + limit);
  lose({failure::silent_for(std::chrono::duration_cast<std::chrono::milliseconds>(limit)),
        CloseReason::timeout});
}

// The reply that was overdue has arrived.
void LinkCore::forget_overdue() noexcept {
  if (flight_.begin() > context_.status.overdue()) context_.status.overdue(0);
}

void LinkCore::lose(Outcome outcome, BreakerVerdict verdict) {
  if (!ready()) return;
  receiver_.report_answers();
  context_.status.state(LinkState::closed);
  close_socket_ = true;
  closed_ = outcome.reason;
  context_.retiring.reset();
  given_up_.reset();
  context_.status.overdue(0);
  end_in_flight(outcome, verdict);
  sender_.close();
  receiver_.close();
  fences_.clear();
  outbox_.close();
}

// Ends the ring after the connection was lost. Each operation is queued for a retry, or fails with its
// effect. The breaker counts one failure for all of them.
void LinkCore::end_in_flight(const Outcome& outcome, BreakerVerdict verdict) {
  LinkOperations::FailureGroup& lost = operations_.failing(outcome);
  lost.outcome.kind = Outcome::Kind::broken;
  lost.outcome.effect = Effect::indeterminate;
  LinkOperations::FailureGroup& not_sent = operations_.failing(lost.outcome);
  not_sent.outcome.effect = Effect::not_sent;
  std::uint64_t newest = flight_.end();  // of the operations
  while (newest != flight_.begin() && flight_[newest - 1].node == nullptr) --newest;
  OperationQueue at_once;
  for (std::uint64_t sequence = flight_.begin(); sequence != newest; ++sequence) {
    const Flight::Entry& entry = flight_[sequence];
    if (entry.node == nullptr) continue;
    context_.admission->end_ticket(*entry.node, sequence + 1 == newest ? verdict : BreakerVerdict::nothing,
                                   context_.now, lost.outcome.text);
    end_lost(*entry.node, entry, lost, not_sent, at_once);
  }
  operations_.retry_first(std::move(at_once));
  flight_.clear();
}

void LinkCore::end_lost(Node& node, const Flight::Entry& entry, LinkOperations::FailureGroup& lost,
                        LinkOperations::FailureGroup& not_sent, OperationQueue& at_once) {
  // A single command takes effect only after its last byte was sent; the first commands of a batch before.
  const bool reached = outbox_.written() + node.request.bytes.size() > entry.end;
  const bool untouched = node.request.replies == 1 ? outbox_.written() < entry.end : !reached;
  LinkOperations::FailureGroup& group = untouched ? not_sent : lost;
  const auto delay = lost.outcome.reason == CloseReason::shutdown
                         ? std::nullopt
                         : context_.admission->retry_lost(node, group.outcome, reached);
  node.sequence = 0;
  if (!delay) {
    const std::uint64_t begin = entry.end - node.request.bytes.size();
    if (!node.uncertain) node.reached = reached ? static_cast<std::size_t>(outbox_.written() - begin) : 0;
    return operations_.fail(node, group);
  }
  node.uncertain = node.uncertain || !untouched;
  if (*delay != 0ms) return operations_.retry(node, *delay);
  node.answered = 0;
  at_once.push_back(node);
}

void LinkCore::drop_all(OperationQueue submitted) noexcept {
  OperationQueue in_flight = std::move(submitted);
  for (std::uint64_t sequence = flight_.begin(); sequence != flight_.end(); ++sequence) {
    Node* const node = flight_[sequence].node;
    if (node == nullptr) continue;
    if (context_.admission != nullptr && Admission::is_probe(node->ticket))
      context_.admission->end_ticket(*node, BreakerVerdict::nothing, context_.now, {});
    in_flight.push_back(*node);
  }
  flight_.clear();
  outbox_.close();
  context_.status.state(LinkState::closed);
  operations_.drop_all(std::move(in_flight));
}

}  // namespace redstart::inline v0::protocol
