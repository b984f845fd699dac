// SPDX-License-Identifier: Apache-2.0
// shared_connection.cpp: decides when a shared connection is opened again.
#include "shared_connection.hpp"
#include "../resilience/server_condition.hpp"

#include <redstart/resp/error_text.hpp>

#include <new>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

using namespace std::chrono_literals;

// Delay before a connection to a server that is loading is opened again.
constexpr auto pause = 50ms;

}  // namespace

std::shared_ptr<SharedConnection> SharedConnection::make(std::shared_ptr<PoolContext> context, net::Loop loop,
                                                         bool yields_when_busy) {
  auto pooled = std::make_shared<SharedConnection>(std::move(context), yields_when_busy);
  pooled->connect_to(std::move(loop), net::AsyncConnection::Kind::shared);
  return pooled;
}

// Takes the grant at once. Operations that are started next take theirs on this thread, and blocking ones may
// keep all of them for long.
void SharedConnection::warm_up() noexcept {
  if (!warm_.exchange(true, std::memory_order_acq_rel) && context().direct->try_grant(ConnectionKind::shared))
    reserved_.store(true, std::memory_order_release);
  connection().wake();
}

void SharedConnection::request_yield() noexcept {
  if (yield_requested_.exchange(true)) return;    // a check is pending
  if (connection().ready()) connection().wake();  // else `opened` checks
}

// Closes the connection to yield its grant to a waiter: only while it is unused, or if no other connection
// ever yields one. After opening it serves at least once before that.
void SharedConnection::yield_if_requested() {
  // Sequentially consistent with `ready`: a request made at the same time wakes the loop, or is seen here.
  if (!yield_requested_.load()) [[likely]]
    return;
  if (!connection().ready()) return;  // `opened` checks again
  if (!context().direct->shortage()) {
    // Check again after the flag is cleared: a later request wakes the loop again.
    yield_requested_.exchange(false);
    if (!context().direct->shortage()) return;
    yield_requested_.store(true);
  }
  if (connection().load().operations == 0 || (yields_when_busy_ && has_served_))
    connection().retire(CloseReason::idle);
  else
    connection().notify_idle();
}

// A PING over a connection that is ready, without a time limit of its own. If a reply on its own connection
// is overdue, it uses another one and ends on the loop of that.
class SharedConnection::RecoveryPing final : public engine::OperationNode {
 public:
  explicit RecoveryPing(std::shared_ptr<SharedConnection> pooled)
      : OperationNode({}), pooled_(std::move(pooled)) {
    request.bytes.append("*1\r\n$4\r\nPING\r\n");
    request.traits.retry = Retry::read;
    id = pooled_->recovery_ping_id_;
    start = net::turn_now();
    deadline = pooled_->context().database.deadline(start, {}, 0ms);
    internal = true;
  }

  void accept(std::string_view frame, const engine::Origin&) noexcept override {
    serves_ =
        !resp::is_error_frame(frame) || condition_of(resp::error_text(frame)) == ServerCondition::serving;
  }
  void finish(std::optional<Error> error, const boost::asio::any_io_executor*) override {
    const std::unique_ptr<RecoveryPing> self(this);
    pooled_->pinging_ = false;
    if (error || !serves_) return;
    // The server answers, so this connection is at fault. Operations must not wait behind its overdue reply.
    if (pooled_->connection().reply_overdue()) pooled_->connection().retire(CloseReason::timeout);
    pooled_->context().server->breaker().connection_ready();
  }
  void destroy() noexcept override { const std::unique_ptr<RecoveryPing> self(this); }

  ~RecoveryPing() = default;

 private:
  std::shared_ptr<SharedConnection> pooled_;
  bool serves_ = false;
};

void SharedConnection::ping_if_unused(TimePoint since) noexcept {
  const net::AsyncConnection& unused = connection();
  const auto load = unused.load();
  // A connection with a late reply outstanding is watched already.
  if (!unused.ready() || load.operations + load.given_up != 0 || unused.last_used() >= since) return;
  if (pinging_.exchange(true)) return;
  try {
    connection().submit(*new RecoveryPing(self()));
  } catch (const std::bad_alloc&) {
    pinging_ = false;
  }
}

