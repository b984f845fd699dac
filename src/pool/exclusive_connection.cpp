// SPDX-License-Identifier: Apache-2.0
// exclusive_connection.cpp: leases an exclusive connection and returns it to its pool.
#include "exclusive_connection.hpp"

#include "../core/failures.hpp"
#include "async_lease.hpp"

#include <new>
#include <utility>

namespace redstart::inline v0::pool {

using namespace std::chrono_literals;

// Waits for the connection on behalf of the caller.
class LeaseWait final : public engine::OperationNode {
 public:
  LeaseWait(ExclusiveConnection::Ptr pooled, engine::OperationNode& caller)
      : OperationNode({}), pooled_(std::move(pooled)), caller_(caller) {
    request.replies = 0;
    id = caller.id;
    start = caller.start;
    deadline = caller.deadline;
  }

  void accept(std::string_view, const engine::Origin&) noexcept override {}
  void finish(std::optional<Error> error, const boost::asio::any_io_executor* handler_executor) override {
    const std::unique_ptr<LeaseWait> self(this);
    engine::OperationNode& caller = caller_;
    if (error)
      pooled_->returned(false);
    else
      caller.grant(std::make_shared<AsyncLease>(pooled_));
    caller.finish(std::move(error), handler_executor);
  }
  void destroy() noexcept override {
    const std::unique_ptr<LeaseWait> self(this);
    caller_.destroy();
  }

  ~LeaseWait() = default;

