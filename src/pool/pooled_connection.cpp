// SPDX-License-Identifier: Apache-2.0
// pooled_connection.cpp: opens a pooled connection and reports to its pool.
#include "pooled_connection.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace redstart::inline v0::pool {

void PooledConnection::connect_to(net::Loop loop, net::AsyncConnection::Kind as) {
  timer_.emplace(loop.executor);
  acquire_timer_.emplace(loop.executor);
  context_->connection_began();
  connection_ = net::AsyncConnection::make(std::move(loop), context_->server->settings(),
                                           context_->database.client_name(), shared_from_this(), as,
                                           context_->server->preparer());
}

void PooledConnection::want() {
  if (opening_ || enqueued_ || connection_->ready()) return;
  if (!has_grant_) {
    self_ = shared_from_this();  // the queue of waiters refers to this
    enqueued_ = true;
    if (!context_->direct->acquire_grant(*this)) return waits_for_room();
    enqueued_ = false;
    self_.reset();
    has_grant_ = true;
    context_->open.fetch_add(1, std::memory_order_relaxed);
  }
  const TimePoint now = Clock::now();
  const auto attempt = context_->reachability->begin(now);
  if (!attempt) {
    if (attempt.error().code() == Errc::loading) return postponed();
    if (!context_->reachability->failing()) waits_for_room();
    // While another connection makes the attempt, `next_attempt` is in the past.
    return connect_unavailable(attempt.error(),
                               std::max(context_->reachability->next_attempt(), now + away_poll));
  }
  opening_ = true;
  attempt_ = *attempt;
  connection_->open();
}

// Runs on the thread that returned a grant, with the pool's lock held.
void PooledConnection::notify() noexcept {
  boost::asio::post(connection_->loop().executor, [self = shared_from_this()] { self->on_granted(); });
}

void PooledConnection::on_granted() {
  if (!enqueued_) return;
  enqueued_ = false;
  const auto self = std::exchange(self_, nullptr);
  has_grant_ = true;
  context_->open.fetch_add(1, std::memory_order_relaxed);
  if (ended())
    give_grant_back();
  else
    want();
}

void PooledConnection::give_grant_back() {
  if (enqueued_ && context_->direct->dequeue(*this)) {
    enqueued_ = false;
    self_.reset();
  }
  if (!std::exchange(has_grant_, false)) return;
  context_->open.fetch_sub(1, std::memory_order_relaxed);
  context_->direct->return_grant(kind);
}

// From now on operations wait for a connection that others use, each for at most `timeouts.acquire`.
void PooledConnection::waits_for_room() {
  static_cast<void>(hand_over_queued());
  const TimePoint now = Clock::now();
  const auto acquire = context_->server->config().timeouts.acquire;
  if (!waits_since_) {
    waits_since_ = now;
    call_at(acquire_timer_, deadline_after(now, acquire), &PooledConnection::acquire_expired);
  } else if (now >= deadline_after(*waits_since_, acquire)) {
    acquire_expired();
  }
}

// Does nothing during an attempt, which has its own time limit. A server that is away or loading has other
// errors.
void PooledConnection::acquire_expired() {
  if (!waits_since_ || opening_) return;
  const auto acquire = context_->server->config().timeouts.acquire;
  const TimePoint now = Clock::now();
  std::optional<TimePoint> next;
  if (!hand_over_queued() && !context_->reachability->failing() &&
      !context_->reachability->not_ready_now(now)) {
    queue_failure_ = Error(context_->reachability->no_connection());
    next = connection_->fail_queued({static_cast<const Cause&>(queue_failure_->info()), CloseReason::lost},
                                    now - acquire);
  }
  call_at(acquire_timer_, deadline_after(next.value_or(now), acquire), &PooledConnection::acquire_expired);
}

// The connection is closed. Must run before any new attempt.
void PooledConnection::left(CloseReason reason) {
  if (!std::exchange(works_, false)) return;
  context_->reachability->left(1, reason == CloseReason::idle);
  context_->direct->reconsider();
}

void PooledConnection::on_events(net::AsyncConnection& connection, const protocol::LinkEvents& events) {
  using Event = protocol::LinkEvent::Kind;
  for (const protocol::LinkEvent& event : events) {
    switch (event.kind) {
      case Event::pushed: pushed(event.pushes); break;
      case Event::opened: opened(connection); break;
      case Event::closed: closed(connection, event.reason); break;
      case Event::open_failed: open_failed(*event.failure); break;
      case Event::wanted: wanted(connection); break;
      case Event::unauthenticated:
        context_->server->unauthenticated(*event.failure, event.credentials);
        close_unauthenticated();
        break;
      case Event::woken: woken(connection); break;
      case Event::idle: idle(connection); break;
      case Event::stopped: stopped(); break;
    }
  }
}

