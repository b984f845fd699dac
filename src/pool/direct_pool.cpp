// SPDX-License-Identifier: Apache-2.0
// direct_pool.cpp: acquires, opens and returns direct connections.
#include "direct_pool.hpp"
#include "direct_renewal.hpp"

#include "../net/loop.hpp"

#include "../core/failures.hpp"
#include "../resilience/server_condition.hpp"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

// Passes the events of a connect attempt on to reachability.
class Report final : public net::OpenWatcher {
 public:
  Report(Reachability& reachability, const Reachability::ConnectAttempt& attempt) noexcept
      : reachability_(reachability), attempt_(attempt) {}

  bool not_ready(const protocol::NotReady& state) override {
    return reachability_.not_ready(attempt_, state);
  }
  void ready(const protocol::HandshakeFsm& handshake) override {
    reachability_.greeted(attempt_, handshake.greeting());
  }

 private:
  Reachability& reachability_;
  const Reachability::ConnectAttempt& attempt_;
};

}  // namespace

DirectPool::DirectPool(std::shared_ptr<Server> server)
    : server_(std::move(server)), reachability_(&server_->reachability()), capacity_(server_->capacity()) {}

DirectPool::~DirectPool() = default;

DirectLease::~DirectLease() {
  if (connection_) discard(CloseReason::lost);
}

void DirectLease::give_back() noexcept { pool_->release(std::move(connection_)); }

void DirectLease::discard(CloseReason reason) noexcept { pool_->discard(std::move(connection_), reason); }

void DirectLease::note(const net::Outcome& outcome) noexcept {
  if (outcome.kind == net::Outcome::Kind::answered ||
      (outcome.kind == net::Outcome::Kind::error_reply && proves_service(outcome.text)))
    pool_->reachability_->answered(connection_->tag());
}

Result<DirectLease> DirectPool::acquire(TimePoint& now, TimePoint deadline, bool* paused) {
  const TimePoint began = now;
  Result<DirectLease> lease = acquire_when_ready(now, deadline, paused);
  if (lease && now != began) server_->database().connection_times().waited(now - began);
  return lease;
}

Result<DirectLease> DirectPool::acquire_when_ready(TimePoint& now, TimePoint deadline, bool* paused) {
  std::optional<Error> not_ready;
  for (;;) {
    Result<DirectLease> lease = try_acquire(now, deadline, paused);
    // No time was left for another attempt: the last message of the server explains more than a timeout.
    if (!lease && not_ready && lease.error().code() == Errc::connect_timeout && now >= deadline)
      return *std::move(not_ready);
    if (lease || lease.error().code() != Errc::loading || net::on_loop_thread()) return lease;
    not_ready = lease.error();
    const bool in_time = reachability_->await_attempt(deadline);
    now = Clock::now();
    if (!in_time || now >= deadline) {
      auto latest = reachability_->must_wait(now);  // with the server's latest message
      if (latest) return *std::move(latest);
      return lease;
    }
  }
}

// Returns the connection that was used last. Empty if there is none, or if callers are queued. Preconditions:
// the lock is held.
inline DirectLease DirectPool::next_idle() {
  if (draining_ || capacity_.first() != nullptr || idle_.empty()) return {*this, nullptr};
  DirectLease connection(*this, std::move(idle_.back()));
  idle_.pop_back();
  in_use_.push_back(*connection);
  return connection;
}

// Checks a connection that was idle. Discards it and returns false if it can't be used any more.
// Preconditions: the lock is not held.
inline bool DirectPool::works(DirectLease& connection, TimePoint& now, TimePoint deadline) noexcept {
  if (connection->just_used(now) && now < connection->renewal().due()) [[likely]]
    return true;
  const auto reason = close_reason_of(*connection, now, deadline);
  if (reason) connection.discard(*reason);
  return !reason;
}