void SharedConnection::stop(TimePoint deadline) noexcept {
  PooledConnection::stop(deadline);
  connection().cancel(recovery_ping_id_, engine::Cancellation::terminal);  // no caller waits for it
}

void SharedConnection::enable_recovery_pings() { recovery_.emplace(connection().loop().executor); }

void SharedConnection::use_reserved_grant() {
  if (!reserved_.exchange(false, std::memory_order_acq_rel)) return;
  if (ended() || holds_or_awaits_grant())
    context().direct->return_grant(ConnectionKind::shared);
  else
    use_grant();
}

// Comes before `woken` if an operation was submitted in the same turn.
void SharedConnection::wanted(net::AsyncConnection&) {
  use_reserved_grant();
  want();
}

void SharedConnection::on_ended() {
  recovery_.reset();
  use_reserved_grant();
}

// Called when the breaker's decisions have changed, or an attempt is due and none is under way.
void SharedConnection::woken(net::AsyncConnection&) {
  use_reserved_grant();
  if (warm_.exchange(false, std::memory_order_acq_rel) && !context().stopping.load(std::memory_order_relaxed))
    want();
  yield_if_requested();
  if (!recovery_ || context().stopping.load(std::memory_order_relaxed)) return;
  if (context().reachability->attempt_overdue(Clock::now())) want();
  const Breaker::Status status = context().server->breaker().status();
  if (status.state == BreakerState::open)
    call_at(recovery_, status.next_probe,
            static_cast<void (PooledConnection::*)()>(&SharedConnection::send_recovery_ping));
}

// Opening the connection is a test as well: the handshake ends with a PING.
void SharedConnection::send_recovery_ping() {
  if (context().stopping.load(std::memory_order_relaxed) ||
      context().server->breaker().state() != BreakerState::open)
    return;
  if (!connection().ready()) return want();
  if (pinging_.exchange(true)) return;
  auto* const ping = new RecoveryPing(self());
  const std::shared_ptr<net::AsyncConnection> other =
      connection().reply_overdue() ? context().serving() : nullptr;
  (other ? *other : connection()).submit(*ping);
}

void SharedConnection::leave_server(ServerCondition condition, TimePoint now) {
  // A connection that was opened a moment ago leads to the current server. Without a session it is useless.
  if (now - left_ < 1s && condition != ServerCondition::session_lost) return;
  left_ = now;
  connection().retire(CloseReason::role);
}

void SharedConnection::close_unauthenticated() { connection().retire(CloseReason::credentials); }

bool SharedConnection::hand_over_queued() {
  const auto other = context().serving ? context().serving() : nullptr;
  if (!other || other.get() == &connection()) return false;
  connection().hand_over(*other);
  return true;
}

void SharedConnection::connect_unavailable(const Error& error, TimePoint next) {
  const bool waits = waits_after(error);
  if (!waits) fail_waiting(error);
  leave_grant_to_others();
  if (waits || !context().stopping.load(std::memory_order_relaxed)) call_at(next, &SharedConnection::want);
}

void SharedConnection::postponed() {
  leave_grant_to_others();
  call_at(Clock::now() + pause, &SharedConnection::want);
}

void SharedConnection::opened(net::AsyncConnection& connection) {
  PooledConnection::opened(connection);
  has_served_ = false;
  const TimePoint end = retirement(*context().server, Clock::now(), context().reachability->random());
  if (end != TimePoint::max())
    call_at(end, static_cast<void (PooledConnection::*)()>(&SharedConnection::retire));
  yield_if_requested();
}

void SharedConnection::retire() { connection().retire(CloseReason::lifetime); }

void SharedConnection::answered(std::size_t commands, std::size_t errors, std::chrono::nanoseconds latency) {
  has_served_ = true;
  unserved_.reset();
  PooledConnection::answered(commands, errors, latency);
  yield_if_requested();
}

void SharedConnection::closed(net::AsyncConnection&, CloseReason reason) {
  note_closed(reason);
  if (context().stopping.load(std::memory_order_relaxed)) return;
  if (reason == CloseReason::idle) return give_grant_back();
  if (has_served_) return want();
  call_at(Clock::now() + unserved_.next(context().reachability->random()), &SharedConnection::want);
}

}  // namespace redstart::inline v0::pool