void PooledConnection::opened(net::AsyncConnection&) {
  opening_ = false;
  works_ = true;
  waits_since_.reset();
  if (acquire_timer_) acquire_timer_->cancel();
  silence_ = {Clock::now(), 0, 0, {}};
  ready_ = context_->reachability->succeeded(attempt_);
  context_->direct->refill();
  context_->direct->reconsider();
}

void PooledConnection::open_failed(const Cause& failure) {
  opening_ = false;
  const TimePoint now = Clock::now();
  const auto elapsed = now - attempt_.began;
  if (failure.code == Errc::loading || failure.code == Errc::closed) {
    static_cast<void>(context_->reachability->inconclusive(attempt_, failure, now, elapsed));
    context_->direct->reconsider();
    if (failure.code == Errc::loading) postponed();
    return;
  }
  context_->direct->close_dead();
  if (failure.code == Errc::connect_timeout && context_->reachability->hopeful())
    context_->direct->ping_unused(attempt_.began);
  const Error error = context_->reachability->failed(attempt_, failure, now, elapsed);
  context_->direct->reconsider();
  if (!context_->reachability->failing()) waits_for_room();
  const TimePoint next = context_->reachability->next_attempt();
  if (context_->reachability->full()) context_->direct->make_room(kind);
  connect_unavailable(error, next);
}

void PooledConnection::fail_waiting(const Error& error) {
  queue_failure_ = error;  // read by `failed` when the operations complete
  waits_since_.reset();
  connection_->fail_queued({static_cast<const Cause&>(error.info()), CloseReason::lost});
}

void PooledConnection::call_at(std::optional<boost::asio::steady_timer>& timer, TimePoint time,
                               void (PooledConnection::*action)()) {
  if (!timer || time == TimePoint::max()) return;
  timer->expires_at(time);
  timer->async_wait([weak = weak_from_this(), action](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self && !self->ended()) ((*self).*action)();
  });
}

void PooledConnection::note_closed(CloseReason reason) {
  left(reason);
  context_->closed_by[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  context_->reachability->lost(ready_, reason, Clock::now());
  context_->server->connection_closed(reason);
}

void PooledConnection::large_reply(const engine::OperationNode& operation, std::size_t /*size*/) noexcept {
  if (context_->has_other_connections)
    context_->database.large_replies().large_reply(operation.request.bytes.view(), net::turn_now());
}

void PooledConnection::pushed(std::uint64_t pushes) {
  context_->pushes_dropped.fetch_add(pushes, std::memory_order_relaxed);
  context_->server->pushes_dropped(pushes);
}

void PooledConnection::answered(std::size_t commands, std::size_t errors, std::chrono::nanoseconds latency) {
  if (errors < commands)
    context_->reachability->answered(ready_.number);  // `retry_refused` has handled the errors
  Breaker& breaker = context_->server->breaker();
  const TimePoint now = net::turn_now();
  breaker.tick(now);
  breaker.note_answers(silence_, now, commands);
  context_->server->counters().answered(connection_->loop().shard, commands, errors, latency);
}

void PooledConnection::succeeded(OperationId command, std::size_t operations,
                                 std::chrono::nanoseconds duration) noexcept {
  const Server& server = *context_->server;
  server.counters().succeeded(connection_->loop().shard, command, operations, duration);
  if (server.is_slow(duration)) [[unlikely]]
    server.slow(command, operations, duration, net::turn_now());
}

void PooledConnection::stop(TimePoint deadline) noexcept { connection_->stop(deadline); }

void PooledConnection::stopped() {
  const auto self = shared_from_this();
  if (std::exchange(opening_, false)) context_->reachability->given_up(attempt_, Clock::now());
  left(CloseReason::shutdown);
  give_grant_back();
  timer_.reset();
  acquire_timer_.reset();
  note_ended();
}

void PooledConnection::abandon() noexcept {
  const auto self = shared_from_this();
  timer_.reset();
  acquire_timer_.reset();
  // `on_granted` would never run on a loop that has ended, so return a grant that was received already.
  if (std::exchange(enqueued_, false)) {
    if (!context_->direct->dequeue(*this)) context_->direct->return_grant(kind);
    self_.reset();
  }
  connection_->abandon();
  if (std::exchange(opening_, false)) context_->reachability->given_up(attempt_, Clock::now());
  left(CloseReason::shutdown);
  give_grant_back();
  note_ended();
}

void PooledConnection::note_ended() {
  if (ended_.exchange(true, std::memory_order_acq_rel)) return;
  on_ended();
  context_->connection_ended();
}

}  // namespace redstart::inline v0::pool