 private:
  ExclusiveConnection::Ptr pooled_;
  engine::OperationNode& caller_;
};

ExclusiveConnection::Ptr ExclusiveConnection::make(std::shared_ptr<PoolContext> context, net::Loop loop,
                                                   std::weak_ptr<Pool> pool) {
  auto pooled = std::make_shared<ExclusiveConnection>(std::move(context), std::move(pool));
  pooled->connect_to(std::move(loop), net::AsyncConnection::Kind::exclusive);
  return pooled;
}

void ExclusiveConnection::claim() noexcept {
  claimed_ = true;
  used_.store(false, std::memory_order_relaxed);
  alone_.store(false, std::memory_order_relaxed);
  broken_.store(false, std::memory_order_relaxed);
}

void ExclusiveConnection::lease_to(engine::OperationNode& operation) {
  auto* const wait =
      new LeaseWait(std::static_pointer_cast<ExclusiveConnection>(shared_from_this()), operation);
  operation.taken_by(*this);
  connection().submit(*wait);
}

void ExclusiveConnection::run(engine::OperationNode& operation) {
  large_.store(false, std::memory_order_relaxed);
  used_since_.store(Clock::now(), std::memory_order_relaxed);
  alone_.store(true, std::memory_order_relaxed);
  operation.taken_by(*this);
  connection().submit(operation);
  return_when_idle();
}

void ExclusiveConnection::send_ping(engine::OperationNode& ping) {
  ping_id_.store(ping.id, std::memory_order_relaxed);
  run(ping);
}

void ExclusiveConnection::stop(TimePoint deadline) noexcept {
  PooledConnection::stop(deadline);
  if (const std::uint64_t ping = ping_id_.load(std::memory_order_relaxed); ping != 0)
    connection().cancel(ping, engine::Cancellation::terminal);
}

void ExclusiveConnection::give_back(bool dirty) noexcept {
  if (broken() && !context().stopping.load(std::memory_order_acquire)) context().database.release_failed();
  if (ended()) return;
  if (broken()) return end();
  if (dirty || outdated_.load(std::memory_order_relaxed)) return returned(true);
  return_when_idle();
}

// Called at the end of the last operation and by `give_back`. The one that comes last returns the
// connection.
void ExclusiveConnection::return_when_idle() noexcept {
  for (;;) {
    returning_.exchange(true, std::memory_order_acq_rel);
    if (connection().load().operations != 0) return;
    if (!returning_.exchange(false, std::memory_order_acq_rel)) return;
    if (connection().load().operations == 0) return returned(false);
    // Another thread has returned it. The flag cleared here belongs to the next caller.
  }
}

// The notification may be late: the connection may have been returned and claimed by a caller whose
// operation is not queued yet.
void ExclusiveConnection::idle(net::AsyncConnection&) {
  if (returning_.exchange(false, std::memory_order_acq_rel)) return_when_idle();
}

void ExclusiveConnection::large_reply(const engine::OperationNode& operation, std::size_t size) noexcept {
  large_.store(true, std::memory_order_relaxed);
  PooledConnection::large_reply(operation, size);
}

void ExclusiveConnection::ending(const engine::OperationNode& operation) noexcept {
  if (!alone_.load(std::memory_order_relaxed)) return;
  if (operation.answered != 0 && !large_.load(std::memory_order_relaxed))
    context().database.large_replies().small_reply(operation.request.bytes.view(), net::turn_now());
  if (!operation.internal)
    context().database.connection_times().used(net::turn_now() - used_since_.load(std::memory_order_relaxed));
  context().alone_ended(operation);
}

void ExclusiveConnection::returned(bool dirty) noexcept {
  if (const auto pool = pool_.lock())
    pool->returned(std::static_pointer_cast<ExclusiveConnection>(shared_from_this()),
                   dirty || outdated_.load(std::memory_order_relaxed));
  else
    end();
}

void ExclusiveConnection::open_ahead() noexcept {
  wakes_to_open_.store(true, std::memory_order_release);
  connection().wake();
}

void ExclusiveConnection::woken(net::AsyncConnection&) {
  if (!wakes_to_open_.exchange(false, std::memory_order_acq_rel) || ended()) return;
  ahead_ = true;
  want();
}

// An opener that can't be opened leaves its grant to the pool, which makes another one when the next attempt
// is due.
void ExclusiveConnection::give_up_opening(const Error& error, TimePoint next, bool fails) {
  ahead_ = false;
  if (const auto pool = pool_.lock()) pool->not_opened(*this, error, next, fails);
  end();
}

void ExclusiveConnection::wanted(net::AsyncConnection&) {
  // The state that the caller had set on the connection (WATCH, SELECT) is lost. If the caller has not used
  // it yet, there is none.
  if (broken()) return fail_waiting(Error(failure::scoped_connection_lost()));
  want();
}

void ExclusiveConnection::connect_unavailable(const Error& error, TimePoint next) {
  const bool fails = !waits_after(error) || context().stopping.load(std::memory_order_relaxed);
  if (ahead_) return give_up_opening(error, next, fails);
  if (fails) return fail_waiting(error);
  leave_grant_to_others();
  call_at(next, &ExclusiveConnection::want);
}

// The caller receives the error and may go on. The next caller must get another connection.
void ExclusiveConnection::leave_server(ServerCondition, TimePoint) {
  if (may_retry())
    connection().retire(CloseReason::role);
  else
    outdated_.store(true, std::memory_order_relaxed);
}

void ExclusiveConnection::close_unauthenticated() {
  outdated_.store(true, std::memory_order_relaxed);
  const auto pool = pool_.lock();
  if (pool && pool->withdraw(*this)) connection().retire(CloseReason::credentials);  // no caller has it
}

void ExclusiveConnection::postponed() {
  if (ahead_) return give_up_opening(Error(failure::closed()), Clock::now() + 50ms, false);
  leave_grant_to_others();
  call_at(Clock::now() + 50ms, &ExclusiveConnection::want);
}

void ExclusiveConnection::opened(net::AsyncConnection& connection) {
  PooledConnection::opened(connection);
  outdated_.store(false, std::memory_order_relaxed);
  const TimePoint end = retirement(*context().server, Clock::now(), context().reachability->random());
  retires_.store(end.time_since_epoch().count(), std::memory_order_relaxed);
  if (std::exchange(ahead_, false)) returned(false);
}

void ExclusiveConnection::closed(net::AsyncConnection&, CloseReason reason) {
  const bool used = used_.load(std::memory_order_acquire);  // by this caller, or by an earlier one
  note_closed(reason);
  if (const auto pool = pool_.lock(); pool && !pool->withdraw(*this)) {
    // A connection that its caller had not used is opened again on first use, which may begin by now.
    if (used && used_.load(std::memory_order_acquire)) {
      broken_.store(true, std::memory_order_release);
      give_grant_back();
    }
    if (reason != CloseReason::dirty) return;
    if (broken()) fail_waiting(Error(failure::scoped_connection_lost()));
  }
  end();
}

void ExclusiveConnection::end() noexcept { connection().stop(TimePoint{}); }

void ExclusiveConnection::on_ended() {
  if (const auto pool = pool_.lock()) pool->gone(*this);
}

}  // namespace redstart::inline v0::pool