DirectLease DirectPool::take_idle(TimePoint& now, TimePoint deadline) {
  Lock lock(mutex_);
  used_ = true;
  DirectLease connection = next_idle();
  if (!connection) return connection;
  lock.unlock();
  if (works(connection, now, deadline)) [[likely]]
    return connection;
  lock.lock();
  return take_idle(lock, now, deadline);
}

// Preconditions: `lock` is held. It is still held on return if nothing was found.
DirectLease DirectPool::take_idle(Lock& lock, TimePoint& now, TimePoint deadline) {
  while (DirectLease connection = next_idle()) {
    lock.unlock();
    if (works(connection, now, deadline)) return connection;
    lock.lock();
  }
  return {*this, nullptr};
}

Result<DirectLease> DirectPool::try_acquire(TimePoint& now, TimePoint deadline, bool* paused) {
  const bool may_wait = !net::on_loop_thread();
  const TimePoint began = now;
  Lock lock(mutex_);
  used_ = true;
  if (DirectLease connection = take_idle(lock, now, deadline)) return connection;
  if (!draining_ && capacity_.first() == nullptr) {
    if (auto error = reachability_->must_wait(now)) return *std::move(error);
    if ((!may_wait || !reachability_->growth_paused()) && capacity_.try_grant(ConnectionKind::direct)) {
      Result<DirectLease> opened = open(lock, now, deadline);
      if (opened || !may_wait || !queues_after(opened.error(), now, deadline)) return opened;
      if (!lock.owns_lock()) lock.lock();
      // A connection may have been returned while the queue was empty.
      if (DirectLease connection = take_idle(lock, now, deadline)) return connection;
    }
  }
  if (draining_) return make_error(failure::closed());
  if (!may_wait) return make_error(failure::would_deadlock());
  if (paused != nullptr && reachability_->growth_paused()) {
    *paused = true;
    return timed_out({});
  }
  return queue(lock, now, deadline, began);
}

// Called after an attempt of the caller itself failed with `error`. True if other connections work, or may
// soon, so that one of them may serve the caller.
bool DirectPool::queues_after(const Error& error, TimePoint now, TimePoint deadline) const {
  return error.code() != Errc::closed && error.code() != Errc::loading && now < deadline &&
         reachability_->hopeful();
}

// Returns the reason to close an idle connection, or nothing if it can be used. Sends a PING if it was
// unused for `check_after_idle`, and updates `now`: a firewall may have dropped it silently. Authenticates
// again if that is due.
std::optional<CloseReason> DirectPool::close_reason_of(net::DirectConnection& connection, TimePoint& now,
                                                       TimePoint deadline) noexcept {
  const DatabaseConfig& config = server_->config();
  if (const auto broken = connection.close_reason(now)) return broken;
  const auto limit = config.check_after_idle;
  if (limit.count() == 0 || now - connection.last_used() <= limit)
    return close_reason_of_credentials(connection, now, deadline);
  // Leave half of the time for another connection.
  const TimePoint until = std::min(deadline_after(now, config.timeouts.health), now + (deadline - now) / 2);
  const auto reason = ping(connection, now, until);
  if (!reason) return close_reason_of_credentials(connection, now, deadline);
  if (reason != CloseReason::timeout) return reason;
  std::vector<Connection> others;
  try {
    close_idle(now, limit, 0, CloseReason::timeout, others);  // they are as dead
  } catch (const std::bad_alloc&) {
    // Each is then checked when it is taken.
  }
  return reason;
}

// Authenticates again if that is due; updates `now` then. Returns the reason to close the connection.
std::optional<CloseReason> DirectPool::close_reason_of_credentials(net::DirectConnection& connection,
                                                                   TimePoint& now,
                                                                   TimePoint deadline) noexcept {
  if (now < connection.renewal().due()) [[likely]]
    return std::nullopt;
  const DirectRenewal renewal = renew_credentials(*server_, connection, now, deadline);
  return renewal.kind == DirectRenewal::Kind::valid ? std::nullopt : std::optional(renewal.reason);
}

