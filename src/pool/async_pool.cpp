// SPDX-License-Identifier: Apache-2.0
// async_pool.cpp: which connection an operation takes; stopping, cleaning, counting.
#include "async_pool.hpp"

#include <algorithm>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace redstart::pool {

namespace {

// An operation that large has a connection of its own, so that others do not wait behind it; so has what
// blocks, or may take longer than a shared connection may be silent.
constexpr std::size_t large = std::size_t{1} << 20;

// A loop that does not get round to an attempt for so long is not run by anybody.
constexpr auto run_at_least_every = std::chrono::seconds(2);

}  // namespace

std::shared_ptr<AsyncPool> AsyncPool::make(std::shared_ptr<Database> database,
                                           std::shared_ptr<DirectPool> direct,
                                           std::shared_ptr<Reachability> reachability,
                                           const std::shared_ptr<net::Loops>& loops) {
  const std::size_t count =
      std::min(database->config().shared_connections * loops->width(), database->config().max_connections);
  auto shop =
      std::make_shared<LineShop>(std::move(database), std::move(direct), std::move(reachability), loops);
  auto pool = std::make_shared<AsyncPool>(shop, loops);
  pool->all_may_be_shared_ = count == shop->database->config().max_connections;
  while (pool->shared_.size() < count)
    pool->shared_.push_back(SharedLine::make(shop, loops->next(), pool->all_may_be_shared_));
  shop->serving = [weak = std::weak_ptr(pool)]() -> std::shared_ptr<net::AsyncConnection> {
    const auto self = weak.lock();
    if (!self || !self->usable()) return nullptr;
    for (const auto& line : self->shared_) {
      net::AsyncConnection& connection = line->connection();
      if (connection.ready() && !connection.overdue()) return connection.shared_from_this();
    }
    return nullptr;
  };
  if (count != 0) pool->shared_.front()->ask_for_recovery();
  shop->database->on_circuit([weak = std::weak_ptr(pool)] {
    if (const auto self = weak.lock()) self->circuit_changed();
  });
  shop->slots->on_shortage([weak = std::weak_ptr(pool)](const Waiter& waiter) {
    if (const auto self = weak.lock()) self->reclaim(waiter);
  });
  shop->slots->on_silence([weak = std::weak_ptr(pool)](TimePoint since) {
    if (const auto self = weak.lock()) self->ask_unused(since);
  });
  return pool;
}

AsyncPool::AsyncPool(std::shared_ptr<LineShop> shop, std::shared_ptr<net::Loops> loops)
    : shop_(std::move(shop)), loops_(std::move(loops)) {}

SharedLine& AsyncPool::pick() const noexcept {
  if (shared_.size() == 1) return *shared_.front();
  thread_local const std::size_t mine = std::hash<std::thread::id>{}(std::this_thread::get_id()) >> 4;
  SharedLine& line = *shared_[mine % shared_.size()];
  const net::AsyncConnection& connection = line.connection();
  return connection.ready() && !connection.overdue() ? line : open_instead_of(line);
}

bool AsyncPool::serves() const noexcept {
  return usable() && std::any_of(shared_.begin(), shared_.end(),
                                 [](const auto& line) { return line->connection().ready(); });
}

// While it is stuck, or can't be opened, another that is open serves its callers.
SharedLine& AsyncPool::open_instead_of(SharedLine& line) const noexcept {
  for (const auto& other : shared_) {
    if (!other->connection().ready() || other->connection().overdue()) continue;
    return line.connection().ready() || shop_->slots->exhausted() ? *other : line;
  }
  return line;
}

const net::AsyncConnection* AsyncPool::carry(engine::OperationNode& operation) noexcept {
  const LineShop::Taking taking(*shop_, weak_from_this().lock());
  if (auto refused = shop_->refuse(operation)) return operation.finish(std::move(refused), nullptr), nullptr;
  if (auto error = away(operation)) return operation.finish(std::move(error), nullptr), nullptr;
  if (operation.request.blocks_for || operation.request.bytes.size() > large ||
      shop_->database->outlasts_silence(operation.timeout))
    return run_alone(operation), nullptr;
  SharedLine& line = pick();
  net::AsyncConnection& connection = line.connection();
  if (auto error = shop_->overloaded(operation, connection.load()))
    return operation.finish(std::move(error), nullptr), nullptr;
  operation.taken_by(line);
  connection.submit(operation);
  return &connection;
}

