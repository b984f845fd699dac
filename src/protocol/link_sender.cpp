// SPDX-License-Identifier: Apache-2.0
// link_sender.cpp: puts operations in flight, in few large blocks.
#include "link_sender.hpp"

#include "../core/failures.hpp"
#include "../resilience/attempt_series.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

namespace redstart::inline v0::protocol {

std::string_view LinkSender::gather(std::span<char> scratch) {
  if (flight_.empty() && check_is_due()) return check(scratch);
  if (authentication_.may_send(flight_.blocking())) [[unlikely]]
    return authenticate();
  const std::size_t room = scratch.size() - (context_.integrity ? Fences::size : 0);
  const std::uint64_t ticket = context_.admission->common_ticket();
  char* const bytes = scratch.data();
  std::size_t used = 0;
  large_ = nullptr;
  while (!operations_.queue_empty() && !context_.retiring) {
    Node& node = operations_.front();
    const std::string_view command = node.request.bytes.view();
    // A blocking command that began later could only end as a timeout whose effect nobody knows.
    if (latest_start(node.deadline, node.request.traits.blocks_for) <= context_.now) [[unlikely]] {
      expire_front();
      progress_ = true;
      continue;
    }
    if (used + command.size() > room && used != 0) break;
    node.ticket = ticket;
    if (ticket == 0 && !admit_front()) [[unlikely]] {
      if (context_.admission->waits()) break;
      progress_ = true;
      continue;
    }
    progress_ = true;
    if (node.revocable && !node.claim()) [[unlikely]] {
      operations_.drop_revoked_front();
      continue;
    }
    if (node.request.replies == 0) {
      operations_.front_is_connected();
      continue;
    }
    if (!put_in_flight(node, used == 0)) break;
    operations_.take_front();
    if (command.size() > room) {
      fence_due_ = context_.integrity;
      large_ = &node;
      return command;
    }
    std::memcpy(bytes + used, command.data(), command.size());
    used += command.size();
  }
  if (context_.integrity && (used != 0 || fence_due_)) used += fence(bytes + used);
  return {bytes, used};
}

// Asks the circuit breaker for the front. If it refuses, the operation fails, or stays in the queue if it
// must wait; both return false.
bool LinkSender::admit_front() {
  Node& node = operations_.front();
  if (node.internal || context_.admission->admit(node, context_.now)) return true;
  if (context_.admission->waits()) return false;
  Cause why;  // the admission composes the text
  static_cast<Failure&>(why) = {Errc::circuit_open, Effect::not_sent, Remedy::retry};
  note_unsent(node);
  operations_.fail_unsent(node, {std::move(why), CloseReason::lost});
  return false;
}

void LinkSender::expire_front() {
  Node& node = operations_.front();
  note_unsent(node);
  operations_.fail_unsent(node, {failure::not_sent_in_time(), CloseReason::timeout});
}

void LinkSender::note_unsent(const Node& node) noexcept {
  if (context_.kind == LinkKind::exclusive && node.request.traits.session != Session::none)
    context_.retire(CloseReason::dirty);
}

// A firewall or a dead host may have cut an idle connection without any packet.
bool LinkSender::check_is_due() const noexcept {
  if (context_.kind == LinkKind::exclusive) return context_.status.check_due();
  const auto limit = context_.config().check_after_idle;
  return limit.count() != 0 && context_.now - context_.status.last_used() > limit;
}

// Sends a PING. The queue waits for its reply, so that no operation is lost with the connection.
std::string_view LinkSender::check(std::span<char> scratch) {
  constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";
  flight_.push({nullptr, outbox_.gathered() + ping.size(), 0, 1, false});  // may throw std::bad_alloc
  outbox_.gather(ping.size());
  context_.status.check_due(false);
  checking_ = true;
  flight_.head_since(context_.now);
  context_.wake_by(context_.now + silence_limit());
  ping.copy(scratch.data(), ping.size());
  large_ = nullptr;
  progress_ = true;
  const std::size_t fenced = context_.integrity ? fence(scratch.data() + ping.size()) : 0;
  return {scratch.data(), ping.size() + fenced};
}

// Sends AUTH in a block of its own. Commands follow at once: if the server refuses AUTH, they still run as
// the old user.
std::string_view LinkSender::authenticate() {
  const std::string_view command = authentication_.command();
  if (flight_.empty()) start_silence();
  authentication_.sent(flight_.push({nullptr, outbox_.gathered() + command.size(), 0, 1, false}));
  outbox_.gather(command.size());
  large_ = nullptr;
  progress_ = true;
  fence_due_ = context_.integrity;
  return command;
}

// Returns false if there is no memory and the block has other operations, which must be written first.
// Errors: std::bad_alloc if `alone` in the block.
bool LinkSender::put_in_flight(Node& node, bool alone) {
  if (flight_.empty()) start_silence();
  const std::size_t size = node.request.bytes.size();
  // An operation with a longer time limit than silence allows has an exclusive connection and its own
  // deadline.
  const bool patient = context_.kind == LinkKind::exclusive && node.options.timeout.exceeds(context_.silence);
  const bool waits = patient || node.request.traits.blocks_for.has_value();
  try {
    node.sequence = flight_.push({&node, outbox_.gathered() + size, 0, node.request.replies, waits});
  } catch (const std::bad_alloc&) {
    if (alone) throw;
    return false;
  }
  outbox_.gather(size);
  if (waits && keepalive_ == Keepalive::usual) [[unlikely]]
    keepalive_ = Keepalive::fast_wanted;
  return true;
}

// Appends a fence to the block and returns its size. Without memory for it, a later block has the fence.
std::size_t LinkSender::fence(char* at) noexcept {
  if (flight_.empty()) start_silence();
  try {
    flight_.push({nullptr, outbox_.gathered() + Fences::size, fences_.write(at), 1, false});
  } catch (const std::bad_alloc&) {
    fence_due_ = true;
    return 0;
  }
  outbox_.gather(Fences::size);
  fence_due_ = false;
  return Fences::size;
}

// The next bytes are the oldest in flight: silence counts from now on.
void LinkSender::start_silence() noexcept {
  flight_.head_since(context_.now);
  context_.wake_by(context_.now + silence_limit());
}

void LinkSender::keep_rest(std::string_view block, std::size_t accepted, int error) {
  if (large_ != nullptr)
    outbox_.keep(*large_, accepted);
  else
    outbox_.keep(block.substr(accepted));
  // The connection closes after what the server sent before was read.
  if (error != 0 && error != EAGAIN) outbox_.failed(error);
}

void LinkSender::wrote_waiting(std::size_t bytes, int error) noexcept {
  outbox_.accepted(bytes);
  if (error != 0 && error != EAGAIN) outbox_.failed(error);
}

void LinkSender::restore_time(Clock::duration lost) noexcept {
  flight_.head_since(flight_.head_since() + lost);
  for (std::uint64_t sequence = std::max(first_, flight_.begin()); sequence != flight_.end(); ++sequence) {
    Node* const node = flight_[sequence].node;
    if (node != nullptr) operations_.extend_deadline(*node, lost);
  }
}

bool LinkSender::take_usual_keepalive() noexcept {
  if (keepalive_ != Keepalive::fast || !flight_.empty()) return false;
  keepalive_ = Keepalive::usual;
  return true;
}

Clock::duration LinkSender::silence_limit() const noexcept {
  if (!checking_) return context_.silence;
  return std::min<Clock::duration>(context_.config().timeouts.health, context_.silence / 2);
}

void LinkSender::close() noexcept {
  authentication_.close();
  checking_ = fence_due_ = false;
  keepalive_ = Keepalive::usual;
  context_.status.check_due(false);
}

}  // namespace redstart::inline v0::protocol
