// SPDX-License-Identifier: Apache-2.0
// exclusive_pool.cpp: matches queued operations with returned and new connections.
#include "exclusive_pool.hpp"

#include "../core/failures.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace redstart::inline v0::pool {

namespace {

using namespace std::chrono_literals;

// How often the pool looks whether an attempt is due that depends on other connections.
constexpr auto recheck_interval = 50ms;

}  // namespace

// An operation in the queue, and afterwards the way to the connection that carries it.
struct ExclusivePool::Entry final : QueuedOperation,
                                    engine::OperationPlace,
                                    std::enable_shared_from_this<Entry> {
  Entry(const std::shared_ptr<ExclusivePool>& of, engine::OperationNode& what, bool leases) noexcept
      : QueuedOperation(what, leases), owner(of.get()), pool(of) {}

  // The pool keeps its loop while an operation is in the queue.
  void notify() noexcept override {
    boost::asio::post(owner->loop_->executor, [self = shared_from_this()] {
      if (const auto alive = self->pool.lock()) alive->granted(*self);
    });
  }
  void cancel(std::uint64_t id, engine::Cancellation how) noexcept override {
    if (const auto alive = pool.lock()) alive->cancel(*this, id, how);
  }

  const ExclusivePool* const owner;  // valid while it is in the queue
  const TimePoint queued = Clock::now();
  const std::weak_ptr<ExclusivePool> pool;
  std::shared_ptr<Entry> self{};                    // while it is in the queue
  std::weak_ptr<ExclusiveConnection> carrier{};     // once a connection carries the operation
  std::optional<engine::Cancellation> cancelled{};  // between the queue and the carrier
};

ExclusivePool::ExclusivePool(std::shared_ptr<PoolContext> context)
    : context_(std::move(context)), queue_(context_->server->config().timeouts.acquire) {}

// Usually nothing is left. In a forked child another thread may have held the locks.
ExclusivePool::~ExclusivePool() {
  if (net::forked(context_->generation)) return;
  while (QueuedOperation* const first = queue_.front()) {
    const auto entry = forget(*first);
    if (!entry->lease) context_->alone_ended(*entry->operation);
    entry->operation->destroy();
  }
}

void ExclusivePool::lease(engine::OperationNode& operation) noexcept {
  if (auto error = too_many(operation, true)) return operation.finish(std::move(error), nullptr);
  acquire(operation, true);
}

void ExclusivePool::run(engine::OperationNode& operation) noexcept {
  if (auto error = too_many(operation, false)) return operation.finish(std::move(error), nullptr);
  context_->alone_began(operation);
  acquire(operation, false);
}

// Uses an idle connection, or queues the operation.
void ExclusivePool::acquire(engine::OperationNode& operation, bool lease) {
  try {
    Lock lock(mutex_);
    if (context_->stopping.load(std::memory_order_relaxed)) {
      lock.unlock();
      return end(operation, lease, failure::closed());
    }
    if (!queue_.empty() || idle_.empty()) return enqueue(lock, operation, lease);
    const Ptr pooled = std::move(idle_.back());
    idle_.pop_back();
    pooled->claim();
    lock.unlock();
    const auto limit = context_->server->config().check_after_idle;
    if (limit.count() != 0 && Clock::now() - pooled->connection().last_used() > limit)
      pooled->connection().check_next();
    try {
      if (!lease) return pooled->run(operation);
      return pooled->lease_to(operation);
    } catch (const std::exception&) {
      returned(pooled, false);
      throw;
    }
  } catch (const std::exception& error) {
    end(operation, lease, failure::not_connectable(error.what()));
  }
}

// Queues the operation and asks for a grant, in one step under the lock: a connection that is returned at the
// same time finds the operation. Preconditions: `lock` is held. It is released on return.
void ExclusivePool::enqueue(Lock& lock, engine::OperationNode& operation, bool lease) {
  const auto entry = std::make_shared<Entry>(shared_from_this(), operation, lease);
  if (!timer_) start_timer();
  entry->self = entry;
  operation.taken_by(*entry);
  queue_.push(*entry);
  DirectPool::Connection superfluous;
  const bool granted_now = context_->direct->request_grant(*entry, superfluous);
  Ptr opener;
  if (granted_now) {
    try {
      opener = open_for(*entry);
    } catch (...) {
      static_cast<void>(forget(*entry));
      throw;
    }
  }
  settle();
  lock.unlock();
  context_->direct->finish_request(ConnectionKind::exclusive, granted_now, std::move(superfluous));
  if (opener) opener->open_ahead();
}