std::optional<Error> AsyncPool::known_absence(const engine::OperationNode& operation) const {
  Database& database = *shop_->database;
  if (database.waits_while_away()) return std::nullopt;
  std::optional<ErrorInfo> info;
  if (auto failure = known_failure(operation.start))
    info = failure->info();
  else if (database.breaker().refuses(operation.start))
    info = database.circuit_open(operation.start);
  if (!info) return std::nullopt;
  return database.failed(engine::command_name(operation.request.bytes.view()), operation.request.replies,
                         *std::move(info));
}

// Who is told of a failure is not the one who tries again: where nobody else does, the first line shall.
std::optional<Error> AsyncPool::known_failure(TimePoint now) const {
  auto failure = shop_->reachability->known_failure();
  if (failure && shop_->reachability->overdue(now)) shared_.front()->connection().nudge();
  return failure;
}

std::optional<Error> AsyncPool::failure_in_background(TimePoint now) const {
  if (!shop_->reachability->failing() || !usable() || shop_->reachability->overdue(now - run_at_least_every))
    return std::nullopt;
  return known_failure(now);
}

// On any thread. Where operations wait for the breaker they are to look again; one connection sees to it that
// the server is asked.
void AsyncPool::circuit_changed() noexcept {
  if (net::forked(shop_->generation) || !usable()) return;
  if (!shop_->database->waits_while_away()) return shared_.front()->connection().nudge();
  try {
    for (const auto& line : all()) line->connection().nudge();
  } catch (const std::bad_alloc&) {
    // They look when their connections have something else to do.
  }
}

void AsyncPool::reject(engine::OperationNode& operation, Error error) noexcept {
  const LineShop::Taking taking(*shop_, weak_from_this().lock());
  operation.finish(std::move(error), nullptr);
}

void AsyncPool::lease(engine::OperationNode& operation) noexcept {
  const LineShop::Taking taking(*shop_, weak_from_this().lock());
  if (auto refused = shop_->refuse(operation)) return operation.finish(std::move(refused), nullptr);
  if (auto error = away(operation)) return operation.finish(std::move(error), nullptr);
  operation.deadline = std::min(operation.deadline,
                                deadline_after(operation.start, shop_->database->config().timeouts.acquire));
  if (auto error = too_many_leases(operation)) return operation.finish(std::move(error), nullptr);
  try {
    if (const LeaseLine::Ptr line = take_line()) return line->lend(operation);
    operation.finish(shut_down(operation), nullptr);
  } catch (const std::exception& error) {
    operation.finish(exhausted(operation, error), nullptr);
  }
}

void AsyncPool::run_alone(engine::OperationNode& operation) {
  if (auto error = too_many_alone(operation)) return operation.finish(std::move(error), nullptr);
  LeaseLine::Ptr line;
  try {
    line = take_line();
  } catch (const std::exception& error) {
    shop_->alone_ended(operation);
    return operation.finish(exhausted(operation, error), nullptr);
  }
  if (!line) {
    shop_->alone_ended(operation);
    return operation.finish(shut_down(operation), nullptr);
  }
  line->run(operation);
}

// Who wants a connection of his own waits in line for it; the line is limited as every queue is.
std::optional<Error> AsyncPool::too_many_leases(const engine::OperationNode& operation) const {
  const std::scoped_lock lock(mutex_);
  if (idle_.empty()) return shop_->overloaded(operation, {leases_.size(), 0});
  return std::nullopt;
}

// The same for single operations, whose bytes count together; those of one that is taken from now on.
std::optional<Error> AsyncPool::too_many_alone(const engine::OperationNode& operation) const {
  const std::scoped_lock lock(mutex_);
  auto error = shop_->overloaded(operation, shop_->alone());
  if (!error) shop_->alone_began(operation);
  return error;
}

// No memory, or no thread to be had.
Error AsyncPool::exhausted(const engine::OperationNode& operation, const std::exception& why) const {
  ErrorInfo info;
  info.code = Errc::resource_exhausted;
  info.effect = Effect::not_sent;
  info.remedy = Remedy::retry;
  info.what = std::string("no connection could be made: ") + why.what();
  return shop_->database->failed(engine::command_name(operation.request.bytes.view()),
                                 operation.request.replies, std::move(info));
}

Error AsyncPool::shut_down(const engine::OperationNode& operation) const {
  return shop_->database->failed(engine::command_name(operation.request.bytes.view()),
                                 operation.request.replies, Database::closed());
}

