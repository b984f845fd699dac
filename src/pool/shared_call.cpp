// SPDX-License-Identifier: Apache-2.0
// shared_call.cpp: hands a call to a shared connection and waits for it.
#include "shared_call.hpp"

#include "../core/failures.hpp"
#include "../net/parking.hpp"

#include <redstart/resp/error_text.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <new>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

// Larger buffers are freed after a call.
constexpr std::size_t kept_bytes = 16 * 1024;

// The longest time between two turns of a loop that works; a connection without a turn for longer is stuck.
// A caller that wakes up late, because the process was stopped or the machine is busy, allows the loop the
// same delay.
constexpr auto longest_turn = std::chrono::milliseconds(50);
// A loop that has turns expires deadlines within a few of them.
constexpr int most_looks = 20;

SharedCall::Ptr& cached() noexcept {
  thread_local SharedCall::Ptr call;
  return call;
}

}  // namespace

SharedCall::Ptr SharedCall::take() {
  if (Ptr call = std::move(cached())) return call;
  return Ptr(new SharedCall);
}

void SharedCall::keep(Ptr call) noexcept {
  if (call->request.bytes.capacity() > kept_bytes) call->request.bytes.release();
  call->request.bytes.clear();
  call->request.replies = 1;
  call->request.traits.blocks_for.reset();
  call->replies_.frames.clear();
  call->replies_.errors = 0;
  if (call->replies_.bytes.size() + call->replies_.bytes.space() > kept_bytes) call->replies_.bytes = {};
  call->replies_.bytes.discard(call->replies_.bytes.size());
  call->error_.reset();
  call->out_of_memory_ = false;
  call->answered = 0;
  call->attempts = 0;
  call->sequence = 0;
  call->reached = std::numeric_limits<std::size_t>::max();
  call->uncertain = false;
  call->state_.store(waiting, std::memory_order_relaxed);
  call->sending_.store(queued, std::memory_order_relaxed);
  cached() = std::move(call);
}

void SharedCall::accept(std::string_view frame, const engine::Origin&) noexcept {
  if (out_of_memory_) return;
  try {
    replies_.bytes.reserve(frame.size());
    replies_.frames.push_back({replies_.bytes.size(), frame.size()});
  } catch (const std::bad_alloc&) {
    out_of_memory_ = true;
    return;
  }
  frame.copy(replies_.bytes.end(), frame.size());
  replies_.bytes.commit(frame.size());
  if (resp::is_error_frame(frame)) ++replies_.errors;
}

void SharedCall::finish(std::optional<Error> error, const boost::asio::any_io_executor*) {
  error_ = std::move(error);
  if (!error_ && out_of_memory_) error_ = Error(failure::no_memory_for_reply());
  end();
}

void SharedCall::destroy() noexcept {
  ErrorInfo info = failure::closed();
  if (sending_.load(std::memory_order_relaxed) == revoked) info = failure::io_thread_stuck(Effect::not_sent);
  if (sequence != 0 || uncertain) info.effect = Effect::indeterminate;
  error_ = Error(std::move(info));
  end();
}

void SharedCall::end() noexcept {
  const std::atomic<std::uint32_t>* const word = &state_;
  switch (state_.exchange(done, std::memory_order_acq_rel)) {
    case abandoned: delete this; return;
    case parked: net::unpark(word); return;  // the call may be freed already
    default: return;
  }
}

// Runs on the loop. Before a retry, the call has been sent already, and can only have been abandoned.
bool SharedCall::claim() noexcept {
  std::uint8_t expected = queued;
  if (sending_.compare_exchange_strong(expected, sent, std::memory_order_acq_rel)) [[likely]]
    return true;
  return expected == sent && state_.load(std::memory_order_acquire) != abandoned;
}

// Revoke before abandoning, so that a call reported as not sent is never sent.
SharedCall::End SharedCall::leave() noexcept {
  std::uint8_t sending = queued;
  const bool unsent = sending_.compare_exchange_strong(sending, revoked, std::memory_order_acq_rel);
  std::uint32_t state = parked;
  if (!state_.compare_exchange_strong(state, abandoned, std::memory_order_acq_rel)) return End::finished;
  return unsent ? End::revoked : End::stuck;
}

SharedCall::End SharedCall::wait(TimePoint until, const net::AsyncConnection* carrier) noexcept {
  std::uint32_t state = waiting;
  if (!state_.compare_exchange_strong(state, parked, std::memory_order_acq_rel)) return End::finished;
  std::uint64_t turns = 0;
  for (int looks = 0;;) {
    net::park(state_, parked, until);
    if (state_.load(std::memory_order_acquire) == done) return End::finished;
    const TimePoint now = Clock::now();
    if (now < until) continue;
    const std::uint64_t turns_before = std::exchange(turns, carrier != nullptr ? carrier->turns() : 0);
    const auto late = now - until;
    // The first time, let the connection expire the call, because its error has more details.
    if (looks == most_looks || (looks != 0 && late < longest_turn && turns == turns_before)) return leave();
    ++looks;
    until = now + std::max<Clock::duration>(late, longest_turn);
  }
}

}  // namespace redstart::inline v0::pool