// The pool counts as a connection that is alive while it has a timer.
void ExclusivePool::start_timer() {
  net::Loop loop = context_->loops->next();
  timer_.emplace(loop.executor);
  loop_ = std::move(loop);
  context_->connection_began();
}

// Runs on the loop after the capacity has granted `entry` a connection. If the entry has left the queue since
// then, its grant was returned.
void ExclusivePool::granted(Entry& entry) noexcept {
  Ptr opener;
  std::shared_ptr<Entry> failed;
  {
    const Lock lock(mutex_);
    if (!entry.self || entry.starting || entry.grant != Waiter::Grant::capacity) return;
    try {
      opener = open_for(entry);
    } catch (const std::exception&) {
      failed = forget(entry);
    }
    settle();
  }
  if (opener) return opener->open_ahead();
  end(*failed->operation, failed->lease, failure::not_connectable("out of memory"));
}

// Creates the connection that uses the grant of `entry`. Preconditions: the lock is held.
ExclusivePool::Ptr ExclusivePool::open_for(Entry& entry) {
  // Reserve memory first: a connection that is not in the list would never end, and returning one must not
  // fail.
  const std::size_t count = connections_.size() + 1;
  for (auto* list : {&connections_, &idle_}) {
    if (list->capacity() < count) list->reserve(2 * count);
  }
  Ptr opener = ExclusiveConnection::make(context_, context_->loops->next(), weak_from_this());
  opener->use_grant();
  opener->listed_at = connections_.size();
  opener->opener = true;
  connections_.push_back(opener);
  queue_.opener_began(entry);
  return opener;
}

// Takes an operation out of the queue that gets a connection. Preconditions: the lock is held.
std::shared_ptr<ExclusivePool::Entry> ExclusivePool::take(QueuedOperation& operation) noexcept {
  queue_.remove(operation);
  return std::exchange(static_cast<Entry&>(operation).self, nullptr);
}

// Takes an operation out of the queue that gets none. Preconditions: the lock is held.
std::shared_ptr<ExclusivePool::Entry> ExclusivePool::forget(QueuedOperation& operation) noexcept {
  auto entry = take(operation);
  // It was granted, and no connection uses the grant: `granted` will not find it.
  if (!entry->starting && !context_->direct->dequeue(*entry)) {
    context_->direct->return_grant(ConnectionKind::exclusive);
    allowed_ = 0;  // that grant was counted
  }
  return entry;
}

// The connection that was being opened has ended. Preconditions: the lock is held.
void ExclusivePool::opener_ended(ExclusiveConnection& pooled, TimePoint next) noexcept {
  if (!std::exchange(pooled.opener, false)) return;
  QueuedOperation* const left = queue_.opener_failed(next);
  settle();  // close the gate first, so that the grant does not lead to the next attempt at once
  if (left != nullptr) context_->direct->requeue(*left);
}

// Decides what becomes of a connection that no caller has: `next` gets it, or it is idle, or it is closed for
// the reason returned. Preconditions: the lock is held; the connection is ready.
std::optional<CloseReason> ExclusivePool::place(const Ptr& pooled, bool dirty, std::shared_ptr<Entry>& next) {
  const bool was_opener = std::exchange(pooled->opener, false);
  if (was_opener) queue_.opener_succeeded();
  const bool stopping = context_->stopping.load(std::memory_order_relaxed);
  if (dirty) return CloseReason::dirty;
  if (stopping && !was_opener) return CloseReason::shutdown;  // it accepts no operation any more
  if (pooled->over_age()) return CloseReason::lifetime;
  QueuedOperation* first = queue_.front();
  if (first == nullptr || !first->starting) {
    const Capacity::Decision decision = context_->direct->exclusive_returned(first);
    if (decision.use == Capacity::Use::close) return CloseReason::idle;
    first = static_cast<QueuedOperation*>(decision.to);
  }
  if (first != nullptr) {
    next = take(*first);
    pooled->claim();
    if (QueuedOperation* const left = queue_.without_opener()) context_->direct->requeue(*left);
    // It may have taken the one grant that the probing gate allowed.
    if (queue_.gate() == ExclusiveQueue::Gate::probing) allowed_ = 0;
    return std::nullopt;
  }
  if (stopping) return CloseReason::shutdown;
  idle_.push_back(pooled);
  return std::nullopt;
}