// Sends a PING and waits for its reply, at most until `until`; updates `now`. Returns the reason to close
// the connection, or nothing if it works.
std::optional<CloseReason> DirectPool::ping(net::DirectConnection& connection, TimePoint& now,
                                            TimePoint until) noexcept {
  try {
    const net::Outcome outcome = connection.ping(now, until);
    now = Clock::now();
    if (outcome.kind != net::Outcome::Kind::broken && outcome.reusable) return std::nullopt;
    if (outcome.kind != net::Outcome::Kind::broken || outcome.code == Errc::protocol_error)
      return outcome.reason;
    if (outcome.code == Errc::closed) return outcome.reason;
    return outcome.code == Errc::timeout ? CloseReason::timeout : CloseReason::stale;
  } catch (const std::bad_alloc&) {
    return CloseReason::lost;
  }
}

// Opens a connection for a grant that the caller has; ends the grant on failure. Preconditions:
// `lock` is held. It may be released on return.
Result<DirectLease> DirectPool::open(Lock& lock, TimePoint& now, TimePoint deadline, bool ahead) {
  if (draining_) {
    release_grant();
    return make_error(failure::closed());
  }
  const bool growing = reachability_->hopeful();
  const Result<Reachability::ConnectAttempt> attempt = reachability_->begin(now);
  if (!attempt) {
    release_grant();
    return attempt.error();
  }
  Connection connection;
  std::optional<Cause> failure;
  const TimePoint began = now;
  const TimePoint connect_deadline = deadline_after(began, server_->config().timeouts.connect);
  // While other connections work, leave half of the time to wait for one of them.
  TimePoint until = std::min<TimePoint>(deadline, connect_deadline);
  if (!ahead && !net::on_loop_thread() && growing)
    until = std::min<TimePoint>(until, now + (deadline - now) / 2);
  try {
    connection = std::make_unique<net::DirectConnection>(server_->config(), server_->database().client_name(),
                                                         counts_.opened++, server_->preparer());
    in_use_.push_back(*connection);
    if (ahead) upkeep_.ahead = connection.get();
    lock.unlock();
    Report report(*reachability_, *attempt);
    failure = connection->open(until, report);
  } catch (const std::exception& error) {  // no memory or no thread: not the server's fault
    failure = failure::out_of_resources(error.what());
  }
  const TimePoint end = now = Clock::now();
  if (lock.owns_lock()) lock.unlock();
  if (ahead) {
    lock.lock();
    upkeep_.ahead = nullptr;
    lock.unlock();
  }
  if (!failure) {
    connection->retire_at(retirement(*server_, end, reachability_->random()));
    connection->tag(reachability_->succeeded(*attempt).number);
    refill();  // the first after an outage
    reconsider();
    return DirectLease(*this, std::move(connection));
  }
  // A caller with little time, or a server that is loading, proves nothing about whether the server can be
  // reached.
  const bool hurried = connect_deadline - until > server_->config().timeouts.connect / 10;
  const bool inconclusive = failure->code == Errc::loading || failure->code == Errc::closed ||
                            (failure->code == Errc::connect_timeout && hurried);
  close_dead();
  if (growing && failure->code == Errc::connect_timeout) ping_unused(began);
  // Record the failure before the grant goes to the next waiter, so that it does not repeat the attempt.
  Error error = inconclusive ? reachability_->inconclusive(*attempt, *failure, end, end - began)
                             : reachability_->failed(*attempt, *failure, end, end - began);
  lock.lock();
  not_opened(lock, connection.get());
  return error;
}

// Ends the grant of a connection that could not be opened. Preconditions: `lock` is held. It is released on
// return.
void DirectPool::not_opened(Lock& lock, net::DirectConnection* connection) noexcept {
  if (connection != nullptr) in_use_.erase(in_use_.iterator_to(*connection));
  release_grant();
  lock.unlock();
  reconsider();
}