// One that nobody else has; null from the shutdown on: then nobody would end it.
LeaseLine::Ptr AsyncPool::take_line() {
  const std::scoped_lock lock(mutex_);
  if (!usable()) return nullptr;
  if (!idle_.empty()) {
    LeaseLine::Ptr line = std::move(idle_.back());
    idle_.pop_back();
    line->claim();
    const auto limit = shop_->database->config().check_after_idle;
    if (limit.count() != 0 && Clock::now() - line->connection().last_used() > limit)
      line->connection().check_next();
    return line;
  }
  // First the memory: a line that is nowhere to be found would never end, and giving back must not fail.
  const std::size_t count = leases_.size() + 1;
  for (auto* lines : {&leases_, &idle_}) {
    if (lines->capacity() < count) lines->reserve(2 * count);
  }
  leases_.push_back(LeaseLine::make(shop_, loops_->next(), weak_from_this()));
  leases_.back()->listed_at = leases_.size() - 1;
  leases_.back()->claim();
  return leases_.back();
}

void AsyncPool::returned(LeaseLine::Ptr line, bool dirty) {
  bool closed = false;
  std::optional<CloseReason> leaves;
  {
    const std::scoped_lock lock(mutex_);
    line->unclaim();
    // Where that changes from now on, `withdraw` sees that nobody has it.
    closed = !line->connection().ready();
    if (dirty)
      leaves = CloseReason::dirty;
    else if (!usable())
      leaves = CloseReason::shutdown;
    else if (line->over_age())
      leaves = CloseReason::lifetime;
    else if (!closed)
      idle_.push_back(line);
  }
  if (closed) return line->end();
  if (leaves) return line->connection().retire(*leaves);
  // After it can be found: who stands in line by then has looked, or is seen here.
  if (shop_->slots->shortage()) reclaim_leased();
}

bool AsyncPool::withdraw(LeaseLine& line) noexcept {
  const std::scoped_lock lock(mutex_);
  if (line.lent()) return false;
  std::erase_if(idle_, [&line](const LeaseLine::Ptr& other) { return other.get() == &line; });
  return true;
}

void AsyncPool::gone(LeaseLine& line) noexcept {
  LeaseLine::Ptr last;  // freed without the lock
  const std::scoped_lock lock(mutex_);
  std::erase_if(idle_, [&line](const LeaseLine::Ptr& other) { return other.get() == &line; });
  // Thousands may end at once, so none of them searches for itself.
  const std::size_t at = line.listed_at;
  if (at >= leases_.size() || leases_[at].get() != &line) return;
  leases_.back()->listed_at = at;
  std::swap(leases_[at], leases_.back());
  last = std::move(leases_.back());
  leases_.pop_back();
}

std::optional<Error> AsyncPool::unavailable() const {
  if (net::forked(shop_->generation)) return shop_->database->error({}, Database::forked());
  if (shop_->stopping.load(std::memory_order_acquire)) return shop_->database->error({}, Database::closed());
  Database& database = *shop_->database;
  if (database.waits_while_away()) return std::nullopt;
  const TimePoint now = Clock::now();
  if (auto failure = known_failure(now)) return failure;
  if (database.breaker().refuses(now)) return database.error({}, database.circuit_open(now));
  return std::nullopt;
}

std::vector<std::shared_ptr<Line>> AsyncPool::all() const {
  std::vector<std::shared_ptr<Line>> lines(shared_.begin(), shared_.end());
  const std::scoped_lock lock(mutex_);
  lines.insert(lines.end(), leases_.begin(), leases_.end());
  return lines;
}

void AsyncPool::stop(TimePoint deadline) noexcept {
  shop_->stopping.store(true, std::memory_order_seq_cst);
  for (const auto& line : all()) line->stop(deadline);
}

bool AsyncPool::drain(TimePoint last) noexcept { return shop_->wait_for_end(last); }

void AsyncPool::abandon() noexcept {
  shop_->stopping.store(true, std::memory_order_seq_cst);
  for (const auto& line : all()) line->abandon();
}

void AsyncPool::warm_up() noexcept {
  if (usable() && !shared_.front()->connection().ready()) shared_.front()->warm_up();
}

std::size_t AsyncPool::cleanup_idle(TimePoint now) {
  const auto limit = shop_->database->config().idle_timeout;
  if (limit.count() == 0) return 0;
  std::size_t closed = 0;
  const auto close = [&](net::AsyncConnection& connection) {
    if (!connection.ready() || connection.load().operations != 0 || now - connection.last_used() <= limit)
      return false;
    connection.retire(CloseReason::idle);
    ++closed;
    return true;
  };
  for (const auto& line : shared_) close(line->connection());
  const std::scoped_lock lock(mutex_);
  std::erase_if(idle_, [&](const LeaseLine::Ptr& line) { return close(line->connection()); });
  return closed;
}