void ExclusivePool::returned(Ptr pooled, bool dirty) {
  for (;;) {
    std::shared_ptr<Entry> next;
    std::optional<CloseReason> leaves;
    bool kept = false;
    bool was_opener = false;
    {
      const Lock lock(mutex_);
      was_opener = pooled->opener;
      // If the connection closes later, `withdraw` finds it unclaimed.
      pooled->unclaim();
      if (!pooled->connection().ready()) {
        opener_ended(*pooled, Clock::now());
      } else {
        leaves = place(pooled, dirty, next);
        settle();
        kept = next == nullptr && !leaves;
      }
    }
    if (was_opener) context_->direct->free_room();  // others may get grants now
    if (kept) return;
    if (leaves) return pooled->connection().retire(*leaves);
    if (next == nullptr) return pooled->end();
    if (hand_over(pooled, *next)) return;
  }
}

// Returns false if the operation has ended for lack of memory.
bool ExclusivePool::hand_over(const Ptr& pooled, Entry& entry) {
  const std::uint64_t id = entry.operation->id;
  context_->database.connection_times().waited(Clock::now() - entry.queued);
  try {
    if (entry.lease)
      pooled->lease_to(*entry.operation);
    else
      pooled->run(*entry.operation);
  } catch (const std::exception& error) {
    end(*entry.operation, entry.lease, failure::not_connectable(error.what()));
    return false;
  }
  std::optional<engine::Cancellation> cancelled;
  std::optional<TimePoint> stops;
  {
    const Lock lock(mutex_);
    entry.carrier = pooled;
    cancelled = entry.cancelled;
    if (context_->stopping.load(std::memory_order_relaxed)) stops = stops_;
  }
  if (cancelled) pooled->connection().cancel(id, *cancelled);
  if (stops) pooled->stop(*stops);
  return true;
}

void ExclusivePool::cancel(Entry& entry, std::uint64_t id, engine::Cancellation how) noexcept {
  if (net::forked(context_->generation)) return;
  std::shared_ptr<Entry> left;
  Ptr carrier;
  {
    const Lock lock(mutex_);
    if (entry.self) {
      left = forget(entry);
      settle();
    } else if (carrier = entry.carrier.lock(); !carrier) {
      entry.cancelled = how;
    }
  }
  if (left) end(*left->operation, left->lease, failure::cancelled(Effect::not_sent));
  if (carrier) carrier->connection().cancel(id, how);
}

bool ExclusivePool::withdraw(ExclusiveConnection& pooled) noexcept {
  const Lock lock(mutex_);
  if (pooled.claimed()) return false;
  std::erase_if(idle_, [&pooled](const Ptr& other) { return other.get() == &pooled; });
  return true;
}

void ExclusivePool::not_opened(ExclusiveConnection& pooled, const Error& error, TimePoint next, bool fails) {
  std::vector<std::shared_ptr<Entry>> failed;
  {
    const Lock lock(mutex_);
    opener_ended(pooled, next);
    if (fails) failed = take_all();
    settle();
  }
  for (const auto& entry : failed) end(*entry->operation, entry->lease, error.info());
}

void ExclusivePool::gone(ExclusiveConnection& pooled) noexcept {
  Ptr last;  // destroyed without the lock
  const Lock lock(mutex_);
  opener_ended(pooled, Clock::now());
  std::erase_if(idle_, [&pooled](const Ptr& other) { return other.get() == &pooled; });
  // Thousands may end at once, so each knows its index instead of searching.
  const std::size_t at = pooled.listed_at;
  if (at >= connections_.size() || connections_[at].get() != &pooled) return;
  connections_.back()->listed_at = at;
  std::swap(connections_[at], connections_.back());
  last = std::move(connections_.back());
  connections_.pop_back();
}

// Empties the queue. Preconditions: the lock is held.
std::vector<std::shared_ptr<ExclusivePool::Entry>> ExclusivePool::take_all() {
  std::vector<std::shared_ptr<Entry>> entries;
  entries.reserve(queue_.size());
  while (QueuedOperation* const first = queue_.front()) entries.push_back(forget(*first));
  return entries;
}

// Applies what a change of the queue has caused: the allowance in the capacity, the timer, and its end.
// Preconditions: the lock is held.
void ExclusivePool::settle() noexcept {
  if (const std::size_t allowance = queue_.allowance(); allowance != allowed_) {
    allowed_ = allowance;
    context_->direct->allow(ConnectionKind::exclusive, allowance);
  }
  if (!timer_) return;
  arm(std::min(queue_.next_expiry(), queue_.retry_at()));
  if (!context_->stopping.load(std::memory_order_relaxed)) return;
  if (!queue_.empty()) return arm(stops_);
  if (std::exchange(ending_, true)) return;
  boost::asio::post(loop_->executor, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->end_timer();
  });
}

