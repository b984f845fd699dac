// SPDX-License-Identifier: Apache-2.0
// shared_call.cpp: handing a call over to the engine and waiting for it.
#include "shared_call.hpp"

#include "../net/parking.hpp"

#include <redstart/resp/error_text.hpp>

#include <new>
#include <utility>

namespace redstart::pool {

namespace {

// More than that is not kept from one call to the next.
constexpr std::size_t kept_bytes = 16 * 1024;

SharedCall::Ptr& cached() noexcept {
  thread_local SharedCall::Ptr call;
  return call;
}

Error out_of_memory() {
  ErrorInfo info;
  info.code = Errc::resource_exhausted;
  info.effect = Effect::indeterminate;
  info.remedy = Remedy::retry;
  info.what = "no memory for the reply";
  return Error(std::move(info));
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
  call->request.blocks_for.reset();
  call->replies_.frames.clear();
  call->replies_.errors = 0;
  if (call->replies_.bytes.size() + call->replies_.bytes.space() > kept_bytes) call->replies_.bytes = {};
  call->replies_.bytes.discard(call->replies_.bytes.size());
  call->error_.reset();
  call->out_of_memory_ = false;
  call->answered = 0;
  call->attempts = 0;
  call->sequence = 0;
  call->uncertain = false;
  call->state_.store(waiting, std::memory_order_relaxed);
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
  if (!error_ && out_of_memory_) error_ = out_of_memory();
  end();
}

void SharedCall::destroy() noexcept {
  ErrorInfo info = Database::closed();
  if (sequence != 0 || uncertain) info.effect = Effect::indeterminate;
  error_ = Error(std::move(info));
  end();
}

void SharedCall::end() noexcept {
  const std::atomic<std::uint32_t>* const word = &state_;
  switch (state_.exchange(done, std::memory_order_acq_rel)) {
    case abandoned: delete this; return;
    case parked: net::unpark(word); return;  // it may be gone already
    default: return;
  }
}

bool SharedCall::wait(Time until, Clock::duration grace) noexcept {
  std::uint32_t state = waiting;
  if (!state_.compare_exchange_strong(state, parked, std::memory_order_acq_rel)) return true;
  for (;;) {
    net::park(state_, parked, until);
    if (state_.load(std::memory_order_acquire) == done) return true;
    const Time now = Clock::now();
    if (now < until) continue;
    if (grace != Clock::duration::zero()) {
      until = now + std::exchange(grace, Clock::duration::zero());
      continue;
    }
    state = parked;
    if (!state_.compare_exchange_strong(state, abandoned, std::memory_order_acq_rel)) return true;
    return false;
  }
}

}  // namespace redstart::pool
