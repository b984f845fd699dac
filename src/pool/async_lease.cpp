// SPDX-License-Identifier: Apache-2.0
// async_lease.cpp: starts the operations of an asynchronous scoped handle.
#include "async_lease.hpp"

#include "../core/failures.hpp"
#include "../net/descriptors.hpp"

#include <redstart/commands/session_state.hpp>
#include <redstart/resp/error_text.hpp>

#include <utility>

namespace redstart::inline v0::pool {

namespace {

// The name of the command's row, as the tracker wants it. Commands without a row change no state.
std::string_view row_name(const engine::OperationNode& operation) noexcept {
  const CommandInfo* const row = lookup(engine::command_name(operation.request.bytes.view()));
  return row != nullptr ? row->name : std::string_view();
}

}  // namespace

AsyncLease::AsyncLease(ExclusiveConnection::Ptr pooled) : pooled_(std::move(pooled)) {
  pooled_->context().leased.fetch_add(1, std::memory_order_relaxed);
  pooled_->context().database.leases().began(entry_, Clock::now());
}

AsyncLease::~AsyncLease() {
  if (net::forked(pooled_->context().generation)) return;
  pooled_->context().leased.fetch_sub(1, std::memory_order_relaxed);
  pooled_->context().database.lease_ended(entry_);
  pooled_->give_back(session_.dirty());
}

void AsyncLease::taken_at(CallSite where) noexcept {
  pooled_->context().database.leases().taken_at(entry_, where);
}

void AsyncLease::start(engine::OperationNode& operation) noexcept {
  PoolContext& context = pooled_->context();
  const PoolContext::Acceptance acceptance(context, ExclusiveConnection::Ptr(pooled_));
  if (auto refused = context.set_times_or_refuse(operation))
    return operation.finish(std::move(refused), nullptr);
  if (pooled_->broken()) {
    Error error = context.server->failed(engine::command_name(operation.request.bytes.view()),
                                         operation.request.replies, failure::scoped_connection_lost());
    return operation.finish(std::move(error), nullptr);
  }
  if (auto error = context.overloaded(operation, pooled_->connection().load()))
    return operation.finish(std::move(error), nullptr);
  if (only_queued(operation)) {
    Error error = context.server->failed(engine::command_name(operation.request.bytes.view()),
                                         operation.request.replies, engine::only_queued());
    return operation.finish(std::move(error), nullptr);
  }
  note_sent(operation);
  pooled_->use();
  operation.taken_by(*pooled_);
  pooled_->connection().submit(operation);
}

bool AsyncLease::only_queued(const engine::OperationNode& operation) noexcept {
  if (!queues_.load(std::memory_order_acquire)) [[likely]]
    return false;
  const engine::OwnedRequest& request = operation.request;
  const std::scoped_lock lock(session_mutex_);
  return !session_.admits(request.traits.session, row_name(operation), request.traits.shows_queued);
}

void AsyncLease::note_sent(const engine::OperationNode& operation) noexcept {
  if (operation.request.traits.session == Session::none) [[likely]]
    return;
  const std::scoped_lock lock(session_mutex_);
  session_.sent(operation.request.traits.session, row_name(operation));
  queues_.store(session_.queues(), std::memory_order_release);
}

void AsyncLease::state_changed(const engine::OperationNode& operation, std::string_view frame) noexcept {
  using Answer = SessionTracker::Answer;
  Answer answer = Answer::done;
  if (resp::is_error_frame(frame)) {
    const bool aborted = frame.substr(1).starts_with("EXECABORT");
    answer = aborted ? Answer::aborted : Answer::refused;
  }
  const std::scoped_lock lock(session_mutex_);
  session_.answered(operation.request.traits.session, row_name(operation), answer);
  queues_.store(session_.queues(), std::memory_order_release);
}

void AsyncLease::lease(engine::OperationNode& operation) noexcept {
  const PoolContext::Acceptance acceptance(pooled_->context(), ExclusiveConnection::Ptr(pooled_));
  ErrorInfo info;
  info.code = Errc::invalid_argument;
  info.remedy = Remedy::never;
  info.what = "a scoped handle cannot be taken from a scoped handle";
  operation.finish(pooled_->context().server->failed("scoped handle", 0, std::move(info)), nullptr);
}

}  // namespace redstart::inline v0::pool
