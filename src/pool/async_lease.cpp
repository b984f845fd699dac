// SPDX-License-Identifier: Apache-2.0
// async_lease.cpp: starts the operations of an asynchronous scoped handle.
#include "async_lease.hpp"

#include "../core/failures.hpp"
#include "../net/descriptors.hpp"

#include <redstart/engine/session_check.hpp>

#include <utility>

namespace redstart::inline v0::pool {

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
  if (const auto refused = only_queued(operation)) {
    Error error = context.server->failed(engine::command_name(operation.request.bytes.view()),
                                         operation.request.replies, refused->info());
    return operation.finish(std::move(error), nullptr);
  }
  note_sent(operation);
  pooled_->use();
  operation.taken_by(*pooled_);
  pooled_->connection().submit(operation);
}

std::optional<Error> AsyncLease::only_queued(const engine::OperationNode& operation) {
  const engine::OwnedRequest& request = operation.request;
  const bool queues = queues_.load(std::memory_order_acquire);
  if (!queues && (operation.batch == nullptr || request.traits.session == Session::none)) [[likely]]
    return std::nullopt;
  if (operation.batch != nullptr) {
    const std::scoped_lock lock(session_mutex_);
    return first_only_queued(session_, origin(), *operation.batch, request.bytes.view());
  }
  engine::RequestTraits traits = request.traits;
  traits.name = engine::title_of(request);
  return engine::refusal_of(origin(), engine::Exclusive::yes, engine::Queues::yes, traits,
                            request.bytes.view());
}

void AsyncLease::note_sent(const engine::OperationNode& operation) noexcept {
  const engine::OwnedRequest& request = operation.request;
  if (request.traits.session == Session::none) [[likely]]
    return;
  const std::scoped_lock lock(session_mutex_);
  if (operation.batch != nullptr)
    pool::note_sent(session_, *operation.batch);
  else
    session_.sent(request.traits.session, engine::title_of(request));
  note_session();
}

// Preconditions: the lock is held.
void AsyncLease::note_session() noexcept {
  queues_.store(session_.queues(), std::memory_order_release);
  pooled_->connection().hold_authentication(!session_.may_authenticate());
}

void AsyncLease::state_changed(const engine::OperationNode& operation, std::string_view frame) noexcept {
  const engine::OwnedRequest& request = operation.request;
  const std::scoped_lock lock(session_mutex_);
  if (operation.batch != nullptr)
    note_answered(session_, *operation.batch, operation.answered - 1, frame);
  else
    session_.answered(request.traits.session, engine::title_of(request), SessionTracker::answer_in(frame));
  note_session();
}

}  // namespace redstart::inline v0::pool