void AsyncPool::reclaim_leased() noexcept {
  LeaseLine::Ptr line;
  {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return;
    line = std::move(idle_.front());
    idle_.erase(idle_.begin());
  }
  line->connection().retire(CloseReason::idle);
}

// A shared connection serves more than one, so it gives way to another asynchronous caller only where nothing
// else would ever give a slot back; a thread that waits can do nothing else meanwhile. All are asked: the
// slot that one leaves is for whoever stands first in line.
void AsyncPool::reclaim(const Waiter& waiter) noexcept {
  reclaim_leased();
  if (!waiter.takes_connections && !all_may_be_shared_) return;
  for (const auto& line : shared_) line->ask_to_give_way();
}

// PING over a leased connection that nobody has: one after the other, so that borrowers find the rest.
class AsyncPool::Question final : public engine::OperationNode {
 public:
  Question(const std::shared_ptr<AsyncPool>& pool, TimePoint since)
      : OperationNode({}), pool_(pool), since_(since) {
    request.bytes.append("*1\r\n$4\r\nPING\r\n");
    request.retry = Retry::read;
    id = engine::next_operation_id();
    start = Clock::now();
    deadline = deadline_after(start, pool->shop_->database->config().timeouts.health);
    unguarded = true;
  }

  void accept(std::string_view /*frame*/, const engine::Origin&) noexcept override {}
  void finish(std::optional<Error> error, const boost::asio::any_io_executor*) override {
    const std::unique_ptr<Question> self(this);
    const auto pool = pool_.lock();
    if (!pool) return;
    if (error && error->code() == Errc::timeout)
      pool->close_leased(since_);  // the server answers none of them
    else
      pool->ask_leased(since_);
  }
  void destroy() noexcept override { const std::unique_ptr<Question> self(this); }

  ~Question() = default;

 private:
  const std::weak_ptr<AsyncPool> pool_;
  const TimePoint since_;
};

// The least recently used of those that nobody has.
LeaseLine::Ptr AsyncPool::take_unused(TimePoint since) noexcept {
  const std::scoped_lock lock(mutex_);
  if (!usable()) return nullptr;
  const auto unused = std::find_if(idle_.begin(), idle_.end(), [since](const LeaseLine::Ptr& line) {
    return line->connection().ready() && line->connection().last_used() < since;
  });
  if (unused == idle_.end()) return nullptr;
  LeaseLine::Ptr line = std::move(*unused);
  idle_.erase(unused);
  line->claim();
  return line;
}

void AsyncPool::ask_unused(TimePoint since) noexcept {
  if (!usable()) return;
  for (const auto& line : shared_) line->ask_if_unused(since);
  ask_leased(since);
}

void AsyncPool::ask_leased(TimePoint since) noexcept {
  try {
    auto question = std::make_unique<Question>(shared_from_this(), since);
    const LeaseLine::Ptr line = take_unused(since);
    if (!line) return;
    shop_->alone_began(*question);
    line->ask(*question.release());
  } catch (const std::bad_alloc&) {
    // The next time, then.
  }
}

void AsyncPool::close_leased(TimePoint since) noexcept {
  while (const LeaseLine::Ptr line = take_unused(since)) returned(line, true);
}

void AsyncPool::collect(PoolStats& into) const {
  const auto add = [&into](const Line& line) {
    const auto load = line.connection().load();
    into.in_flight += load.operations + load.given_up;
    into.queued_bytes += load.bytes;
  };
  std::size_t idle = 0;
  {
    const std::scoped_lock lock(mutex_);
    idle = idle_.size();
    for (const auto& line : leases_) add(*line);
  }
  for (const auto& line : shared_) {
    into.shared += line->connection().ready() ? 1U : 0U;
    add(*line);
  }
  const std::size_t open = shop_->open.load(std::memory_order_relaxed);
  into.in_use += open - std::min(open, idle);
  into.idle += idle;
  into.leased += shop_->leased.load(std::memory_order_relaxed);
  into.pushes_dropped += shop_->pushes_dropped.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < close_reasons; ++i)
    into.closed[i] += shop_->closed_by[i].load(std::memory_order_relaxed);
}

}  // namespace redstart::pool
