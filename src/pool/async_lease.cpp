// SPDX-License-Identifier: Apache-2.0
// async_lease.cpp: starting operations on a lease.
#include "async_lease.hpp"

#include "../net/descriptors.hpp"

#include <utility>

namespace redstart::pool {

AsyncLease::AsyncLease(LeaseLine::Ptr line) : line_(std::move(line)) {
  line_->shared().leased.fetch_add(1, std::memory_order_relaxed);
  line_->shared().database->leases().began(entry_, Clock::now());
}

AsyncLease::~AsyncLease() {
  if (net::forked(line_->shared().generation)) return;
  line_->shared().leased.fetch_sub(1, std::memory_order_relaxed);
  line_->shared().database->lease_ended(entry_);
  line_->give_back(dirty_.load(std::memory_order_relaxed));
}

void AsyncLease::taken_at(CallSite where) noexcept {
  line_->shared().database->leases().taken_at(entry_, where);
}

void AsyncLease::start(engine::OperationNode& operation) noexcept {
  LineShop& shop = line_->shared();
  const LineShop::Taking taking(shop);
  if (auto refused = shop.refuse(operation)) return operation.finish(std::move(refused), nullptr);
  if (line_->broken()) {
    Error error = shop.database->failed(engine::command_name(operation.request.bytes.view()),
                                        operation.request.replies, LeaseLine::lost());
    return operation.finish(std::move(error), nullptr);
  }
  if (auto error = shop.overloaded(operation, line_->connection().load()))
    return operation.finish(std::move(error), nullptr);
  line_->use();
  line_->connection().submit(operation);
}

void AsyncLease::lease(engine::OperationNode& operation) noexcept {
  const LineShop::Taking taking(line_->shared());
  ErrorInfo info;
  info.code = Errc::invalid_argument;
  info.remedy = Remedy::never;
  info.what = "a scoped handle has one connection and lends none";
  operation.finish(line_->shared().database->failed("scoped handle", 0, std::move(info)), nullptr);
}

void AsyncLease::cancel(std::uint64_t id, engine::Cancellation how) noexcept {
  if (!net::forked(line_->shared().generation)) line_->connection().cancel(id, how);
}

}  // namespace redstart::pool