// The timer must expire at `time` at the latest. Preconditions: the lock is held.
void ExclusivePool::arm(TimePoint time) noexcept {
  if (time >= armed_) return;
  armed_ = time;
  timer_->expires_at(time);
  timer_->async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self) self->on_timer();
  });
}

void ExclusivePool::on_timer() {
  struct Ended {
    std::shared_ptr<Entry> entry;
    ErrorInfo info;
  };
  std::vector<Ended> ended;
  const TimePoint now = Clock::now();
  {
    const Lock lock(mutex_);
    if (!timer_) return;
    armed_ = (TimePoint::max)();
    const bool lacks_room =
        !context_->reachability->failing() && !context_->reachability->not_ready_now(now).has_value();
    ended.reserve(queue_.size());
    while (QueuedOperation* const operation = queue_.expired(now, lacks_room)) {
      auto entry = forget(*operation);
      ErrorInfo info = expiry_of(*operation->operation, entry->starting, lacks_room, now);
      ended.push_back({std::move(entry), std::move(info)});
    }
    if (now >= stops_) {
      for (auto& entry : take_all()) ended.push_back({std::move(entry), failure::closed()});
    }
    retry_if_due(now);
    settle();
  }
  context_->direct->free_room();
  for (Ended& one : ended) end(*one.entry->operation, one.entry->lease, std::move(one.info));
}

// While another connection makes the attempt that is due, or polls a server that is loading, no further one
// is opened. Preconditions: the lock is held.
void ExclusivePool::retry_if_due(TimePoint now) {
  if (queue_.retry_at() > now) return;
  const Reachability& reachability = *context_->reachability;
  TimePoint due = now;
  if (reachability.must_wait(now))
    due = now + recheck_interval;
  else if (reachability.failing())
    due = reachability.next_attempt();
  else if (reachability.growth_paused())
    due = reachability.growth_due();
  if (due <= now)
    queue_.retry();
  else
    queue_.postpone(std::min<TimePoint>(due, now + recheck_interval));
}

// The last use of the loop after `stop`. Openers that serve nobody any more end.
void ExclusivePool::end_timer() noexcept {
  std::vector<Ptr> openers;
  {
    const Lock lock(mutex_);
    if (!timer_) return;
    std::copy_if(connections_.begin(), connections_.end(), std::back_inserter(openers),
                 [](const Ptr& pooled) { return pooled->opener; });
    timer_.reset();
    loop_.reset();
  }
  for (const Ptr& opener : openers) opener->end();
  context_->connection_ended();
}

// An opener is stopped when the operation that it serves is on it, or when nobody waits any more.
// Preconditions: the lock is held.
std::vector<ExclusivePool::Ptr> ExclusivePool::stoppable() const {
  std::vector<Ptr> connections;
  std::copy_if(connections_.begin(), connections_.end(), std::back_inserter(connections),
               [this](const Ptr& pooled) { return !pooled->opener || queue_.empty(); });
  return connections;
}

void ExclusivePool::stop(TimePoint deadline) noexcept {
  std::vector<Ptr> connections;
  {
    const Lock lock(mutex_);
    stops_ = std::min(stops_, deadline);
    connections = stoppable();
    settle();
  }
  for (const Ptr& pooled : connections) pooled->stop(deadline);
}

void ExclusivePool::abandon() noexcept {
  std::vector<Ptr> connections;
  std::vector<std::shared_ptr<Entry>> dropped;
  bool had_timer = false;
  {
    const Lock lock(mutex_);
    connections = connections_;
    dropped = take_all();
    had_timer = timer_.has_value();
    timer_.reset();
    loop_.reset();
  }
  for (const Ptr& pooled : connections) pooled->abandon();
  for (const auto& entry : dropped) {
    if (!entry->lease) context_->alone_ended(*entry->operation);
    entry->operation->destroy();
  }
  if (had_timer) context_->connection_ended();
}

void ExclusivePool::wake() noexcept {
  std::vector<Ptr> connections;
  try {
    const Lock lock(mutex_);
    connections = connections_;
  } catch (const std::bad_alloc&) {
    return;  // they are woken by the next event of their connections
  }
  for (const Ptr& pooled : connections) pooled->connection().wake();
}

}  // namespace redstart::inline v0::pool