void DirectPool::release(Connection connection) noexcept {
  if (connection->last_used() >= connection->retires())
    return discard(std::move(connection), CloseReason::lifetime);
  connection->use_fast_keepalive(false);
  if (const std::uint64_t pushes = connection->take_pushes(); pushes != 0) [[unlikely]]
    pushed(pushes);
  const std::optional<CloseReason> superfluous = take_back(connection);
  if (!superfluous) [[likely]]
    return;
  connection.reset();
  server_->connection_closed(*superfluous);
}

// Hands the connection to the next waiter, or keeps it idle. Otherwise counts it as closed and returns the
// reason; the caller closes it.
std::optional<CloseReason> DirectPool::take_back(Connection& connection) noexcept {
  const auto close = [this](CloseReason reason) {
    count_closed(reason);
    release_grant();
    return reason;
  };
  Lock lock(mutex_);
  if (connection->opened_at() < role_changed_) [[unlikely]] {
    in_use_.erase(in_use_.iterator_to(*connection));
    return close(CloseReason::role);
  }
  Capacity::Decision decision;
  if (!capacity_.keeps_returned()) [[unlikely]] {
    constexpr auto kind = ConnectionKind::direct;
    const TimePoint now = capacity_.is_contended(kind) ? Clock::now() : TimePoint{};
    decision = capacity_.returned(kind, now, reachability_->full());
  }
  if (decision.use == Capacity::Use::hand_over) {
    auto& next = static_cast<Caller&>(*decision.to);
    next.connection = std::move(connection);
    ++next.announced;
    next.has_connection.store(true, std::memory_order_release);
    serve_queue();
    lock.unlock();  // first, so that the caller does not wake up only to wait for the lock
    next.wakeup.post();
    return std::nullopt;
  }
  in_use_.erase(in_use_.iterator_to(*connection));
  if (decision.use == Capacity::Use::close) return close(CloseReason::idle);
  if (draining_) return close(CloseReason::shutdown);
  try {
    idle_.push_back(std::move(connection));
  } catch (const std::bad_alloc&) {
    return close(CloseReason::idle);
  }
  return std::nullopt;
}

// Counts unsolicited messages and emits the event. Preconditions: the lock is not held.
void DirectPool::pushed(std::uint64_t messages) noexcept {
  if (messages == 0) return;
  counts_.pushes_dropped.fetch_add(messages, std::memory_order_relaxed);
  server_->pushes_dropped(messages);
}

void DirectPool::discard(Connection connection, CloseReason reason) noexcept {
  reachability_->left();
  reachability_->lost({connection->tag(), connection->opened_at()}, reason, Clock::now());
  pushed(connection->take_pushes());
  Lock lock(mutex_);
  in_use_.erase(in_use_.iterator_to(*connection));
  ++counts_.closed_by[static_cast<std::size_t>(reason)];
  release_grant();
  lock.unlock();
  connection.reset();
  server_->connection_closed(reason);
}

// Closes a connection whose grant the caller keeps. Preconditions: `lock` is held. It is released for a
// while and held on return.
void DirectPool::close_keeping_grant(Lock& lock, Connection connection, CloseReason reason) noexcept {
  in_use_.erase(in_use_.iterator_to(*connection));
  count_closed(reason);
  lock.unlock();
  reachability_->lost({connection->tag(), connection->opened_at()}, reason, Clock::now());
  pushed(connection->take_pushes());
  connection.reset();
  server_->connection_closed(reason);
  lock.lock();
}

// Preconditions of these: the lock is held.
void DirectPool::count_closed(CloseReason reason, std::size_t connections) noexcept {
  counts_.closed_by[static_cast<std::size_t>(reason)] += connections;
  reachability_->left(connections, reason == CloseReason::idle);
}

Error DirectPool::make_error(ErrorInfo info) const {
  info.database = server_->database().name();
  info.endpoint = server_->origin().endpoint;
  return Error(std::move(info));
}

}  // namespace redstart::inline v0::pool
